"""The map of a run as bytes: its topics, its deputies' places and the lines between them, ten thousand of them in some 200 KB.

Little-endian, one after the other (t topics, p places, s lines):

    4 bytes "GRL1"; uint32 revision of the run, t, p, s
    int32[t, 2] lon, lat of topics, in millionths of a degree;  int32[p, 2] of places
    uint32[t] ids of topics;  uint32[p] ids of deputies;  uint32[s, 3] id of the team member, row of its topic, row of its place
    uint8[t] 1: a place of the team is empty;  uint8[p] kind of the place, + 16: the deputy has no topic;  uint8[s] flags of the line

Names are asked for by id. Lines end at the nearer of home and workplace for those who may see homes, for all others at the village.
"""

from dataclasses import dataclass

import numpy as np
from django.db.models import F, FloatField, Func, QuerySet, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce
from numpy.typing import NDArray

from apps.deputies.models import Deputy
from apps.supervision.models import AssignmentRun, TeamMember
from apps.supervision.topics import Topic
from apps.territory.models import AdminArea
from apps.territory.remembered import Remembered

MAGIC = b"GRL1"
HOME, WORK, VILLAGE, NOWHERE = range(4)  # kinds of places
FREE = 16
BY_HAND, LOCKED, LEADER = 1, 2, 4  # flags of a line
KINDS = {True: (HOME, VILLAGE, WORK), False: (VILLAGE, WORK)}  # by whether homes may be seen: where a deputy is, first of these

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class _Along(Func):
    """lon or lat of a point, null where there is none."""

    output_field = FloatField()

    def __init__(self, axis: str, point) -> None:
        super().__init__(point, function=f"ST_{axis}")


def _read_middles() -> dict[int, tuple[float, float]]:
    villages = AdminArea.objects.filter(level=AdminArea.Level.VILLAGE, geom__isnull=False)
    inside = Func("geom", function="ST_PointOnSurface")
    return {pk: (x, y) for pk, x, y in villages.values_list("pk", _Along("X", inside), _Along("Y", inside))}


_middles = Remembered(("area",), _read_middles)


@dataclass(frozen=True, eq=False)
class _People:
    """Deputies in the order of their keys; lon, lat of home, workplace and village by kind, NaN where there is none: [3, m, 2]."""

    keys: Ints
    at: Floats

    def where(self, rows: Ints, kinds: tuple[int, ...]) -> Ints:
        """The first of the kinds that each deputy has, NOWHERE when none."""
        found = np.full(len(rows), NOWHERE)
        for kind in reversed(kinds):
            found[~np.isnan(self.at[kind, rows, 0])] = kind
        return found


def _people(deputies: QuerySet[Deputy], homes: bool) -> _People:
    columns = [_Along("X", F("workplace")), _Along("Y", F("workplace"))]
    if homes:
        columns += [_Along("X", F("home__point")), _Along("Y", F("home__point"))]
    rows = list(deputies.order_by("pk").values_list("pk", "residence_village", *columns))
    middles = _middles.current()
    at = np.full((3, len(rows), 2), np.nan)
    for row, (_, village, *points) in enumerate(rows):
        at[WORK, row] = points[:2]
        at[VILLAGE, row] = middles.get(village, (np.nan, np.nan))
        if homes:
            at[HOME, row] = points[2:]
    return _People(np.array([row[0] for row in rows], np.int64), at)


def lines(run: AssignmentRun, deputies: QuerySet[Deputy], homes: bool) -> bytes:
    """`deputies`: all who are to be seen, those with topics of the run among them."""
    site = Coalesce("topic__project__site", "topic__own_site")
    topics = list(run.teams.order_by("topic").values_list("topic", "unmet", _Along("X", site), _Along("Y", site)))
    parts = [Cast(KT(f"parts__{name}"), FloatField()) for name in ("residence", "workplace")] if homes else []
    members = TeamMember.objects.filter(team__run=run).order_by("pk")
    pairs = list(members.values_list("pk", "team__topic", "deputy", "origin", "leader", "locked", *parts))
    people = _people(deputies, homes)
    row = np.searchsorted(people.keys, [pair[2] for pair in pairs])
    kind = people.where(row, KINDS[homes])
    if homes and pairs:
        kind = np.where(_nearer_work(run, pairs) & ~np.isnan(people.at[WORK, row, 0]), WORK, kind)
    drawn = kind != NOWHERE
    topic_row = np.searchsorted([topic[0] for topic in topics], [pair[1] for pair in pairs])
    ends = np.column_stack(([pair[0] for pair in pairs], topic_row, row * 4 + kind)).astype(np.int64).reshape(-1, 3)[drawn]
    flags = np.array([BY_HAND * (pair[3] == TeamMember.Origin.STAFF) + LEADER * pair[4] + LOCKED * pair[5] for pair in pairs], np.uint8)[drawn]
    idle = np.setdiff1d(np.arange(len(people.keys)), row)
    return _packed(run.revision, topics, people, idle, people.where(idle, KINDS[homes]), ends, flags)


def marks(topics: QuerySet[Topic], deputies: QuerySet[Deputy], homes: bool) -> bytes:
    """The same without lines: what may be supervised, and who may be asked."""
    site = Coalesce("project__site", "own_site")
    rows = list(topics.order_by("pk").values_list("pk", Value(0), _Along("X", site), _Along("Y", site)))
    people = _people(deputies, homes)
    idle = np.arange(len(people.keys))
    return _packed(0, rows, people, idle, people.where(idle, KINDS[homes]), np.empty((0, 3), np.int64), np.empty(0, np.uint8))


def _packed(revision: int, topics: list[tuple], people: _People, idle: Ints, idle_kind: Ints, ends: Ints, flags: NDArray[np.uint8]) -> bytes:
    """ends: member, row of the topic, 4 times the row of the deputy plus the kind of his place."""
    places = np.unique(np.concatenate((ends[:, 2], (idle * 4 + idle_kind)[idle_kind != NOWHERE]))).astype(np.int64)
    who, what = places // 4, places % 4
    line = np.column_stack((ends[:, :2], np.searchsorted(places, ends[:, 2])))
    return b"".join((
        MAGIC, np.array([revision, len(topics), len(places), len(line)], "<u4").tobytes(),
        _millionths([topic[2:] for topic in topics]), _millionths(people.at[what, who]),
        np.array([topic[0] for topic in topics], "<u4").tobytes(), people.keys[who].astype("<u4").tobytes(), line.astype("<u4").tobytes(),
        np.array([topic[1] > 0 for topic in topics], np.uint8).tobytes(),
        (what + FREE * np.isin(who, idle)).astype(np.uint8).tobytes(), flags.tobytes(),
    ))  # fmt: skip


def _nearer_work(run: AssignmentRun, pairs: list[tuple]) -> NDArray[np.bool_]:
    """Whether the workplace is what made the deputy near; the parts are weighted metres."""
    home, work = np.array([[part or 0.0 for part in pair[6:]] for pair in pairs], float).T
    home, work = home / (run.rules["residence_weight"] or 1), work / (run.rules["workplace_weight"] or 1)
    return (home == 0) | ((work > 0) & (work <= home))


def _millionths(degrees) -> bytes:
    return np.rint(np.asarray(degrees, float).reshape(-1, 2) * 1e6).astype("<i4").tobytes()
