"""The list of codes: which, one page of them, and what was searched for but has no code yet."""

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet

from apps.accounts.models import User
from apps.record.codes import read_signed
from apps.territory.addressing import search_key
from apps.territory.models import Doorplate, PlateCode
from apps.territory.plates import in_scope

PAGE = 50
DOORS_SHOWN = 5
MATCHES = 2_000  # doors that a search goes through; a list nobody reads further needs no more
SHAPES = tuple(f"{area}__{shape}" for area in ("town", "village") for shape in ("geom", "geom_3857"))


def narrowed(filters: dict, user: User) -> QuerySet[PlateCode]:
    codes = PlateCode.objects.visible_to(user)
    for name in ("status", "town", "batch"):
        if value := filters.get(name):
            codes = codes.filter(**{name: value})
    if printed := filters.get("printed"):
        codes = codes.filter(printed_at__isnull=printed == "no")
    return _matching(codes, filters["q"].strip()) if (filters.get("q") or "").strip() else codes


def _matching(codes: QuerySet[PlateCode], text: str) -> QuerySet[PlateCode]:
    """By code, by number of the doorplate, by address, by the words of a house without one: the first that finds something."""
    if code := read_signed(text):
        return codes.filter(code=code)
    ways = [codes.filter(doorplate__code=text)]
    if key := search_key(text):
        ways += [
            codes.filter(doorplate__in=Doorplate.objects.filter(**{f"address_key__{how}": key}).values("pk")[:MATCHES]) for how in ("startswith", "contains")
        ]
    for found in ways:
        if found.exists():
            return found
    return codes.filter(words__contains=text)


def page_of(codes: QuerySet[PlateCode], number: str | None) -> Page:
    """One page, newest first; far pages first find their ids, then read only their rows."""
    page = Paginator(codes.order_by("-pk").values_list("pk", flat=True), PAGE).get_page(number)
    rows = PlateCode.objects.select_related("doorplate", "town", "village").defer(*SHAPES).in_bulk(list(page.object_list))
    page.object_list = [rows[pk] for pk in page.object_list]
    return page


def doors_without_code(text: str, user: User) -> list[Doorplate]:
    """Doors that a search names and that have no code in use: one may be registered for them."""
    if not text or read_signed(text):
        return []
    named = Doorplate.objects.active().filter(code=text) or Doorplate.objects.at_address(text).doorplates
    found = Doorplate.objects.filter(in_scope(user), pk__in=[door.pk for door in named]).exclude(codes__status="active")
    return list(found.order_by("code")[:DOORS_SHOWN])
