"""Named people around one case in the toy county, a clock that stands still, and a way to bring a case into any state."""

import datetime as dt
import uuid
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from apps.accounts.models import Role, User
from apps.cases import workflow, workflow_ratings
from apps.cases.models import Case, Reporter
from apps.cases.workflow import Report
from apps.deputies.models import Deputy
from apps.territory.models import AdminArea
from apps.territory.remembered import Remembered
from tests import town as toy

TUESDAY = dt.datetime(2026, 3, 10, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture(autouse=True)
def fresh_engine() -> None:
    """Each test writes its own county: what an earlier one left in memory is not it."""
    Remembered.forget_all()


class Clock:
    def __init__(self) -> None:
        self.now = TUESDAY

    def pass_days(self, days: int) -> None:
        self.now += dt.timedelta(days=days)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch, settings) -> Clock:
    """A Tuesday within the toy county's term, whatever day the tests run on. Who has signed in stays so while days pass."""
    clock = Clock()
    settings.SESSION_COOKIE_AGE = 365 * 24 * 3600
    monkeypatch.setattr(timezone, "now", lambda: clock.now)
    return clock


@dataclass
class People:
    deputy: User  # 陈安, of the place's district, the nearest
    mate: User  # 黄杰, of the same group
    other_deputy: User  # 吴敏, of another group
    town_clerk: User  # 东溪镇, where the place is
    other_clerk: User  # 城关街道
    county_office: User
    dispatcher: User
    unit_officer: User  # 县住建局
    other_unit: User  # 东溪镇政府, which handles other cases
    leader: User
    stranger: User  # signed in, without a role

    def __iter__(self):
        return iter(vars(self).items())


def add_people(town: toy.Town, users: toy.Users) -> People:
    def user(name: str, role: str, scope: str = "339999") -> User:
        return User.objects.create_user(name, password=toy.PASSWORD, role=role, scope=scope, display_name=name)

    mate, other, unit = user("mate", Role.DEPUTY), user("other_deputy", Role.DEPUTY), user("other_unit", Role.UNIT)
    Deputy.objects.filter(code="D3").update(user=mate)
    Deputy.objects.filter(code="D4").update(user=other)
    town.organisations["town_a"].members.add(unit)
    clerk = user("other_clerk", Role.TOWN_OFFICE, AdminArea.objects.get(name="城关街道").code[:9])
    return People(
        users.deputy, mate, other, users.town_clerk, clerk, users.county_office, users.dispatcher, users.unit_officer, unit, users.leader, users.stranger
    )


@pytest.fixture
def people(town: toy.Town, users: toy.Users) -> People:
    return add_people(town, users)


def a_report(**changes) -> Report:
    """A report from 溪口村 (V1), where 陈安 answers first."""
    place = toy.at(0.6, 0.6)
    given = {"submission": uuid.uuid4(), "text": "人民路口的路灯坏了两个月。", "lon": place.x, "lat": place.y, "reporter": Reporter("李梅", "13900001111")}
    return Report(**{**given, **changes})


def brought_to(state: str, town: toy.Town, people: People, *, unit: str = "construction", **changes) -> Case:
    """A case that has come to this state by real moves, from the deputy of `people` however many he has already."""
    case = workflow.submit(a_report(**{"to": "D1", **changes}))
    if state == "with_deputy":
        return case
    if state == "with_town":
        return workflow.pass_to_town(case, people.deputy)
    case = workflow.pass_to_county(case, people.deputy, "超出代表能力")
    if state == "with_county":
        return case
    case = workflow.pass_to_dispatcher(case, people.county_office)
    if state == "with_dispatcher":
        return case
    case = workflow.assign_to_unit(case, people.dispatcher, town.organisations[unit], "请五个工作日内答复")
    if state == "with_unit":
        return case
    case = workflow.answer_as_unit(case, people.unit_officer, "路灯已经修好。")
    return case if state == "answered" else workflow_ratings.rate(case, "satisfied")
