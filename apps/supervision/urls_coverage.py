"""Coverage of the deputy grid, and what it lends to pages of grids and groups."""

from django.urls import path

from apps.supervision import views_coverage

urlpatterns = [
    path("", views_coverage.coverage, name="coverage"),
    path("list.xlsx", views_coverage.coverage_export, name="coverage_export"),
    path("propose", views_coverage.grid_propose, name="grid_propose"),
    path("proposing", views_coverage.grid_proposing, name="grid_proposing"),
    path("grids/<str:code>", views_coverage.needs_of_grid, name="grid_needs"),
    path("groups/<int:pk>", views_coverage.group_activities, name="group_activities"),
]
