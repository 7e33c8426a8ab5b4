from django.urls import path

from apps.territory import plate_views as views

urlpatterns = [
    path("", views.plate_list, name="plate_list"),
    path("new/", views.plate_new, name="plate_new"),
    path("batches/", views.batch_list, name="batch_list"),
    path("batches/<int:pk>/", views.batch_detail, name="batch_detail"),
    path("prints/", views.print_list, name="print_list"),
    path("prints/<int:pk>/", views.print_detail, name="print_detail"),
    path("prints/<int:pk>/files/<str:name>", views.print_file, name="print_file"),
    path("<slug:kind>/<int:pk>/progress", views.work_progress, name="work_progress"),
    path("<slug:kind>/<int:pk>/<slug:verb>", views.work_act, name="work_act"),
    path("issuers/", views.issuer_list, name="issuer_list"),
    path("issuers/new/", views.issuer_edit, name="issuer_new"),
    path("issuers/<slug:slug>/", views.issuer_edit, name="issuer_edit"),
    path("codes/<slug:code>/", views.plate_detail, name="plate_detail"),
    path("codes/<slug:code>/correct", views.plate_correct, name="plate_correct"),
    path("codes/<slug:code>/<slug:verb>", views.plate_act, name="plate_act"),
]
