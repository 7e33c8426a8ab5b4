"""Supervision by proximity: office pages."""

from django.urls import include, path

from apps.supervision import views, views_approval, views_claims, views_compare, views_drafting, views_evaluation, views_teams

urlpatterns = [
    path("evaluation/", views_evaluation.evaluation, name="evaluation"),
    path("evaluation/list.xlsx", views_evaluation.evaluation_workbook, name="evaluation_workbook"),
    path("visits/", include("apps.supervision.urls_visits")),
    path("", views.run_list, name="run_list"),
    path("new/", views_drafting.run_new, name="run_new"),
    path("new/map", views_drafting.run_choices_map, name="run_choices_map"),
    path("new/<str:part>", views_drafting.run_choose, name="run_choose"),
    path("compare/", views_compare.run_compare, name="run_compare"),
    path("claims/", views_claims.claim_list, name="claim_list"),
    path("claims/<int:pk>/decide", views_claims.claim_decide, name="claim_decide"),
    path("claims/<int:pk>/take-back", views_claims.claim_take_back, name="claim_take_back"),
    path("calls/", include("apps.supervision.urls_calls")),
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
    path("members/<int:pk>/change", views_teams.member_change, name="member_change"),
    path("teams/<int:pk>/add", views_teams.team_add, name="team_add"),
    path("<int:pk>/undo", views_teams.run_undo, name="run_undo"),
    path("<int:pk>/rearrange", views_teams.run_rearrange, name="run_rearrange"),
    path("supplement", views_approval.run_supplement, name="run_supplement"),
    path("<int:pk>/approve", views_approval.run_approve, name="run_approve"),
    path("<int:pk>/withdraw", views_approval.run_withdraw, name="run_withdraw"),
    path("<int:pk>/publish", views_approval.run_publish, name="run_publish"),
    path("<int:pk>/cancel", views_approval.run_cancel, name="run_cancel"),
    path("<int:pk>/restart", views_approval.run_restart, name="run_restart"),
]
