"""How every project stands, as rows; and tiles in the colour of it, which are not public."""

import django.db.models.deletion
from django.db import migrations, models

from apps.territory.tiles import margin, simplified, tile_function

MANY = 1000  # projects in a tile, from which on they are told by the cell
CELLS = 32  # along a tile's side

# A project alone carries its id, name, kind, stage and tone; a cell of many says how many it stands for and how many of them are late.
# A tile is nearly linear in latitude, so cells are cut in degrees and only their middles are projected.
PROGRESS = f"""
    WITH tile AS (SELECT ST_Transform(ST_TileEnvelope(z, x, y), 4326) AS box),
    frame AS (SELECT box, ST_XMin(box) AS west, ST_YMin(box) AS south, (ST_XMax(box) - ST_XMin(box)) / {CELLS} AS wide, (ST_YMax(box) - ST_YMin(box)) / {CELLS} AS high FROM tile),
    crowd AS (SELECT count(*) > {MANY} AS many FROM frame, LATERAL (SELECT FROM projects_keyproject WHERE site && box LIMIT {MANY} + 1) found)
    SELECT coalesce((SELECT ST_AsMVT(t, 'progress', 4096, 'geom') FROM (
        SELECT p.code AS id, p.name, p.kind, coalesce(s.stage, 'waiting') AS stage, coalesce(s.tone, 'neutral') AS tone, 1 AS count, 0 AS late,
               ST_AsMVTGeom(ST_Transform(p.site, 3857), ST_TileEnvelope(z, x, y), 4096, 64, true) AS geom
        FROM projects_keyproject p LEFT JOIN projects_standing s ON s.project_id = p.id
        WHERE NOT (SELECT many FROM crowd) AND p.site && ST_Transform(ST_TileEnvelope(z, x, y, margin => 64.0 / 4096), 4326)
        UNION ALL
        SELECT NULL, NULL, NULL, NULL, CASE WHEN bool_or(tone = 'late') THEN 'late' WHEN bool_or(tone = 'due') THEN 'due' WHEN bool_or(tone = 'good') THEN 'good' ELSE 'neutral' END,
               count(*)::int, count(*) FILTER (WHERE tone = 'late')::int,
               ST_AsMVTGeom(ST_Transform(ST_SetSRID(ST_MakePoint(avg(lon), avg(lat)), 4326), 3857), ST_TileEnvelope(z, x, y), 4096, 64, true)
        FROM (
            SELECT s.tone, ST_X(p.site) AS lon, ST_Y(p.site) AS lat, floor((ST_X(p.site) - west) / wide) AS i, floor((ST_Y(p.site) - south) / high) AS j
            FROM frame, projects_keyproject p LEFT JOIN projects_standing s ON s.project_id = p.id
            WHERE (SELECT many FROM crowd) AND p.site && box
        ) sites WHERE i BETWEEN 0 AND {CELLS} - 1 AND j BETWEEN 0 AND {CELLS} - 1 GROUP BY i, j
    ) t WHERE geom IS NOT NULL), '') || coalesce((SELECT ST_AsMVT(t, 'progress_shape', 4096, 'geom') FROM (
        SELECT p.code AS id, coalesce(s.tone, 'neutral') AS tone, {simplified("p.geom_3857")} AS geom
        FROM projects_keyproject p LEFT JOIN projects_standing s ON s.project_id = p.id
        WHERE z >= 11 AND NOT (SELECT many FROM crowd) AND {margin("p.geom_3857")} AND ST_Dimension(p.geom) > 0
    ) t WHERE geom IS NOT NULL), '')
"""


class Migration(migrations.Migration):
    dependencies = [("projects", "0005_following")]
    operations = [
        migrations.CreateModel(
            name="Standing",
            fields=[
                ("project", models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name="state_now", serialize=False, to="projects.keyproject", verbose_name="项目")),
                ("actual", models.FloatField(null=True, verbose_name="累计完成%")),
                ("planned", models.FloatField(null=True, verbose_name="计划%")),
                ("lag_points", models.FloatField(null=True, verbose_name="落后百分点")),
                ("as_of", models.DateField(null=True, verbose_name="截至")),
                ("tone", models.CharField(default="neutral", max_length=8, verbose_name="颜色")),
                ("stage", models.CharField(choices=[("preparation", "前期"), ("waiting", "未开工"), ("building", "在建"), ("suspended", "停工"), ("finished", "完工")], db_default="waiting", default="waiting", max_length=12, verbose_name="阶段")),
                ("money_month", models.DateField(null=True, verbose_name="投资截至月份")),
                ("invested", models.DecimalField(decimal_places=2, max_digits=14, null=True, verbose_name="开工以来累计完成投资(万元)")),
                ("invested_year", models.DecimalField(decimal_places=2, max_digits=14, null=True, verbose_name="本年累计完成投资(万元)")),
                ("renewed_on", models.DateField(null=True, verbose_name="算于")),
            ],
            options={"verbose_name": "进度现状", "verbose_name_plural": "进度现状"},
        ),
        tile_function("progress", PROGRESS, public=False),
    ]
