"""Where deputies are missing: grids and matters that nobody is near, needs of a field that nobody knows, deputies with too much or nothing.

Distances are those of `nearness`, by village and workplace. What counts as covered is what staff have confirmed.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from apps.accounts.models import User
from apps.deputies.grid import GridMember, area_prefix
from apps.deputies.models import Deputy, Field
from apps.projects.models import KeyProject
from apps.supervision.grid_needs import Needs, needs, present
from apps.supervision.models import AssignmentRun, TeamMember
from apps.supervision.nearness import Crowd, crowd, degrees, ground
from apps.supervision.topics import Topic
from apps.territory.models import AdminArea
from gis_data.wording import metres_text

FAR = 3_000.0  # metres from which nobody is called near
BUSY = 12  # grids from which a deputy has much to look after
KNOWN = 8  # how many of the nearest are looked at first, so that recused ones can be passed over


class Village(NamedTuple):
    """A village and the town it belongs to: None and "" where there is none."""

    code: str
    name: str
    town_id: int | None
    town_code: str | None
    town: str | None


@dataclass(frozen=True, eq=False)
class GridLine:
    """One grid: its confirmed deputies, what waits, fields that are asked for there and known by none of them, and who is nearest."""

    code: str
    name: str
    village: Village
    confirmed: int
    waiting: int
    lacking: tuple[tuple[str, tuple[str, ...]], ...]  # field label, what asks for it
    nearest: Deputy | None
    metres: float

    @property
    def near_words(self) -> str:
        """Who is nearest and how far, in words; by village or workplace."""
        return (
            f"最近的代表{self.nearest.name}在 {metres_text(self.metres)}外"
            if self.nearest
            else "全县没有可以联系这里的代表"
        )


@dataclass(frozen=True, eq=False)
class TopicLine:
    """One matter: who is nearest of those who may supervise it, and who of them knows its field."""

    topic: Topic
    nearest: Deputy | None
    metres: float
    expert: Deputy | None
    expert_metres: float

    @property
    def town(self) -> str:
        return self.topic.town.name if self.topic.town else ""

    @property
    def field(self) -> str:
        return self.topic.field.label if self.topic.field else ""

    @property
    def near_words(self) -> str:
        return f"{self.nearest.name}，{metres_text(self.metres)}" if self.nearest else "没有可以监督的代表"

    @property
    def expert_words(self) -> str:
        if not self.field:
            return "未注明领域"
        return f"{self.expert.name}，{metres_text(self.expert_metres)}" if self.expert else f"没有懂{self.field}的代表"


@dataclass(frozen=True)
class Cell:
    """In one place: grids that need somebody of a field, and those of them that have one."""

    label: str
    needed: int
    met: int

    @property
    def tone(self) -> str:
        return "" if not self.needed else "good" if self.met == self.needed else "due" if self.met else "late"


@dataclass(frozen=True)
class Summary:
    """Of the grids in sight: how many there are, have somebody confirmed, wait for a decision, have nobody; needs and how many are met."""

    grids: int
    covered: int
    waiting: int
    far: int
    needed: int
    met: int

    @property
    def empty(self) -> int:
        return self.grids - self.covered

    @property
    def share(self) -> int:
        return round(100 * self.covered / self.grids) if self.grids else 0


class Coverage:
    """What one user sees of an area (a code, "" for all of his scope) on a day."""

    def __init__(self, user: User, area: str, on: dt.date, far: float = FAR) -> None:
        self.user, self.on, self.far = user, on, far
        self.land, self.people = ground(on), crowd(on)
        places = AdminArea.objects.filter(level="village").visible_to(user)
        if area:
            places = places.filter(code__startswith=area_prefix(area))
        said = places.values_list("pk", "code", "name", "parent", "parent__code", "parent__name")
        self.villages = {pk: Village(*rest) for pk, *rest in said}
        self.rows = np.flatnonzero(np.isin(self.land.villages, list(self.villages)))
        self.keys = self.land.keys[self.rows]
        counts = np.array(list(self._counts(area)), np.int64).reshape(-1, 3)
        counts = counts[np.argsort(counts[:, 0])]
        place = np.searchsorted(counts[:, 0], self.keys)
        counted = np.flatnonzero(place < len(counts))
        counted = counted[counts[place[counted], 0] == self.keys[counted]]
        both = np.zeros((len(self.rows), 2), np.int64)
        both[counted] = counts[place[counted], 1:]
        self.confirmed, self.waiting = both[:, 0], both[:, 1]
        self.needs: Needs = needs(on)
        self.met = present() if self.needs else set()

    def _counts(self, area: str) -> Iterable[tuple[int, int, int]]:
        members = GridMember.objects.visible_to(self.user).under(area).open().order_by()
        numbers = {state: Count("pk", filter=Q(state=state)) for state in ("confirmed", "proposed")}
        return members.values("grid").annotate(**numbers).values_list("grid", *numbers)

    def summary(self) -> Summary:
        mine = set(self.keys.tolist())
        asked = [key for key in self.needs if key[0] in mine]
        return Summary(
            len(self.rows), int((self.confirmed > 0).sum()), int((self.waiting > 0).sum()), int((self.land.metres[self.rows] >= self.far).sum()),
            len(asked), sum(key in self.met for key in asked),
        )  # fmt: skip

    def grid_rows(self, show: str) -> np.ndarray:
        """Indices into `rows`. show: "none" without a confirmed deputy, farthest from any first; "far" nobody within `far`;
        "lacking" a need that is not met; "" all, by code."""
        metres = self.land.metres[self.rows]
        if show == "none":
            chosen = np.flatnonzero(self.confirmed == 0)
        elif show == "far":
            chosen = np.flatnonzero(metres >= self.far)
        elif show == "lacking":
            open_needs = {grid for grid, field in self.needs if (grid, field) not in self.met}
            chosen = np.flatnonzero(np.isin(self.keys, list(open_needs)))
        else:
            return np.arange(len(self.rows))
        return chosen[np.argsort(-metres[chosen], kind="stable")]

    @staticmethod
    def fields() -> Iterable[tuple[int, str]]:
        """Ids and labels of all fields."""
        return Field.objects.values_list("pk", "label")

    def grid_lines(self, chosen: Iterable[int]) -> list[GridLine]:
        labels = dict(self.fields())
        lacking: dict[int, list] = defaultdict(list)
        for (grid, field), names in sorted(self.needs.items()):
            if (grid, field) not in self.met:
                lacking[grid].append((labels[field], tuple(names)))
        return [self._line(int(index), lacking) for index in chosen]

    def _line(self, index: int, lacking: dict[int, list]) -> GridLine:
        row = self.rows[index]
        grid, who = self.land.grids[row], self.land.who[row]
        return GridLine(
            grid.code, grid.name, self.villages[grid.village_id], int(self.confirmed[index]), int(self.waiting[index]), tuple(lacking.get(grid.pk, ())),
            self.people.deputies[who] if who >= 0 else None, float(self.land.metres[row]),
        )  # fmt: skip

    def matrix(self, by_grid: bool) -> tuple[list[Field], list[tuple[str, str, list[Cell]]]]:
        """The fields that are asked for anywhere in sight, and a line for each town (or each grid with a need): code, name, its cells."""
        asked = {grid for grid, _ in self.needs}
        place = {key: self._place(row, by_grid) for key, row in zip(self.keys.tolist(), self.rows.tolist(), strict=True) if key in asked}
        cells: dict[tuple[str, str], dict[int, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
        for grid, field in self.needs:
            if grid in place:
                cell = cells[place[grid]][field]
                cell[0] += 1
                cell[1] += (grid, field) in self.met
        fields = list(Field.objects.filter(pk__in={field for line in cells.values() for field in line}))
        return fields, [(code, name, [Cell(field.label, *line.get(field.pk, (0, 0))) for field in fields]) for (code, name), line in sorted(cells.items())]

    def _place(self, row: int, by_grid: bool) -> tuple[str, str]:
        grid = self.land.grids[row]
        village = self.villages[grid.village_id]
        if by_grid:
            return grid.code, grid.name
        return (village.town_code, village.town or "") if village.town_code else (village.code, village.name)

    def topic_lines(self, show: str = "") -> list[TopicLine]:
        """Every matter in sight, farthest from anybody first. show: "far" nobody within `far`; "expert" nobody there who knows its field."""
        lines = _topic_lines(_matters(self.user, self.on, self.villages), self.people)
        if show == "far":
            lines = [line for line in lines if line.metres >= self.far]
        elif show == "expert":
            lines = [line for line in lines if line.field and line.expert_metres >= self.far]
        return lines


def _matters(user: User, on: dt.date, villages: dict[int, Village]) -> list[Topic]:
    """Key projects and the other matters of the year in the towns in sight, each with `lon`, `lat` and `recused`, the bodies with a stake in it.
    A project without a topic row stands as one that is not saved."""
    towns = {village.town_id for village in villages.values()}
    contractors: dict[int, set[int]] = defaultdict(set)
    for project, body in KeyProject.contractors.through.objects.values_list("keyproject_id", "organisation_id"):
        contractors[project].add(body)
    found = []
    left = ("site", "geom", "geom_3857", "town__geom", "town__geom_3857")
    projects = KeyProject.objects.select_related("field", "town").defer(*left).annotate(lon=degrees("ST_X", "site"), lat=degrees("ST_Y", "site"))
    for project in projects.order_by("code"):
        topic = Topic(kind=Topic.Kind.PROJECT, project=project)
        topic.lon, topic.lat, topic.recused = project.lon, project.lat, {project.owner_id, project.responsible_id, *contractors[project.pk]} - {None}
        found.append(topic)
    for topic in Topic.objects.current(on.year).exclude(kind=Topic.Kind.PROJECT).with_facts().order_by("own_code"):
        topic.lon, topic.lat, topic.recused = topic.site.x, topic.site.y, set(topic.bodies)
        found.append(topic)
    whole = len(user.scope) <= 6
    return [topic for topic in found if topic.town_id in towns or (whole and topic.town_id is None)]


def _topic_lines(topics: list[Topic], people: Crowd) -> list[TopicLine]:
    able = people.county & np.array([not deputy.county_leader for deputy in people.deputies], bool)
    knows: dict[int, set[int]] = defaultdict(set)
    for deputy, field in Deputy.fields.through.objects.values_list("deputy_id", "field_id"):
        knows[field].add(deputy)
    first = _first(topics, people, able)
    experts: dict[int, tuple[int, float]] = {}
    for field in {topic.field_id for topic in topics if topic.field_id}:
        asking = [row for row, topic in enumerate(topics) if topic.field_id == field]
        able_here = able & np.array([deputy.pk in knows[field] for deputy in people.deputies], bool)
        experts.update(zip(asking, _first([topics[row] for row in asking], people, able_here), strict=True))
    lines = []
    for row, topic in enumerate(topics):
        (who, metres), (expert, far) = first[row], experts.get(row, (-1, np.inf))
        lines.append(TopicLine(topic, people.deputies[who] if who >= 0 else None, metres, people.deputies[expert] if expert >= 0 else None, far))
    return sorted(lines, key=lambda line: (-line.metres, line.topic.code))


def _first(topics: list[Topic], people: Crowd, able: np.ndarray) -> list[tuple[int, float]]:
    """For each matter the nearest who may supervise it: whoever works for a body with a stake in it is passed over. (-1, inf): nobody."""
    sites = people.sites(able)
    lon, lat = (np.array([getattr(topic, axis) for topic in topics], float) for axis in ("lon", "lat"))
    found, asked, k = [(-1, np.inf)] * len(topics), list(range(len(topics))), KNOWN
    while asked:
        who, metres = sites.nearest(lon[asked], lat[asked], k)
        again = []
        for line, row in enumerate(asked):
            fit = next(
                (
                    place
                    for place in range(k)
                    if who[line, place] >= 0 and people.deputies[who[line, place]].organisation_id not in topics[row].recused
                ),
                None,
            )
            if fit is not None:
                found[row] = int(who[line, fit]), float(metres[line, fit])
            elif who[line, -1] >= 0:
                again.append(row)
        asked, k = again, 4 * k
    return found


def loads(user: User, area: str, on: dt.date, show: str) -> QuerySet[Deputy]:
    """Deputies in office and in sight with `teams` (places in the list in force), `held` (confirmed grids) and `over`, how many teams beyond
    what they can take on. show: "much" over capacity or at BUSY grids; "nothing" neither teams nor grids; "" all. Most loaded first."""
    run = AssignmentRun.objects.in_force()
    teams = (
        TeamMember.objects.filter(team__run=run, deputy=OuterRef("pk"))
        .order_by()
        .values("deputy")
        .annotate(n=Count("pk"))
        .values("n")
    )
    held = (
        GridMember.objects.confirmed()
        .filter(deputy=OuterRef("pk"))
        .order_by()
        .values("deputy")
        .annotate(n=Count("pk"))
        .values("n")
    )
    rows = Deputy.objects.filter(pk__in=Deputy.objects.visible_to(user).serving_on(on).values("pk"))
    if area:
        rows = rows.of_town(area)
    rows = rows.annotate(teams=Coalesce(Subquery(teams), 0), held=Coalesce(Subquery(held), 0)).annotate(
        over=F("teams") - F("capacity")
    )
    if show == "much":
        rows = rows.filter(Q(over__gt=0) | Q(held__gte=BUSY))
    elif show == "nothing":
        rows = rows.filter(teams=0, held=0)
    return (
        rows.select_related("residence_village", "organisation", "group")
        .defer("residence_village__geom", "residence_village__geom_3857")
        .order_by("-over", "-held", "code")
    )
