"""民情公开, for everybody."""

from django.urls import path

from apps.insights import views_voices

urlpatterns = [
    path("", views_voices.public_voices, name="public_voices"),
    path("data.csv", views_voices.public_voices_data, name="public_voices_data"),
]
