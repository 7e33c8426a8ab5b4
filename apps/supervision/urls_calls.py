"""Nearby calls: office pages."""

from django.urls import path

from apps.supervision import views_calls

urlpatterns = [
    path("", views_calls.call_list, name="call_list"),
    path("new/", views_calls.call_new, name="call_new"),
    path("<int:pk>/", views_calls.call_detail, name="call_detail"),
]
