"""The office's pages of this room: the rota of the stations, the codes of deputies and stations."""

from django.urls import path

from apps.deputies import views_cards, views_rota

urlpatterns = [
    path("rota/", views_rota.rota_list, name="rota_list"),
    path("rota/export.csv", views_rota.rota_export, name="rota_export"),
    path("duty/", views_rota.my_duty, name="my_duty"),
    path("rota/<path:code>/<str:month>/", views_rota.rota_month, name="rota_month"),
    path("cards/", views_cards.card_list, name="card_list"),
    path("cards/issue", views_cards.card_issue, name="card_issue"),
    path("cards/print", views_cards.card_print, name="card_print"),
    path("cards/<slug:kind>/<int:pk>/", views_cards.card_detail, name="card_detail"),
    path("cards/<slug:kind>/<int:pk>/move", views_cards.card_move, name="card_move"),
]
