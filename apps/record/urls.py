"""What people are told: office pages."""

from django.urls import path

from apps.record import views

urlpatterns = [
    path("", views.notice_list, name="notice_list"),
    path("read", views.notice_read, name="notice_read"),
    path("<int:pk>/", views.notice_open, name="notice_open"),
]
