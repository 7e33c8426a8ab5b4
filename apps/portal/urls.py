"""What every zone serves: tiles, health, and the worker that browsers keep."""

from django.urls import path

from apps.portal.health import health
from apps.portal.offline import service_worker
from apps.portal.tiles import tile

urlpatterns = [
    path("tiles/<slug:layer>/<int:z>/<int:x>/<int:y>.mvt", tile, name="tile"),
    path("sw.js", service_worker, name="service_worker"),
    path("healthz", health, name="health"),
]
