"""What is supervised: office pages."""

from django.urls import path

from apps.supervision import views_claims, views_topics

urlpatterns = [
    path("", views_topics.topic_list, name="topic_list"),
    path("new/", views_topics.topic_new, name="topic_new"),
    path("<int:pk>/", views_topics.topic_detail, name="topic_detail"),
    path("<int:pk>/claim", views_claims.claim_box, name="claim_box"),
    path("<int:pk>/settle", views_topics.topic_settle, name="topic_settle"),
    path("<int:pk>/edit/", views_topics.topic_edit, name="topic_edit"),
]
