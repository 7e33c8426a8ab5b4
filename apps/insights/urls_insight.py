"""Maps, themes, reports and briefings."""

from django.urls import path

from apps.insights import views_data, views_public

urlpatterns = [
    path("data", views_data.insight_data, name="insight_data"),
    path("voices/", views_public.voices_office, name="voices_office"),
    path("voices/turn", views_public.voices_turn, name="voices_turn"),
    path("voices/<int:pk>/", views_public.voices_table, name="voices_table"),
]
