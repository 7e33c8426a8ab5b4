"""The cube that this process holds, read once and then only what has changed; the areas it is counted over; what a user may count."""

import datetime as dt
import logging
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from django.db import DatabaseError, connection
from django.utils import timezone
from numpy.typing import NDArray

from apps.accounts.models import User
from apps.cases.models import Category
from apps.insights import rates
from apps.insights.cube import NO_DAY, NONE, NOWHERE, ROW, Cube
from apps.insights.facts import Fact
from apps.insights.filters import Question, source_keys
from apps.territory.models import AdminArea, Grid
from apps.territory.remembered import Remembered

Mask = NDArray[np.bool_]

PIECE = 100_000
_FLAGS = """
    kind + counted::int * 2 + told_for::int * 4 + coalesce(elder::int + 1, 0) * 8 + state * 32 + coalesce(met_late::int + 1, 0) * 128
    + coalesce(satisfied, 0) * 512 + again::int * 2048"""
_READ = {
    "day": "greatest(day - DATE '2000-01-01', 0)", "due": f"CASE WHEN due_on IS NULL THEN {NO_DAY} ELSE least(greatest(due_on - DATE '2000-01-01', 0), {NO_DAY - 1}) END",
    "flags": _FLAGS, "col": f"coalesce(col, {NOWHERE})", "row": f"coalesce(row, {NOWHERE})",
    **{name: f"coalesce({name}, {NONE})" for name in ("town", "village", "grid", "category", "organisation")},
}  # fmt: skip


def current() -> Cube:
    """No older than a second after the facts have changed."""
    return _cube.current()


def warm() -> threading.Thread:
    """Read the cube and its areas now, in a thread of their own: the first page that counts would wait for it, and no other page must."""
    thread = threading.Thread(target=_warm, name="warm", daemon=True)
    thread.start()
    return thread


def _warm() -> None:
    try:
        current()
        _areas.current()
    except DatabaseError:  # say, before its tables are there: then whoever counts first reads it
        logging.getLogger(__name__).warning("what maps count was not read ahead", exc_info=True)
    finally:
        connection.close()


class _Held(Remembered[Cube]):
    """Renewed by what is newer than the version held; read anew when the facts were (another epoch)."""

    def __init__(self) -> None:
        super().__init__((), lambda: Cube.of(_pieces()))

    def _versions(self) -> tuple:
        with connection.cursor() as cursor:
            cursor.execute("SELECT epoch, version FROM insights_factstate")
            return cursor.fetchone() or ()

    def _renew(self, versions: tuple) -> Cube:
        held = self._held
        if not (held and versions and held[0] and held[0][0] == versions[0] and held[0][1] <= versions[1]):
            return super()._renew(versions)
        cube = held[1]
        for piece in _pieces(f"version > {held[0][1]}"):
            cube = cube.renewed(piece)
        self._held = versions, cube
        return cube


_cube = _Held()


def _pieces(which: str = "true") -> Iterator[NDArray]:
    """Facts as rows of dtype ROW, by id, some 100,000 at once.

    Raw SQL: PostgreSQL packs each column as one array of fixed width, which numpy reads as it lies; rows through the driver take ten times as long.
    """
    packed = ", ".join(
        f"array_send(array_agg(({_READ.get(name, name)})::int{ROW[name].itemsize}))" for name in ROW.names
    )
    start = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                f"SELECT {packed} FROM (SELECT * FROM insights_fact WHERE id > %s AND {which} ORDER BY id LIMIT {PIECE}) f",
                [start],
            )
            columns = cursor.fetchone()
            if columns[0] is None:
                return
            rows = _unpacked(columns)
            rows = rows[np.argsort(rows["id"], kind="stable")]  # as they come, but PostgreSQL does not promise it
            yield rows
            if len(rows) < PIECE:
                return
            start = int(rows["id"][-1])


def _unpacked(columns: Iterable[bytes]) -> NDArray:
    """What `array_send` makes of an array without NULLs: 20 bytes ahead, then for each its length in 4 bytes and itself, big-endian."""
    columns = list(columns)
    size = ROW["id"].itemsize
    rows = np.empty((len(columns[0]) - 20) // (4 + size), ROW)
    for name, packed in zip(ROW.names, columns, strict=True):
        size = ROW[name].itemsize
        rows[name] = np.frombuffer(packed, np.dtype([("length", ">i4"), ("value", f">i{size}")]), offset=20)["value"]
    return rows


@dataclass(frozen=True, eq=False)
class Area:
    """A region of a map, as every process remembers it."""

    pk: int
    code: str
    name: str
    level: str
    parent: str
    population: int | None


def _read_areas() -> dict[str, list[Area]]:
    """Level -> its areas by code; grids are a level of their own."""
    areas: dict[str, list[Area]] = {level: [] for level in ("county", "town", "village", "grid")}
    for pk, code, name, level, parent, population in (
        AdminArea.objects.in_force(timezone.localdate())
        .filter(level__in=areas)
        .order_by("code")
        .values_list("pk", "code", "name", "level", "parent__name", "population")
    ):
        areas[level].append(Area(pk, code, name, level, parent or "", population))
    areas["grid"] = [
        Area(pk, code, name, "grid", parent, population)
        for pk, code, name, parent, population in Grid.objects.order_by("code").values_list(
            "pk", "code", "name", "village__name", "population"
        )
    ]
    return areas


_areas = Remembered(("area", "grid"), _read_areas)


def areas(level: str, within: str = "") -> list[Area]:
    """The areas of a level (county, town, village, grid) under the prefix of a code, by code. Where there are no towns the county is its own."""
    held = _areas.current()
    some = held[level] or (held["county"] if level == "town" else [])
    return [area for area in some if area.code.startswith(within)]


def sees_all(user: User) -> bool:
    """Whether his scope holds the whole county, and so what could not be located."""
    return any(user.reaches(area.code) for area in _areas.current()["county"])


def has_map(user: User, level: str, within: str = "") -> bool:
    """Whether he sees an area of a level. His only town in one colour is no map: its villages are."""
    own = [area for area in areas(level, within) if user.reaches(area.code)]
    alone = level == "town" and len(own) == 1 and own[0].level == "town" and not sees_all(user)
    return bool(own) and not (alone and areas("village", own[0].code[:9]))


def scope(cube: Cube, user: User) -> Mask:
    """All that the user may count: his scope's towns; what could not be located only where he sees the whole county."""
    return cube.where(**_scoped(user))


def asked(
    cube: Cube,
    user: User,
    question: Question,
    *,
    before: bool = False,
    but: Iterable[str] = (),
    wanted: dict | None = None,
    **more,
) -> Mask:
    """The facts in question that the user may count; before: those of the period it is compared with. but: filters (state, source, category,
    hours) that are left open, for the numbers beside their choices. wanted: the question's filters where they have been looked up already.
    more: as `Cube.where` has it."""
    first, last = question.before if before and question.before else (question.first, question.last)
    wanted = looked_up(question) if wanted is None else wanted
    narrowed = {key: value for name, some in wanted.items() if name not in but for key, value in some.items()} | more
    own = _scoped(user).get("towns")
    if own is not None:
        narrowed["towns"] = set(own) & set(narrowed.get("towns", own))
    return cube.where(first, last, **narrowed)


def clumping(cube: Cube, *periods: tuple[Mask, dt.date, dt.date]) -> float:
    """How many voices come as one (`rates.clumping`), from the villages' counts in the steps of periods: which facts, first and last day."""
    _, first, last = periods[0]
    length = rates.step_of((last - first).days + 1)
    return rates.clumping(*(cube.steps(mask, "village", start, end, length) for mask, start, end in periods))


def looked_up(question: Question) -> dict[str, dict]:
    """Each filter of a question (region, category, source, state, hours) as `Cube.where` asks for it."""
    return {
        "region": _regional(question),
        "category": {"categories": list(Category.objects.under(question.categories).values_list("pk", flat=True))} if question.categories else {},
        "source": {"sources": source_keys(question.sources)} if question.sources else {},
        "state": state_filter(question.state, question),
        "hours": {"hours": question.hours or None, "weekdays": question.weekdays or None},
    }  # fmt: skip


def _scoped(user: User) -> dict:
    if not user.scope:
        return {"towns": ()}
    if sees_all(user):
        return {}
    held = _areas.current()
    return {"towns": [area.pk for area in held["town"] if user.reaches(area.code)]}


def _regional(question: Question) -> dict:
    """The region asked for: a town's facts are those pinned to it, a village's likewise."""
    if len(question.region) <= 6:
        return {}
    level = "town" if len(question.region) <= 9 else "village"
    return {f"{level}s": [area.pk for area in _areas.current()[level] if area.code.startswith(question.region)]}


def state_filter(state: str, question: Question) -> dict:
    """A state of the address as `Cube.where` asks for it."""
    return {"open": {"states": (Fact.State.OPEN,)}, "late": {"late_on": question.today}, "closed": {"states": (Fact.State.CLOSED,)},
            "unsatisfied": {"satisfied": (Fact.Content.UNSATISFIED,)}}.get(state, {})  # fmt: skip
