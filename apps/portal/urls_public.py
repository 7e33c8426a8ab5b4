"""The public zone's front door, and what works without a network."""

from django.urls import path

from apps.portal.offline import offline
from apps.portal.views import home

urlpatterns = [
    path("", home, name="home"),
    path("offline", offline, name="offline"),
]
