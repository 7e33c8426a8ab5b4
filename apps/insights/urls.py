"""The leader's one screen."""

from django.urls import path

from apps.insights import views

urlpatterns = [
    path("", views.cockpit, name="cockpit"),
    path("data", views.cockpit_data, name="cockpit_data"),
]
