"""Roads as lines: ring roads and a street net in the county seat, old lanes, industrial rows, market streets, roads between towns."""

from dataclasses import dataclass

import numpy as np
import shapely
from shapely import LineString

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


def bent(start: np.ndarray, end: np.ndarray, sway: float, rng: np.random.Generator) -> np.ndarray:
    """A line between two points with a slight bow, as streets have."""
    start, end = np.asarray(start, float), np.asarray(end, float)
    along = np.linspace(0, 1, 6)[1:-1, None]
    step = end - start
    normal = np.array([-step[1], step[0]])
    waver = rng.normal(0, sway, (4, 1)) * np.sin(np.pi * along)
    return smoothed(np.vstack([start, start + along * step + waver * normal, end]), 2)


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


def _seat(plan: Plan, seats: np.ndarray, names: dict[str, list[str]], rng: np.random.Generator) -> list[Road]:
    """Old town in the middle, a net of streets round it and over the second 街道, trunk roads as a ring and out of it."""
    urban = [i for i, town in enumerate(plan.towns) if town.urban] or [0]
    people = sum(plan.towns[i].population for i in urban)
    half = 620 * np.sqrt(people / 60_000)
    centre, angle = seats[0], rng.uniform(-0.2, 0.2)
    roads: list[Road] = []

    def add(name: str, kind: str, start: tuple[float, float], end: tuple[float, float], sway: float, middle: np.ndarray = centre, turn: float = angle) -> None:
        line = _turned(bent(np.array(start), np.array(end), sway, rng), middle, turn)
        roads.append(Road(name, kind, 0, numbered(line)))

    segments = [group for group in material("roads")["notes"]["segmented"] if group[0] in names["street"]]
    grouped = {name for group in segments for name in group}
    single = [name for name in names["street"] if name not in grouped]
    # The net spreads over the whole seat: rows and columns at uneven distances, each road a stretch of one of them.
    south = seats[urban[1]] - centre if len(urban) > 1 else np.array([0.0, -1.6 * half])
    reach_south = min(-half, float(south[1]) - half)
    rows = np.linspace(half, reach_south, 15) + rng.uniform(-40, 40, 15)
    columns = np.linspace(-1.25 * half, 1.25 * half, 11) + rng.uniform(-40, 40, 11)
    third = 0.82 * half
    for k, group in enumerate(segments):
        if group[0].endswith("东路"):
            row = 0.1 * half + 0.28 * half * (k - 1)
            ends = np.linspace(1.25 * half, -1.25 * half, len(group) + 1)
            for name, start, end in zip(group, ends[:-1], ends[1:], strict=True):
                add(name, "street", (start, row), (end, row + rng.uniform(-30, 30)), 0.01)
        elif group[0].startswith("江滨"):
            continue
        else:
            for name, start, end in zip(group, (0.05 * half, 0.05 * half), (half, -half), strict=True):
                add(name, "street", (60, start), (60 + rng.uniform(-30, 30), end), 0.01)
    for k, name in enumerate(single):
        if k % 2 == 0:
            row = rows[(k // 2) % len(rows)]
            start = rng.choice(columns[:6])
            add(name, "street", (start, row), (start + rng.uniform(0.7, 1.5) * third, row), 0.02)
        else:
            column = columns[(k // 2) % len(columns)]
            start = rng.choice(rows[3:])
            add(name, "street", (column, start), (column, start + rng.uniform(0.6, 1.3) * third), 0.02)
    for k, name in enumerate(names["old_street"]):
        offset = (k // 2 - 2) * 0.085 * half
        span = 0.24 * half * rng.uniform(0.8, 1.2)
        ends = ((-span, offset), (span, offset)) if k % 2 == 0 else ((offset, -span), (offset, span))
        add(name, "old_street", *ends, 0.05)
    for name in names["lane"]:
        start = rng.uniform(-0.24, 0.24, 2) * half
        direction = rng.choice([0, np.pi / 2]) + rng.normal(0, 0.25)
        end = start + np.array([np.cos(direction), np.sin(direction)]) * rng.uniform(90, 220)
        add(name, "lane", tuple(start), tuple(end), 0.08)
    ring = {"环城东路": (1.3, -0.9, 1.3, 1.05), "环城西路": (-1.3, -0.9, -1.3, 1.05), "环城北路": (1.3, 1.08, -1.3, 1.08)}
    for name in names["trunk"]:
        if name in ring:
            x0, y0, x1, y1 = np.array(ring[name]) * half
            add(name, "trunk", (x0, y0), (x1, y1), 0.03)
        else:
            row = reach_south * rng.uniform(0.15, 1.05)
            if rng.random() < 0.5:
                add(name, "trunk", (-1.5 * half, row), (1.5 * half, row), 0.025)
            else:
                column = rng.uniform(-1.1, 1.1) * half
                add(name, "trunk", (column, reach_south), (column, rng.uniform(-0.4, 0.6) * half), 0.025)
    return roads


def _industry(plan: Plan, seats: np.ndarray, names: list[str], rng: np.random.Generator) -> list[Road]:
    """Rows and columns of an industrial zone beside the town that lives by it (the largest town after the seat)."""
    towns = [i for i, town in enumerate(plan.towns) if not town.urban and i > 0]
    if not towns:
        return []
    index = next((i for i in towns if plan.towns[i].hot[:1] == ("labour",)), max(towns, key=lambda i: plan.towns[i].population))
    size = 1500 * np.sqrt(plan.towns[index].population / 104_000)
    toward = plan.outline.representative_point()
    centre = seats[index] + 0.42 * size * np.sign(np.array([toward.x, toward.y]) - seats[index]) + (0.75 * size, 0)
    angle = rng.uniform(-0.3, 0.3)
    roads = []
    for k, name in enumerate(names):
        offset = (k // 2 - len(names) / 4) * size / 5 + rng.uniform(-20, 20)
        span = size * rng.uniform(0.5, 0.75)
        eastward = name.startswith("纬") or (not name.startswith("经") and k % 2 == 0)
        ends = ((span, offset), (-span, offset)) if eastward else ((offset, -span), (offset, span))
        roads.append(Road(name, "industrial", index, numbered(_turned(bent(ends[0], ends[1], 0.01, rng), centre, angle))))
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
    cost = 0.4 + 2.2 * relief.height
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
