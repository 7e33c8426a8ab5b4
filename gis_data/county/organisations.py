"""Organisations: who handles cases and dispatches them, who owns and supervises projects, who employs voters and deputies."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gis_data.county.areas import Land
from gis_data.county.content import material
from gis_data.county.doorplates import Doors, address
from gis_data.county.plan import Plan

LOGGED_IN = 0.62  # share of departments that answer on line; the dispatcher enters the others' answers
KINDS = {"综合协调": "dispatcher", "政府部门": "department", "政府部门内设": "department", "垂直管理": "department", "派出机构": "department",
         "事业单位": "institution", "群团组织": "association", "县属国企": "enterprise", "公用企业": "enterprise"}  # fmt: skip


@dataclass
class Organisations:
    """The layer's frame with three columns more: role (what kind of workplace), town (index, -1: county) and door (row of its doorplate)."""

    frame: pd.DataFrame

    def __post_init__(self) -> None:
        self.at = {code: i for i, code in enumerate(self.frame["code"])}

    def with_role(self, role: str, town: int | None = None) -> pd.DataFrame:
        found = self.frame[self.frame["role"] == role]
        if town is not None and (found["town"] == town).any():
            return found[found["town"] == town]
        return found

    def township(self, town: int) -> str:
        """Code of the town's government or 街道 office; the county government where there is no township level."""
        found = self.frame[(self.frame["kind"] == "township") & (self.frame["town"] == town)]
        return str(found["code"].iloc[0]) if len(found) else "gov"

    def unit(self, code: str, town: int) -> str:
        """A unit named in the material; `township` is the place's own, and the pseudo units stand for it too."""
        return code if code in self.at else self.township(town)


def found(plan: Plan, land: Land, doors: Doors) -> Organisations:
    """Every organisation with a doorplate of its own as address and point."""
    rng = plan.rng("organisations")
    content = material("organisations")
    rows: list[dict] = []
    taken: set[int] = set()
    frame = doors.frame
    use, road = frame["use"].to_numpy(), frame["road"].to_numpy()

    def settle(x: float, y: float, wanted: tuple[str, ...], on: str = "") -> int:
        near = np.flatnonzero(road == on) if on and (road == on).any() else doors.near(x, y, min(400, len(frame)))
        for strict in (True, False):
            for door in near:
                if int(door) not in taken and (not strict or use[door] in wanted):
                    taken.add(int(door))
                    return int(door)
        return int(near[0])

    def add(code: str, name: str, short: str, kind: str, role: str, town: int, door: int, handles: bool = False, online: bool = False, gathers: str = "") -> None:
        row = frame.iloc[door]
        area = (plan.towns[town].code or plan.code) if town >= 0 else plan.code
        rows.append({"code": code, "name": name, "short_name": short, "kind": kind, "area": area, "address": address(plan, land, row), "handles_cases": handles,
                     "logs_in": online, "role": role, "town": town, "door": door, "gathers": gathers, "lon": row["lon"], "lat": row["lat"],
                     "x": row["x"], "y": row["y"]})  # fmt: skip

    seat = land.seats[0]
    for item in content["county"]:
        spot = seat + rng.normal(0, 450, 2)
        add(item["code"], item["name"], item["short"], item["kind"], item["role"], -1, settle(*spot, ("public", "business"), item.get("road", "")),
            gathers=item.get("gathers", ""))  # fmt: skip
    for unit in material("units")["units"]:
        if unit["code"] == "township":
            continue
        kind = KINDS[unit["kind"]]
        name = unit["name"].replace("澄浦县", plan.name).replace("澄浦", plan.short)
        online = unit["code"] in ("gov_office", "water_group", "traffic_police", "enforcement_bureau") or rng.random() < LOGGED_IN
        gathers = "国企" if "国企" in unit["kind"] else "机关一" if kind in ("dispatcher", "department") else "机关二"
        add(unit["code"], name, unit["short"], kind, "gov" if kind in ("dispatcher", "department") else "utility", -1,
            settle(*(seat + rng.normal(0, 600, 2)), ("public", "business")), handles=kind != "dispatcher", online=online, gathers=gathers)  # fmt: skip
    for index, town in enumerate(plan.towns if plan.town_level else ()):
        for item in content["town"]:
            pattern = item.get("street", item["name"]) if town.urban else item["name"]
            spot = land.seats[index] + rng.normal(0, 160, 2)
            fill = {"town": town.name, "stem": town.short}
            add(f"{town.code[:9]}_{item['code']}", pattern.format(**fill), item["short"].format(**fill), item["kind"], item["role"], index,
                settle(*spot, ("public", "business")), handles=item["kind"] == "township", online=item["kind"] == "township" and rng.random() < 0.7)  # fmt: skip
    _enterprises(plan, land, content, rng, settle, add)
    for v, name in enumerate(land.village_name):
        body = "居民委员会" if name.endswith(("社区", "居委会")) else "村民委员会"
        title = f"{str(name).removesuffix('居委会')}{body}" if not str(name).endswith(("村民委员会", "村委会")) else str(name)
        add(f"v{land.village_code[v]}", title, str(name), "village", "community_office" if body == "居民委员会" else "village_office",
            int(land.village_town[v]), settle(*land.village_centre[v], ("public", "residence", "business")))  # fmt: skip
        rows[-1]["area"] = land.village_code[v]
    return Organisations(pd.DataFrame(rows))


def _enterprises(plan: Plan, land: Land, content: dict, rng: np.random.Generator, settle: object, add: object) -> None:
    """Invented firms; in a real county each says that it is."""
    mark = "" if plan.fictional else "(合成)"
    share = min(1.0, plan.population / 300_000)
    others = [i for i, town in enumerate(plan.towns) if not town.urban] or [0]
    labour = next((i for i in others if plan.towns[i].hot[:1] == ("labour",)), others[0])
    zone = [road.line for road in land.roads if road.kind == "industrial"]
    serial = 0
    for item in content["enterprises"]:
        for stem in rng.choice(content["stems"], max(1, round(item["count"] * share)), replace=False):
            town = {"labour": labour, "seat": 0}.get(item["town"])
            if town is None:
                hilly = [i for i in others if plan.towns[i].relief > 0.4] or others
                shore = [i for i in others if 0 < plan.towns[i].relief <= 0.4] or others
                town = int(rng.choice(hilly if item["town"] == "hill" else shore if item["town"] == "coast" else others))
            spot = land.seats[town] + rng.normal(0, 500, 2)
            if town == labour and zone and item["role"] == "factory":
                line = zone[int(rng.integers(len(zone)))]
                point = line.interpolate(rng.uniform(0, line.length))
                spot = np.array([point.x, point.y])
            serial += 1
            add(f"e{serial:03d}", f"{plan.short}{stem}{item['trade']}{mark}", f"{stem}{item['trade'].removesuffix('有限公司')}", "enterprise", item["role"], town,
                settle(*spot, ("industry", "business")), gathers=item.get("gathers", ""))  # type: ignore[operator]  # fmt: skip


def rows(organisations: Organisations) -> pd.DataFrame:
    """The layer `organisation`."""
    return organisations.frame.drop(columns=["role", "town", "door", "gathers", "x", "y"])
