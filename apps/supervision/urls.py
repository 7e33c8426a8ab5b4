"""Supervision by proximity: office pages."""

from django.urls import path

from apps.supervision import views

urlpatterns = [
    path("", views.run_list, name="run_list"),
    path("draft", views.run_draft, name="run_draft"),
    path("<int:pk>/", views.run_detail, name="run_detail"),
    path("<int:pk>/progress", views.run_progress, name="run_progress"),
    path("<int:pk>/list.xlsx", views.run_export, name="run_export"),
    path("projects/<str:code>/team", views.project_team, name="project_team"),
    path("members/<int:pk>/why", views.member_why, name="member_why"),
    path("members/<int:pk>/replace", views.member_replace, name="member_replace"),
    path("<int:pk>/<str:verb>", views.run_move, name="run_move"),
]
