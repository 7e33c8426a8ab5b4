"""Tiles of areas, districts, grids and doorplates; doorplates below zoom 14 come from a pyramid of counts."""

from django.db import migrations

from apps.territory.tiles import margin, simplified, tile_function

AREA = f"""
    SELECT coalesce((SELECT ST_AsMVT(t, 'area', 4096, 'geom') FROM (
        SELECT code, name, level, kind, {simplified('geom_3857')} AS geom FROM territory_adminarea
        WHERE {margin('geom_3857')} AND valid_to IS NULL AND (level IN ('county', 'town') OR (level = 'village' AND z >= 9))
    ) t WHERE geom IS NOT NULL), '') || coalesce((SELECT ST_AsMVT(t, 'area_label', 4096, 'geom') FROM (
        SELECT code, name, level, ST_AsMVTGeom(ST_PointOnSurface(geom_3857), ST_TileEnvelope(z, x, y), 4096, 0, true) AS geom
        FROM territory_adminarea
        WHERE {margin('geom_3857')} AND valid_to IS NULL AND (level = 'town' OR (level = 'county' AND z < 9) OR (level = 'village' AND z >= 12))
    ) t WHERE geom IS NOT NULL), '')
"""

DISTRICT = f"""
    SELECT ST_AsMVT(t, 'district', 4096, 'geom') FROM (
        SELECT d.code, d.name, term.level, {simplified('d.geom_3857')} AS geom
        FROM territory_electoraldistrict d JOIN territory_term term ON term.id = d.term_id
        WHERE {margin('d.geom_3857')} AND (now() AT TIME ZONE 'Asia/Shanghai')::date >= term.starts AND (now() AT TIME ZONE 'Asia/Shanghai')::date < term.ends
            AND (query->>'level' IS NULL OR term.level = query->>'level')
    ) t WHERE geom IS NOT NULL
"""

GRID = f"""
    SELECT ST_AsMVT(t, 'grid', 4096, 'geom') FROM (
        SELECT code, name, {simplified('geom_3857')} AS geom FROM territory_grid WHERE {margin('geom_3857')} AND z >= 12
    ) t WHERE geom IS NOT NULL
"""

DOORPLATE = f"""
    SELECT CASE WHEN z >= 14 THEN (
        SELECT ST_AsMVT(t, 'doorplate', 4096, 'geom', 'id') FROM (
            SELECT id, status, ST_AsMVTGeom(point_3857, ST_TileEnvelope(z, x, y), 4096, 64, true) AS geom
            FROM territory_doorplate WHERE {margin('point_3857')}
        ) t WHERE geom IS NOT NULL
    ) ELSE (
        SELECT ST_AsMVT(t, 'doorplate', 4096, 'geom') FROM (
            SELECT count, ST_AsMVTGeom(geom, ST_TileEnvelope(tile_doorplate.z, x, y), 4096, 64, true) AS geom
            FROM territory_doorplatepyramid p WHERE p.z = greatest(tile_doorplate.z, 8) AND {margin('p.geom').replace('(z,', '(tile_doorplate.z,')}
        ) t WHERE geom IS NOT NULL
    ) END
"""


class Migration(migrations.Migration):
    dependencies = [("territory", "0001_initial")]
    operations = [
        migrations.RunSQL(
            sql="""
            CREATE TABLE territory_doorplatepyramid (z smallint NOT NULL, geom geometry(Point, 3857) NOT NULL, count integer NOT NULL);
            CREATE INDEX territory_doorplatepyramid_place ON territory_doorplatepyramid USING gist (z, geom);
            """,
            reverse_sql="DROP TABLE territory_doorplatepyramid;",
        ),
        tile_function("area", AREA),
        tile_function("district", DISTRICT),
        tile_function("grid", GRID),
        tile_function("doorplate", DOORPLATE),
    ]
