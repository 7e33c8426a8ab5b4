"""One county as a folder of GeoParquet: which columns its files have, and what is read from them.

    <code>/districts.parquet    districts of the county's and the townships' congresses, in force on the day that is asked about
    <code>/deputies.parquet     one row a mandate in force; the shape is the residence, which only supervision reads
    <code>/doorplates.parquet   points
    <code>/projects.parquet     points: the site that distances are measured to
    <code>/previous.parquet     if there is one: the assignments.parquet that is in force, for the preset of continuity

Columns are those of `gis_data.layers`, and a few that a database works out from other layers: where a deputy's station and the
middle of the residence village lie, and the towns of a project, a residence and a workplace. A county whose files are not whole is
refused: nothing is guessed, nothing left out. A LAB: no Django, no database.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from apps.matching.assignment import Deputies, Projects, Rules
from apps.matching.presets import PRESETS
from gis_data.checks import Checked, check
from gis_data.county.content import material
from gis_data.geoparquet import opened, small
from gis_data.layers import CODE12, DEPUTY, DISTRICT, DOORPLATE, PROJECT, Column, Layer
from gis_data.rows import FileRefused

LEVELS = ("county", "township")
ANCHORS = ("station", "workplace", "village")  # no home: what is computed for doorplates can be published
FILES = ("districts", "deputies", "doorplates", "projects")
PREVIOUS = "previous"

_TEAM = 3  # deputies a project is watched by where its row does not say
_NEVER = -1


def _of(layer: Layer, *names: str, **changed: Any) -> Layer:
    return replace(layer, columns=tuple(layer.column(name) for name in names), **changed)


def _place(name: str, label: str) -> tuple[Column, Column]:
    return (
        Column(f"{name}_lon", "float", f"{label}经度", f"{name}_lon"[:10], minimum=-180, maximum=180),
        Column(f"{name}_lat", "float", f"{label}纬度", f"{name}_lat"[:10], minimum=-90, maximum=90),
    )


def _with(layer: Layer, *columns: Column) -> Layer:
    return replace(layer, columns=(*layer.columns, *columns))


DISTRICTS = _of(DISTRICT, "code", "congress")
MANDATES = _with(
    _of(DEPUTY, "code", "district", "workplace_lon", "workplace_lat", shape="none"),
    *_place("station", "联络站"),
    *_place("village", "村社"),
)
SUPERVISORS = _with(
    _of(
        DEPUTY, "code", "congress_level", "county_leader", "fields", "capacity", "organisation", "workplace_lon", "workplace_lat"
    ),
    Column("residence_town", "text", "居住乡镇代码", "home_town", 12, pattern=CODE12),
    Column("workplace_town", "text", "工作乡镇代码", "work_town", 12, pattern=CODE12),
)  # fmt: skip
ASSIGNED = Layer("assigned", "监督分工", "none", ("project", "deputy"), shape_required=False, columns=(
    Column("project", "text", "项目编号", "project", 30, required=True),
    Column("deputy", "text", "代表编号", "deputy", 30, required=True),
))  # fmt: skip
DOORPLATES = _of(DOORPLATE, "code")
PROJECTS = _with(
    _of(PROJECT, "code", "field", "owner", "responsible", "contractors", "experts", "demand", shape="point"),
    Column("town", "text", "乡镇街道代码", "town", 12, pattern=CODE12),
)


@dataclass(frozen=True, eq=False)
class Territory:
    """Who serves where. Nothing in it comes from a home.

    codes, polygons: by level, the districts that have a polygon, in the order of their codes: on a border the lowest wins.
    deputies: codes in their order. lon, lat: float64[m, 3], degrees of ANCHORS, NaN where there is none.
    serving: by level, for each of its districts int32 rows of its deputies, ascending.
    """

    codes: dict[str, list[str]]
    polygons: dict[str, NDArray[np.object_]]
    deputies: list[str]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    serving: dict[str, list[NDArray[np.int32]]]


@dataclass(frozen=True, eq=False)
class Supervision:
    """The instance of one county: rows in the order of codes, and the sites' positions for the map."""

    project_codes: list[str]
    deputy_codes: list[str]
    projects: Projects
    deputies: Deputies
    rules: Rules


def fingerprint(folder: Path, asked: Mapping[str, Any]) -> str:
    """Changes when a byte of a county's files changes, or what is asked of them. Raises FileRefused when a file is missing."""
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode())
    for name in there(folder):
        digest.update(name.encode())
        try:
            with (folder / f"{name}.parquet").open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as error:
            reason = "缺少" if isinstance(error, FileNotFoundError) else f"读不了（{error.strerror}）"
            raise FileRefused(f"{reason}文件“{name}.parquet”。请补上；没有内容时也要有一个零行的文件。") from None
    return digest.hexdigest()


def there(folder: Path) -> list[str]:
    """The files that a county must have, and the one that it may have, by their stems."""
    return [*FILES, *([PREVIOUS] if (folder / f"{PREVIOUS}.parquet").exists() else [])]


def read_territory(folder: Path) -> Territory:
    """The districts and who serves them. Raises FileRefused with a Chinese reason."""
    districts = _read(folder / "districts.parquet", DISTRICTS)
    codes, congresses = districts.values["code"], districts.values["congress"]
    _once(codes, "districts.parquet", "选区编号")
    elsewhere = [c for c, congress in zip(codes, congresses, strict=True) if str(congress)[:6] != folder.name]
    if elsewhere:
        raise FileRefused(
            f"选区“{elsewhere[0]}”属于另一个县：人大区划代码的前六位不是 {folder.name}。请检查文件是否放错了文件夹。"
        )
    assert districts.shapes is not None
    level = ["county" if str(congress).endswith("000000") else "township" for congress in congresses]
    drawn = [
        at
        for at in np.argsort(np.array(codes, dtype=object), kind="stable").tolist()
        if districts.shapes[at] is not None
    ]
    rows = {name: [at for at in drawn if level[at] == name] for name in LEVELS}
    placed = {codes[at]: (name, index) for name in LEVELS for index, at in enumerate(rows[name])}

    mandates = _read(folder / "deputies.parquet", MANDATES)
    unknown = sorted({str(d) for d in mandates.values["district"] if d is not None} - set(map(str, codes)))
    if unknown:
        raise FileRefused(
            f"deputies.parquet 里的选区“{unknown[0]}”不在 districts.parquet 里（共 {len(unknown)} 个）。请补上选区或改正编号。"
        )
    deputies = sorted({str(code) for code in mandates.values["code"]})
    row = {code: index for index, code in enumerate(deputies)}
    serving: dict[str, list[set[int]]] = {name: [set() for _ in rows[name]] for name in LEVELS}
    for code, district in zip(mandates.values["code"], mandates.values["district"], strict=True):
        if district in placed:
            name, index = placed[district]
            serving[name][index].add(row[str(code)])
    lon, lat = _anchors(mandates, row)
    return Territory(
        {name: [str(codes[at]) for at in rows[name]] for name in LEVELS},
        {name: districts.shapes[rows[name]] for name in LEVELS},
        deputies, lon, lat,
        {name: [np.array(sorted(found), np.int32) for found in serving[name]] for name in LEVELS},
    )  # fmt: skip


def _anchors(mandates: Checked, row: dict[str, int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Degrees of each deputy's anchors; a deputy with two mandates has those of the first row that names them."""
    places = np.full((2, len(row), len(ANCHORS)), np.nan)
    deputy = np.array([row[str(code)] for code in mandates.values["code"]], np.int64)
    for column, name in enumerate(ANCHORS):
        both = np.array([_floats(mandates, f"{name}_{axis}") for axis in ("lon", "lat")])
        # Written backwards, the first row that names a place is written last and stays.
        known = np.flatnonzero(np.isfinite(both).all(axis=0))[::-1]
        places[:, deputy[known], column] = both[:, known]
    return places[0], places[1]


def read_supervision(folder: Path, preset: str) -> Supervision:
    """The projects and the county deputies who can supervise them; county leaders are not drawn. Raises FileRefused.

    An office's reading: it takes in where deputies live.
    """
    projects = _read(folder / "projects.parquet", PROJECTS)
    deputies = _read(folder / "deputies.parquet", SUPERVISORS)
    fields = {
        name: column
        for column, item in enumerate(material("fields")["fields"])
        for name in (item["code"], item["label"])
    }
    count = len(material("fields")["fields"])
    near = [(fields[first], fields[second], closeness) for first, second, closeness in material("fields")["affinity"]]
    towns, bodies = _Numbers(), _Numbers()
    drawn = [
        at for at, (level, leader) in enumerate(zip(deputies.values["congress_level"], _column(deputies, "county_leader"), strict=True))
        if level == "county" and leader != "true"
    ]  # fmt: skip
    drawn.sort(key=lambda at: str(deputies.values["code"][at]))
    _once([deputies.values["code"][at] for at in drawn], "deputies.parquet", "代表编号")
    _once(projects.values["code"], "projects.parquet", "项目编号")
    order = sorted(range(len(projects.rows)), key=lambda at: str(projects.values["code"][at]))
    project_codes = [str(projects.values["code"][at]) for at in order]
    deputy_codes = [str(deputies.values["code"][at]) for at in drawn]
    return Supervision(
        project_codes,
        deputy_codes,
        _projects(projects, order, fields, towns, bodies),
        _deputies(deputies, drawn, fields, count, towns, bodies),
        PRESETS[preset].for_fields(count, near, _previous(folder, project_codes, deputy_codes)),
    )


def _previous(folder: Path, projects: list[str], deputies: list[str]) -> NDArray[np.int64]:
    """The rows (project, deputy) of the list in force, int64[k, 2], where both still stand."""
    if PREVIOUS not in there(folder):
        return np.empty((0, 2), np.int64)
    found = _read(folder / f"{PREVIOUS}.parquet", ASSIGNED)
    project_row = {code: row for row, code in enumerate(projects)}
    deputy_row = {code: row for row, code in enumerate(deputies)}
    pairs = zip(found.values["project"], found.values["deputy"], strict=True)
    return np.array(
        [(project_row[p], deputy_row[d]) for p, d in pairs if p in project_row and d in deputy_row], np.int64
    ).reshape(-1, 2)


class _Numbers(dict[str, int]):
    """Numbers for codes, given in the order in which they are asked for; none for no code."""

    def of(self, code: str | None) -> int:
        return _NEVER if code is None else self.setdefault(code, len(self))


def _projects(found: Checked, order: list[int], fields: dict[str, int], towns: _Numbers, bodies: _Numbers) -> Projects:
    assert found.shapes is not None
    field = [_field(fields, code, "projects.parquet") for code in _column(found, "field")]
    owner, responsible, contractors = (_column(found, name) for name in ("owner", "responsible", "contractors"))
    away = [
        sorted({bodies.of(code) for code in (owner[at], responsible[at], *_listed(contractors[at])) if code})
        for at in order
    ]
    width = max(map(len, away), default=0)
    demand = np.where(np.isnan(_floats(found, "demand")), _TEAM, _floats(found, "demand"))
    experts = np.where(np.isnan(_floats(found, "experts")), np.minimum(1, demand), _floats(found, "experts"))
    too_many = np.flatnonzero(experts > demand)
    if len(too_many):
        raise FileRefused(f"projects.parquet 第 {found.rows[too_many[0]]} 行：须懂行人数不能多于监督小组人数。")
    rows = np.array(order, np.int64)
    known = np.array(field, np.int32)[rows]
    return Projects(
        lon=shapely.get_x(found.shapes[rows]), lat=shapely.get_y(found.shapes[rows]),
        field=known, demand=demand[rows].astype(np.int32),
        experts=np.where(known >= 0, experts[rows], 0).astype(np.int32),
        town=np.array([towns.of(_column(found, "town")[at]) for at in order], np.int32),
        organisations=np.array([body + [_NEVER] * (width - len(body)) for body in away], np.int32).reshape(len(order), width),
    )  # fmt: skip


def _deputies(
    found: Checked, drawn: list[int], fields: dict[str, int], count: int, towns: _Numbers, bodies: _Numbers
) -> Deputies:
    assert found.shapes is not None
    rows = np.array(drawn, np.int64)
    knows = np.zeros((len(drawn), count), bool)
    for row, at in enumerate(drawn):
        knows[row, [_field(fields, item, "deputies.parquet") for item in _listed(_column(found, "fields")[at])]] = True
    homes = found.shapes[rows]
    there = [[towns.of(_column(found, name)[at]) for name in ("residence_town", "workplace_town")] for at in drawn]
    return Deputies(
        residence_lon=shapely.get_x(homes), residence_lat=shapely.get_y(homes),
        workplace_lon=_floats(found, "workplace_lon")[rows], workplace_lat=_floats(found, "workplace_lat")[rows],
        fields=knows,
        capacity=_floats(found, "capacity")[rows].astype(np.int32),
        organisation=np.array([bodies.of(_column(found, "organisation")[at]) for at in drawn], np.int32),
        towns=np.array(there, np.int32).reshape(-1, 2),
    )  # fmt: skip


def _read(path: Path, layer: Layer) -> Checked:
    """A small file whose every row passes the checks of the import. Raises FileRefused naming the first row that does not."""
    with opened(path) as file:
        parts = [check(layer, chunk) for chunk in small(file, layer).chunks()]
    none = np.empty(0, dtype=object) if layer.shape != "none" else None
    found = parts[0] if parts else Checked(np.empty(0, np.int64), {column.name: [] for column in layer.columns}, none)
    if found.refused:
        row, reason, _ = found.refused[0]
        more = f"（共 {len(found.refused)} 行有问题）" if len(found.refused) > 1 else ""
        raise FileRefused(f"{path.name} 第 {row} 行：{reason}{more}。")
    return found


def _column(found: Checked, name: str) -> Sequence[str | None]:
    return found.values.get(name) or [None] * len(found.rows)


def _floats(found: Checked, name: str) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else float(value) for value in _column(found, name)], np.float64)


def _listed(text: str | None) -> list[str]:
    return text.split(";") if text else []


def _field(fields: dict[str, int], code: str | None, file: str) -> int:
    if code is not None and code not in fields:
        raise FileRefused(f"{file} 里的领域“{code}”不在领域表里。可用的有：{'、'.join(fields)}。")
    return _NEVER if code is None else fields[code]


def _once(codes: Sequence[str | None], file: str, label: str) -> None:
    seen: set[str | None] = set()
    for code in codes:
        if code in seen:
            raise FileRefused(f"{file} 里的{label}“{code}”出现了两次。请删去重复的行。")
        seen.add(code)
