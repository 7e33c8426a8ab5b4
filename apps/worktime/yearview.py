"""A year on a page: twelve months of weeks, each day with what it is."""

import calendar
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

Said = tuple[bool, str]


@dataclass(frozen=True)
class Cell:
    """A day. kind: holiday, makeup, weekend or plain; said: its words for who cannot see colours."""

    day: dt.date
    kind: str
    name: str
    today: bool

    @property
    def mark(self) -> str:
        return {"holiday": "休", "makeup": "班"}.get(self.kind, "")

    @property
    def words(self) -> str:
        kind = {"holiday": "放假", "makeup": "调休上班", "weekend": "周末", "plain": "上班"}[self.kind]
        return f"{self.day.month}月{self.day.day}日，{kind}{'，' + self.name if self.name else ''}"


@dataclass(frozen=True)
class Month:
    number: int
    weeks: list[list[Cell | None]]
    working: int


def months(year: int, days: Mapping[dt.date, Said], today: dt.date) -> list[Month]:
    """Weeks begin on Monday; None where a week reaches out of its month."""

    def cell(day: dt.date) -> Cell:
        worked, name = days.get(day, (day.weekday() < 5, ""))
        kind = ("makeup" if worked else "holiday") if day in days else "plain" if worked else "weekend"
        return Cell(day, kind, name, day == today)

    found = []
    for number in range(1, 13):
        weeks = [[cell(day) if day.month == number else None for day in week] for week in calendar.Calendar().monthdatescalendar(year, number)]
        found.append(Month(number, weeks, sum(cell.kind in ("plain", "makeup") for week in weeks for cell in week if cell)))
    return found
