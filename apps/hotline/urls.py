"""What the hotline and other places have taken in: records, intakes, sources."""

from django.urls import path

from apps.hotline import views, views_intakes, views_sources

urlpatterns = [
    path("", views.record_list, name="record_list"),
    path("records.csv", views.record_export, name="record_export"),
    path("records/<int:pk>/", views.record, name="record"),
    path("records/<int:pk>/<slug:verb>", views.record_act, name="record_act"),
    path("intakes/", views_intakes.intake_list, name="intake_list"),
    path("intakes/<int:pk>/", views_intakes.intake, name="intake"),
    path("intakes/<int:pk>/columns", views_intakes.intake_columns, name="intake_columns"),
    path("intakes/<int:pk>/progress", views_intakes.intake_progress, name="intake_progress"),
    path("intakes/<int:pk>/problems.csv", views_intakes.intake_problems, name="intake_problems"),
    path("intakes/<int:pk>/<slug:verb>", views_intakes.intake_act, name="intake_act"),
    path("sources/", views_sources.source_list, name="source_list"),
    path("sources/new/", views_sources.source_new, name="source_new"),
    path("sources/<int:pk>/", views_sources.source, name="source"),
]
