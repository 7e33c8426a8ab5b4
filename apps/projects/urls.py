"""Key projects: the list with its map, and one project understood in ten seconds."""

from django.urls import path

from apps.projects import views, views_nearby

urlpatterns = [
    path("", views.project_list, name="project_list"),
    path("nearby/", views_nearby.nearby, name="project_nearby"),
    path("following/", views_nearby.following, name="project_following"),
    path("<str:code>/follow", views_nearby.follow, name="project_follow"),
    path("<str:code>/", views.project_detail, name="project_detail"),
]
