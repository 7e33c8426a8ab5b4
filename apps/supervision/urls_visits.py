"""/supervision/visits/ — 走访查看 and 视察."""

from django.urls import path

from apps.supervision import views_recording, views_sheets, views_visits

urlpatterns = [
    path("", views_visits.visit_list, name="visit_list"),
    path("list.xlsx", views_visits.visit_export, name="visit_export"),
    path("new", views_recording.visit_new, name="visit_new"),
    path("plan", views_visits.visit_plan, name="visit_plan"),
    path("organise", views_visits.visit_organise, name="visit_organise"),
    path("blank", views_recording.visit_blank, name="visit_blank"),
    path("known", views_recording.visit_known, name="visit_known"),
    path("of/<str:code>", views_visits.topic_visits, name="topic_visits"),
    path("sheets/", views_sheets.sheet_list, name="sheet_list"),
    path("sheets/new", views_sheets.sheet_edit, name="sheet_new"),
    path("sheets/<int:pk>/", views_sheets.sheet_edit, name="sheet_edit"),
    path("<int:pk>/", views_visits.visit_detail, name="visit_detail"),
    path("<int:pk>/record", views_recording.visit_record, name="visit_record"),
    path("<int:pk>/change", views_visits.visit_change, name="visit_change"),
    path("<int:pk>/check-in", views_visits.visit_check_in, name="visit_check_in"),
    path("<int:pk>/cancel", views_visits.visit_cancel, name="visit_cancel"),
    path("<int:pk>/supplement", views_visits.visit_supplement, name="visit_supplement"),
    path("<int:pk>/photos/<int:photo>/<slug:size>", views_visits.visit_photo, name="visit_photo"),
]
