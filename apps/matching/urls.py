"""The resident's search: /find and its suggestions."""

from django.urls import path

from apps.matching import views

urlpatterns = [
    path("find", views.find, name="find"),
    path("find/suggest", views.suggest, name="find_suggest"),
]
