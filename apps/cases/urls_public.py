from django.urls import path

from apps.cases import views_public as views

urlpatterns = [
    path("report", views.report, name="report"),
    path("report/place", views.report_place, name="report_place"),
    path("report/sent/<str:code>", views.report_sent, name="report_sent"),
    path("follow", views.follow, name="follow"),
    path("follow/<str:code>", views.case_follow, name="case_follow"),
    path("follow/<str:code>/rate", views.case_rate, name="case_rate"),
]
