"""What the drafting page has chosen: topics and deputies by filters, less those that were unticked one by one.

A list shows a page at a time. What is ticked on it arrives with the form, what was unticked on other pages in `…_left`, so that
nothing chosen is lost between pages, with scripts or without.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone

from apps.deputies.models import Deputy, Mandate
from apps.supervision.models import AssignmentRun, TeamMember
from apps.supervision.topics import Topic
from apps.territory.models import Term

ROWS_A_PAGE = 40
LONGEST = 40  # characters of a filter


@dataclass(frozen=True)
class Choice:
    """One of the two lists as the form has it. asked: the filters as typed; rows: all that they let through; left: ids unticked."""

    name: str
    asked: dict[str, str]
    rows: QuerySet
    left: frozenset[int]
    number: str

    @property
    def chosen(self) -> QuerySet:
        """The rows that are ticked."""
        return self.rows.exclude(pk__in=self.left) if self.left else self.rows

    def ids(self) -> list[int]:
        return list(self.chosen.order_by("pk").values_list("pk", flat=True))

    def page(self) -> Page:
        """The page to be shown, each row with `ticked`."""
        page = Paginator(self.rows, ROWS_A_PAGE).get_page(self.number)
        for row in page:
            row.ticked = row.pk not in self.left
        return page

    @property
    def left_text(self) -> str:
        return ",".join(map(str, sorted(self.left)))


def topics_of(form: QueryDict, on: dt.date) -> Choice:
    asked = _asked(form, "topics", ("town", "field", "q"))
    kinds = [kind for kind in form.getlist("topics_kind") if kind in Topic.Kind.values]
    asked["kind"] = ",".join(kinds)
    rows = Topic.objects.current(on.year)
    rows = rows.filter(kind__in=kinds) if kinds else rows
    rows = rows.in_town(asked["town"]) if asked["town"].isdigit() else rows
    rows = rows.of_field(asked["field"]) if asked["field"] else rows
    rows = rows.named(asked["q"]) if asked["q"] else rows
    return _choice(form, "topics", asked, rows.with_facts().by_code())


def eligible(on: dt.date) -> QuerySet[Deputy]:
    """The county's deputies on that day."""
    seats = Mandate.objects.in_force(on).filter(term__level=Term.Level.COUNTY)
    return Deputy.objects.filter(pk__in=seats.values("deputy"))


def candidates(run: AssignmentRun) -> QuerySet[Deputy]:
    """Whom a draft may ask: those chosen for it, else all who may; and those who are in it."""
    inside = Q(pk__in=TeamMember.objects.filter(team__run=run).values("deputy"))
    if run.asked_deputies is not None:
        return Deputy.objects.filter(inside | Q(pk__in=run.asked_deputies))
    rest = Q(pk__in=eligible(timezone.localdate()).values("pk"))
    return Deputy.objects.filter(inside | (rest if run.rules.get("county_leaders") else rest & Q(county_leader=False)))


def deputies_of(form: QueryDict, on: dt.date) -> Choice:
    asked = _asked(form, "deputies", ("town", "field", "group", "q", "leaders"))
    rows = eligible(on)
    rows = rows if asked["leaders"] else rows.filter(county_leader=False)
    rows = rows.filter(residence_village__code__startswith=asked["town"][:9]) if asked["town"].isdigit() else rows
    rows = rows.filter(fields__code=asked["field"]).distinct() if asked["field"] else rows
    rows = rows.filter(group=int(asked["group"])) if asked["group"].isdigit() and len(asked["group"]) < 10 else rows
    rows = rows.filter(Q(name__icontains=asked["q"]) | Q(code__icontains=asked["q"]) | Q(organisation__name__icontains=asked["q"])) if asked["q"] else rows
    return _choice(form, "deputies", asked, rows.select_related("organisation", "residence_village").prefetch_related("fields").order_by("code"))


def _asked(form: QueryDict, name: str, filters: tuple[str, ...]) -> dict[str, str]:
    return {each: form.get(f"{name}_{each}", "").replace("\x00", "").strip()[:LONGEST] for each in filters}


def _choice(form: QueryDict, name: str, asked: dict[str, Any], rows: QuerySet) -> Choice:
    shown, ticked = _ids(form.getlist(f"{name}_shown")), _ids(form.getlist(f"{name}_ticked"))
    left = (_ids(form.get(f"{name}_left", "").split(",")) - shown) | (shown - ticked)
    every = form.get(f"{name}_every", "")
    if every == "all":
        left = left - set(rows.values_list("pk", flat=True))
    elif every == "none":
        left = left | set(rows.values_list("pk", flat=True))
    return Choice(name, asked, rows, frozenset(left), form.get(f"{name}_page", "1"))


def _ids(texts: list[str]) -> set[int]:
    return {int(text) for text in texts if text.isdecimal() and len(text) < 18}
