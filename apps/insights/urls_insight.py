"""Maps, themes, reports and briefings."""

from django.urls import include, path

from apps.insights import views_around, views_data, views_map, views_public, views_spots, views_themes

urlpatterns = [
    path("", views_map.insight_map, name="insight_map"),
    path("beside", views_map.insight_beside, name="insight_beside"),
    path("hot-spots/", views_spots.hot_spot_list, name="hot_spot_list"),
    path("hot-spots.json", views_spots.hot_spot_data, name="hot_spot_data"),
    path("hot-spots/<int:pk>/", views_spots.hot_spot, name="hot_spot"),
    path("hot-spots/<int:pk>/oversee", views_spots.hot_spot_oversee, name="hot_spot_oversee"),
    path("hot-spots/<int:pk>/topic", views_spots.hot_spot_topic, name="hot_spot_topic"),
    path("projects/", views_around.around_list, name="around_list"),
    path("projects/<str:code>/", views_around.around, name="around"),
    path("data", views_data.insight_data, name="insight_data"),
    path("voices/", views_public.voices_office, name="voices_office"),
    path("voices/turn", views_public.voices_turn, name="voices_turn"),
    path("voices/<int:pk>/", views_public.voices_table, name="voices_table"),
    path("voices/corrections/<int:pk>/progress", views_public.correction_progress, name="correction_progress"),
    path("voices/corrections/<int:pk>/<slug:verb>", views_public.correction_act, name="correction_act"),
    path("", include("apps.insights.urls_reports")),
    path("themes/", views_themes.theme_list, name="theme_list"),
    path("themes/progress", views_themes.theme_progress, name="theme_progress"),
    path("themes/regroup", views_themes.theme_regroup, name="theme_regroup"),
    path("themes/<int:pk>/", views_themes.theme, name="theme"),
    path("themes/<int:pk>/rename", views_themes.theme_rename, name="theme_rename"),
    path("themes/<int:pk>/note", views_themes.theme_note, name="theme_note"),
    path("themes/<int:pk>/topic", views_themes.theme_topic, name="theme_topic"),
]
