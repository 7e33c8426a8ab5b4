"""How each case was handled: who took it, where it was passed, when it was answered and how it was rated."""

import datetime as dt

import numpy as np
import pandas as pd
import shapely

from gis_data.county.areas import Land
from gis_data.county.cases import ZONE, Told
from gis_data.county.content import material
from gis_data.county.deputies import Person
from gis_data.county.districts import District
from gis_data.county.doorplates import Doors, address
from gis_data.county.organisations import Organisations
from gis_data.county.plan import Plan
from gis_data.county.texts import Writer

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # follow codes: no look-alikes, the last character checks the rest
CHANNELS = ("scan", "web", "station", "visit", "letter", "phone")
CHANNEL_SHARE = (0.31, 0.07, 0.34, 0.21, 0.03, 0.04)
HILL_CHANNEL_SHARE = (0.16, 0.03, 0.45, 0.29, 0.04, 0.03)  # the old have no phones: they tell it at the station, or to the deputy who calls
LEVELS = ("deputy", "town", "county")
LEVEL_SHARE = (0.4, 0.27, 0.33)
IDLE = 0.18  # of the deputies take no case in two years
LATE = 0.15  # of the cases of the last months are left open here; those whose days are over are then seen to, but for some
LIMIT = 5  # working days that whoever has a case usually has
OVERDUE = 0.13  # of those left open for longer stay so: about one in six of all open ones
HANDED_ON = 0.6  # of the others have been given to somebody else in the last days, and run anew
WAITING = 0.02  # wait for the resident to say more
STALE_DAYS = 130  # nothing lies longer than that: somebody takes it over
SAY_MORE = "您好，从您的留言里看不出是什么事、在哪里。请重新反映一次，写明地点和情况，我们马上联系。"  # to a text that says nothing
UNRATED = 0.44
POOR_ANSWER = 0.06
RATING_SHARE, POOR_RATING_SHARE = (0.64, 0.27, 0.09), (0.08, 0.27, 0.65)
NO_PLACE, ROUGH_PLACE = 0.08, 0.12
COLUMNS = ["code", "text", "category", "channel", "place", "submitted_at", "level", "deputy", "passed_at", "unit", "assigned_at", "answered_at", "answer",
           "rated_at", "rating", "follow_code", "lon", "lat"]  # fmt: skip


class _Desk:
    """Knows who serves where and who handles what."""

    def __init__(self, plan: Plan, land: Land, organisations: Organisations, districts: list[District], people: list[Person]) -> None:
        self.plan, self.land, self.organisations = plan, land, organisations
        self.rng = plan.rng("handling")
        self.grids = shapely.STRtree(land.grid_polygon)
        self.districts_of: list[list[str]] = [[] for _ in land.grid_code]
        for district in sorted(districts, key=lambda d: d.congress == plan.code):
            for grid in district.grids:
                self.districts_of[int(grid)].append(district.code)
        energy = self.rng.lognormal(0, 0.9, len(people)) * (self.rng.random(len(people)) > IDLE) + 1e-6
        self.serving: dict[str, list[tuple[Person, float]]] = {}
        for person, weight in zip(people, energy, strict=True):
            for mandate in person.mandates:
                if mandate.district and not mandate.ended_on:
                    self.serving.setdefault(mandate.district, []).append((person, float(weight)))
        self.share: dict[str, float] = material("units")["notes"]["handling_share"]
        self.speed: dict[str, float] = material("units")["notes"]["speed_days_median"]

    def deputy(self, lon: float, lat: float) -> str | None:
        """Who takes a case of this place: a deputy of its districts, the busy ones more often."""
        hit = self.grids.query(shapely.Point(lon, lat), predicate="intersects")
        serving = [pair for code in (self.districts_of[int(min(hit))] if len(hit) else []) for pair in self.serving.get(code, [])]
        if not serving:
            return None
        weight = np.array([w for _, w in serving])
        return serving[int(self.rng.choice(len(serving), p=weight / weight.sum()))][0].code

    def unit(self, category: dict, level: str, town: int) -> str | None:
        """The town's government at town level; at county level one of the category's departments, as often as each gets work."""
        if level == "deputy":
            return None
        units = [code for code in category["units"] if code in self.organisations.by_code] if level == "county" else []
        if not units:
            return self.organisations.township(town)
        chance = np.array([self.share.get(code, 0.04) for code in units])
        return units[int(self.rng.choice(len(units), p=chance / chance.sum()))]

    def times(self, when: dt.datetime, end: dt.datetime, level: str, unit: str | None) -> dict[str, dt.datetime | None]:
        """Passed on, assigned and answered in this order; what would lie after the end has not happened."""
        rng = self.rng
        passed = when + dt.timedelta(days=float(rng.lognormal(np.log(1.6), 0.7)))
        wait = rng.lognormal(np.log(1.2), 0.5) if level == "county" else rng.uniform(0.05, 1.2)
        assigned = passed + dt.timedelta(days=float(wait))
        if level == "deputy":
            answered = passed + dt.timedelta(days=float(rng.lognormal(np.log(1.5), 0.7)))
        else:
            answered = assigned + dt.timedelta(days=float(rng.lognormal(np.log(self.speed.get(unit or "", self.speed["township"])), 0.95)))
        age = (end - when).days
        fresh, late, waiting = rng.random(3)
        open_still = age < STALE_DAYS and (fresh < (0.55 if age < 25 else 0.12 if age < 60 else 0.0) or (age >= 40 and late < LATE) or waiting < WAITING)
        if not open_still and age >= STALE_DAYS:
            answered = min(answered, when + dt.timedelta(days=STALE_DAYS))
            assigned, passed = min(assigned, answered), min(passed, answered)
        times = {"passed_at": None if level == "deputy" else passed, "assigned_at": None if level == "deputy" else assigned,
                 "answered_at": None if open_still else answered}  # fmt: skip
        if open_still and level == "county" and age < 20 and rng.random() < 0.4:
            times["assigned_at"] = None
        return {name: moment if moment is not None and moment < end else None for name, moment in times.items()}

    def rating(self, answered: dt.datetime, end: dt.datetime, poor: bool, rng: np.random.Generator) -> tuple[dt.datetime | None, str | None]:
        rated = answered + dt.timedelta(days=float(rng.uniform(0.2, 7)))
        if rng.random() < UNRATED or rated >= end:
            return None, None
        return rated, str(rng.choice(["satisfied", "fairly", "unsatisfied"], p=POOR_RATING_SHARE if poor else RATING_SHARE))

    def place(self, full: str) -> str | None:
        """The place as told: the address, somewhere near it, or nothing."""
        draw = self.rng.random()
        if draw < NO_PLACE:
            return None
        return full + str(self.rng.choice(material("voices")["style"]["near"])) if draw < NO_PLACE + ROUGH_PLACE else full


def follow_codes(rng: np.random.Generator, count: int) -> list[str]:
    """Distinct codes of nine random characters and a check character, as the product gives out."""
    codes: dict[str, None] = {}
    while len(codes) < count:
        body = "".join(ALPHABET[int(k)] for k in rng.integers(0, len(ALPHABET), 9))
        codes[body + ALPHABET[sum((i + 2) * ALPHABET.index(character) for i, character in enumerate(body)) % len(ALPHABET)]] = None
    return list(codes)


def _numbers(told: list[Told]) -> list[str]:
    """The office's numbers, as the product gives them out: the year, and one after another in the order in which they came."""
    order = sorted(range(len(told)), key=lambda i: told[i].when)
    place = {i: number for number, i in enumerate(order, 1)}
    return [f"{case.when.year}-{place[i]:06d}" for i, case in enumerate(told)]


def rows(plan: Plan, land: Land, doors: Doors, organisations: Organisations, districts: list[District], people: list[Person], told: list[Told]) -> pd.DataFrame:
    """The layer `case`, in the order of `told`; nothing in it is later than the beginning of `today`."""
    desk = _Desk(plan, land, organisations, districts, people)
    writer = Writer(plan.rng("answers"))
    rng, end = desk.rng, dt.datetime.combine(plan.today, dt.time(0), ZONE)
    lon, lat = plan.degrees(np.array([case.x for case in told]), np.array([case.y for case in told]))
    table, numbers = [], _numbers(told)
    for i, (case, code) in enumerate(zip(told, follow_codes(rng, len(told)), strict=True)):
        town = int(land.village_town[doors.village[case.door]])
        level = str(rng.choice(LEVELS, p=LEVEL_SHARE))
        if level == "town" and not plan.town_level:
            level = "county"
        unit = desk.unit(writer.categories[case.category], level, town)
        times = desk.times(case.when, end, level, unit)
        answered = times["answered_at"]
        poor = bool(rng.random() < POOR_ANSWER)
        by = "deputy" if level == "deputy" else "unit"
        rated, rating = desk.rating(answered, end, poor, rng) if answered else (None, None)
        moments = {"submitted_at": case.when, **times, "answered_at": answered, "rated_at": rated}
        table.append({
            "code": numbers[i], "follow_code": code, "text": case.text, "category": case.category, "level": level, "rating": rating, "lon": lon[i], "lat": lat[i],
            "channel": str(rng.choice(CHANNELS, p=HILL_CHANNEL_SHARE if plan.towns[town].relief > 0.4 else CHANNEL_SHARE)),
            "place": desk.place(address(plan, land, doors, case.door)), "deputy": desk.deputy(lon[i], lat[i]), "unit": unit if times["assigned_at"] else None,
            "answer": (writer.answer(case.category, case.template, by, case.place, poor) if case.template >= 0 else SAY_MORE) if answered else None,
            **moments,
        })  # fmt: skip
    _see_to_the_late(plan, desk, table, told, end)
    return pd.DataFrame([{name: _written(value) for name, value in row.items()} for row in table], columns=COLUMNS)


def _see_to_the_late(plan: Plan, desk: _Desk, table: list[dict], told: list[Told], end: dt.datetime) -> None:
    """An office lets few days run out: of the open cases whose days are over most have been answered in time, or handed on since."""
    rng = plan.rng("lateness")
    writer = Writer(rng)
    for row, case in zip(table, told, strict=True):
        last = row["assigned_at"] if row["level"] == "county" and row["assigned_at"] else row["passed_at"] or row["submitted_at"]
        if row["answered_at"] or np.busday_count(last.date(), end.date()) <= LIMIT:
            continue
        left, handed_on, share = rng.random(3)
        if left < OVERDUE:
            continue
        unassigned = row["level"] == "county" and row["assigned_at"] is None  # nobody there who could have answered
        if unassigned or (row["passed_at"] and handed_on < HANDED_ON):
            since = end - dt.timedelta(days=0.2 + 4.5 * float(share))
            if row["level"] == "town" or unassigned:
                row["passed_at"] = since
            row["assigned_at"] = row["assigned_at"] and max(row["assigned_at"], since)
            continue
        by = "deputy" if row["level"] == "deputy" else "unit"
        row["answered_at"] = last + dt.timedelta(days=0.4 + 4.6 * float(share))
        row["answer"] = writer.answer(case.category, case.template, by, case.place, False) if case.template >= 0 else SAY_MORE
        row["rated_at"], row["rating"] = desk.rating(row["answered_at"], end, False, rng)


def _written(value: object) -> object:
    return value.isoformat(timespec="seconds") if isinstance(value, dt.datetime) else value
