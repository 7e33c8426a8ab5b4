"""Findings: office pages."""

from django.urls import path, register_converter

from apps.cases.urls import CaseCode
from apps.supervision import views_findings as views

register_converter(CaseCode, "finding")  # imported findings bring the codes of the other system, as cases do
urlpatterns = [
    path("", views.finding_list, name="finding_list"),
    path("export.csv", views.finding_export, name="finding_export"),
    path("forward", views.finding_forward, name="finding_forward"),
    path("units", views.finding_units, name="finding_units"),
    path("of/<str:code>", views.topic_findings, name="topic_findings"),
    path("photos/<int:pk>/<str:size>", views.finding_photo, name="finding_photo"),
    path("<finding:code>/", views.finding_detail, name="finding_detail"),
    path("<finding:code>/sheet", views.finding_sheet, name="finding_sheet"),
]
