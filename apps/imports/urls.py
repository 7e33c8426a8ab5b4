from django.urls import path

from apps.imports import views

urlpatterns = [
    path("", views.import_list, name="import_list"),
    path("districts/", views.district_check, name="district_check"),
    path("districts.csv", views.district_check_csv, name="district_check_csv"),
    path("<int:pk>/", views.import_detail, name="import_detail"),
    path("<int:pk>/rejected.csv", views.rejected_csv, name="import_rejected"),
]
