"""The sheet on which an office writes a station's month: one row a day, in it who answers and who takes over."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from django.db.models import Q
from django.utils import timezone

from apps.deputies.models import Deputy, Mandate, Station
from apps.deputies.rota import DutyTurn, Rota
from apps.deputies.rotation import MOST, Rule, filled, following, month_days
from apps.deputies.workflow import Turn
from apps.worktime.models import CalendarDay

GUESTS = 40


@dataclass
class Cell:
    """One place in a row: whose turn, and whether he cannot come. `code` is what was chosen, known or not."""

    name: str
    label: str
    code: str = ""
    absent: bool = False


@dataclass
class Row:
    """One day. A day that has passed is shown and not written."""

    day: dt.date
    working: bool
    reception: bool
    past: bool
    cells: list[Cell]
    note: str = ""
    error: str = ""
    stored: str = ""


@dataclass
class Sheet:
    """A month of one station as it is on the screen, saved or not."""

    station: Station
    month: dt.date
    rota: Rota | None
    rule: Rule
    rows: list[Row]
    members: list[Deputy]
    guests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    _in_office: dict[int, list[tuple[dt.date, dt.date]]] = field(default_factory=dict)

    @classmethod
    def open(cls, station: Station, month: dt.date) -> "Sheet":
        """As it is stored; in six queries at most."""
        rota = Rota.objects.of(station, month).first()
        rule = Rule.read(rota.rule) if rota and rota.rule else _last_rule(station, month)
        days = month_days(month)
        turns = list(DutyTurn.objects.filter(rota=rota).select_related("deputy").order_by("day", "order")) if rota else []
        members = list(Deputy.objects.filter(station=station).order_by("code"))
        in_office = _in_office({deputy.pk for deputy in members} | {turn.deputy_id for turn in turns}, days[0], days[-1])
        members = [deputy for deputy in members if in_office.get(deputy.pk)]
        members += sorted({turn.deputy for turn in turns} - set(members), key=lambda deputy: deputy.code)  # guests from other stations
        special = {row.date: row for row in CalendarDay.objects.filter(date__range=(days[0], days[-1]))}
        places = max([MOST, *(turn.order for turn in turns)])
        rows = [_row(station, day, special.get(day), places) for day in days]
        sheet = cls(station, days[0], rota, rule, rows, members, _in_office=in_office)
        for turn in turns:
            cell = rows[turn.day.day - 1].cells[turn.order - 1]
            cell.code, cell.absent = turn.deputy.code, turn.absent
        return sheet

    @property
    def version(self) -> int:
        return self.rota.version if self.rota else 0

    @property
    def writable(self) -> bool:
        return any(not row.past for row in self.rows)

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Code and name; two of the same name are told apart by their codes."""
        names = [deputy.name for deputy in self.members]
        return [(deputy.code, f"{deputy.name}（{deputy.code}）" if names.count(deputy.name) > 1 else deputy.name) for deputy in self.members]

    @property
    def cells_filled(self) -> list[tuple[str, str]]:
        """What can be swapped: each chosen cell of the days to come, by name and in words."""
        names = dict(self.choices)
        return [
            (cell.name, f"{row.day.month}月{row.day.day}日 {cell.label} {names.get(cell.code, cell.code)}")
            for row in self.rows if not row.past for cell in row.cells if cell.code
        ]  # fmt: skip

    def write(self, posted: Mapping[str, str], guests: Sequence[str] = ()) -> None:
        """Take over what was typed, right or wrong. guests: codes of deputies of other stations who were asked before."""
        self.rule = Rule.read(posted)
        self._welcome(Deputy.objects.filter(code__in=[code[:30] for code in guests[:GUESTS]]).order_by("code"))
        for row in self.rows:
            if not row.past:
                for cell in row.cells:
                    cell.code, cell.absent = posted.get(cell.name, "").strip()[:30], posted.get(f"{cell.name}-absent") == "on"

    def invite(self, typed: str) -> str:
        """A deputy of another station, by code or by a name that only one has; the message for the screen when there is none such."""
        serving = Deputy.objects.serving_on(max(self.month, timezone.localdate()))
        found = list(serving.filter(Q(code__iexact=typed) | Q(name=typed)).order_by("code")[:2]) if typed else []
        if len(found) != 1:
            return f"在任代表里有不止一位“{typed}”，请写代表编号。" if found else f"在任代表里没有“{typed}”，请核对姓名或代表编号。" if typed else "请写外站代表的姓名或代表编号。"
        self._welcome(found)
        return ""

    def _welcome(self, deputies: Iterable[Deputy]) -> None:
        new = [deputy for deputy in deputies if deputy not in self.members]
        self.members += new
        self.guests += [deputy.code for deputy in new]
        self._in_office |= _in_office({deputy.pk for deputy in new}, self.rows[0].day, self.rows[-1].day) if new else {}

    def compare(self, stored: "Sheet") -> None:
        """Say at each day that differs what is stored now."""
        names = dict(stored.choices) | dict(self.choices)
        for row, now in zip(self.rows, stored.rows, strict=True):
            if [(cell.code, cell.absent) for cell in row.cells if cell.code] != [(cell.code, cell.absent) for cell in now.cells if cell.code]:
                words = "、".join(f"{names[cell.code]}{'（请假）' if cell.absent else ''}" for cell in now.cells if cell.code)
                row.stored = f"现在排的是：{words or '无人'}"

    def fill(self, begin: str, over: bool) -> int:
        """Fill the days of the rule that are empty (`over`: all of them), going on from `begin` or after whoever answered last. How many."""
        wanted = [
            row for row in self.rows
            if not row.past and (over or not any(cell.code for cell in row.cells))
            and {"reception": row.reception, "working": row.working, "daily": True}[self.rule.days]
        ]  # fmt: skip
        codes = [deputy.code for deputy in self.members]
        start = codes.index(begin) if begin in codes else following(self.members, self._last_before(wanted[0].day) if wanted else None)
        turns = filled([row.day for row in wanted], self.members, self.rule, start, lambda deputy, day: not self.serves(deputy, day))
        for row in wanted:
            for cell, deputy in zip_longest(row.cells, turns[row.day]):
                cell.code, cell.absent = deputy.code if deputy else "", False
        return len(wanted)

    def _last_before(self, day: dt.date) -> Deputy | None:
        by_code = {deputy.code: deputy for deputy in self.members}
        for row in reversed(self.rows[: day.day - 1]):
            if row.cells[0].code in by_code:
                return by_code[row.cells[0].code]
        turn = DutyTurn.objects.filter(rota__station=self.station, day__lt=day, order=1).select_related("deputy").order_by("-day").first()
        return turn.deputy if turn else None

    def swap(self, first: str, second: str) -> str:
        """Two cells change places; the message for the screen when they cannot."""
        cells = {cell.name: cell for row in self.rows if not row.past for cell in row.cells if cell.code}
        if first not in cells or second not in cells or first == second:
            return "请选择两个不同的班次，再对调。"
        one, other = cells[first], cells[second]
        (one.code, one.absent), (other.code, other.absent) = (other.code, False), (one.code, False)
        return ""

    def serves(self, deputy: Deputy, day: dt.date) -> bool:
        return any(begin <= day < end for begin, end in self._in_office.get(deputy.pk, ()))

    def turns(self) -> dict[dt.date, list[Turn]]:
        """What the sheet says about the days to come; `errors` and the rows' errors say what is wrong with it."""
        by_code = {deputy.code: deputy for deputy in self.members}
        table: dict[dt.date, list[Turn]] = {}
        for row in self.rows:
            if row.past:
                continue
            chosen = [(by_code.get(cell.code), cell) for cell in row.cells if cell.code]
            row.error = self._wrong_with(row.day, chosen)
            if row.error:
                self.errors.append(f"{row.day.month}月{row.day.day}日：{row.error}")
            table[row.day] = [Turn(deputy, cell.absent) for deputy, cell in chosen if deputy]
        return table

    def _wrong_with(self, day: dt.date, chosen: list[tuple[Deputy | None, Cell]]) -> str:
        if any(deputy is None for deputy, _ in chosen):
            return "有一位代表不在本站名单里，请重新选择。"
        deputies = [deputy for deputy, _ in chosen if deputy]
        if len(set(deputies)) < len(deputies):
            return "同一位代表排了两次，请改选另一位。"
        ended = [deputy.name for deputy in deputies if not self.serves(deputy, day)]
        return f"{'、'.join(ended)}当天不在任，请改选。" if ended else ""


def _row(station: Station, day: dt.date, special: CalendarDay | None, places: int) -> Row:
    labels = ("受理", *(f"接替{'一二三四五六七八'[k]}" for k in range(places - 1)))
    cells = [Cell(f"t{day:%d}-{order}", label) for order, label in enumerate(labels, start=1)]
    working = special.working if special else day.weekday() < 5
    return Row(day, working, station.receives_on(day), day < timezone.localdate(), cells, special.name if special else "")


def _last_rule(station: Station, month: dt.date) -> Rule:
    last = Rota.objects.filter(station=station, month__lt=month).exclude(rule={}).order_by("-month").first()
    return Rule.read(last.rule if last else {})


def _in_office(ids: set[int], first: dt.date, last: dt.date) -> dict[int, list[tuple[dt.date, dt.date]]]:
    """For each deputy the spans [from, to) in which he holds a mandate, as far as they touch the days from first to last."""
    spans: dict[int, list[tuple[dt.date, dt.date]]] = {}
    mandates = Mandate.objects.published().filter(deputy__in=ids, term__starts__lte=last, term__ends__gt=first)
    for deputy, starts, ends, ended in mandates.values_list("deputy", "term__starts", "term__ends", "ended_on"):
        end = min(ends, ended) if ended else ends
        if end > first:
            spans.setdefault(deputy, []).append((starts, end))
    return spans
