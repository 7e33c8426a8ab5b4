"""Key projects: the list with its map, and one project understood in ten seconds."""

from django.urls import path

from apps.projects import views

urlpatterns = [
    path("", views.project_list, name="project_list"),
    path("<str:code>/", views.project_detail, name="project_detail"),
]
