"""What a whole layer shows that no single row does: shifted coordinates, overlaps, gaps, and what lies outside its place.

A shift of the web map grids is a reason to refuse the file; the rest is told and not refused, since it often is in the original.
"""

import shapely

from apps.record.staging import SHAPE, STAGE, Stage, query
from gis_data.checks import Coverage, coverage
from gis_data.crs import bd09_to_wgs84, gcj02_to_wgs84
from gis_data.rows import FileRefused

SAMPLE_POINTS, SAMPLE_POLYGONS = 2000, 200
LEAST_ROWS = 5
SIZE_TOLD = 100.0  # m²: coordinates with seven decimals along a few kilometres of border differ by that much
SHARE_OUTSIDE = 0.01  # of an area: less is the same rounding

# Where each staged row ought to lie, as far as the county is known already.
_REFERENCE = {
    "area": "JOIN territory_adminarea r ON r.code = s.code",
    "grid": "JOIN territory_adminarea r ON r.code = s.village",
    "doorplate": "JOIN territory_adminarea r ON r.code = coalesce(s.village, s.town)",
    "station": "JOIN territory_adminarea r ON r.code = s.area",
    "organisation": "JOIN territory_adminarea r ON r.code = s.area",
    "district": "JOIN territory_electoraldistrict r ON r.code = s.code",
    "draft": "JOIN territory_adminarea r ON r.code = s.congress",
}


def refuse_shifted(stage: Stage, crs_given: bool) -> None:
    """Refuse a file whose rows fit their places clearly better after undoing the shift of GCJ-02 or BD-09."""
    join = _REFERENCE.get(stage.layer.name)
    if crs_given or join is None or not stage.has(SHAPE):
        return
    centre = query(f"SELECT ST_X(c), ST_Y(c) FROM (SELECT ST_Centroid(ST_SetSRID(ST_Extent(geom)::geometry, 4326)) AS c FROM {STAGE}) e")[0]
    if centre[0] is None:
        return
    sample = SAMPLE_POINTS if stage.layer.shape == "point" else SAMPLE_POLYGONS
    fits = {"": _fit(join, sample, 0.0, 0.0)}
    if fits[""] is None:
        return
    for name, undo in (("gcj02", gcj02_to_wgs84), ("bd09", bd09_to_wgs84)):
        lon, lat = undo(*centre)
        fits[name] = _fit(join, sample, float(lon[0]) - centre[0], float(lat[0]) - centre[1])
    best = max(("gcj02", "bd09"), key=lambda name: fits[name] or 0.0)
    as_read, moved = fits[""] or 0.0, fits[best] or 0.0
    if moved - as_read > 0.05 and 1 - as_read > 3 * (1 - moved):
        raise FileRefused(
            f"坐标像是 {best.upper()}（网络地图的偏移坐标）：照现在的坐标系有 {as_read:.0%} 落在所属范围内，按 {best} 换算后有 {moved:.0%}。"
            f"请加 --crs {best} 再导入；如果坐标系确实无误，请用 --crs 明确写出（如 --crs EPSG:4490）。"
        )


def _fit(join: str, sample: int, dx: float, dy: float) -> float | None:
    """The share of rows (of their area, for polygons) that lies where it should, moved by so many degrees. None: too few to tell."""
    count, share = query(
        f"""
        SELECT count(*), avg(CASE WHEN ST_Dimension(x.geom) = 2 THEN ST_Area(ST_Intersection(x.place, x.moved)) / nullif(ST_Area(x.geom), 0)
                             ELSE ST_Covers(x.place, x.moved)::int END)
        FROM (SELECT s.geom, r.geom AS place, ST_Translate(s.geom, %s, %s) AS moved
              FROM {STAGE} s {join} WHERE s.geom IS NOT NULL AND r.geom IS NOT NULL ORDER BY mod(s.row::bigint * 7919, 10007) LIMIT {sample}) x
        """,
        [dx, dy],
    )[0]
    return share if count >= LEAST_ROWS else None


def survey(stage: Stage) -> None:
    """Add to the stage's warnings what is wrong with the layer as it now stands."""
    {"area": _areas, "district": _districts, "draft": _districts, "grid": _grids, "doorplate": _doorplates, "station": _stations}.get(
        stage.layer.name, lambda stage: None
    )(stage)


def _areas(stage: Stage) -> None:
    force = "(valid_from IS NULL OR valid_from <= %s) AND (valid_to IS NULL OR valid_to > %s)"
    rows = query(
        f"SELECT name, ST_AsBinary(geom) FROM territory_adminarea WHERE level = 'village' AND geom IS NOT NULL AND {force} ORDER BY code",
        [stage.today, stage.today],
    )
    county = query("SELECT ST_AsBinary(geom) FROM territory_adminarea WHERE level = 'county' AND geom IS NOT NULL ORDER BY code LIMIT 1")
    _tell(stage, "村社", rows, county[0][0] if county else None)
    orphans = query("SELECT name FROM territory_adminarea WHERE parent_id IS NULL AND level IN ('town', 'village') ORDER BY code")
    if orphans:
        stage.warnings.append(f"{len(orphans)} 个乡镇或村社没有上级：{_few([name for (name,) in orphans])}")
    outside = query(
        """SELECT a.name FROM territory_adminarea a JOIN territory_adminarea p ON p.id = a.parent_id
           WHERE a.geom IS NOT NULL AND p.geom IS NOT NULL AND a.level IN ('town', 'village') AND NOT ST_CoveredBy(a.geom, p.geom)
           AND ST_Area(ST_Difference(a.geom, p.geom)) > %s * ST_Area(a.geom) ORDER BY a.code""",
        [SHARE_OUTSIDE],
    )
    if outside:
        stage.warnings.append(f"{len(outside)} 个乡镇或村社超出上级范围：{_few([name for (name,) in outside])}")


def _districts(stage: Stage) -> None:
    terms = query(
        f"""SELECT DISTINCT t.id, c.name || '第' || t.number || '届' || CASE t.plan WHEN '' THEN '' ELSE '（' || t.plan || '）' END || '选区',
            ST_AsBinary(c.geom), t.state, c.code, t.number FROM {STAGE} s JOIN territory_adminarea c ON c.code = s.congress JOIN territory_term t ON t.congress_id = c.id AND t.number = s.term AND t.state <> 'set_aside'
            ORDER BY c.code, t.number"""
    )
    rows = query(
        "SELECT term_id, name, ST_AsBinary(geom) FROM territory_electoraldistrict WHERE geom IS NOT NULL AND term_id = ANY(%s) ORDER BY code",
        [[term[0] for term in terms]],
    )
    shown = {}  # where the faults can be looked at, each said once
    for term, label, within, state, *_ in terms:
        told = len(stage.warnings)
        found, names = _tell(stage, label, [row[1:] for row in rows if row[0] == term], within)
        if found.outside:
            position, size = found.outside[0]
            stage.warnings.append(f"{label}有 {len(found.outside)} 个超出本级范围，最大 {_size(size)}（{names[position]}）")
        if len(stage.warnings) > told:
            shown["见“选区检查”页" if state == "published" else "草案的在“换届”里比对后可以看到"] = True
    if shown:
        stage.warnings.append(f"每一处在哪里、有多大，{'；'.join(shown)}")


def _grids(stage: Stage) -> None:
    rows = query("SELECT name, ST_AsBinary(geom) FROM territory_grid ORDER BY code")
    villages = query(
        """SELECT ST_AsBinary(ST_Union(v.geom)) FROM territory_adminarea v WHERE v.level = 'village'
           AND EXISTS (SELECT FROM territory_grid g WHERE g.village_id = v.id)"""
    )
    _tell(stage, "网格", rows, villages[0][0])
    outside = query(
        """SELECT g.name FROM territory_grid g JOIN territory_adminarea v ON v.id = g.village_id
           WHERE NOT ST_CoveredBy(g.geom, v.geom) AND ST_Area(ST_Difference(g.geom, v.geom)) > %s * ST_Area(g.geom) ORDER BY g.code""",
        [SHARE_OUTSIDE],
    )
    if outside:
        stage.warnings.append(f"{len(outside)} 个网格超出所属村社：{_few([name for (name,) in outside])}")


def _doorplates(stage: Stage) -> None:
    strays = query(
        f"""SELECT count(*) FROM (SELECT s.geom, v.geom AS place FROM {STAGE} s
            JOIN territory_adminarea v ON v.code = s.village WHERE v.geom IS NOT NULL ORDER BY v.id) x WHERE NOT ST_Covers(x.place, x.geom)"""
    )[0][0]
    if strays:
        stage.warnings.append(f"{strays} 个门牌的位置不在所填村社的范围内")


def _stations(stage: Stage) -> None:
    strays = query(
        f"""SELECT s.name FROM {STAGE} s JOIN territory_adminarea a ON a.code = s.area
            WHERE a.geom IS NOT NULL AND NOT ST_Covers(a.geom, s.geom) ORDER BY s.code"""
    )
    if strays:
        stage.warnings.append(f"{len(strays)} 个联络站的位置不在所属区划内：{_few([name for (name,) in strays])}")


def _tell(stage: Stage, label: str, rows: list[tuple], within: bytes | None) -> tuple[Coverage, list[str]]:
    names = [name for name, _ in rows]
    shapes = shapely.from_wkb([bytes(wkb) for _, wkb in rows])
    found: Coverage = coverage(shapes, shapely.from_wkb(bytes(within)) if within is not None else None, SIZE_TOLD)
    if found.overlaps:
        first, second, size = found.overlaps[0]
        stage.warnings.append(f"{label}之间有 {len(found.overlaps)} 处重叠，最大 {_size(size)}（{names[first]}与{names[second]}）")
    if found.gaps:
        stage.warnings.append(f"{label}之间有 {len(found.gaps)} 处空隙，最大 {_size(found.gaps[0])}")
    return found, names


def _size(square_metres: float) -> str:
    if square_metres >= 1e6:
        return f"{square_metres / 1e6:.1f} 平方公里"
    return f"{square_metres / 1e4:.1f} 公顷" if square_metres >= 1e4 else f"{square_metres:.0f} 平方米"


def _few(names: list[str]) -> str:
    return "、".join(names[:5]) + ("等" if len(names) > 5 else "")
