"""Which projects a list, its sums, its map and its export are about: one set of filters, kept in the address."""

import datetime as dt
from collections.abc import Mapping

from django.db import models
from django.db.models import F, QuerySet
from django.db.models.expressions import RawSQL

from apps.projects.models import KeyProject

FILTERS = ("town", "field", "tone", "level", "kind", "stage", "unit", "q", "sort")
TONES = (("late", "落后 10 点以上"), ("due", "略慢"), ("good", "按计划"))
ORDERS = {
    "": (F("state_now__lag_points").desc(nulls_last=True), "code"),
    "investment": (F("investment_total").desc(nulls_last=True), "code"),
    "ends": ("ends", "code"),
    "code": ("code",),
}
SHAPES = ("geom", "geom_3857", "town__geom", "town__geom_3857")


def asked(query: Mapping[str, str]) -> dict[str, str]:
    """What of the address is a filter."""
    return {name: query.get(name, "").strip().replace("\x00", "")[:80] for name in FILTERS}


def narrowed(wanted: Mapping[str, str]) -> QuerySet[KeyProject]:
    rows = KeyProject.objects.all()
    if wanted["town"].isascii() and wanted["town"].isdigit():
        rows = rows.filter(town__code=wanted["town"])
    for name, column in (("field", "field__code"), ("level", "level"), ("kind", "kind"), ("unit", "responsible__code")):
        if wanted[name]:
            rows = rows.filter(**{column: wanted[name]})
    if wanted["q"]:
        rows = rows.filter(models.Q(name__icontains=wanted["q"]) | models.Q(code__iexact=wanted["q"]))
    if wanted["tone"] in dict(TONES):
        rows = rows.filter(state_now__tone=wanted["tone"])
    if wanted["stage"] in KeyProject.Stage.values:
        rows = rows.filter(state_now__stage=wanted["stage"])
    return rows


def described(rows: QuerySet[KeyProject], on: dt.date) -> QuerySet[KeyProject]:
    """With all that a list or a table says of each."""
    return _told(rows.with_progress(on).with_money(on), on)


def as_kept(rows: QuerySet[KeyProject], on: dt.date) -> QuerySet[KeyProject]:
    """The same for tables of any length: from what is kept of each, as sums, filters and the map are; only the month's money and words are read
    from its reports."""
    month = RawSQL("(SELECT m.invested_month FROM projects_money(projects_keyproject.id, %s) m)", (on,), output_field=models.DecimalField(max_digits=14, decimal_places=2))
    kept = {name: F(f"state_now__{name}") for name in ("money_month", "invested", "invested_year")}
    return _told(rows.as_they_stand().annotate(**kept, invested_month=month), on)


def _told(rows: QuerySet[KeyProject], on: dt.date) -> QuerySet[KeyProject]:
    newest = "(SELECT w.{} FROM projects_projectreport w WHERE w.project_id = projects_keyproject.id AND w.month <= %s AND {} <> '' ORDER BY w.month DESC LIMIT 1)"
    return rows.annotate(
        words=RawSQL(newest.format("text", "w.text"), (on,), output_field=models.CharField()),
        # Of the last report in words: what it does not name any more is no problem now.
        problems=RawSQL(newest.format("problems", "w.text || w.problems"), (on,), output_field=models.CharField()),
    ).select_related("town", "field", "responsible").defer(*SHAPES)  # fmt: skip
