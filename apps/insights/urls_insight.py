"""Maps, themes, reports and briefings."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
