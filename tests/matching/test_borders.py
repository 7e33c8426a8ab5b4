"""Sides of a border: what somebody who stands near one may be registered in. Held to a raster over random places and made-up borders."""

import math
import random

import pytest
from django.test import override_settings

from apps.matching.borders import border_notice
from apps.matching.finding import SIDES, find_at, reach_of
from apps.territory.models import Doorplate, ElectoralDistrict, LayerVersion
from tests.town import DISTRICTS, TODAY, at, box

EAST, NORTH = 983.6, 1108.2  # metres a unit


def find(x, y, **options):
    point = at(x, y)
    return find_at(point.x, point.y, on=TODAY, **options)


def keys(place):
    return [side.key for side in place.sides]


def test_far_from_borders_nobody_is_asked(town):
    place = find(0.5, 0.5)
    assert place.sides == () and border_notice(place) is None


def test_each_side_has_its_own_deputies_nearest_first(town):
    here, other = find(0.98, 0.5).sides
    assert (here.key, here.metres, other.key) == ("C-01|A-01", 0.0, "C-01|B-01")
    assert other.metres == pytest.approx(0.02 * EAST, abs=0.05)
    assert [found.deputy.code for found in here.deputies] == ["D1", "D6", "D2"]
    assert sorted({found.deputy.code for found in other.deputies}) == ["D1", "D2", "D7"]
    assert here.deputies[0].reasons[0] == "您所在选区的代表" and other.deputies[0].reasons[0] == "“第1选区、南山乡第1选区”的代表"


def test_where_four_meet_all_four_are_offered_and_nothing_that_is_not_there(town):
    assert sorted(keys(find(0.99, 0.99))) == ["C-01|A-01", "C-01|B-01", "C-02|A-02", "C-02|B-01"]
    # 25 m east of the corner's meridian and 20 m south of its parallel the opposite side is 32 m away.
    assert keys(find(1 + 25 / EAST, 1 - 20 / NORTH)) == ["C-01|B-01", "C-02|B-01", "C-01|A-01"]


def test_beside_a_street_the_other_side_has_no_township_district(town):
    assert keys(find(1.99, 0.5)) == ["C-01|B-01", "C-03"]
    assert keys(find(2.01, 0.5)) == ["C-03", "C-01|B-01"]


def test_at_the_edge_of_the_county_there_is_no_other_side(town):
    place = find(0.01, 0.5)
    assert place.sides == () and border_notice(place).sides == ()


@pytest.mark.parametrize(("metres", "asked"), [(0.0, True), (15.0, True), (29.5, True), (30.5, False), (60.0, False)])
def test_thirty_metres_are_the_threshold(town, metres, asked):
    assert bool(find(1 - metres / EAST, 0.5).sides) is asked
    assert bool(border_notice(find(1 - metres / EAST, 0.5))) is asked


def test_the_threshold_is_a_setting_and_a_rough_position_widens_it(town):
    with override_settings(BORDER_METRES=100):
        assert len(find(1 - 90 / EAST, 0.5).sides) == 2
    with override_settings(BORDER_METRES=0):
        assert find(1 - 5 / EAST, 0.5).sides == ()
    assert find(1 - 90 / EAST, 0.5, accuracy=55).sides == ()
    assert len(find(1 - 90 / EAST, 0.5, accuracy=65).sides) == 2
    assert (reach_of(None), reach_of(12.0), reach_of(400.0), reach_of(1e9)) == (30.0, 42.0, 430.0, 1000.0)


def test_a_very_rough_position_has_more_sides_than_are_offered(town):
    place = find(1.0, 0.9, accuracy=1000)
    notice = border_notice(place)
    assert len(place.sides) > SIDES == len(notice.sides) and notice.many
    assert [side.metres for side in place.sides] == sorted(side.metres for side in place.sides)


def test_a_gap_between_districts_offers_its_neighbours(town):
    ElectoralDistrict.objects.filter(code="C-04").update(geom=box(2, 1 + 40 / NORTH, 3, 2))
    LayerVersion.raise_for("district")
    place = find(2.5, 1 + 20 / NORTH)
    assert place.districts == () and keys(place) == ["C-03", "C-04"]
    assert border_notice(place).words == "这里没有划入任何选区，最近的选区约 20 米。"


def test_slivers_between_borders_drawn_twice_are_nobodys_side(town):
    ElectoralDistrict.objects.filter(code="C-02").update(geom=box(0, 1 + 0.05 / NORTH, 2, 2))  # 5 cm of nothing
    LayerVersion.raise_for("district")
    assert keys(find(0.5, 1 - 10 / NORTH)) == ["C-01|A-01", "C-02|A-02"]


def test_the_key_of_a_side_is_known_again(town):
    place = find(0.98, 0.5)
    assert place.side("C-01|B-01") is place.sides[1]
    assert place.side("C-02|B-01") is None and place.side("") is None


def test_sides_against_a_fine_raster(town):
    """Whatever lies clearly within reach is a side, and nothing else is: 200 random places, districts told point by point."""
    squares = sorted((term != "county", code, edges) for code, term, _, _, _, edges in DISTRICTS.values() if edges)

    def side(x, y):
        return "|".join(code for _, code, (west, south, east, north) in squares if west < x < east and south < y < north)

    dice = random.Random(11)
    ring = [(math.cos(step * math.tau / 48), math.sin(step * math.tau / 48)) for step in range(48)]
    seen = 0
    for _ in range(200):
        x, y = dice.choice([1, 2, 1.5]) + dice.uniform(-60, 60) / EAST, dice.choice([1, 0.5]) + dice.uniform(-60, 60) / NORTH
        near = {side(x + r * dx / EAST, y + r * dy / NORTH) for r in (5, 15, 22, 28) for dx, dy in ring}
        wide = {side(x + r * dx / EAST, y + r * dy / NORTH) for r in range(1, 32, 2) for dx, dy in ring}
        offered = set(keys(find(x, y)))
        assert (near - {""} <= offered or not offered) and offered <= wide, (x, y)
        if len(near - {""}) > 1:
            assert offered >= near - {""}, (x, y)
            seen += 1
    assert seen > 50


def test_overlapping_districts_are_all_offered(town):
    """Districts that overlap in the data: the lowest code is shown, and the other is not kept silent."""
    ElectoralDistrict.objects.filter(code="C-02").update(geom=box(0, 0.9, 2, 2))
    LayerVersion.raise_for("district")
    place = find(0.5, 0.95)
    assert place.districts[0].district.code == "C-01"
    assert keys(place) == ["C-01|A-01", "C-02|A-01"]


def test_doorplates_keep_their_own_position(town):
    plate = Doorplate.objects.get(code="P04")
    place = find(1.0, 0.5, doorplate=plate)
    assert place.accuracy is None and border_notice(place).words == "此门牌正好在选区边界上。"
