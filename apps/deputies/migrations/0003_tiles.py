"""Tiles of stations."""

from django.db import migrations

from apps.territory.tiles import tile_function

STATION = """
    SELECT ST_AsMVT(t, 'station', 4096, 'geom') FROM (
        SELECT code AS id, name, kind, ST_AsMVTGeom(ST_Transform(point, 3857), ST_TileEnvelope(z, x, y), 4096, 64, true) AS geom
        FROM deputies_station WHERE point && ST_Transform(ST_TileEnvelope(z, x, y, margin => 64.0 / 4096), 4326)
    ) t WHERE geom IS NOT NULL
"""


class Migration(migrations.Migration):
    dependencies = [("deputies", "0002_fields"), ("territory", "0002_tiles")]
    operations = [tile_function("station", STATION)]
