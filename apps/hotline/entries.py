"""A row of a table as an entry: what is to be read in memory and not kept (`RawRow`), and the plain facts that are kept as they are.

Problems name row, field and reason, never what the row says.
"""

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from apps.hotline import values
from apps.hotline.columns import FIELDS
from apps.hotline.reading import RawRow
from apps.hotline.values import Unreadable
from gis_data.streams import MOST_COLUMNS, UNREADABLE

LONGEST = {"title": 400, "text": 20_000, "unit_words": 200, "address": 400, "town": 60, "village": 60, "channel": 40}
WRITTEN_DOWN = re.compile(r"电话|来电|热线|走访|上门|接待|来访|窗口|来信|信函|书信|联络站|会议|座谈|代|站|phone|call|visit|letter", re.I)
BY_HAND = re.compile(r"网|微信|小程序|app|邮件|邮箱|短信|扫码|公众号|留言板|自助|线上|web|online|email", re.I)


@dataclass(frozen=True, eq=False, repr=False)
class Entry:
    """One row. told: columns of `Record` that the row gives (received_at, timed, state …); what it does not say is absent."""

    row: int
    raw: RawRow
    told: dict[str, Any] = field(default_factory=dict)

    @property
    def has_words(self) -> bool:
        return bool(self.raw.text or self.raw.title)


@dataclass(frozen=True)
class Problem:
    """refused: the whole row is left out."""

    row: int
    field: str
    reason: str
    refused: bool = True


@dataclass(frozen=True, eq=False)
class Layout:
    """How the rows of one table are read, from its first on. columns: field -> places of its columns; seal: turns words into a number that
    leads nowhere back, for sources whose records have none; met: how often each number has come so far; width: how many columns there are."""

    columns: dict[str, list[int]]
    states: Mapping[str, str]
    zone: dt.tzinfo
    now: dt.datetime
    seal: Callable[[str], str]
    channel: str = ""
    numbered: bool = True
    width: int = MOST_COLUMNS
    met: Counter[int] = field(default_factory=Counter)  # by hash: a table may have a million

    @staticmethod
    def columns_of(headings: Sequence[str], mapping: Mapping[str, str]) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for place, heading in enumerate(headings):
            if (name := mapping.get(heading, "")) in FIELDS:
                found.setdefault(name, []).append(place)
        return found


def entries(rows: Iterable[tuple[int, Sequence[Any]]], layout: Layout) -> Iterator[tuple[Entry | None, list[Problem]]]:
    """For each row its entry, or None where it is refused, and what could not be read of it."""
    for row, cells in rows:
        problems: list[Problem] = []
        if len(cells) > layout.width:  # what stands in which column nobody knows
            yield None, [Problem(row, "", "比表头多出几格，各列对不上：多半是内容里有分隔符，却没有加引号")]
            continue
        try:
            yield _entry(row, cells, layout, problems), problems
        except Unreadable as refusal:
            yield None, [*problems, Problem(row, _label(refusal), str(refusal.args[0]))]


def _entry(row: int, cells: Sequence[Any], layout: Layout, problems: list[Problem]) -> Entry:
    def cell(name: str) -> Any:
        found = (cells[place] for place in layout.columns.get(name, ()))
        return next((value for value in found if value not in (None, "")), None)

    def text(name: str) -> str:
        """Cut long before it is stored: a number cut in two would not be known for one."""
        found = (values.words(cells[place]) for place in layout.columns.get(name, ()))
        return "\n".join(dict.fromkeys(part for part in found if part))[: LONGEST.get(name, 200)]

    def read(name: str, reader: Callable[[Any], Any], *, must: bool = False) -> Any:
        try:
            return reader(cell(name))
        except Unreadable as refusal:
            if must:
                raise Unreadable(str(refusal), FIELDS[name].label) from None
            problems.append(Problem(row, FIELDS[name].label, str(refusal), refused=False))
            return None

    received = read("received_at", lambda value: values.moment(value, layout.zone), must=True)
    if received and received[0] > layout.now + dt.timedelta(days=1):
        raise Unreadable("受理时间在将来", FIELDS["received_at"].label)
    told = _told(read, layout, text("channel"), received)
    title, body = text("title"), text("text")
    if UNREADABLE in title + body:
        problems.append(Problem(row, FIELDS["text"].label, "有读不出的字，文件里的编码坏了", refused=False))
    number = read("number", lambda value: values.number(value, received[0].year if received else None), must=True)
    if number:
        layout.met[hash(number)] += 1
        if layout.met[hash(number)] > 1:
            problems.append(Problem(row, FIELDS["number"].label, "同一工单号前面已经有一行，以这一行为准", refused=False))
    elif layout.numbered or not (title or body):
        raise Unreadable("没有工单号" if layout.numbered else "没有内容", FIELDS["number" if layout.numbered else "text"].label)
    else:
        number = _numbered(layout, received, title, body)
    raw = RawRow(
        number=number, title=title, text=body, received_at=received[0] if received else None, unit_words=text("unit_words"),
        address=" ".join(text("address").split()), town_words=text("town"), village_words=text("village"),
        lon=read("lon", lambda value: values.degrees(value, 73, 136)), lat=read("lat", lambda value: values.degrees(value, 3, 54)),
        category_words=tuple(part for place in layout.columns.get("category", ()) if (part := values.words(cells[place])[:40])),
        private=tuple(part for place in layout.columns.get("private", ()) if (part := values.words(cells[place])[:200])),
    )  # fmt: skip
    return Entry(row, raw, told)


def _told(read: Callable[..., Any], layout: Layout, channel: str, received: tuple[dt.datetime, bool] | None) -> dict[str, Any]:
    due = read("due_on", lambda value: values.moment(value, layout.zone))
    answered = read("answered_at", lambda value: values.moment(value, layout.zone))
    facts: dict[str, Any] = {
        "state": read("state", lambda value: values.state(value, layout.states)),
        "due_on": due[0].astimezone(layout.zone).date() if due else None,
        "answered_at": answered[0] if answered else None,
        "satisfied": read("satisfied", values.satisfied),
        "elder": next((known for known in (read("elder", values.yes), read("age", values.elder)) if known is not None), None),
        "channel": channel or layout.channel,
        "told_for": read("told_for", values.yes),
    }
    if received:
        facts |= {"received_at": received[0], "timed": received[1]}
    if facts["told_for"] is None and facts["channel"]:
        facts["told_for"] = written_down(facts["channel"])
    if facts["state"] is None and facts["answered_at"]:
        facts["state"] = values.ANSWERED
    return {name: value for name, value in facts.items() if value not in (None, "")}


def written_down(channel: str) -> bool:
    """Whether who speaks over a channel has his words written down by somebody else."""
    return bool(WRITTEN_DOWN.search(channel)) and not BY_HAND.search(channel)


def _numbered(layout: Layout, received: tuple[dt.datetime, bool] | None, title: str, body: str) -> str:
    """The same words of the same day get the same number when the table comes again; told twice in one table they are two."""
    day = received[0].astimezone(layout.zone).date().isoformat() if received else ""
    sealed = layout.seal(f"{day}\n{title}\n{body}")[:20]
    layout.met[hash(sealed)] += 1
    return f"自编{sealed}" if layout.met[hash(sealed)] == 1 else f"自编{sealed}-{layout.met[hash(sealed)]}"


def _label(refusal: Unreadable) -> str:
    return str(refusal.args[1]) if len(refusal.args) > 1 else ""
