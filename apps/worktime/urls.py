"""The working calendar and the time limits: office pages."""

from django.urls import path

from apps.worktime import views

urlpatterns = [
    path("", views.calendar_now, name="calendar"),
    path("<int:year>/", views.calendar_year, name="calendar_year"),
    path("<int:year>/change", views.calendar_change, name="calendar_change"),
    path("limits/", views.limit_list, name="limit_list"),
    path("limits/presets/<slug:name>", views.preset, name="limit_preset"),
    path("limits/presets/<slug:name>/follow", views.preset_follow, name="limit_preset_follow"),
    path("limits/<slug:step>/", views.limit_edit, name="limit_edit"),
]
