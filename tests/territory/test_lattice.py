"""The county's lattice: true on the ground, always in the same place, hexagons that hold what is nearest to them."""

import math
from itertools import pairwise

import numpy as np
import pytest
from pyproj import Geod

from apps.territory import county_lattice as kept
from apps.territory.lattice import NOWHERE, Lattice, laid_over
from apps.territory.models import AdminArea, LayerVersion
from tests import town as toy

EARTH = Geod(ellps="WGS84")


def sides(ring: np.ndarray) -> np.ndarray:
    return np.array([EARTH.inv(*start, *end)[2] for start, end in pairwise(ring)])


@pytest.mark.parametrize(("lon", "lat"), [(120.25, 27.8), (109.5, 18.6), (87.6, 43.8)])
def test_cells_are_squares_on_the_ground_all_over_a_county(lon, lat):
    """A county of 50 km either way: no side is off by more than half a percent."""
    lattice = Lattice(lon, lat)
    ends = np.array([-500, 0, 499])
    rings = lattice.outline(*(each.ravel() for each in np.meshgrid(ends, ends)))
    assert max(abs(sides(ring) / 100 - 1).max() for ring in rings) < 0.01 * math.tan(math.radians(lat)) + 0.0005
    assert abs(sides(lattice.outline([0], [0])[0]) / 100 - 1).max() < 1e-4  # at the corner they are true
    if lat < 30:
        assert max(abs(sides(ring) / 100 - 1).max() for ring in rings) < 0.005


def test_a_place_lies_in_the_cell_whose_outline_holds_it():
    lattice, random = Lattice(120.0, 28.0), np.random.default_rng(1)
    lon, lat = 120 + random.uniform(-0.3, 0.3, 2000), 28 + random.uniform(-0.3, 0.3, 2000)
    col, row = lattice.cells(lon, lat)
    ring = lattice.outline(col, row)
    assert ((ring[:, 0, 0] <= lon) & (lon < ring[:, 2, 0]) & (ring[:, 0, 1] <= lat) & (lat < ring[:, 2, 1])).all()
    middle = lattice.cells(*lattice.centres(col, row))
    assert (middle[0] == col).all() and (middle[1] == row).all()


def test_corner_belongs_to_the_cell_north_east_of_it_and_nowhere_to_none():
    lattice = Lattice(120.0, 28.0)
    assert [each.tolist() for each in lattice.cells([120.0, 119.9999, np.nan], [28.0, 28.0, 28.0])] == [
        [0, -1, NOWHERE],
        [0, 0, NOWHERE],
    ]


def test_plane_and_way_back():
    lattice = Lattice(120.0, 28.0)
    x, y = lattice.metric([120.01], [28.01])
    assert (x[0], y[0]) == (pytest.approx(983.6, abs=0.5), pytest.approx(1108.2, abs=0.5))  # a unit of the toy town
    assert [each[0] for each in lattice.degrees(x, y)] == pytest.approx([120.01, 28.01])


def test_hexagons_hold_the_cells_that_are_nearest_to_their_middle():
    lattice, random, size = Lattice(120.0, 28.0), np.random.default_rng(2), 700.0
    col, row = random.integers(-300, 300, (2, 500))
    q, r = lattice.hexes(col, row, size)
    x, y = (col + 0.5) * 100, (row + 0.5) * 100

    def apart(q, r):
        return np.hypot((q + r / 2) * size - x, r * size * math.sqrt(3) / 2 - y)

    own = apart(q, r)
    for dq, dr in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, -1), (-1, 1)):
        assert (own <= apart(q + dq, r + dr) + 1e-6).all()
    assert own.max() <= size / math.sqrt(3) + 1e-6
    ring = lattice.hex_outline([0], [0], size)[0]
    xs, ys = lattice.metric(ring[:, 0], ring[:, 1])
    assert (xs.max() - xs.min(), ys.max() - ys.min()) == pytest.approx((size, 2 * size / math.sqrt(3)))
    area = 0.5 * abs((xs[:-1] * ys[1:] - xs[1:] * ys[:-1]).sum())
    assert area == pytest.approx(size * size * math.sqrt(3) / 2)
    assert lattice.hex_centres([0, 1], [0, 0], size)[0] == pytest.approx(lattice.degrees([0, size], [0, 0])[0])


@pytest.mark.parametrize("wrong", [(181, 0, 100), (0, 81, 100), (0, 0, 0), (0, 0, float("nan"))])
def test_what_cannot_be_a_lattice_is_refused(wrong):
    with pytest.raises(ValueError, match="no lattice"):
        Lattice(*wrong)


def test_a_hexagon_is_the_cells_that_are_counted_into_it():
    lattice = Lattice(120.4, 27.5)
    row, col = (axis.ravel() for axis in np.mgrid[-40:40, -40:40])
    q, r = lattice.hexes(col, row, 730.0)
    for which in [(-2, 1), (0, 0), (3, -3)]:
        own = (q == which[0]) & (r == which[1])
        found = lattice.cells_of_hex(*which, 730.0)
        assert list(zip(*(axis.tolist() for axis in found), strict=True)) == list(
            zip(col[own].tolist(), row[own].tolist(), strict=True)
        )


def test_same_county_from_another_file_is_laid_the_same():
    assert laid_over(119.9, 27.8, 120.4, 28.3) == laid_over(119.9001, 27.8001, 120.4002, 28.2999)


@pytest.mark.django_db
def test_cells_never_move_when_the_borders_do():
    assert kept.county_lattice() is None
    town = toy.build()
    first = kept.county_lattice()
    assert first is not None and (first.lon0, first.lat0, first.metres) == (120.02, 28.01, 100)
    AdminArea.objects.filter(pk=town.county.pk).update(geom=toy.box(0, 0, 9, 9))
    LayerVersion.raise_for("area")
    assert kept.county_lattice() == first
    assert kept.CountyLattice.objects.get().lattice == first
