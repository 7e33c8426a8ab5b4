"""What people are told: office pages."""

from django.urls import path

from apps.record import views, views_outbox

urlpatterns = [
    path("", views.notice_list, name="notice_list"),
    path("ways/", views_outbox.own_ways, name="own_ways"),
    path("read", views.notice_read, name="notice_read"),
    path("<int:pk>/", views.notice_open, name="notice_open"),
]
