"""What every zone serves: tiles, health, signing in."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from apps.portal.health import health
from apps.portal.tiles import tile

urlpatterns = [
    path("tiles/<slug:layer>/<int:z>/<int:x>/<int:y>.mvt", tile, name="tile"),
    path("healthz", health, name="health"),
    path("accounts/login/", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
]
