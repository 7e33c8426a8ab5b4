"""Maps, themes, reports and briefings."""

from django.urls import path

from apps.insights import views_data

urlpatterns = [
    path("data", views_data.insight_data, name="insight_data"),
]
