"""The office's pages of this room: the rota of the stations, the codes of deputies and stations, the deputy grid, the groups."""

from django.urls import path

from apps.deputies import views_cards, views_grid, views_groups, views_rota

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
    path("grids/", views_grid.grid_list, name="grid_list"),
    path("grids/decide", views_grid.grid_decide, name="grid_decide"),
    path("grids/roster.xlsx", views_grid.grid_export, name="grid_export"),
    path("grids/mine/", views_grid.my_grids, name="my_grids"),
    path("grids/<str:code>/", views_grid.grid_detail, name="grid_detail"),
    path("grids/<str:code>/move", views_grid.grid_move, name="grid_move"),
    path("groups/", views_groups.group_list, name="group_list"),
    path("groups/found", views_groups.group_found, name="group_found"),
    path("groups/export.csv", views_groups.group_export, name="group_export"),
    path("groups/mine/", views_groups.my_group, name="my_group"),
    path("groups/<int:pk>/", views_groups.group_detail, name="group_detail"),
    path("groups/<int:pk>/move", views_groups.group_move, name="group_move"),
]
