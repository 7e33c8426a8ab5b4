"""The working calendar and the time limits: office pages."""

from django.urls import path

from apps.worktime import views, views_limits

urlpatterns = [
    path("", views.calendar_now, name="calendar"),
    path("<int:year>/", views.calendar_year, name="calendar_year"),
    path("<int:year>/change", views.calendar_change, name="calendar_change"),
    path("limits/", views_limits.limit_list, name="limit_list"),
    path("limits/presets/<slug:name>", views_limits.preset, name="limit_preset"),
    path("limits/presets/<slug:name>/follow", views_limits.preset_follow, name="limit_preset_follow"),
    path("limits/<int:pk>/give-up", views_limits.limit_give_up, name="limit_give_up"),
    path("limits/<slug:step>/narrower", views_limits.limit_narrower, name="limit_narrower"),
    path("limits/<slug:step>/", views_limits.limit_edit, name="limit_edit"),
]
