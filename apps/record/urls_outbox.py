"""What leaves the house: office pages."""

from django.urls import path

from apps.record import views_outbox as views

urlpatterns = [
    path("", views.outbox, name="outbox"),
    path("again", views.outbox_again, name="outbox_again"),
    path("messages/", views.message_list, name="message_list"),
    path("ways/", views.way_list, name="way_list"),
    path("ways/roles", views.way_roles, name="way_roles"),
    path("ways/robots/<int:pk>/try", views.robot_try, name="robot_try"),
    path("ways/robots/<int:pk>/stop", views.robot_stop, name="robot_stop"),
]
