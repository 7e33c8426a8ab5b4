"""Tiles of key projects: id, name, kind and how far behind plan, so that the map can be coloured without another request."""

from django.db import migrations

from apps.territory.tiles import simplified, tile_function

PROJECT = f"""
    SELECT ST_AsMVT(t, 'project', 4096, 'geom') FROM (
        SELECT code AS id, name, kind, {simplified('geom_3857')} AS geom
        FROM projects_keyproject WHERE geom_3857 && ST_TileEnvelope(z, x, y, margin => 64.0 / 4096) AND ST_Dimension(geom) > 0
        UNION ALL
        SELECT code, name, kind, ST_AsMVTGeom(ST_Transform(site, 3857), ST_TileEnvelope(z, x, y), 4096, 64, true)
        FROM projects_keyproject WHERE site && ST_Transform(ST_TileEnvelope(z, x, y, margin => 64.0 / 4096), 4326)
    ) t WHERE geom IS NOT NULL
"""


class Migration(migrations.Migration):
    dependencies = [("projects", "0001_initial"), ("territory", "0002_tiles")]
    operations = [tile_function("project", PROJECT)]
