"""Coordinate systems: published vectors, exact inverses, and what is refused in words that help."""

import numpy as np
import pyproj
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis_data.crs import (
    CrsError,
    bd09_to_gcj02,
    bd09_to_wgs84,
    coordinates,
    from_lonlat,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    parse_crs,
    to_lonlat,
    wgs84_to_bd09,
    wgs84_to_gcj02,
    zone_for,
)

CHINA_LON, CHINA_LAT = st.floats(72.1, 137.7), st.floats(1.0, 55.7)

ESRI_4549 = (
    'PROJCS["CGCS2000_3_Degree_GK_CM_120E",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",'
    'SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],'
    'PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],'
    'PARAMETER["Central_Meridian",120.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
)
ESRI_XIAN = (
    'GEOGCS["GCS_Xian_1980",DATUM["D_Xian_1980",SPHEROID["Xian_1980",6378140.0,298.257]{shift}],'
    'PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]'
)
ESRI_BEIJING = (
    'PROJCS["Beijing_1954_3_Degree_GK_CM_120E",GEOGCS["GCS_Beijing_1954",DATUM["D_Beijing_1954",'
    'SPHEROID["Krasovsky_1940",6378245.0,298.3]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],'
    'PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],'
    'PARAMETER["Central_Meridian",120.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
)


# The first three are eviltransform's test vectors, computed there on the Krasovsky axis.
@pytest.mark.parametrize(
    ("lon", "lat", "east", "north"),
    [
        (121.5272106, 31.1774276, 121.531541859215, 31.17530398364597),
        (113.912316, 22.543847, 113.9171764808363, 22.540796131694766),
        (116.377817, 39.911954, 116.38404722455657, 39.91334545536069),
    ],
)
def test_gcj02_published_vectors(lon, lat, east, north):
    got = wgs84_to_gcj02(lon, lat)
    np.testing.assert_allclose([got[0][0], got[1][0]], [east, north], rtol=0, atol=1e-12)
    back = gcj02_to_wgs84(east, north)
    np.testing.assert_allclose([back[0][0], back[1][0]], [lon, lat], rtol=0, atol=1e-12)


def test_bd09_published_vectors():
    np.testing.assert_allclose(
        np.ravel(gcj02_to_bd09(116.404, 39.915)), [116.41036949371029, 39.92133699351021], atol=1e-12
    )
    # coordtransform's inverse is the usual approximation: near the exact one, and not equal to it.
    approximate = [116.39762729119315, 39.90865673957631]
    exact = np.ravel(bd09_to_gcj02(116.404, 39.915))
    np.testing.assert_allclose(exact, approximate, rtol=0, atol=2e-6)
    np.testing.assert_allclose(np.ravel(gcj02_to_bd09(*exact)), [116.404, 39.915], rtol=0, atol=1e-12)


def test_county_town_in_all_three():
    np.testing.assert_allclose(
        np.ravel(wgs84_to_gcj02(120.4031, 27.51189)), [120.40747179, 27.50888185], rtol=0, atol=5e-9
    )
    np.testing.assert_allclose(
        np.ravel(wgs84_to_bd09(120.4031, 27.51189)), [120.41405665, 27.51460005], rtol=0, atol=5e-9
    )
    shift = pyproj.Geod(ellps="WGS84").inv(120.4031, 27.51189, 120.40747179, 27.50888185)[2]
    assert shift == pytest.approx(546, abs=1)


@given(st.lists(st.tuples(CHINA_LON, CHINA_LAT), min_size=1, max_size=20))
def test_inverses_are_exact(places):
    lon, lat = np.array(places).T
    for there, back in (
        (wgs84_to_gcj02, gcj02_to_wgs84),
        (gcj02_to_bd09, bd09_to_gcj02),
        (wgs84_to_bd09, bd09_to_wgs84),
    ):
        returned = back(*there(lon, lat))
        np.testing.assert_allclose(returned, (lon, lat), rtol=0, atol=1e-9)
        forth = there(*back(lon, lat))
        np.testing.assert_allclose(forth, (lon, lat), rtol=0, atol=1e-9)


def test_outside_china_gcj02_is_unchanged():
    lon, lat = np.array([2.35, 139.7, 110.0, np.nan, np.inf]), np.array([48.85, 35.7, 0.5, 30.0, 30.0])
    for convert in (wgs84_to_gcj02, gcj02_to_wgs84):
        east, north = convert(lon, lat)
        np.testing.assert_array_equal(east, lon)
        np.testing.assert_array_equal(north, lat)


def test_bd09_shifts_abroad_but_leaves_what_is_no_place():
    east, north = gcj02_to_bd09([2.35, np.nan, np.inf, 1e300], [48.85, 30.0, 30.0, 30.0])
    assert abs(east[0] - 2.35) > 1e-3
    np.testing.assert_array_equal(east[1:], [np.nan, np.inf, 1e300])
    np.testing.assert_array_equal(north[1:], [30.0, 30.0, 30.0])


@pytest.mark.parametrize(
    "crs", ["EPSG:4549", "4549", " epsg:4549 ", "urn:ogc:def:crs:EPSG::4549", "+init=epsg:4549", ESRI_4549]
)
def test_zone_by_meridian(crs):
    lon, lat = to_lonlat([539827.081], [3044416.296], crs)
    np.testing.assert_allclose([lon[0], lat[0]], [120.4031, 27.51189], rtol=0, atol=1e-8)
    east, north = from_lonlat(120.4031, 27.51189, crs)
    np.testing.assert_allclose([east[0], north[0]], [539827.081, 3044416.296], rtol=0, atol=1e-3)


def test_zone_prefix_only_adds_to_the_easting():
    lon, lat = [119.0, 120.4031, 121.2], [27.0, 27.51189, 30.7]
    plain, prefixed = from_lonlat(lon, lat, "4549"), from_lonlat(lon, lat, "4528")
    np.testing.assert_allclose(prefixed[0] - plain[0], 40e6, rtol=0, atol=1e-6)
    np.testing.assert_allclose(prefixed[1], plain[1], rtol=0, atol=1e-9)


@pytest.mark.parametrize("crs", ["cgcs2000", "CGCS2000", "wgs84", "WGS 84", "4326", "EPSG:4490", "2000国家大地坐标系"])
def test_geographic_systems_change_nothing(crs):
    lon, lat = to_lonlat([120.4031, np.nan], [27.51189, 27.0], crs)
    assert (lon[0], lat[0]) == (120.4031, 27.51189)
    assert np.isnan(lon[1]) and np.isnan(lat[1])


@pytest.mark.parametrize(
    ("crs", "convert"),
    [("gcj02", gcj02_to_wgs84), ("GCJ-02", gcj02_to_wgs84), ("bd09", bd09_to_wgs84), ("BD-09", bd09_to_wgs84)],
)
def test_web_map_grids(crs, convert):
    lon, lat = to_lonlat([120.41, 119.9], [27.5, 27.4], crs)
    np.testing.assert_array_equal((lon, lat), convert([120.41, 119.9], [27.5, 27.4]))
    np.testing.assert_allclose(from_lonlat(lon, lat, crs), ([120.41, 119.9], [27.5, 27.4]), rtol=0, atol=1e-9)


@given(st.floats(74.0, 136.0), st.floats(3.0, 54.0))
def test_every_system_returns_what_it_was_given(lon, lat):
    for crs in (str(zone_for(lon)), str(zone_for(lon) - 21), "3857", "gcj02", "bd09"):
        back = to_lonlat(*from_lonlat(lon, lat, crs), crs)
        np.testing.assert_allclose(np.ravel(back), [lon, lat], rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    "crs",
    ["4214", "EPSG:4610", "2437", "2383", "2414", "4555", "beijing54", "Xian 80", "北京54", "西安80坐标系",
     ESRI_XIAN.format(shift=""), ESRI_XIAN.format(shift=",TOWGS84[0,0,0,0,0,0,0]"), ESRI_BEIJING, "+proj=longlat +ellps=krass"],
)  # fmt: skip
def test_old_datums_are_refused_without_parameters(crs):
    with pytest.raises(CrsError, match=r"没有公开的转换参数.*TOWGS84"):
        parse_crs(crs)


def test_old_datum_with_parameters_is_shifted_by_them():
    lon, lat = to_lonlat([120.0], [27.5], "+proj=longlat +ellps=krass +towgs84=15.8,-154.4,-82.3")
    moved = pyproj.Geod(ellps="WGS84").inv(120.0, 27.5, lon[0], lat[0])[2]
    assert 20 < moved < 200
    parse_crs(ESRI_XIAN.format(shift=",TOWGS84[1,2,3,0,0,0,0]"))


@pytest.mark.parametrize(
    ("crs", "words"),
    [("", "没有指明坐标系"), ("  ", "没有指明坐标系"), ("苍南坐标", "不认识坐标系"), ("999999", "不认识坐标系"), ("x" * 30_000, "过长"),
     ('LOCAL_CS["site",UNIT["metre",1]]', "地方独立坐标系"), ("4978", "无法直接上图"), ("5773", "无法直接上图"), ("4269", "不一致")],
)  # fmt: skip
def test_refusals_say_what_to_do(crs, words):
    with pytest.raises(CrsError, match=words) as refusal:
        parse_crs(crs)
    assert "请" in str(refusal.value)


def test_horizontal_part_of_a_compound_system():
    assert parse_crs("EPSG:4549+5773").epsg == 4549
    assert parse_crs("4979").epsg == 4326


def test_zone_for():
    assert [zone_for(lon) for lon in (120.4, 121.03, 115.21, 115.95, 75.0, 135.0)] == [
        4549,
        4549,
        4547,
        4548,
        4534,
        4554,
    ]
    assert zone_for(118.4999) == 4548 and zone_for(118.5) == 4549
    for lon in (73.4, 136.5, -120.0, float("nan"), float("inf")):
        with pytest.raises(CrsError, match="经度"):
            zone_for(lon)


@given(st.floats(73.5, 136.4999))
def test_zone_has_its_meridian_within_a_degree_and_a_half(lon):
    meridian = pyproj.CRS.from_epsg(zone_for(lon)).coordinate_operation.params[1].value
    assert abs(lon - meridian) <= 1.5


def test_wrong_kind_of_zone_names_the_right_one():
    with pytest.raises(CrsError, match=r"带号 40.*EPSG:4528"):
        to_lonlat([40539827.0, np.nan], [3044416.0, np.nan], "4549")
    with pytest.raises(CrsError, match=r"没有带号.*EPSG:4549"):
        to_lonlat([539827.0], [3044416.0], "4528")
    with pytest.raises(CrsError, match="写反"):
        to_lonlat([3044416.0], [539827.0], "4549")


def test_rows_that_cannot_be_converted_are_nan():
    lon, lat = to_lonlat([539827.0, np.inf, None], [3044416.0, 3044416.0, 3044416.0], "4549")
    assert np.isfinite([lon[0], lat[0]]).all()
    assert np.isnan([lon[1:], lat[1:]]).all()
    lon, lat = to_lonlat([], [], "4549")
    assert lon.shape == lat.shape == (0,)


def test_coordinates_must_match():
    with pytest.raises(ValueError, match="equal length"):
        coordinates([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="equal length"):
        coordinates([[1.0]], [[1.0]])
