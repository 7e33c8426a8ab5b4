"""Key projects: the list with its map, and one project understood in ten seconds."""

from django.urls import path

from apps.projects import views, views_nearby, views_reports, views_uploads

urlpatterns = [
    path("", views.project_list, name="project_list"),
    path("map.json", views.project_points, name="project_points"),
    path("export.xlsx", views.project_export, name="project_export"),
    path("reports/", views_uploads.upload_list, name="upload_list"),
    path("reports/<int:pk>/", views_uploads.upload_detail, name="upload_detail"),
    path("reports/<int:pk>/rows", views_uploads.upload_decide, name="upload_decide"),
    path("reports/<int:pk>/drop", views_uploads.upload_drop, name="upload_drop"),
    path("photos/<int:pk>/<slug:size>", views_reports.report_photo, name="report_photo"),
    path("nearby/", views_nearby.nearby, name="project_nearby"),
    path("nearby/list.xlsx", views_nearby.nearby_export, name="project_nearby_export"),
    path("following/", views_nearby.following, name="project_following"),
    path("<str:code>/follow", views_nearby.follow, name="project_follow"),
    path("<str:code>/report/", views_reports.report_form, name="report_form"),
    path("<str:code>/parts/<int:number>/", views_reports.part_plan, name="part_plan"),
    path("<str:code>/parts/<int:number>/remove", views_reports.part_remove, name="part_remove"),
    path("<str:code>/standstill/", views_reports.standstill, name="project_standstill"),
    path("<str:code>/", views.project_detail, name="project_detail"),
]
