"""The office zone's way in: signing in, and everybody's own desk. The public zone has no logins to check against."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path
from django.views.generic import RedirectView

from apps.portal import desk
from apps.record.limits import SIGNING_IN, limited

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="desk")),  # where there is a public front door, that one comes first
    path("accounts/login/", limited(SIGNING_IN, methods=("POST",))(LoginView.as_view(redirect_authenticated_user=True)), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("desk/", desk.desk, name="desk"),
]
