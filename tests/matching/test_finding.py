"""find_at on the toy town: everything here can be computed by hand from the picture in tests/town.py."""

import datetime as dt
import threading

import numpy as np
import pytest

from apps.deputies.models import Deputy, Home, Mandate
from apps.matching import finding
from apps.matching.borders import border_notice
from apps.matching.finding import OutsideCounty, find_at
from apps.territory.models import AdminArea, Doorplate, ElectoralDistrict, LayerVersion, Term
from tests.town import ORIGIN, TODAY, UNIT, at, box


def find(x, y, **options):
    point = at(x, y)
    return find_at(point.x, point.y, on=options.pop("on", TODAY), **options)


def names(place):
    return [(found.deputy.code, found.level) for found in place.deputies]


def test_districts_village_town_and_grid(town):
    place = find(0.5, 0.41)
    assert [(found.level, found.district.code) for found in place.districts] == [("county", "C-01"), ("township", "A-01")]
    assert (place.village.name, place.town.name, place.grid.code) == ("溪口村", "东溪镇", "339999100201001")
    assert place.county.name == "方格县"


def test_margin_is_metres_to_the_nearest_border(town):
    county, township = find(0.9, 0.5).districts
    # The township's eastern border is 0.1 units of longitude away: 0.001° × 98,357 m/° at 28.005 °N.
    assert township.margin_m == pytest.approx(98.36, abs=0.05)
    # C1's nearest border is its northern one, 0.5 units of latitude: 0.005° × 110,825 m/°.
    assert county.margin_m == pytest.approx(554.1, abs=0.2)


def test_nearest_of_station_workplace_and_village_decides(town):
    # At (0.8, 0.5): D1 works there (0 m); D6's nearest place is the village's middle (0.5, 0.5), 295 m; D2's village 689 m.
    place = find(0.8, 0.5)
    assert names(place) == [("D1", "county"), ("D6", "township"), ("D2", "county")]
    assert place.deputies[0].reasons == ("您所在选区的代表", "工作地离您最近")
    assert place.deputies[1].reasons == ("您所在选区的代表", "所住的村（社区）离您500米内")
    assert [found.distance_band for found in place.deputies] == ["500米内", "500米内", "1公里内"]


def test_station_as_the_reason_and_the_next_reception_day(town):
    first = find(0.5, 0.40).deputies[0]  # at the station itself; D6 is as near, the lower code answers
    assert first.deputy.code == "D1"
    assert first.reasons == ("您所在选区的代表", "联络站离您最近")
    assert (first.station.code, first.next_duty) == ("S-A", dt.date(2026, 3, 15))


def test_who_holds_two_seats_stands_under_both(town):
    assert sorted(names(find(1.5, 0.5))) == [("D1", "county"), ("D2", "county"), ("D2", "township"), ("D7", "township")]


def test_deputies_of_the_city_are_shown_by_area(town):
    place = find(0.5, 0.5)
    assert [(found.deputy.code, found.level, found.district) for found in place.area_deputies] == [("D8", "city", None)]
    assert "D8" not in dict(names(place))


def test_a_street_office_has_no_township_district(town):
    place = find(2.5, 0.5)
    assert [found.level for found in place.districts] == ["county"]
    assert place.office == "城关街道人大工委"


def test_a_district_without_deputies_names_who_answers_instead(town):
    place = find(2.5, 1.5)
    assert (place.districts[0].district.code, place.deputies) == ("C-04", ())
    assert place.office == "城关街道人大工委"
    assert place.nearest_station.code == "S-S"


def test_border_belongs_to_the_lowest_code_and_says_so(town):
    place = find(1.0, 0.5)  # between A1 and B1, inside C1
    township = place.districts[1]
    assert (township.district.code, township.margin_m) == ("A-01", 0.0)
    assert [(near.district.code, near.metres) for near in place.across] == [("B-01", 0.0)]
    notice = border_notice(place)
    assert notice.words == "这里正好在选区边界上。"
    assert notice.districts == ("这里按乡镇级选区“东溪镇第1选区”显示，另一侧是“南山乡第1选区”。",)


@pytest.mark.parametrize(("millimetres", "on_border"), [(5, True), (-5, True), (15, False), (-15, False)])
def test_within_a_centimetre_is_on_the_border(town, millimetres, on_border):
    place = find(1.0 + millimetres / 1000 / 983.6, 0.3)
    assert place.districts[1].district.code == ("A-01" if millimetres < 0 else "B-01")
    assert place.districts[1].margin_m == pytest.approx(abs(millimetres) / 1000, abs=5e-4)
    assert place.across[0].metres == pytest.approx(abs(millimetres) / 1000, abs=5e-4)
    assert ("正好在选区边界上" in border_notice(place).words) is on_border


def test_a_corner_has_all_its_neighbours_across(town):
    place = find(1.0, 1.0)
    assert [found.district.code for found in place.districts] == ["C-01", "A-01"]
    assert [near.district.code for near in place.across] == ["C-02", "A-02", "B-01"]


def test_near_and_doubtful_borders(town):
    assert border_notice(find(0.9, 0.5)) is None  # 98 m
    notice = border_notice(find(0.98, 0.5))  # 19.7 m
    assert notice.words == "这里离选区边界约 20 米。" and [side.key for side in notice.sides] == ["C-01|A-01", "C-01|B-01"]
    assert notice.districts == ("离乡镇级选区“东溪镇第1选区”的边界约 20 米，对面是“南山乡第1选区”。",)
    place = find(0.9, 0.5, accuracy=150)
    assert [near.district.code for near in place.across] == ["B-01"]
    notice = border_notice(place)
    assert notice.words == "位置误差约 150 米，可能不在这个选区，请在地图上确认位置。"
    assert "约 98 米" in notice.districts[0]


def test_a_doorplate_near_a_border_is_asked_too(town):
    """Plates and borders are drawn by different hands; only the voters' list knows."""
    plate = Doorplate.objects.get(code="P02")
    notice = border_notice(find(0.98, 0.5, doorplate=plate))
    assert notice.words == "此门牌离选区边界约 20 米。" and len(notice.sides) == 2


def test_at_the_county_border_nothing_lies_across(town):
    notice = border_notice(find(0.0, 0.5))
    assert notice.sides == () and "请在地图上确认位置" in border_notice(find(0.01, 0.5)).words
    county, township = notice.districts
    assert "另一侧不在本县选区内" in county and "另一侧不在本县选区内" in township


@pytest.mark.parametrize(("x", "y"), [(3.5, 0.5), (-0.001, 0.5), (500, 10), (0, -2800)])
def test_outside_the_county(town, x, y):
    with pytest.raises(OutsideCounty, match=r"不在方格县范围内（离县界约 .*只能查找方格县的代表"):
        find(x, y)


@pytest.mark.parametrize(("lon", "lat"), [(float("nan"), 28.0), (float("inf"), 28.0), (120.0, 1e300)])
def test_no_place_at_all(town, lon, lat):
    with pytest.raises(OutsideCounty):
        find_at(lon, lat, on=TODAY)


def test_an_empty_installation_says_so(db):
    with pytest.raises(OutsideCounty, match="还没有导入"):
        find_at(*ORIGIN, on=TODAY)


def test_only_what_is_in_force_on_the_day(town):
    later = Term.objects.create(congress=town.county, level="county", number=18, starts=dt.date(2097, 2, 1), ends=dt.date(2102, 2, 1))
    new = ElectoralDistrict.objects.create(code="N-01", term=later, number=1, name="新第1选区", seats=1, basis="residence", geom=box(0, 0, 3, 2))
    Mandate.objects.create(deputy=town.deputies["D3"], term=later, district=new)
    Mandate.objects.filter(deputy=town.deputies["D1"]).update(ended_on=dt.date(2026, 3, 11))
    LayerVersion.raise_for("district", "deputy")
    assert names(find(0.5, 0.5))[0] == ("D1", "county")
    assert "D1" not in dict(names(find(0.5, 0.5, on=dt.date(2026, 3, 11))))
    changed = find(0.5, 0.5, on=dt.date(2097, 2, 1))
    assert ([found.district.code for found in changed.districts], names(changed)) == (["N-01"], [("D3", "county")])
    assert find(0.5, 0.5, on=dt.date(2021, 1, 1)).districts == ()


def test_a_place_in_no_district_is_still_a_place(town):
    ElectoralDistrict.objects.filter(code="C-04").update(geom=box(2, 1.5, 3, 2))
    LayerVersion.raise_for("district")
    place = find(2.5, 1.2)
    assert (place.districts, place.deputies, place.village.name) == ((), (), "城北社区")


def test_without_towns_the_county_answers(town):
    AdminArea.objects.filter(level="town").update(geom=None)
    LayerVersion.raise_for("area")
    assert find(0.5, 0.5).town.name == "方格县"


def test_moving_a_home_inside_its_village_changes_nothing(town):
    """The home point is not even read: no answer can depend on it."""
    before = find(0.8, 0.5)
    Home.objects.filter(deputy=town.deputies["D6"]).update(point=at(0.99, 0.99))
    LayerVersion.raise_for("deputy")
    after = find(0.8, 0.5)
    assert [(f.deputy.code, f.reasons, f.distance_band) for f in before.deputies] == [(f.deputy.code, f.reasons, f.distance_band) for f in after.deputies]


def test_the_engine_is_read_again_only_after_a_change(town, django_assert_num_queries):
    find(0.5, 0.5)
    with django_assert_num_queries(1):  # the layers' versions
        find(0.6, 0.6)
    Deputy.objects.filter(code="D1").update(name="陈平")
    assert find(0.5, 0.5).deputies[0].deputy.name == "陈安"
    LayerVersion.raise_for("deputy")
    assert find(0.5, 0.5).deputies[0].deputy.name == "陈平"


def test_versions_are_asked_for_at_most_once_a_second(town, monkeypatch, django_assert_num_queries):
    find(0.5, 0.5)
    monkeypatch.setattr("apps.territory.remembered.Remembered.check_seconds", 60.0)
    with django_assert_num_queries(0):
        for x in np.linspace(0.1, 2.9, 20):
            find(x, 0.5)


@pytest.mark.django_db(transaction=True)
def test_threads_share_one_engine_while_it_is_renewed(transactional_db):
    from django.db import connections

    from tests.town import build

    build()
    found, errors = set(), []

    def ask():
        try:
            for _ in range(20):
                place = find(0.5, 0.5)
                found.add((place.deputies[0].deputy.code, len(place.districts)))
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        LayerVersion.raise_for("district")
    for thread in threads:
        thread.join()
    assert errors == []
    assert found == {("D1", 2)}
    assert finding.engine() is finding.engine()


def test_degrees_of_the_toy_town(town):
    """The picture's own claim about its unit."""
    from pyproj import Geod

    geod = Geod(ellps="WGS84")
    assert geod.inv(*ORIGIN, ORIGIN[0] + UNIT, ORIGIN[1])[2] == pytest.approx(983.6, abs=0.1)
    assert geod.inv(*ORIGIN, ORIGIN[0], ORIGIN[1] + UNIT)[2] == pytest.approx(1108.2, abs=0.1)
