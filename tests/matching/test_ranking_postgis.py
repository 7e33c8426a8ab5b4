"""Doorplate, district, ranked deputies: the compiled way and PostGIS give the same names, metres and anchors.

Locating and ranking stand one after the other, as a whole county is answered; PostGIS decides by ST_Covers and ST_Distance of geographies.
"""

import numpy as np
import pytest
import shapely
from django.db import connection

from apps.matching.ranking import DistrictRanking
from apps.territory.locate import PolygonLocator

RANKED = """
SELECT plate.n, array_agg(seat.deputy ORDER BY away.metres NULLS LAST, seat.place), array_agg(away.metres ORDER BY away.metres NULLS LAST, seat.place)
FROM plate LEFT JOIN LATERAL (SELECT min(district.n) AS n FROM district WHERE ST_Covers(district.shape, plate.point)) AS inside ON true
LEFT JOIN seat ON seat.district = inside.n
LEFT JOIN LATERAL (
    SELECT round(min(ST_Distance(anchor.point, plate.point::geography))::numeric, 6) AS metres FROM anchor WHERE anchor.deputy = seat.deputy
) AS away ON true
GROUP BY plate.n ORDER BY plate.n
"""


@pytest.mark.parametrize("missing", [0.0, 0.5])
def test_from_doorplate_to_ranked_deputies(db, missing):
    random = np.random.default_rng(5)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(random.uniform((120.0, 27.0), (120.6, 27.6), (80, 2)))))
    names = [np.sort(random.choice(400, random.integers(0, 12), replace=False)) for _ in cells]
    ends, deputies = np.cumsum([len(some) for some in names]), np.concatenate(names)
    lon, lat = random.uniform(120.0, 120.6, (400, 2)), random.uniform(27.0, 27.6, (400, 2))
    lon[100:200, 0], lat[100:200, 0] = lon[0, 0], lat[0, 0]  # a station shared by many
    lost = random.random(lon.shape) < missing
    lon[lost] = lat[lost] = np.nan
    plates = random.uniform((119.95, 26.95), (120.65, 27.65), (3000, 2))
    with connection.cursor() as cursor:
        _store(cursor, cells, names, lon, lat, plates)
        cursor.execute(RANKED)
        rows = cursor.fetchall()

    inside = PolygonLocator(list(cells)).locate(plates[:, 0], plates[:, 1])
    found, metres, anchors = DistrictRanking((ends, deputies), lon, lat).rank(inside, plates[:, 0], plates[:, 1], 12)
    for row, (_, expected, distances) in enumerate(rows):
        known = [deputy for deputy in expected if deputy is not None]
        assert found[row, : len(known)].tolist() == known and (found[row, len(known) :] == -1).all()
        apart = np.array([np.inf if metre is None else float(metre) for metre in distances])[: len(known)]
        np.testing.assert_allclose(metres[row, : len(known)], apart, rtol=0, atol=2e-6)
        for deputy, anchor, metre in zip(known, anchors[row], metres[row], strict=False):
            assert (anchor >= 0) == np.isfinite(metre) == np.isfinite(lon[deputy]).any()
    assert sum(row[1] != [None] for row in rows) > 2000


def _store(cursor, cells, names, lon, lat, plates):
    cursor.execute(
        """
        CREATE TEMPORARY TABLE district (n int, shape geometry) ON COMMIT DROP;
        CREATE TEMPORARY TABLE seat (district int, deputy int, place int) ON COMMIT DROP;
        CREATE TEMPORARY TABLE anchor (deputy int, point geography) ON COMMIT DROP;
        CREATE TEMPORARY TABLE plate (n int, point geometry) ON COMMIT DROP;
        """
    )
    cursor.executemany("INSERT INTO district VALUES (%s, ST_GeomFromWKB(%s, 4326))", [(n, cell.wkb) for n, cell in enumerate(cells)])
    seats = [(n, int(deputy), place) for n, some in enumerate(names) for place, deputy in enumerate(some)]
    cursor.executemany("INSERT INTO seat VALUES (%s, %s, %s)", seats)
    anchors = [(n, x, y) for n in range(len(lon)) for x, y in zip(lon[n].tolist(), lat[n].tolist(), strict=True) if np.isfinite(x)]
    cursor.executemany("INSERT INTO anchor VALUES (%s, ST_Point(%s, %s)::geography)", anchors)
    cursor.executemany("INSERT INTO plate VALUES (%s, ST_SetSRID(ST_Point(%s, %s), 4326))", [(n, *place) for n, place in enumerate(plates.tolist())])
    cursor.execute("CREATE INDEX ON anchor (deputy)")
    cursor.execute("ANALYZE district; ANALYZE seat; ANALYZE anchor; ANALYZE plate")
