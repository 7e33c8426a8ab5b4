"""The period that figures are of: a month, quarter, half-year, year or term, or any two days. No Django here."""

import datetime as dt
from dataclasses import dataclass

MONTHS = {"month": 1, "quarter": 3, "half": 6, "year": 12}
KINDS = {"month": "月", "quarter": "季度", "half": "半年", "year": "年", "term": "本届", "days": "自选日期"}


@dataclass(frozen=True)
class Period:
    """Both days included. `label` as people say it; `before` and `after`: a day in the neighbouring period of the same kind."""

    kind: str
    first: dt.date
    last: dt.date
    label: str

    @property
    def before(self) -> dt.date | None:
        return self.first - dt.timedelta(days=1) if self.kind in MONTHS else None

    @property
    def after(self) -> dt.date | None:
        return self.last + dt.timedelta(days=1) if self.kind in MONTHS else None


def around(kind: str, day: dt.date) -> Period:
    """The month, quarter, half-year or year that a day lies in."""
    months = MONTHS[kind]
    number = (day.month - 1) // months
    first = dt.date(day.year, number * months + 1, 1)
    end = dt.date(day.year + (number + 1) * months // 12, (number + 1) * months % 12 + 1, 1)
    part = {"month": f"{day.month}月", "quarter": f"第{'一二三四'[number % 4]}季度", "half": "上半年" if number == 0 else "下半年", "year": ""}[kind]
    return Period(kind, first, end - dt.timedelta(days=1), f"{day.year}年{part}")


def between(first: dt.date, last: dt.date, kind: str = "days") -> Period:
    """Any two days, in whichever order they were typed."""
    first, last = sorted((first, last))
    label = f"{first.year}年{first.month}月{first.day}日至{last.year}年{last.month}月{last.day}日"
    return Period(kind, first, last, f"本届（{label}）" if kind == "term" else label)
