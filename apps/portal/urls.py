"""What every zone serves: tiles and health."""

from django.urls import path

from apps.portal.health import health
from apps.portal.tiles import tile

urlpatterns = [
    path("tiles/<slug:layer>/<int:z>/<int:x>/<int:y>.mvt", tile, name="tile"),
    path("healthz", health, name="health"),
]
