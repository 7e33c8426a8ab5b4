"""The one tile view: /tiles/{layer}/{z}/{x}/{y}.mvt. The ETag comes from the layer's version before any tile SQL runs."""

import gzip
import threading
import time
from dataclasses import dataclass

from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from apps.accounts.perms import Permission, allowed
from apps.territory.models import LayerVersion

VERSION_SECONDS = 1.0
MAX_ZOOM = 18


@dataclass(frozen=True)
class TileLayer:
    """`depends` names the layers whose version changes the tile; without `permission` everyone may see it, as all of these
    may: places, published lists of projects, stations. Homes and cases are in none. daily: what is in it depends on the day."""

    depends: tuple[str, ...]
    permission: Permission | None = None
    daily: bool = False


LAYERS = {
    "area": TileLayer(("area",)),
    "district": TileLayer(("district",), daily=True),  # one term follows another without anybody touching the layer
    "grid": TileLayer(("grid",)),
    "doorplate": TileLayer(("doorplate",)),
    "station": TileLayer(("station",)),
    "project": TileLayer(("project",)),
    "gridmember": TileLayer(("grid", "area", "gridmember"), Permission.SEE_GRIDS),
    "progress": TileLayer(("project", "progress"), Permission.SEE_PROJECTS),
}

_versions: dict[str, int] = {}
_read_at = 0.0
_lock = threading.Lock()


def layer_versions() -> dict[str, int]:
    """Every layer's version, read at most once a second in each process."""
    global _versions, _read_at
    with _lock:
        if time.monotonic() - _read_at >= VERSION_SECONDS:
            _versions = dict(LayerVersion.objects.values_list("layer", "version"))
            _read_at = time.monotonic()
        return _versions


@require_GET
def tile(request: HttpRequest, layer: str, z: int, x: int, y: int) -> HttpResponse:
    """/tiles/area/11/1712/860.mvt — 204 when empty, 304 when the browser has this version, gzip when it can."""
    known = LAYERS.get(layer)
    if known is None:
        return JsonResponse({"message": f"没有图层“{layer}”。可用的有：{'、'.join(LAYERS)}。"}, status=404)
    if z > MAX_ZOOM or not (0 <= x < 2**z and 0 <= y < 2**z):
        return JsonResponse({"message": "瓦片编号超出范围。"}, status=404)
    if known.permission and not allowed(request.user, known.permission):
        return JsonResponse({"message": "请先登录，或换有权限的账号查看这个图层。"}, status=403)
    versions = layer_versions()
    today = f"-{timezone.localdate():%Y%m%d}" if known.daily else ""
    etag = f'"{layer}-{"-".join(str(versions.get(name, 0)) for name in known.depends)}{today}-{z}-{x}-{y}"'
    if request.headers.get("If-None-Match") == etag:
        return HttpResponseNotModified(headers={"ETag": etag})
    with connection.cursor() as cursor:
        # The function's name comes from the table above, never from the request.
        cursor.execute(f"SELECT tile_{layer}(%s, %s, %s, '{{}}'::json)", (z, x, y))
        body = bytes(cursor.fetchone()[0] or b"")
    headers = {
        "ETag": etag,
        "Cache-Control": "private, max-age=0, must-revalidate" if known.permission else "public, max-age=60",
        "Vary": "Accept-Encoding" + (", Cookie" if known.permission else ""),
    }
    if not body:
        return HttpResponse(status=204, headers=headers)
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        body = gzip.compress(body, 1)
        headers["Content-Encoding"] = "gzip"
    return HttpResponse(body, content_type="application/vnd.mapbox-vector-tile", headers=headers)
