"""What is written for a county: held to brute force, to the county's own database, and to a batch's memory."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from django.core.management import call_command
from pyproj import Geod

from apps.matching.assignment import solve
from apps.matching.bulk import answer_many
from apps.matching.costs import price_pairs
from apps.matching.counties import OUTPUTS, Asked, match_county
from apps.matching.county_files import ANCHORS, LEVELS, read_supervision
from apps.matching.engine import Engine
from apps.projects.models import KeyProject
from apps.supervision.instance import instance
from apps.supervision.models import AssignmentRun
from apps.supervision.presets import PRESETS
from apps.supervision.topics import Topic
from apps.territory.models import Doorplate
from gis_data.geoparquet import schema, wkb_points
from tests import town as toy
from tests.bench.province import Size, codes, grow_county
from tests.matching.small_province import CODES, SMALL, report, spoil

ROOT = Path(__file__).resolve().parents[2]


def test_doorplates_as_brute_force_finds_them(province: Path, alone: Path):
    folder = province / CODES[0]
    districts = pq.read_table(folder / "districts.parquet").to_pylist()
    deputies = pq.read_table(folder / "deputies.parquet").to_pylist()
    plates = pq.read_table(folder / "doorplates.parquet").to_pylist()
    found = pq.read_table(alone / CODES[0] / "doorplates.parquet").to_pylist()
    assert [row["code"] for row in found] == [row["code"] for row in plates]
    assert [row["geometry"] for row in found] == [row["geometry"] for row in plates]
    points = shapely.from_wkb([row["geometry"] for row in plates])
    theirs = {level: np.full(len(points), None, object) for level in LEVELS}
    for row in sorted(districts, key=lambda row: row["code"], reverse=True):
        level = "county" if row["congress"].endswith("000000") else "township"
        theirs[level][shapely.covers(shapely.from_wkb(row["geometry"]), points)] = row["code"]
    for level in LEVELS:
        assert [row[f"{level}_district"] for row in found] == theirs[level].tolist()
    assert sum(code is not None for code in theirs["county"]) > 0.9 * len(points)
    geod = Geod(ellps="WGS84")
    for at in range(0, len(points), 7):
        serving = {
            d["code"]: d
            for d in deputies
            if d["district"] and d["district"] in (theirs["county"][at], theirs["township"][at])
        }
        ranked = []
        for code, deputy in sorted(serving.items()):
            away = [
                (geod.inv(points[at].x, points[at].y, deputy[f"{name}_lon"], deputy[f"{name}_lat"])[2], name)
                for name in ANCHORS if deputy[f"{name}_lon"] is not None
            ]  # fmt: skip
            metres, anchor = min(away, key=lambda pair: pair[0])
            ranked.append((round(metres, 6), code, anchor))
        ranked.sort()
        ranked += [(None, None, None)] * 3
        for place, (metres, code, anchor) in enumerate(ranked[:3], 1):
            row = found[at]
            assert (row[f"deputy_{place}"], row[f"anchor_{place}"]) == (code, anchor)
            assert row[f"metres_{place}"] == (None if metres is None else pytest.approx(metres, rel=1e-6))


def test_tables_are_geoparquet(alone: Path):
    import geopandas

    frame = geopandas.read_parquet(alone / CODES[0] / "doorplates.parquet")
    assert (frame.crs.to_string(), len(frame)) == ("OGC:CRS84", SMALL.doorplates)
    teams = geopandas.read_parquet(alone / CODES[0] / "assignments.parquet")
    assert set(teams.geom_type) == {"Point"}


def test_supervision_is_proven_and_stands_on_the_files(province: Path, alone: Path):
    for code in CODES[:3]:
        path = alone / code / "assignments.parquet"
        said = json.loads(pq.read_schema(path).metadata[b"certificate"])
        assert said["proven"] and said["total"] == said["lower_bound"] > 0
        supervision = read_supervision(province / code, "nearest")
        table = price_pairs(supervision.projects, supervision.deputies, supervision.rules)
        load = dict.fromkeys(supervision.deputy_codes, 0)
        for row in pq.read_table(path).to_pylist():
            i, j = supervision.project_codes.index(row["project"]), supervision.deputy_codes.index(row["deputy"])
            assert table.allowed[i, j]
            assert (
                row["cost"]
                == table.cost[i, j]
                == round(sum(row[part] for part in ("residence", "workplace", "field", "town")))
            )
            load[row["deputy"]] += 1
        assert max(load.values()) > 0 and (np.array(list(load.values())) <= supervision.deputies.capacity).all()
        assert path.stat().st_mode & 0o077 == 0, "only the office may read metres that tell of homes"


def test_a_county_without_districts_or_deputies(copy: Path, tmp_path: Path):
    for name in ("districts", "deputies"):
        spoil(copy / CODES[0] / f"{name}.parquet", lambda table: table.slice(0, 0))
    summary = match_county(copy / CODES[0], tmp_path / CODES[0], Asked(margins=True), "run")
    assert summary["doorplates"]["in no district"] == summary["doorplates"]["rows"] == SMALL.doorplates
    assert summary["supervision"]["pairs"] == 0 and summary["supervision"]["proven"]
    assert {item["reason"] for item in summary["supervision"]["empty"]} == {"代表都已排满，或代表总数不够"}
    found = pq.read_table(tmp_path / CODES[0] / OUTPUTS[0])
    assert found["deputy_1"].null_count == found["county_margin"].null_count == SMALL.doorplates


def test_moving_homes_changes_no_byte_of_the_doorplates(copy: Path, alone: Path, tmp_path: Path):
    path = copy / CODES[0] / "deputies.parquet"
    spoil(path, lambda table: table.set_column(
        table.column_names.index("geometry"), "geometry",
        wkb_points(np.random.default_rng(1).uniform(118, 119, len(table)), np.full(len(table), 28.0)),
    ))  # fmt: skip
    match_county(copy / CODES[0], tmp_path / CODES[0], Asked(), "run")
    before, after = alone / CODES[0], tmp_path / CODES[0]
    assert (before / OUTPUTS[0]).read_bytes() == (after / OUTPUTS[0]).read_bytes()
    assert (before / OUTPUTS[1]).read_bytes() != (after / OUTPUTS[1]).read_bytes()


def test_margins_and_more_deputies(province: Path, tmp_path: Path):
    call_command("match_counties", province, tmp_path, workers=0, margins=True, first=5, preset="balanced")
    found = pq.read_table(tmp_path / CODES[1] / "doorplates.parquet")
    inside = np.array([code is not None for code in found["county_district"].to_pylist()])
    margin = np.array(found["county_margin"].to_pylist(), float)
    assert (np.isfinite(margin) == inside).all() and (margin[inside] >= 0).all()
    assert "deputy_5" in found.column_names
    assert report(tmp_path)["supervision"]["proven"] == 4


def test_last_years_teams_are_kept_where_they_can(copy: Path, alone: Path, tmp_path: Path):
    """The bonus is worth more than what a deputy near by would save; a project that has ended is forgotten."""
    folder = copy / CODES[0]
    before = pq.read_table(alone / CODES[0] / OUTPUTS[1])
    shuffled = before.set_column(1, "deputy", pa.array(before["deputy"].to_pylist()[::-1])).slice(0, 5)
    gone = shuffled.set_column(0, "project", pa.array(["ended"] * 5))
    pq.write_table(pa.concat_tables([shuffled, gone]), folder / "previous.parquet")
    expected = read_supervision(folder, "continuity")
    assert {(expected.project_codes[i], expected.deputy_codes[j]) for i, j in expected.rules.previous} == {
        (row["project"], row["deputy"]) for row in shuffled.to_pylist()
    }
    match_county(folder, tmp_path / CODES[0], Asked(preset="continuity"), "run")
    solution = solve(expected.projects, expected.deputies, expected.rules)
    said = json.loads(pq.read_schema(tmp_path / CODES[0] / OUTPUTS[1]).metadata[b"certificate"])
    assert (
        said["total"]
        == solution.total
        == said["lower_bound"]
        < report(alone)["by_county"][CODES[0]]["supervision"]["total"]
    )
    (folder / "previous.parquet").unlink()
    assert not match_county(folder, tmp_path / CODES[0], Asked(preset="continuity"), "later")["kept"]


def test_a_county_with_nothing_in_it(alone: Path):
    said = report(alone)["by_county"][CODES[3]]
    assert said["doorplates"]["rows"] == 0 and said["supervision"]["pairs"] == 0 and said["supervision"]["proven"]
    assert [len(pq.read_table(alone / CODES[3] / name)) for name in OUTPUTS] == [0, 0]


def test_a_real_county_gets_the_answers_of_its_own_database(town: toy.Town, tmp_path: Path):
    source, target = tmp_path / "source", tmp_path / "target"
    call_command("export_county", source, on=toy.TODAY)
    call_command("match_counties", source, target, workers=0, first=2)
    assert (source / "339999" / "deputies.parquet").stat().st_mode & 0o077 == 0
    found = pq.read_table(target / "339999" / "doorplates.parquet").to_pylist()
    plates = list(Doorplate.objects.active().order_by("code"))
    day = Engine().on(toy.TODAY)
    answers = answer_many(
        day, np.array([plate.point.x for plate in plates]), np.array([plate.point.y for plate in plates])
    )
    assert len(found) == 11
    for at, (plate, row) in enumerate(zip(plates, found, strict=True)):
        assert row["code"] == plate.code
        for level in LEVELS:
            index = answers.districts[level][at]
            assert row[f"{level}_district"] == (day.districts[level].rows[index].code if index >= 0 else None)
        assert row["deputy_1"] == (answers.first[at].deputy.code if answers.first[at] else None)
        assert row["deputy_1"] != row["deputy_2"] or row["deputy_1"] is None, (
            "one person with two mandates is named once"
        )
    run = AssignmentRun.objects.create(
        name="草案", preset="nearest", rules=PRESETS["nearest"].as_json(), created_by=None
    )
    Topic.objects.of_projects(KeyProject.objects.all())
    theirs, ours = instance(run, toy.TODAY), read_supervision(source / "339999", "nearest")
    assert (ours.project_codes, ours.deputy_codes) == (
        theirs.topic_codes,
        theirs.deputy_codes,
    )
    table = price_pairs(theirs.projects, theirs.deputies, theirs.rules)
    assert (price_pairs(ours.projects, ours.deputies, ours.rules).cost == table.cost).all()
    assert (price_pairs(ours.projects, ours.deputies, ours.rules).allowed == table.allowed).all()
    solution = solve(theirs.projects, theirs.deputies, theirs.rules)
    assert report(target)["by_county"]["339999"]["supervision"]["total"] == solution.total


MEASURE = """
import sys
from pathlib import Path
from apps.matching.counties import Asked, match_county
from apps.matching.province import peak_memory
source, target = map(Path, sys.argv[1:])
for code, at_once in (("330101", 20_000), ("330102", 20_000), ("330102", 400_000)):
    match_county(source / code, target / code, Asked(at_once=at_once), str(at_once))
    print(peak_memory())
"""


def test_memory_does_not_grow_with_a_county(tmp_path: Path):
    """Ten times the doorplates, in one row group as other programs write them: what is held stays a batch."""
    for index, (code, plates) in enumerate(zip(codes(2), (40_000, 400_000), strict=True)):
        folder = tmp_path / "source" / code
        grow_county(folder, index, Size(0, 8, 8, projects=4, vertices=30))
        random = np.random.default_rng(index)
        corner = np.array([118.2 + 0.36 * index, 27.4])
        lon, lat = (corner + random.uniform(0, 0.36, (plates, 2))).T
        of = schema([pa.field("code", pa.string())], ["Point"])
        numbers = pa.array(np.arange(plates)).cast(pa.string())
        pq.write_table(
            pa.table([numbers, wkb_points(lon, lat)], of), folder / "doorplates.parquet", row_group_size=plates
        )
    run = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path / "source"), str(tmp_path / "target")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    small, large, at_once = (int(line) / 1e6 for line in run.stdout.split())
    assert (large - small) * 2 < at_once - small, f"{small:.0f} MB, then {large:.0f} MB; all at once {at_once:.0f} MB"
