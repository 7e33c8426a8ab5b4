"""What a leader asks of the map: where, since when, about what. Read from the address, so that a view can be passed on."""

import datetime as dt
from dataclasses import dataclass

from django.http import QueryDict
from django.urls import reverse

from apps.cases.models import Category

PERIODS = {"30": "近 30 天", "90": "近 90 天", "365": "近一年", "730": "近两年"}


@dataclass(frozen=True)
class Question:
    """`first` and `last` are both inside the period; the period before has the same length."""

    by: str
    level: str
    measure: str
    compare: bool
    period: str
    first: dt.date
    last: dt.date
    categories: tuple[str, ...]

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def before(self) -> tuple[dt.date, dt.date]:
        return self.first - dt.timedelta(days=self.days), self.first - dt.timedelta(days=1)

    def cases_url(self, **more: str) -> str:
        """The work list of the cases behind a number: same period, same categories."""
        query = QueryDict(mutable=True)
        query.update({"state": "all", "since": self.first.isoformat(), "until": self.last.isoformat()})
        query.setlist("category", list(self.categories))
        for name, value in more.items():
            query[name] = value
        return f"{reverse('case_list')}?{query.urlencode()}"

    @property
    def period_label(self) -> str:
        return f"{self.first:%Y年%-m月%-d日}—{self.last:%Y年%-m月%-d日}"


def read_question(query: QueryDict, today: dt.date) -> Question:
    """The question in the address; what cannot be meant falls back to the default, never to an error page."""

    def one_of(name: str, *choices: str) -> str:
        value = query.get(name, choices[0])
        return value if value in choices else choices[0]

    period = one_of("period", "365", *PERIODS)
    known = set(Category.objects.values_list("code", flat=True))
    return Question(
        by=one_of("by", "region", "cell"),
        level=one_of("level", "town", "village"),
        measure=one_of("measure", "per_1000", "count"),
        compare=query.get("compare") in ("1", "on", "true"),
        period=period,
        first=today - dt.timedelta(days=int(period) - 1),
        last=today,
        categories=tuple(code for code in query.getlist("category") if code in known),
    )
