"""Verbs of 民情公开: a quarter's table is published once, put right only as a new version, and shown while the office keeps the page open."""

import datetime as dt

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
from apps.insights.suppression import SMALL, Earlier, Protection, protect, proven
from apps.record.messages import OFFICE, Kind, Outgoing, register
from apps.record.notices import Notice
from apps.record.states import MoveRefused
from apps.territory.models import LayerVersion

GRACE = dt.timedelta(days=30)  # what was told at the end of a quarter is sorted and taken in by then
PATIENCE = dt.timedelta(days=90)  # so long is waited for a source that has not delivered up to its end
MOST = 12  # quarters back
LAYER = "voices"
TURNED, TOLD = "voices.page", "voices.table"


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


@transaction.atomic
def publish(quarter: dt.date) -> PublicTable | None:
    """The first version of a quarter's table; None where it is there already."""
    _hold()
    if PublicTable.objects.filter(quarter=quarter).exists():
        return None
    shape = source.shape_of(source.next_quarter(quarter) - dt.timedelta(days=1))
    table = _write(quarter, shape, [], by=None, reason="")
    PublicTableEvent.objects.append(table, "publish", actor_label="系统", hidden=table.hidden)
    offices = User.objects.filter(role=Role.COUNTY_OFFICE, is_active=True)
    Notice.objects.tell(offices, "system", f"{table}已生成", "民情公开页开通后，群众就能看到。", "/insight/voices/", key=f"voices {table.key}")
    return table


@transaction.atomic
def correct(quarter: dt.date, actor: User, reason: str) -> PublicTable:
    """A new version of a published table, counted anew over the same places and categories, with the reason; the versions before stay."""
    if not allowed(actor, Permission.OPEN_PUBLIC_VOICES):
        raise MoveRefused("公开统计表由县人大常委会工委更正。")
    if not reason.strip():
        raise MoveRefused("请写明更正的原因：群众会看到。", "reason")
    _hold()
    before = list(PublicTable.objects.filter(quarter=quarter).order_by("version"))
    if not before:
        raise MoveRefused("这个季度还没有公布，不用更正。")
    shape = shape_of_table(before[-1])
    earlier = [Earlier(*_held(table)) for table in before]
    table = _write(quarter, shape, earlier, by=actor, reason=reason.strip()[:300])
    PublicTableEvent.objects.append(table, "correct", actor=actor, note=table.reason, hidden=table.hidden)
    return table


@transaction.atomic
def turn_page(actor: User, *, on: bool, reason: str = "") -> VoicesPage:
    """Show the public page, or hide it with all that is on it."""
    if not allowed(actor, Permission.OPEN_PUBLIC_VOICES):
        raise MoveRefused("民情公开页由县人大常委会工委开通或关闭。")
    page = _hold()
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


def _hold() -> VoicesPage:
    """One at a time: the page's row, locked."""
    VoicesPage.objects.get_or_create(pk=1)
    return VoicesPage.objects.select_for_update().get(pk=1)


def _held(table: PublicTable) -> tuple:
    hidden = np.array([count is None for count in table.counts.order_by("order").values_list("count", flat=True)])
    return np.array(table.behind, np.int64), hidden


def _write(quarter: dt.date, shape: Shape, earlier: list[Earlier], *, by: User | None, reason: str) -> PublicTable:
    counts = shape.count(source.voices_of(quarter))
    if earlier and (counts == earlier[-1].counts).all():
        raise MoveRefused("重新统计的结果和已公布的一样，不用更正。")
    found = _protected(shape, counts, earlier, f"{quarter} {len(earlier) + 1}")
    PublicTable.objects.filter(quarter=quarter, is_current=True).update(is_current=False)
    first = source.first_day() or quarter
    table = PublicTable.objects.create(
        quarter=quarter, version=len(earlier) + 1, by=by, reason=reason, since=max(first, quarter), reach=source.reach_of(shape), threshold=SMALL,
        cells=len(shape.cells), hidden=int(found.hidden.sum()), behind=counts.tolist(), clumping=source.clumping_of(quarter),
    )  # fmt: skip
    shown = [None if hidden else int(count) for count, hidden in zip(counts, found.hidden, strict=True)]
    PublicCount.objects.bulk_create([_row(table, order, cell, count) for order, (cell, count) in enumerate(zip(shape.cells, shown, strict=True))])
    LayerVersion.raise_for(LAYER)
    Outgoing.objects.post(TOLD, LAYER, {"table": table.pk})
    return table


def _protected(shape: Shape, counts, earlier: list[Earlier], salt: str) -> Protection:
    """What is not shown. Costs are shaken by a seed that nobody outside can know. AssertionError: nothing is published without its proof."""
    seed = int.from_bytes(salted_hmac("insights.public", salt, secret=settings.SECRET_KEY).digest()[:8])
    table = shape.table(counts)
    found = protect(table, earlier, seed)
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
