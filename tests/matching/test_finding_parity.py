"""The engine against PostGIS on a ragged county: the same district and the same deputies for every point, borders included."""

import datetime as dt

import numpy as np
import pytest
import shapely
from django.contrib.gis.geos import GEOSGeometry, Point
from django.db import connection

from apps.deputies.models import Deputy, Mandate, Station
from apps.matching.borders import border_notice
from apps.matching.bulk import answer_many
from apps.matching.engine import engine
from apps.matching.finding import find_at
from apps.territory.models import AdminArea, ElectoralDistrict, LayerVersion, Term

TODAY = dt.date(2026, 3, 10)
WEST, SOUTH, SIZE = 120.3, 27.4, 0.3
POINTS = 10_000


def ragged(rng: np.random.Generator, cells: int) -> list[shapely.Polygon]:
    """A tessellation whose borders are crooked: Voronoi cells with every edge broken at a shared random point."""
    frame = shapely.box(WEST, SOUTH, WEST + SIZE, SOUTH + SIZE)
    seeds = shapely.MultiPoint(np.column_stack([rng.uniform(WEST, WEST + SIZE, cells), rng.uniform(SOUTH, SOUTH + SIZE, cells)]))
    edges = shapely.intersection(shapely.voronoi_polygons(seeds, only_edges=True), frame)
    crooked = []
    for line in shapely.get_parts(shapely.line_merge(edges)):
        a, b = shapely.get_coordinates(line)[[0, -1]]
        inside = a + (b - a) * rng.uniform(0.3, 0.7) + rng.uniform(-0.15, 0.15, 2) * np.hypot(*(b - a))
        crooked.append(shapely.LineString([a, inside, b]))
    pieces = shapely.polygonize(shapely.get_parts(shapely.node(shapely.union_all([*crooked, frame.boundary]))))
    return [shapely.Polygon(shapely.get_coordinates(piece.exterior)) for piece in shapely.get_parts(pieces) if piece.area > 1e-9]


@pytest.fixture
def county(db):
    rng = np.random.default_rng(20260310)
    frame = shapely.MultiPolygon([shapely.box(WEST, SOUTH, WEST + SIZE, SOUTH + SIZE)])
    area = AdminArea.objects.create(code="339998000000", name="锯齿县", level="county", geom=GEOSGeometry(memoryview(frame.wkb), 4326))
    town = AdminArea.objects.create(code="339998100000", name="锯齿镇", level="town", parent=area, has_congress=True)
    village = AdminArea.objects.create(code="339998100201", name="锯齿村", level="village", parent=town, geom=GEOSGeometry(memoryview(frame.wkb), 4326))
    dates = {"starts": dt.date(2022, 1, 1), "ends": dt.date(2027, 1, 1)}
    terms = {
        "county": Term.objects.create(congress=area, level="county", number=1, **dates),
        "township": Term.objects.create(congress=town, level="township", number=1, **dates),
    }
    past = Term.objects.create(congress=area, level="county", number=9, starts=dt.date(2017, 1, 1), ends=dt.date(2022, 1, 1))

    def where():
        return Point(*(rng.uniform((WEST, SOUTH), (WEST + SIZE, SOUTH + SIZE))), srid=4326)

    stations = [Station.objects.create(code=f"S{n:02}", name=f"站{n}", kind="town", area=town, point=where()) for n in range(12)]
    for level, cells in (("county", 60), ("township", 90)):
        shapes = ragged(rng, cells)
        rng.shuffle(shapes)  # codes in no order of place
        for number, shape in enumerate(shapes, start=1):
            geom = GEOSGeometry(memoryview(shapely.MultiPolygon([shape]).wkb), 4326)
            district = ElectoralDistrict.objects.create(
                code=f"{level[0]}{number:03}", term=terms[level], number=number, name=f"第{number}选区", seats=3, basis="residence", geom=geom
            )
            for seat in range(int(rng.integers(0, 4))):
                deputy = Deputy.objects.create(
                    code=f"{level[0]}{number:03}-{seat}", name="某", station=stations[int(rng.integers(12))] if rng.random() < 0.6 else None,
                    workplace=where() if rng.random() < 0.6 else None, residence_village=village if rng.random() < 0.5 else None,
                )  # fmt: skip
                ended = dt.date(2025, 1, 1) if rng.random() < 0.1 else None
                Mandate.objects.create(deputy=deputy, term=terms[level], district=district, ended_on=ended)
    old = ElectoralDistrict.objects.create(code="a-old", term=past, number=1, name="旧", seats=1, basis="residence", geom=area.geom)
    Mandate.objects.create(deputy=Deputy.objects.first(), term=past, district=old)
    LayerVersion.raise_for("area", "district", "deputy", "station")
    return area


def by_postgis(points: np.ndarray) -> list[tuple]:
    """(county district, township district, deputies' codes) of every point, by SQL alone.

    In steps with statistics between them: without those the planner may join ten thousand rows to twenty thousand by nested loops.
    """
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS place, hit, seat")
        cursor.execute(
            """
            CREATE TEMP TABLE place AS SELECT n, ST_SetSRID(ST_MakePoint(lon, lat), 4326) AS point
            FROM unnest(%s::float8[], %s::float8[]) WITH ORDINALITY AS p (lon, lat, n)
            """,
            [points[:, 0].tolist(), points[:, 1].tolist()],
        )
        cursor.execute("ANALYZE place, territory_electoraldistrict, territory_term, deputies_mandate, deputies_deputy")
        cursor.execute(
            """
            CREATE TEMP TABLE hit AS
            SELECT p.n, t.level, min(d.code COLLATE "C") AS code FROM place p JOIN territory_electoraldistrict d ON ST_Covers(d.geom, p.point)
            JOIN territory_term t ON t.id = d.term_id AND t.starts <= %s AND t.ends > %s GROUP BY p.n, t.level
            """,
            [TODAY, TODAY],
        )
        cursor.execute("ANALYZE hit")
        cursor.execute(
            """
            CREATE TEMP TABLE seat AS
            SELECT h.n, x.code, round(least(
                ST_Distance(s.point::geography, p.point::geography), ST_Distance(x.workplace::geography, p.point::geography),
                ST_Distance(ST_PointOnSurface(v.geom)::geography, p.point::geography))::numeric, 4) AS metres
            FROM hit h JOIN place p USING (n) JOIN territory_electoraldistrict d ON d.code = h.code
            JOIN deputies_mandate m ON m.district_id = d.id AND (m.ended_on IS NULL OR m.ended_on > %s)
            JOIN deputies_deputy x ON x.id = m.deputy_id LEFT JOIN deputies_station s ON s.id = x.station_id
            LEFT JOIN territory_adminarea v ON v.id = x.residence_village_id
            """,
            [TODAY],
        )
        cursor.execute("ANALYZE seat")
        cursor.execute(
            """
            SELECT p.n, c.code, t.code, coalesce(x.codes, '{}') FROM place p
            LEFT JOIN hit c ON c.n = p.n AND c.level = 'county' LEFT JOIN hit t ON t.n = p.n AND t.level = 'township'
            LEFT JOIN (SELECT n, array_agg(code ORDER BY metres NULLS LAST, code COLLATE "C") AS codes FROM seat GROUP BY n) x ON x.n = p.n
            ORDER BY p.n
            """
        )
        return [tuple(row[1:]) for row in cursor.fetchall()]


def by_engine(points: np.ndarray) -> list[tuple]:
    day = engine().on(TODAY)
    answers = answer_many(day, points[:, 0], points[:, 1])

    def code(level, row):
        index = answers.districts[level][row]
        return day.districts[level].rows[index].code if index >= 0 else None

    return [(code("county", n), code("township", n), answers.first[n].deputy.code if answers.first[n] else None) for n in range(len(points))]


def by_finding(point: np.ndarray) -> tuple:
    place = find_at(*point, on=TODAY)
    codes = {found.level: found.district.code for found in place.districts}
    return codes.get("county"), codes.get("township"), [found.deputy.code for found in place.deputies]


def test_ten_thousand_random_points(county):
    points = np.random.default_rng(1).uniform((WEST, SOUTH), (WEST + SIZE, SOUTH + SIZE), (POINTS, 2))
    expected = by_postgis(points)
    assert by_engine(points) == [(c, t, codes[0] if codes else None) for c, t, codes in expected]
    assert len({row[0] for row in expected}) >= 50 and any(not row[2] for row in expected)
    for row in range(0, POINTS, 10):
        assert by_finding(points[row]) == expected[row]


def test_vertices_of_borders(county):
    rows = ElectoralDistrict.objects.filter(term__number=1).order_by("code")
    shapes = [shapely.from_wkb(bytes(row.geom.wkb)) for row in rows]
    vertices = np.unique(shapely.get_coordinates(shapes), axis=0)
    expected = by_postgis(vertices)
    assert by_engine(vertices) == [(c, t, codes[0] if codes else None) for c, t, codes in expected]
    for vertex in vertices[::15]:
        assert by_finding(vertex)[:2] == tuple(expected[int(np.flatnonzero((vertices == vertex).all(axis=1))[0])][:2])
        place = find_at(*vertex, on=TODAY)
        assert min(found.margin_m for found in place.districts) == 0.0
        assert "正好在选区边界上" in border_notice(place).words


def test_within_a_centimetre_of_a_border(county):
    """Points put 1 to 9 mm beside edges say that they are on the border; at 2 cm they do not."""
    rng = np.random.default_rng(2)
    shapes = [shapely.from_wkb(bytes(row.geom.wkb)) for row in ElectoralDistrict.objects.filter(term__number=1, term__level="county")]
    metres = np.array([98_900.0, 110_800.0])  # a degree here
    for shape in shapes[:40]:
        ring = shapely.get_coordinates(shape)
        edge = int(np.argmax(np.hypot(*(np.diff(ring, axis=0) * metres).T)))
        a, b = ring[edge], ring[edge + 1]
        along = (b - a) * metres
        aside = np.array([-along[1], along[0]]) / np.hypot(*along) / metres
        for distance, on_border in ((rng.uniform(0.001, 0.009), True), (-rng.uniform(0.001, 0.009), True), (0.02, False), (-0.02, False)):
            point = a + (b - a) * 0.5 + aside * distance
            if not (WEST < point[0] < WEST + SIZE and SOUTH < point[1] < SOUTH + SIZE):
                continue
            (county_level,) = [found for found in find_at(*point, on=TODAY).districts if found.level == "county"]
            assert county_level.margin_m == pytest.approx(abs(distance), rel=0.01, abs=1e-5)
            assert (county_level.margin_m <= 0.01) is on_border
