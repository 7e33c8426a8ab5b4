"""The office zone's way in: everybody's own desk."""

from django.urls import path

from apps.portal import desk

urlpatterns = [path("desk/", desk.desk, name="desk")]
