"""Supervision by proximity: office pages."""

from django.urls import include, path

from apps.supervision import views, views_approval, views_drafting, views_teams

urlpatterns = [
    path("visits/", include("apps.supervision.urls_visits")),
    path("", views.run_list, name="run_list"),
    path("new/", views_drafting.run_new, name="run_new"),
    path("topics/", include("apps.supervision.urls_topics")),
    path("<int:pk>/", views.run_detail, name="run_detail"),
    path("<int:pk>/teams", views.run_teams, name="run_teams"),
    path("<int:pk>/strip", views.run_strip, name="run_strip"),
    path("<int:pk>/lines", views.run_lines, name="run_lines"),
    path("<int:pk>/progress", views.run_progress, name="run_progress"),
    path("<int:pk>/list.xlsx", views_approval.run_workbook, name="run_workbook"),
    path("<int:pk>/list.pdf", views_approval.run_paper, name="run_paper"),
    path("projects/<str:code>/team", views.project_team, name="project_team"),
    path("<int:pk>/topics/<int:topic>", views_teams.team_of_topic, name="team_of_topic"),
    path("teams/<int:pk>", views_teams.team_detail, name="team_detail"),
    path("members/<int:pk>/tip", views.member_tip, name="member_tip"),
    path("members/<int:pk>/why", views_teams.member_why, name="member_why"),
    path("members/<int:pk>/replace", views_teams.member_replace, name="member_replace"),
    path("<int:pk>/<str:verb>", views_approval.run_move, name="run_move"),
]
