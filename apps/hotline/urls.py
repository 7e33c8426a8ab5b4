"""What the hotline and other places have taken in."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
