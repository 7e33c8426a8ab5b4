"""Verbs of 民情公开: a quarter's table is published once, put right only as a new version (workflow_corrections), and shown while the office keeps
the page open."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac

from apps.accounts.models import Role, User
from apps.accounts.perms import Permission, allowed
from apps.insights import public_voices as source
from apps.insights.public_counts import PublicCount, PublicTable, PublicTableEvent, VoicesPage, VoicesPageEvent
from apps.insights.public_shape import NOWHERE, Cell, Key, Place, Shape
from apps.insights.report_counting import awaited
from apps.insights.suppression import SMALL, Earlier, NoWay, Protection, protect, proven
from apps.record.messages import OFFICE, Kind, Outgoing, register
from apps.record.notices import Notice
from apps.record.states import MoveRefused
from apps.territory.models import LayerVersion

GRACE = dt.timedelta(days=30)  # what was told at the end of a quarter is sorted and taken in by then
PATIENCE = dt.timedelta(days=90)  # so long is waited for a source that has not delivered up to its end
MOST = 12  # quarters back
LAYER = "voices"
TURNED, TOLD = "voices.page", "voices.table"
SAME = "重新统计的结果和已公布的一样，不用更正。"
GIVEN_AWAY = "和以前公布的版本放在一起，会让人算出少于 5 件的数，所以没有公布，网上还是原来的一版。记录再有变化后可以重新统计。"


def due(today: dt.date) -> list[dt.date]:
    """The quarters that are over long enough, of which all sources have delivered, and that are not published yet; the oldest first."""
    first = source.first_day()
    if first is None:
        return []
    published = set(PublicTable.objects.values_list("quarter", flat=True))
    quarter, found = source.quarter_of(first), []
    while (following := source.next_quarter(quarter)) + GRACE <= today:
        if following + PATIENCE <= today or not awaited(following - dt.timedelta(days=1)):
            found.append(quarter)
        quarter = following
    return [quarter for quarter in found[-MOST:] if quarter not in published]


def publish_due(today: dt.date) -> int:
    """Publish what is due; how many quarters that were. Safe to run twice, and beside itself."""
    return sum(publish(quarter) is not None for quarter in due(today))


def publish(quarter: dt.date) -> PublicTable | None:
    """The first version of a quarter's table; None where it is there already."""
    if PublicTable.objects.filter(quarter=quarter).exists():
        return None
    counted = _counted(quarter, source.shape_of(source.next_quarter(quarter) - dt.timedelta(days=1)), [])
    with transaction.atomic():
        hold()
        if PublicTable.objects.filter(quarter=quarter).exists():
            return None
        table = write(quarter, counted, by=None, reason="")
        PublicTableEvent.objects.append(table, "publish", actor_label="系统", hidden=table.hidden)
        offices = User.objects.filter(role=Role.COUNTY_OFFICE, is_active=True)
        Notice.objects.tell(offices, "system", f"{table}已生成", "民情公开页开通后，群众就能看到。", "/insight/voices/", key=f"voices {table.key}")
    return table


@transaction.atomic
def turn_page(actor: User, *, on: bool, reason: str = "") -> VoicesPage:
    """Show the public page, or hide it with all that is on it."""
    if not allowed(actor, Permission.OPEN_PUBLIC_VOICES):
        raise MoveRefused("民情公开页由县人大常委会工委开通或关闭。")
    page = hold()
    if page.is_open != on:
        page.is_open = on
        page.save()
        LayerVersion.raise_for(LAYER)
        Outgoing.objects.post(TURNED, LAYER, {"open": on})
        VoicesPageEvent.objects.append(page, "open" if on else "close", actor=actor, note=reason)
    return page


def shape_of_table(table: PublicTable) -> Shape:
    """The places and keys that a table was published over."""
    rows = list(table.counts.order_by("order"))
    places = {row.region: Place(row.region, row.parent, row.level, row.name, row.population) for row in rows if not row.region.endswith(NOWHERE)}
    keys = {(row.part, row.key): Key(row.part, row.key, row.label) for row in rows if row.part != PublicCount.Part.ALL}
    return Shape(places.values(), keys.values())


def hold() -> VoicesPage:
    """One at a time: the page's row, locked."""
    VoicesPage.objects.get_or_create(pk=1)
    return VoicesPage.objects.select_for_update().get(pk=1)


@dataclass(frozen=True, eq=False)
class Counted:
    """A quarter as it was counted and protected, not yet written; version: the number that it will have; since, reach, clumping: as the table has
    them."""

    shape: Shape
    counts: np.ndarray
    found: Protection
    version: int
    since: dt.date
    reach: dict
    clumping: float


def differs(quarter: dt.date) -> bool:
    """Whether a published quarter, counted now, has other counts than its version in force."""
    table = PublicTable.objects.get(quarter=quarter, is_current=True)
    return bool((shape_of_table(table).count(source.voices_of(quarter)) != np.array(table.behind, np.int64)).any())


def counted_anew(quarter: dt.date, tell: Callable[[float], None]) -> Counted:
    """A published quarter counted over the same places and categories and protected together with its versions; nothing is written. tell: as `protect`
    has it. MoveRefused where nothing is other than it was, or where it cannot be published without giving a small count away."""
    before = list(PublicTable.objects.filter(quarter=quarter).order_by("version"))
    return _counted(quarter, shape_of_table(before[-1]), [Earlier(*_held(table)) for table in before], tell)


def _held(table: PublicTable) -> tuple:
    hidden = np.array([count is None for count in table.counts.order_by("order").values_list("count", flat=True)])
    return np.array(table.behind, np.int64), hidden


def _counted(quarter: dt.date, shape: Shape, earlier: list[Earlier], tell: Callable[[float], None] = lambda share: None) -> Counted:
    counts = shape.count(source.voices_of(quarter))
    if earlier and (counts == earlier[-1].counts).all():
        raise MoveRefused(SAME)
    version = len(earlier) + 1
    found = _protected(shape, counts, earlier, f"{quarter} {version}", tell)
    since = max(source.first_day() or quarter, quarter)
    return Counted(shape, counts, found, version, since, source.reach_of(shape), source.clumping_of(quarter))


def write(quarter: dt.date, counted: Counted, *, by: User | None, reason: str) -> PublicTable:
    """The version in force from now on; to be called by who holds the page."""
    PublicTable.objects.filter(quarter=quarter, is_current=True).update(is_current=False)
    hidden, counts = counted.found.hidden, counted.counts
    table = PublicTable.objects.create(
        quarter=quarter, version=counted.version, by=by, reason=reason, since=counted.since, reach=counted.reach, threshold=SMALL,
        cells=len(counted.shape.cells), hidden=int(hidden.sum()), behind=counts.tolist(), clumping=counted.clumping,
    )  # fmt: skip
    shown = [None if out else int(count) for count, out in zip(counts, hidden, strict=True)]
    PublicCount.objects.bulk_create([_row(table, order, cell, count) for order, (cell, count) in enumerate(zip(counted.shape.cells, shown, strict=True))])
    LayerVersion.raise_for(LAYER)
    Outgoing.objects.post(TOLD, LAYER, {"table": table.pk})
    return table


def _protected(shape: Shape, counts, earlier: list[Earlier], salt: str, tell: Callable[[float], None]) -> Protection:
    """What is not shown. Costs are shaken by a seed that nobody outside can know. AssertionError: nothing is published without its proof."""
    seed = int.from_bytes(salted_hmac("insights.public", salt, secret=settings.SECRET_KEY).digest()[:8])
    table = shape.table(counts)
    try:
        found = protect(table, earlier, seed, tell)
    except NoWay:
        raise MoveRefused(GIVEN_AWAY) from None
    if not proven(table, earlier, found):
        raise AssertionError(f"the suppression of {salt} is not proven")
    return found


def _row(table: PublicTable, order: int, cell: Cell, count: int | None) -> PublicCount:
    place, key = cell.place, cell.key
    return PublicCount(
        table=table, region=place.code, parent=place.parent, level=place.level, name=place.name, population=place.population, part=key.part,
        key=key.key, label=key.label, order=order, count=count,
    )  # fmt: skip


# --- between the zones ----------------------------------------------------------------------------------------------------------------


def fill_table(body: dict) -> dict:
    """A table as everybody may read it."""
    table = PublicTable.objects.get(pk=body["table"])
    columns = ("region", "parent", "level", "name", "population", "part", "key", "label", "order", "count")
    return {
        "quarter": table.quarter.isoformat(), "version": table.version, "made_at": table.made_at.isoformat(), "reason": table.reason,
        "since": table.since.isoformat(), "reach": table.reach, "threshold": table.threshold, "cells": table.cells, "hidden": table.hidden, "clumping": table.clumping,
        "columns": columns, "counts": [list(row) for row in table.counts.order_by("order").values_list(*columns)],
        "open": VoicesPage.objects.filter(is_open=True).exists(),
    }  # fmt: skip


def table_told(body: dict) -> None:
    """The office has published a table: taken in by the public zone, once."""
    quarter = dt.date.fromisoformat(body["quarter"])
    if PublicTable.objects.filter(quarter=quarter, version=body["version"]).exists():
        return
    newer = PublicTable.objects.filter(quarter=quarter, version__gt=body["version"]).exists()
    if not newer:
        PublicTable.objects.filter(quarter=quarter, is_current=True).update(is_current=False)
    table = PublicTable.objects.create(
        quarter=quarter, version=body["version"], is_current=not newer, made_at=dt.datetime.fromisoformat(body["made_at"]), reason=body["reason"],
        since=dt.date.fromisoformat(body["since"]), reach=body["reach"], threshold=body["threshold"], cells=body["cells"], hidden=body["hidden"],
        clumping=body.get("clumping", 1.0),
    )  # fmt: skip
    PublicCount.objects.bulk_create([PublicCount(table=table, **dict(zip(body["columns"], row, strict=True))) for row in body["counts"]])
    VoicesPage.objects.get_or_create(pk=1, defaults={"is_open": body["open"]})  # from then on it is told by itself
    LayerVersion.raise_for(LAYER)


def page_turned(body: dict) -> None:
    """The office has opened the page, or closed it: taken in by the public zone."""
    VoicesPage.objects.update_or_create(pk=1, defaults={"is_open": bool(body["open"])})
    LayerVersion.raise_for(LAYER)


def register_kinds() -> None:
    register(Kind(TURNED, "民情公开页的开关", OFFICE, page_turned), Kind(TOLD, "民情公开统计表", OFFICE, table_told, fill_table))
