"""The resident's search: /find and its suggestions; scanning, and the pages behind the codes on doors."""

from django.urls import path

from apps.matching import views, views_doors

urlpatterns = [
    path("find", views.find, name="find"),
    path("find/suggest", views.suggest, name="find_suggest"),
    path("scan", views_doors.scan, name="scan"),
    path("scan/read", views_doors.scan_read, name="scan_read"),
    path("d/<str:code>", views_doors.door, name="door"),
    path("d/<slug:issuer>/<path:code>", views_doors.issued_door, name="issued_door"),
]
