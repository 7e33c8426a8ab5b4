"""Deputies and stations in public."""

from django.urls import path

from apps.deputies import views

urlpatterns = [
    path("p/<str:code>", views.deputy_by_code, name="deputy_by_code"),
    path("p/<str:code>/card", views.deputy_card, name="deputy_card"),
    path("deputies/", views.deputy_list, name="deputy_list"),
    path("deputies/<path:code>", views.deputy_page, name="deputy_page"),
    path("stations/", views.station_list, name="station_list"),
    path("stations/<path:code>/", views.station_page, name="station_page"),
]
