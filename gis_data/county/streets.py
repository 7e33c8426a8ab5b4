"""Roads as lines: ring roads and a street net in the county seat, old lanes, industrial rows, market streets, roads between towns."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import LineString
from shapely.ops import substring

from gis_data.county.content import material
from gis_data.county.plan import Plan
from gis_data.county.relief import Relief, smoothed

WIDTH = {"trunk": 17.0, "street": 10.0, "old_street": 4.5, "lane": 2.5, "industrial": 13.0, "town": 6.5, "rural": 6.0}
SPACING = {"trunk": 12.0, "street": 9.0, "old_street": 5.0, "lane": 4.5, "industrial": 18.0, "town": 8.0, "rural": 22.0}


@dataclass(frozen=True)
class Road:
    """A named road. The line runs the way it is numbered: from the east, or from the south. `town` is an index, -1: through several."""

    name: str
    kind: str
    town: int
    line: LineString


def bent(start: Sequence[float], end: Sequence[float], sway: float, rng: np.random.Generator) -> np.ndarray:
    """A line between two points with a slight bow, as streets have."""
    first, last = np.asarray(start, float), np.asarray(end, float)
    along = np.linspace(0, 1, 6)[1:-1, None]
    step = last - first
    normal = np.array([-step[1], step[0]])
    waver = rng.normal(0, sway, (4, 1)) * np.sin(np.pi * along)
    return smoothed(np.vstack([first, first + along * step + waver * normal, last]), 2)


def numbered(points: np.ndarray) -> LineString:
    """East–west roads run from the east, north–south ones from the south."""
    step = points[-1] - points[0]
    backwards = step[0] > 0 if abs(step[0]) >= abs(step[1]) else step[1] < 0
    return LineString(points[::-1] if backwards else points)


def lay(plan: Plan, relief: Relief, seats: np.ndarray) -> list[Road]:
    """All named roads; those of a kind share their town's middle and turn."""
    rng = plan.rng("streets")
    names: dict[str, list[str]] = {}
    for road in material("roads")["roads"]:
        names.setdefault(road["class"], []).append(road["name"])
    roads = _seat(plan, seats, names, rng)
    roads += _industry(plan, seats, names["industrial"], rng)
    for index, town in enumerate(plan.towns):
        if not town.urban and index > 0:
            roads += _market(plan, index, seats[index], rng)
    roads += _between(plan, relief, seats, names["rural"])
    return [road for road in roads if road.line.length > 60]


def _turned(points: np.ndarray, centre: np.ndarray, angle: float) -> np.ndarray:
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return points @ turn + centre


def _net(centre: np.ndarray, angle: float, radius: float, spacing: float, rng: np.random.Generator) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """East–west and north–south lines of a street net over a round town, those through the middle first."""
    count = max(2, round(1.8 * radius / spacing))
    nets: list[list[np.ndarray]] = []
    for eastward in (True, False):
        offsets = (np.arange(count) - (count - 1) / 2) * spacing + rng.uniform(-0.16, 0.16, count) * spacing
        lines = []
        for offset in sorted(offsets, key=abs):
            reach = radius * np.sqrt(max(0.1, 1 - 0.9 * (offset / radius) ** 2)) * rng.uniform(0.75, 1.12, 2)
            ends = [(reach[0], offset), (-reach[1], offset + rng.normal(0, 0.06) * spacing)]
            ends = ends if eastward else [(y, -x) for x, y in ends]
            lines.append(_turned(bent(ends[0], ends[1], 0.012, rng), centre, angle))
        nets.append(lines)
    return nets[0], nets[1]


def _cut(line: np.ndarray, names: list[str], kind: str, town: int) -> list[Road]:
    """One line as several roads end to end, in the order of their names."""
    whole = numbered(line)
    ends = np.linspace(0, whole.length, len(names) + 1)
    return [Road(name, kind, town, substring(whole, start, end)) for name, start, end in zip(names, ends[:-1], ends[1:], strict=True)]


def _seat(plan: Plan, seats: np.ndarray, names: dict[str, list[str]], rng: np.random.Generator) -> list[Road]:
    """The old town's lanes, a net of streets round it, another over the second 街道, a ring, and trunk roads."""
    urban = [i for i, town in enumerate(plan.towns) if town.urban][:2] or [0]
    radius = [1000 * np.sqrt(plan.towns[i].population * (0.95 if town_no == 0 else 0.8) / (np.pi * 9_000)) for town_no, i in enumerate(urban)]
    angle = [rng.uniform(-0.15, 0.15), rng.uniform(0.12, 0.35)]
    segments = [group for group in material("roads")["notes"]["segmented"] if not group[0].startswith("江滨")]
    grouped = {name for group in segments for name in group} | {"江滨南路", "江滨北路"}
    single = [name for name in names["street"] if name not in grouped]
    mains = [name for name in names["trunk"] if "城" not in name and name != "澄浦大道"]
    nets = [_net(seats[i], angle[k], radius[k], 390.0, rng) for k, i in enumerate(urban)]
    lines: list[tuple[int, np.ndarray, str]] = []  # town, line, kind; dealt out to names from the middle outwards
    roads: list[Road] = []
    for k, (rows, columns) in enumerate(nets):
        if k == 0:
            for group in segments:
                crossing = columns if "南" in group[-1] else rows
                roads += _cut(crossing.pop(0), group if "南" not in group[-1] else group[::-1], "street", urban[0])
        for place in range(max(len(rows), len(columns))):
            lines += [(urban[k], pool[place], "trunk" if k == len(nets) - 1 and place < 2 else "street") for pool in (rows, columns) if place < len(pool)]
    lines.sort(key=lambda item: float(np.hypot(*(item[1].mean(axis=0) - seats[item[0]]))))
    spare = len(single) - sum(kind == "street" for *_, kind in lines)
    for town, line, kind in lines:
        pool = mains if kind == "trunk" and mains else single
        if not pool:
            continue
        count = 2 if spare > 0 and pool is single and len(pool) > 1 else 1
        spare -= count - 1
        roads += _cut(line, [pool.pop(0) for _ in range(count)], kind if pool is mains else "street", town)
    roads += _old_town(seats[urban[0]], angle[0], radius[0], names, urban[0], rng)
    return roads + _rings(seats[urban], radius, urban, names["trunk"])


def _old_town(centre: np.ndarray, angle: float, radius: float, names: dict[str, list[str]], town: int, rng: np.random.Generator) -> list[Road]:
    """Short crooked streets and lanes inside the gates, closer together than anything later."""
    size = 0.26 * radius
    roads = []
    for k, name in enumerate(names["old_street"]):
        offset = (k // 2 - 2) * 0.34 * size + rng.uniform(-0.05, 0.05) * size
        span = size * rng.uniform(0.7, 1.1, 2)
        ends = ((span[0], offset), (-span[1], offset)) if k % 2 == 0 else ((offset, -span[0]), (offset, span[1]))
        roads.append(Road(name, "old_street", town, numbered(_turned(bent(ends[0], ends[1], 0.035, rng), centre, angle))))
    for name in names["lane"]:
        start = rng.uniform(-1.1, 1.1, 2) * size
        direction = rng.choice([0, np.pi / 2]) + rng.normal(0, 0.2)
        end = start + np.array([np.cos(direction), np.sin(direction)]) * rng.uniform(80, 180)
        roads.append(Road(name, "lane", town, numbered(_turned(bent(start.tolist(), end.tolist(), 0.06, rng), centre, angle))))
    return roads


def _rings(seats: np.ndarray, radius: list[float], urban: list[int], trunk: list[str]) -> list[Road]:
    """环城路 round the old net, 绕城南路 round the new one, 澄浦大道 from one middle to the other and beyond."""
    roads = []

    def arc(name: str, k: int, start: float, end: float, reach: float) -> None:
        turn = np.radians(np.linspace(start, end, 13))
        points = seats[k] + radius[k] * reach * np.column_stack([np.cos(turn), np.sin(turn)]) * (1 + 0.06 * np.sin(3 * turn + seats[k, 0]) + 0.03 * np.sin(5 * turn))[:, None]
        roads.append(Road(name, "trunk", urban[k], numbered(smoothed(points, 2))))

    arc("环城东路", 0, -55, 42, 1.1)
    arc("环城北路", 0, 42, 138, 1.1)
    arc("环城西路", 0, 138, 235, 1.1)
    arc("绕城南路", len(urban) - 1, 195, 345, 1.12)
    if len(urban) > 1 and "澄浦大道" in trunk:
        step = seats[1] - seats[0]
        step = step / np.hypot(*step)
        ends = seats[0] + step * radius[0] * 0.45, seats[1] + step * radius[1] * 0.9
        roads.append(Road("澄浦大道", "trunk", -1, numbered(np.array(ends))))
    return roads


def _industry(plan: Plan, seats: np.ndarray, names: list[str], rng: np.random.Generator) -> list[Road]:
    """Rows (纬) and columns (经) of an industrial zone beside the town that lives by it, or beside the largest town."""
    towns = [i for i, town in enumerate(plan.towns) if not town.urban and i > 0]
    if not towns:
        return []
    index = next((i for i in towns if plan.towns[i].hot[:1] == ("labour",)), max(towns, key=lambda i: plan.towns[i].population))
    size = 1250 * np.sqrt(plan.towns[index].population / 104_000)
    away = seats[index] - seats[0]
    centre = seats[index] + away / np.hypot(*away) * 0.2 * size + np.array([-away[1], away[0]]) / np.hypot(*away) * -1.35 * size
    rows, columns = _net(centre, rng.uniform(-0.25, 0.25), size, 2 * size / 8, rng)
    roads = []
    for name in names:
        first, second = (columns, rows) if name.startswith("经") else (rows, columns)
        pool = first if name[0] in "经纬" or len(first) >= len(second) else second
        pool = pool or first or second
        if pool:
            roads.append(Road(name, "industrial", index, numbered(pool.pop(0))))
    return roads


def _market(plan: Plan, index: int, seat: np.ndarray, rng: np.random.Generator) -> list[Road]:
    """The streets of a market town: those that carry its name, and the ones every market town has."""
    town = plan.towns[index]
    content = material("roads")["roads"]
    own = [road["name"] for road in content if road["class"] == "town" and road.get("town") == town.name]
    common = [road["name"] for road in content if road["class"] == "town" and "town" not in road]
    names = own or [f"{town.short}大街", f"{town.short}老街"]
    extra = int(np.clip(town.population / 14_000, 1, 5))
    names = [*names, *rng.choice(common, extra, replace=False)]
    span = 300 * np.sqrt(town.population / 20_000)
    angle, roads = rng.uniform(0, np.pi), []
    for k, name in enumerate(names):
        offset = (-1) ** k * (k // 2) * 0.28 * span * rng.uniform(0.8, 1.2)
        length = span * (1.0 if k < 2 else rng.uniform(0.45, 0.8))
        ends = ((-length, offset), (length, offset)) if k % 2 == 0 else ((offset, -length), (offset, length))
        roads.append(Road(str(name), "town", index, numbered(_turned(bent(ends[0], ends[1], 0.05, rng), seat, angle))))
    return roads


def _between(plan: Plan, relief: Relief, seats: np.ndarray, names: list[str]) -> list[Road]:
    """Roads from town to town along the cheapest way: every town is joined to its nearest one that is nearer the seat."""
    cost = (0.4 + 2.2 * relief.height) * np.exp(1.3 * relief.thickets)
    order = np.argsort(np.hypot(*(seats - seats[0]).T))
    pairs = []
    for place, index in enumerate(order[1:], start=1):
        earlier = order[:place]
        pairs.append((int(index), int(earlier[np.argmin(np.hypot(*(seats[earlier] - seats[index]).T))])))
    rural = {road["name"]: road.get("joins", []) for road in material("roads")["roads"] if road["class"] == "rural"}
    by_name = {town.name: i for i, town in enumerate(plan.towns)}
    fixed = [(name, [by_name[town] for town in joins]) for name, joins in rural.items() if joins and all(t in by_name for t in joins)]
    if not plan.fictional:
        fixed = []
    done = {frozenset(joins) for _, joins in fixed}
    routes = fixed + [(f"{plan.towns[b].short[0]}{plan.towns[a].short[0]}公路", [b, a]) for a, b in pairs if frozenset((a, b)) not in done]
    roads, used = [], set()
    for name, (a, b) in routes:
        if name in used:
            name = f"{plan.towns[b].short}{plan.towns[a].short}公路"
        used.add(name)
        line = relief.path(cost, tuple(seats[a]), tuple(seats[b]))
        roads.append(Road(name, "rural", -1, numbered(np.array(line.coords))))
    return roads


def riverside(plan: Plan, relief: Relief, seats: np.ndarray) -> list[Road]:
    """江滨南路 and 江滨北路, along both banks of the river where it passes the seat."""
    if relief.river is None:
        return []
    reach = 700 * np.sqrt(sum(town.population for town in plan.towns if town.urban or town is plan.towns[0]) / 60_000)
    near = relief.river.intersection(shapely.Point(seats[0]).buffer(reach))
    parts = [part for part in shapely.get_parts(near) if part.length > 200]
    if not parts:
        return []
    stretch = max(parts, key=shapely.length)
    banks = sorted((stretch.offset_curve(side * 45) for side in (1, -1)), key=lambda line: -line.centroid.y)
    names = ("江滨北路", "江滨南路")
    return [
        Road(name, "street", 0, numbered(shapely.get_coordinates(max(shapely.get_parts(bank), key=shapely.length))))
        for name, bank in zip(names, banks, strict=True)
        if not bank.is_empty
    ]
