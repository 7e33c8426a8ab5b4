"""Doors: along numbered roads, in estates by building and unit, in hamlets by number or by villagers' group."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree
from shapely import Polygon

from gis_data.county.areas import Land
from gis_data.county.content import material
from gis_data.county.plan import Plan, apportion, in_words
from gis_data.county.streets import SPACING, WIDTH

COLUMNS = ["road", "number", "hamlet", "estate", "building", "unit", "room", "use", "status"]
EARLIER = 0.012  # share of plates that are retired
PEOPLE_PER_HAMLET = 380  # above so many people a grid has two


@dataclass(frozen=True)
class Estate:
    """A housing estate: where its gate is, how it is turned, its buildings' middles (metres) and its footprint."""

    name: str
    kind: str
    village: int
    gate: np.ndarray
    buildings: np.ndarray
    footprint: Polygon


class Doors:
    """All doorplates: the frame, its columns as arrays (metres x and y, degrees lon and lat, indices of village and grid), and the estates."""

    def __init__(self, frame: pd.DataFrame, estates: list[Estate]) -> None:
        self.frame = frame
        self.estates = estates
        self.x, self.y = (frame[axis].to_numpy(float) for axis in ("x", "y"))
        self.lon, self.lat = (frame[axis].to_numpy(float) for axis in ("lon", "lat"))
        self.village, self.grid = frame["village"].to_numpy(int), frame["grid"].to_numpy(int)
        self.road, self.number, self.hamlet, self.estate, self.building, self.unit, self.use, self.status = (
            frame[name].to_numpy(str) for name in ("road", "number", "hamlet", "estate", "building", "unit", "use", "status")
        )
        self.tree = cKDTree(np.column_stack([self.x, self.y]))

    def __len__(self) -> int:
        return len(self.x)

    def near(self, x: float, y: float, count: int = 1) -> np.ndarray:
        """Row numbers of the nearest doors, nearest first."""
        return np.atleast_1d(self.tree.query([x, y], min(count, len(self)))[1])


def place(plan: Plan, land: Land) -> Doors:
    """As many doors as the scale asks, shared among villages by their people: estates first, then streets, the rest in hamlets."""
    locate = shapely.STRtree(land.grid_polygon)
    estates = _estates(plan, land, shapely.STRtree(land.village_polygon))
    parts = [_estate_doors(plan, estates), _road_doors(plan, land)]
    fixed = _located(plan, land, locate, pd.concat(parts, ignore_index=True))
    fixed = fixed[_clear(fixed, land, estates)]
    wanted = apportion(land.village_people, plan.scale.doorplates)
    fixed = _thinned(plan, fixed, wanted)
    have = np.bincount(fixed["village"], minlength=len(wanted))
    hamlets = _hamlets(plan, land)
    rural = _located(plan, land, locate, _hamlet_doors(plan, hamlets, np.maximum(wanted - have, 0)))
    rural = rural[(rural["village"] == rural["meant"]) & _clear(rural, land, estates)].reset_index(drop=True)
    chosen = _thinned(plan, rural, np.maximum(wanted - have, 0))
    short = plan.scale.doorplates - len(fixed) - len(chosen)
    if short > 0:  # a village too small for its share: others with houses to spare number some more
        spare = rural[~rural["serial"].isin(chosen["serial"])]
        chosen = pd.concat([chosen, spare.iloc[np.sort(plan.rng("spare").permutation(len(spare))[:short])]], ignore_index=True)
    frame = pd.concat([fixed, chosen], ignore_index=True).sort_values("village", kind="stable", ignore_index=True)
    serial = frame.groupby("village").cumcount() + 1
    frame["code"] = [f"{land.village_code[v]}{s:05d}" for v, s in zip(frame["village"], serial, strict=True)]
    frame["status"] = np.where(plan.rng("retired").random(len(frame)) < EARLIER, "retired", "active")
    return Doors(frame, estates)


def _located(plan: Plan, land: Land, locate: shapely.STRtree, frame: pd.DataFrame) -> pd.DataFrame:
    """Degrees, grid and village of each door; doors outside the county (or on a border) are dropped."""
    lon, lat = plan.degrees(frame["x"].to_numpy(), frame["y"].to_numpy())
    frame = frame.assign(lon=lon, lat=lat)
    door, grid = locate.query(shapely.points(lon, lat), predicate="within")
    return frame.iloc[door].assign(grid=grid, village=land.grid_village[grid]).reset_index(drop=True)


def _thinned(plan: Plan, frame: pd.DataFrame, wanted: np.ndarray) -> pd.DataFrame:
    """At most as many doors in each village as wanted, dropped at random, order kept."""
    rank = pd.Series(plan.rng(f"thin{len(frame)}").random(len(frame)), index=frame.index).groupby(frame["village"]).rank(method="first")
    return frame[(rank <= wanted[frame["village"]]).to_numpy()].reset_index(drop=True)


def _clear(frame: pd.DataFrame, land: Land, estates: list[Estate]) -> np.ndarray:
    """Which doors stand free: no street door or cottage inside an estate, no cottage in the middle of a street."""
    clear = np.ones(len(frame), bool)
    points = shapely.points(frame["x"], frame["y"])
    if estates:
        hit, _ = shapely.STRtree([estate.footprint for estate in estates]).query(points, predicate="within")
        clear[hit] = frame["estate"].to_numpy()[hit] != ""
    cottages = np.flatnonzero(frame["hamlet"].to_numpy() != "")
    if len(cottages):
        roads = [road.line for road in land.roads]
        wide = [WIDTH[road.kind] / 2 + 4 for road in land.roads]
        hit, _ = shapely.STRtree(shapely.buffer(roads, wide, quad_segs=2)).query(points[cottages], predicate="within")
        clear[cottages[hit]] = False
    return clear


def _frame(**columns: object) -> pd.DataFrame:
    frame = pd.DataFrame(columns)
    for name in COLUMNS:
        if name not in frame:
            frame[name] = ""
    return frame


def _road_doors(plan: Plan, land: Land) -> pd.DataFrame:
    """Odd numbers left, even right, counted from the road's beginning; now and then a number with a suffix (128-1)."""
    rng = plan.rng("road-doors")
    parts = []
    for road in land.roads:
        step = SPACING[road.kind]
        for side in (1, -1):
            count = int(road.line.length / step)
            if count < 2:
                continue
            along = (np.arange(count) + 0.5) * step + rng.uniform(-0.25, 0.25, count) * step
            here, ahead = (shapely.get_coordinates(road.line.interpolate(along + d)) for d in (0.0, 1.0))
            normal = (ahead - here)[:, ::-1] * (-1, 1)
            normal /= np.maximum(np.hypot(*normal.T), 1e-6)[:, None]
            depth = WIDTH[road.kind] / 2 + rng.gamma(2.5, 1.6, count) + (8 if road.kind in ("industrial", "rural") else 2)
            xy = here + normal * (side * depth)[:, None]
            number = 2 * np.arange(count) + (1 if side == 1 else 2)
            text = [f"{n}号" if r > 0.015 else f"{n}-1号" for n, r in zip(number, rng.random(count), strict=True)]
            keep = rng.random(count) < {"rural": 0.35, "industrial": 0.8, "trunk": 0.6}.get(road.kind, 0.9)
            kind = rng.choice(["residence", "business", "public"], count, p=_uses(road.kind))
            use = np.where(np.full(count, road.kind == "industrial"), "industry", kind)
            parts.append(_frame(x=xy[keep, 0], y=xy[keep, 1], road=road.name, number=np.array(text)[keep], use=use[keep]))
    return pd.concat(parts, ignore_index=True) if parts else _frame(x=np.empty(0), y=np.empty(0))


def _uses(kind: str) -> list[float]:
    return {"trunk": [0.25, 0.6, 0.15], "street": [0.4, 0.52, 0.08], "old_street": [0.55, 0.42, 0.03], "lane": [0.93, 0.06, 0.01],
            "town": [0.45, 0.48, 0.07], "rural": [0.8, 0.17, 0.03]}.get(kind, [0.5, 0.45, 0.05])  # fmt: skip


def _estates(plan: Plan, land: Land, locate: shapely.STRtree) -> list[Estate]:
    """Each estate beside a street: in the town it is named after, else in the seat, the second 街道 first for what is new."""
    rng = plan.rng("estates")
    urban = [i for i, town in enumerate(plan.towns) if town.urban] or [0]
    estates: list[Estate] = []
    share = min(1.0, plan.population / 250_000)
    for item in material("estates"):
        if rng.random() > share:
            continue
        own = next((i for i, town in enumerate(plan.towns) if plan.fictional and town.short in item["name"]), None)
        industrial = item["kind"] == "公寓与园区宿舍"
        kinds = {"industrial", "trunk"} if industrial else {"town", "street", "rural"} if own is not None and own not in urban else {"street", "trunk", "town"}
        for _ in range(60):
            town = own if own is not None else int(rng.choice(urban))
            roads = [road for road in land.roads if road.kind in kinds and (road.town in (town, -1) or (road.town == 0 and town in urban) or industrial)]
            if not roads:
                break
            road = roads[int(rng.integers(len(roads)))]
            estate = _estate(item, road.line, rng)
            lon, lat = plan.degrees(*estate.footprint.exterior.xy)
            village = locate.query(Polygon(np.column_stack([lon, lat])), predicate="within")
            if len(village) != 1 or (land.village_town[village[0]] != town and not industrial):
                continue
            if any(estate.footprint.buffer(15).intersects(other.footprint) for other in estates):
                continue
            estates.append(Estate(estate.name, estate.kind, int(village[0]), estate.gate, estate.buildings, estate.footprint))
            break
    return estates


def _estate(item: dict, line: shapely.LineString, rng: np.random.Generator) -> Estate:
    """Rows of buildings behind the street, more of them the taller the estate is built."""
    tall = item["storeys"][1] > 12
    buildings = int(rng.integers(8, 26) if item["kind"] in ("商品房", "安置小区") else rng.integers(4, 12))
    columns = int(np.ceil(np.sqrt(buildings * 0.8)))
    gap_x, gap_y = (62.0, 48.0) if tall else (48.0, 26.0)
    at = rng.uniform(0.08, 0.92) * line.length
    here, ahead = (shapely.get_coordinates(line.interpolate(at + d))[0] for d in (0.0, 2.0))
    direction = (ahead - here) / np.hypot(*(ahead - here))
    normal = np.array([-direction[1], direction[0]]) * rng.choice([-1, 1])
    gate = here + normal * 24
    number = np.arange(buildings)
    along = (number % columns - (columns - 1) / 2) * gap_x
    back = 34 + (number // columns) * gap_y
    middles = gate + along[:, None] * direction + back[:, None] * normal + rng.normal(0, 2, (buildings, 2))
    half, deep = columns * gap_x / 2, 18 + np.ceil(buildings / columns) * gap_y
    corners = [gate - half * direction, gate + half * direction, gate + half * direction + deep * normal, gate - half * direction + deep * normal]
    return Estate(item["name"], item["kind"], -1, gate, middles, Polygon(corners))


def _estate_doors(plan: Plan, estates: list[Estate]) -> pd.DataFrame:
    """One door for each building and unit (幢, 单元)."""
    rng = plan.rng("estate-doors")
    rows = []
    for estate in estates:
        for number, (x, y) in enumerate(estate.buildings, start=1):
            units = int(rng.integers(1, 4)) if estate.kind != "排屋与联建房" else 1
            for unit in range(1, units + 1):
                spread = (unit - (units + 1) / 2) * 16
                rows.append((x + spread, y + rng.normal(0, 1), estate.name, f"{number}幢", f"{unit}单元" if units > 1 else ""))
    frame = pd.DataFrame(rows, columns=["x", "y", "estate", "building", "unit"]).astype({"x": float, "y": float})
    return _frame(**{str(name): column for name, column in frame.items()}, use="residence")


def _hamlets(plan: Plan, land: Land) -> pd.DataFrame:
    """Natural villages where people are: one in every grid at least, more where many live; in towns the lanes behind the streets."""
    rng = plan.rng("hamlets")
    stems = material("villages")["rules"]["natural_village_stems"]
    inside = np.flatnonzero(land.mesh.inside)
    inside = inside[np.argsort(land.grid_of_cell[inside], kind="stable")]
    bounds = np.searchsorted(land.grid_of_cell[inside], np.arange(len(land.grid_code) + 1))
    rows = []
    for v in range(len(land.village_code)):
        spots: list[tuple[int, float]] = []  # cell, size
        for grid in np.flatnonzero(land.grid_village == v):
            cells = inside[bounds[grid] : bounds[grid + 1]]
            count = min(len(cells), 1 + int(land.grid_people[grid] > PEOPLE_PER_HAMLET))
            weight = land.mesh.people[cells] + 1e-9
            spots += [(int(c), land.grid_people[grid] / count) for c in rng.choice(cells, count, replace=False, p=weight / weight.sum())]
        names = rng.choice(stems, len(spots), replace=len(spots) > len(stems))
        rows += [(v, str(name), land.mesh.x[cell], land.mesh.y[cell], rng.random() < 0.3, size) for (cell, size), name in zip(spots, names, strict=True)]
    return pd.DataFrame(rows, columns=["village", "name", "x", "y", "by_group", "people"])


def _hamlet_doors(plan: Plan, hamlets: pd.DataFrame, wanted: np.ndarray) -> pd.DataFrame:
    """Houses in short rows along bent lanes; some hamlets number by villagers' group (第五村民小组18号)."""
    rng = plan.rng("hamlet-doors")
    size = hamlets["people"].to_numpy() * rng.lognormal(0, 0.4, len(hamlets))
    total = hamlets.groupby("village")["village"].transform("size").to_numpy()
    share = size / pd.Series(size).groupby(hamlets["village"]).transform("sum").to_numpy()
    count = np.ceil(wanted[hamlets["village"]] * share * 1.9 + 2).astype(int) * (total > 0)
    owner = np.repeat(np.arange(len(hamlets)), count)
    serial = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    lanes = np.maximum(1, np.round(np.sqrt(count / 7))).astype(int)
    lane, place_in_lane = serial % lanes[owner], serial // lanes[owner]
    angle = rng.uniform(0, np.pi, len(hamlets))[owner] + rng.normal(0, 0.25, len(hamlets))[owner] * lane
    gap = rng.uniform(11, 17, len(hamlets))[owner]
    side = np.where(place_in_lane % 2 == 0, 1, -1)
    along = ((place_in_lane // 2) - (count / lanes)[owner] / 4) * gap + rng.normal(0, 2.2, len(owner))
    across = (lane - (lanes[owner] - 1) / 2) * gap * 2.6 + side * gap * 0.55 + rng.normal(0, 1.8, len(owner))
    bow = 0.0016 * along**2 * np.where(owner % 2 == 0, 1, -1)
    x = hamlets["x"].to_numpy()[owner] + along * np.cos(angle) - (across + bow) * np.sin(angle)
    y = hamlets["y"].to_numpy()[owner] + along * np.sin(angle) + (across + bow) * np.cos(angle)
    by_group = hamlets["by_group"].to_numpy()[owner]
    group = hamlets.groupby("village").cumcount().to_numpy()[owner] + 1
    name = hamlets["name"].to_numpy()[owner]
    hamlet = np.where(by_group, np.char.add(np.char.add("第", _words(group)), "村民小组"), name.astype(str))
    number = np.char.add((serial + 1).astype(str), "号")
    use = rng.choice(["residence", "business", "public"], len(owner), p=[0.955, 0.035, 0.01])
    return _frame(x=x, y=y, hamlet=hamlet, number=number, use=use, meant=hamlets["village"].to_numpy()[owner], serial=np.arange(len(owner)))


def _words(numbers: np.ndarray) -> np.ndarray:
    table = np.array([in_words(n) for n in range(int(numbers.max(initial=0)) + 1)])
    return table[numbers]


def rows(plan: Plan, land: Land, doors: Doors) -> pd.DataFrame:
    """The layer `doorplate`."""
    frame = doors.frame
    town = np.array([land.town_code(plan, v) if plan.town_level else "" for v in range(len(land.village_code))])
    table = frame[["code"]].assign(town=town[frame["village"]], village=land.village_code[frame["village"]])
    return pd.concat([table, frame[[*COLUMNS, "lon", "lat"]]], axis=1)


def address(plan: Plan, land: Land, doors: Doors, door: int) -> str:
    """How a door is written in an address, from the town on."""
    village = doors.village[door]
    town = plan.towns[land.village_town[village]].name if plan.town_level else ""
    if doors.road[door]:
        return f"{town}{doors.road[door]}{doors.number[door]}"
    if doors.estate[door]:
        return f"{town}{doors.estate[door]}{doors.building[door]}{doors.unit[door]}"
    return f"{town}{land.village_name[village]}{doors.hamlet[door]}{doors.number[door]}"
