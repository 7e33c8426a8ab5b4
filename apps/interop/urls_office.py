"""Keys for programs: office pages."""

from django.urls import path

from apps.interop import views_keys

urlpatterns = [
    path("", views_keys.key_list, name="key_list"),
    path("<int:pk>/stop", views_keys.key_stop, name="key_stop"),
]
