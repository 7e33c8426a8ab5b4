"""Region reports and briefings."""

from django.urls import path

from apps.insights import views_briefings, views_reports

urlpatterns = [
    path("reports/", views_reports.region_report_list, name="region_report_list"),
    path("reports/now", views_reports.region_report_now, name="region_report_now"),
    path("reports/now.<slug:ending>", views_reports.region_report_now_file, name="region_report_now_file"),
    path("reports/keep", views_reports.region_report_keep, name="region_report_keep"),
    path("reports/<int:pk>/", views_reports.region_report, name="region_report"),
    path("reports/<int:pk>.<slug:ending>", views_reports.region_report_file, name="region_report_file"),
    path("briefings/", views_briefings.briefing_list, name="briefing_list"),
    path("briefings/<int:pk>/", views_briefings.briefing, name="briefing"),
    path("briefings/<int:pk>/progress", views_briefings.briefing_progress, name="briefing_progress"),
    path("briefings/<int:pk>/<slug:verb>", views_briefings.briefing_act, name="briefing_act"),
    path("briefings/<int:pk>.<slug:ending>", views_briefings.briefing_file, name="briefing_file"),
]
