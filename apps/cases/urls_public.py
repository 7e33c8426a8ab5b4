from django.urls import path

from apps.cases import views_follow, views_public, views_published, views_similar

urlpatterns = [
    path("report", views_public.report, name="report"),
    path("report/place", views_public.report_place, name="report_place"),
    path("report/considered", views_public.report_considered, name="report_considered"),
    path("report/sent/<str:code>", views_public.report_sent, name="report_sent"),
    path("follow", views_follow.follow, name="follow"),
    path("follow/<str:code>", views_follow.case_follow, name="case_follow"),
    path("follow/<str:code>/rate", views_follow.case_rate, name="case_rate"),
    path("follow/<str:code>/supply", views_follow.case_supply, name="case_supply"),
    path("follow/<str:code>/withdraw", views_follow.case_withdraw, name="case_withdraw"),
    path("follow/<str:code>/answer/<int:photo>/<slug:size>", views_similar.follow_answer_photo, name="follow_answer_photo"),
    path("follow/<str:code>/photos/<int:photo>/<str:size>", views_follow.follow_photo, name="follow_photo"),
    path("answers/", views_published.answer_list, name="answer_list"),
    path("answers/<int:pk>/photos/<int:photo>/<str:size>", views_published.answer_picture, name="answer_picture"),
    path("answers/<int:pk>/", views_published.answer_detail, name="answer_detail"),
]
