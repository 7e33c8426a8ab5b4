"""The public zone's front door."""

from django.urls import path

from apps.portal.views import home

urlpatterns = [path("", home, name="home")]
