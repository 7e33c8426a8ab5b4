"""Organisations: who handles cases and dispatches them, who owns and supervises projects, who employs voters and deputies."""

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
import shapely

from gis_data.county.areas import Land
from gis_data.county.content import material
from gis_data.county.doorplates import Doors, address
from gis_data.county.plan import Plan

LOGGED_IN = 0.62  # share of departments that answer on line; the dispatcher enters the others' answers
TOWNS_ONLINE = 0.7
ALWAYS_ONLINE = ("gov_office", "water_group", "traffic_police", "enforcement_bureau")
KINDS = {"综合协调": "dispatcher", "政府部门": "department", "政府部门内设": "department", "垂直管理": "department", "派出机构": "department",
         "事业单位": "institution", "群团组织": "association", "县属国企": "enterprise", "公用企业": "enterprise"}  # fmt: skip


@dataclass(frozen=True)
class Organisation:
    """One organisation; `role` says what kind of workplace it is, `gathers` the employers' district its people vote in."""

    code: str
    name: str
    short_name: str
    kind: str
    area: str
    address: str
    handles_cases: bool
    logs_in: bool
    role: str
    town: int  # index, -1: the county's own
    gathers: str
    x: float
    y: float
    lon: float
    lat: float


class Organisations:
    """All organisations, by code, by role and by town."""

    def __init__(self, everyone: list[Organisation]) -> None:
        self.everyone = everyone
        self.by_code = {organisation.code: organisation for organisation in everyone}
        self.by_role: dict[str, list[Organisation]] = {}
        for organisation in everyone:
            self.by_role.setdefault(organisation.role, []).append(organisation)

    def with_role(self, role: str, town: int | None = None) -> list[Organisation]:
        """Those of one kind, in the town if there are any there."""
        found = self.by_role.get(role, [])
        here = [organisation for organisation in found if organisation.town == town]
        return here or found

    def township(self, town: int) -> str:
        """Code of the town's government or 街道 office; the county government where there is no township level."""
        return next((o.code for o in self.by_role["gov"] if o.kind == "township" and o.town == town), "gov")

    def unit(self, code: str, town: int) -> str:
        """A unit named in the material; `township` is the place's own, and the pseudo units stand for it too."""
        return code if code in self.by_code else self.township(town)


class _Founder:
    """Gives every organisation a door of its own."""

    def __init__(self, plan: Plan, land: Land, doors: Doors) -> None:
        self.plan, self.land, self.doors = plan, land, doors
        self.taken: set[int] = set()
        self.made: list[Organisation] = []

    def settle(self, spot: np.ndarray, uses: tuple[str, ...], road: str = "") -> int:
        """The nearest door that is free and of the right use, on the named road if there is one."""
        on_road = np.flatnonzero(self.doors.road == road) if road else np.empty(0, int)
        near = on_road if len(on_road) else self.doors.near(spot[0], spot[1], 400)
        free = [int(door) for door in near if int(door) not in self.taken]
        door = next((d for d in free if self.doors.use[d] in uses), free[0] if free else int(near[0]))
        self.taken.add(door)
        return door

    def add(self, code: str, name: str, short: str, kind: str, role: str, town: int, door: int, *, area: str = "", handles: bool = False,
            online: bool = False, gathers: str = "") -> None:  # fmt: skip
        home = self.plan.towns[town].code if town >= 0 else ""
        doors = self.doors
        self.made.append(Organisation(code, name, short, kind, area or home or self.plan.code, address(self.plan, self.land, doors, door), handles, online, role,
                                      town, gathers, doors.x[door], doors.y[door], doors.lon[door], doors.lat[door]))  # fmt: skip


def found(plan: Plan, land: Land, doors: Doors) -> Organisations:
    """Every organisation: the county's, each town's, firms, and the committee of every village."""
    rng = plan.rng("organisations")
    content = material("organisations")
    founder = _Founder(plan, land, doors)
    offices = ("public", "business")
    for item in content["county"]:
        founder.add(item["code"], item["name"], item["short"], item["kind"], item["role"], -1,
                    founder.settle(land.seats[0] + rng.normal(0, 450, 2), offices, item.get("road", "")), gathers=item.get("gathers", ""))  # fmt: skip
    for unit in material("units")["units"]:
        if unit["code"] == "township":
            continue
        kind = KINDS[unit["kind"]]
        name = unit["name"].replace("澄浦县", plan.name).replace("澄浦", plan.short)
        online = unit["code"] in ALWAYS_ONLINE or bool(rng.random() < LOGGED_IN)
        first_half = kind in ("dispatcher", "department") and len(founder.made) < len(content["county"]) + 16
        gathers = "国企" if "国企" in unit["kind"] else "机关一" if first_half else "机关二"
        founder.add(unit["code"], name, unit["short"], kind, "gov" if kind in ("dispatcher", "department") else "utility", -1,
                    founder.settle(land.seats[0] + rng.normal(0, 600, 2), offices), handles=kind != "dispatcher", online=online, gathers=gathers)  # fmt: skip
    for index, town in enumerate(plan.towns if plan.town_level else ()):
        fill = {"town": town.name, "stem": town.short}
        for item in content["town"]:
            pattern = item.get("street", item["name"]) if town.urban else item["name"]
            government = item["kind"] == "township"
            founder.add(f"{town.code[:9]}_{item['code']}", pattern.format(**fill), item["short"].format(**fill), item["kind"], item["role"], index,
                        founder.settle(land.seats[index] + rng.normal(0, 160, 2), offices), handles=government,
                        online=government and bool(rng.random() < TOWNS_ONLINE))  # fmt: skip
    _firms(plan, land, founder, content, rng)
    for v, village in enumerate(land.village_name):
        name = str(village)
        urban = name.endswith(("社区", "居委会", "居民委员会"))
        title = name if name.endswith("委员会") else name.removesuffix("居委会").removesuffix("村委会") + ("居民委员会" if urban else "村民委员会")
        founder.add(f"v{land.village_code[v]}", title.replace("村村民", "村民"), name, "village", "community_office" if urban else "village_office",
                    int(land.village_town[v]), founder.settle(land.village_centre[v], ("public", "residence", "business")), area=str(land.village_code[v]))  # fmt: skip
    return Organisations(founder.made)


def _firms(plan: Plan, land: Land, founder: _Founder, content: dict, rng: np.random.Generator) -> None:
    """Invented firms; in a real county each says that it is."""
    mark = "" if plan.fictional else "(合成)"
    share = min(1.0, plan.population / 300_000)
    others = [i for i, town in enumerate(plan.towns) if not town.urban] or [0]
    labour = next((i for i in others if plan.towns[i].hot[:1] == ("labour",)), others[0])
    zone = [road.line for road in land.roads if road.kind == "industrial"]
    serial = 0
    for item in content["enterprises"]:
        for stem in rng.choice(content["stems"], max(1, round(item["count"] * share)), replace=False):
            if item["town"] in ("labour", "seat"):
                town = labour if item["town"] == "labour" else 0
            else:
                hilly = [i for i in others if plan.towns[i].relief > 0.4] or others
                shore = [i for i in others if 0 < plan.towns[i].relief <= 0.4] or others
                town = int(rng.choice(hilly if item["town"] == "hill" else shore if item["town"] == "coast" else others))
            spot = land.seats[town] + rng.normal(0, 500, 2)
            if town == labour and zone and item["role"] == "factory":
                line = zone[int(rng.integers(len(zone)))]
                spot = shapely.get_coordinates(line.interpolate(rng.uniform(0, line.length)))[0]
            serial += 1
            founder.add(f"e{serial:03d}", f"{plan.short}{stem}{item['trade']}{mark}", f"{stem}{item['trade'].removesuffix('有限公司')}", "enterprise",
                        item["role"], town, founder.settle(spot, ("industry", "business")), gathers=item.get("gathers", ""))  # fmt: skip


def rows(organisations: Organisations) -> pd.DataFrame:
    """The layer `organisation`. What a unit is competent for, its name says."""
    frame = pd.DataFrame([asdict(organisation) for organisation in organisations.everyone]).drop(columns=["role", "town", "gathers", "x", "y"])
    return frame.assign(competences="")
