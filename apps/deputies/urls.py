"""The office's pages of this room: the rota of the stations in scope."""

from django.urls import path

from apps.deputies import views_rota

urlpatterns = [
    path("rota/", views_rota.rota_list, name="rota_list"),
    path("rota/<str:code>/<str:month>/", views_rota.rota_month, name="rota_month"),
]
