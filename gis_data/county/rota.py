"""The stations' rota: on every working day of this month, the last and the next somebody answers and two can take over."""

import datetime as dt

import pandas as pd

from gis_data.county.deputies import Person
from gis_data.county.plan import Plan
from gis_data.county.stations import Station

A_DAY = 3
ABSENT = 0.06


def rows(plan: Plan, stations: list[Station], people: list[Person]) -> pd.DataFrame:
    """The layer `rota`. A deputy answers for a week; on the station's days for receiving residents and on weekdays alike."""
    rng = plan.rng("rota")
    months = _months(plan.today)
    turns = []
    in_office = sorted((p for p in people if any(not m.ended_on and m.term.starts <= plan.today for m in p.mandates)), key=lambda p: p.code)
    serving, leaders = {p.code: p.station for p in in_office}, [p.code for p in in_office if p.leader]
    for station in stations:
        members = [code for code, at in serving.items() if at == station.code] or leaders  # a station of nobody's own is served by the groups' leaders
        if not members:
            continue
        begin = int(rng.integers(len(members)))
        for day in (months[0] + dt.timedelta(days=step) for step in range((months[-1] - months[0]).days)):
            if day.weekday() > 4:
                continue
            week = (day.toordinal() - 1) // 7
            away = bool(rng.random() < ABSENT)
            for order in range(min(A_DAY, len(members))):
                deputy = members[(begin + week + order) % len(members)]
                turns.append((station.code, day.isoformat(), order + 1, deputy, away and order == 0))
    return pd.DataFrame(turns, columns=["station", "day", "order", "deputy", "absent"])


def _months(today: dt.date) -> list[dt.date]:
    """The first days of last month, this one, the next, and the one after, where the rota ends."""
    firsts = [today.replace(day=1)]
    for _ in range(2):
        firsts.append((firsts[-1] + dt.timedelta(days=32)).replace(day=1))
    return [(firsts[0] - dt.timedelta(days=1)).replace(day=1), *firsts]
