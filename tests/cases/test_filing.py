"""Taking a report in: pinned to its place, given to somebody, taken in once."""

import datetime as dt
import random
import uuid

import pytest
from django.contrib.gis.geos import Point
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from apps.cases import workflow
from apps.cases.models import Case, Category, Reporter, ReporterContact
from apps.cases.workflow import AlreadySent
from apps.deputies.models import Mandate
from apps.matching.finding import OutsideCounty, find_at
from apps.record.codes import read_code
from apps.record.states import MoveRefused
from apps.territory.models import ElectoralDistrict, LayerVersion, Term
from tests import town as toy
from tests.cases.conftest import a_report


def report_from(x: float, y: float, **changes):
    place = toy.at(x, y)
    return a_report(lon=place.x, lat=place.y, **changes)


def test_a_case_is_pinned_to_districts_grid_and_areas(town, people):
    case = workflow.submit(a_report(doorplate=town.doorplates["P02"], category=Category.objects.get(code="road_facility")))
    case = Case.objects.get(pk=case.pk)
    assert (case.county_district.code, case.township_district.code) == ("C-01", "A-01")
    assert (case.grid, case.village, case.town) == (town.grids["V1"], town.villages["V1"], town.towns["A"])
    assert (case.doorplate.code, case.place) == ("P02", "东溪镇人民路12号")
    assert (case.deputy.code, case.station.code) == ("D1", "S-A")
    assert "您所在选区的代表" in case.deputy_reason and "离您最近" in case.deputy_reason
    assert read_code(case.follow_code) == case.follow_code and len(case.follow_code) == 10
    event = case.events.get()
    assert (event.verb, event.actor, event.actor_label, event.at) == ("submit", None, "反映人", case.submitted_at)
    assert event.data == {"state": "with_deputy", "holder": "陈安代表", "due_on": "2026-03-17", "category": "道路与市政设施", "source": "reporter"}


def test_where_nobody_serves_the_towns_office_holds_the_case(town, people):
    case = workflow.submit(report_from(2.5, 1.5))  # C4: its deputy has left; a street office has no congress of its own
    assert (case.state, case.deputy, case.level, case.holder()) == ("with_town", None, "town", "城关街道人大工委")
    assert case.held_by(people.other_clerk) and not case.held_by(people.town_clerk)


def test_no_report_falls_through_wherever_it_is_from(town, people):
    dice = random.Random(7)
    for _ in range(60):
        case = workflow.submit(report_from(dice.uniform(0.001, 2.999), dice.uniform(0.001, 1.999)))
        assert case.due_on and case.events.count() == 1
        assert case.deputy or case.state == "with_town", case.point.coords
    for corner in ((0, 0), (1, 1), (2, 1), (3, 2)):  # on borders too
        assert workflow.submit(report_from(*corner)).holder()


def test_a_place_outside_leaves_nothing_behind(town, people):
    with pytest.raises(OutsideCounty, match="不在方格县范围内"):
        workflow.submit(report_from(3.5, 1))
    assert not Case.objects.exists() and not ReporterContact.objects.exists()


def test_the_same_report_twice_is_one_case(town, people):
    report = a_report()
    assert workflow.submit(report).pk == workflow.submit(report).pk
    assert Case.objects.count() == 1 and ReporterContact.objects.count() == 1
    assert Case.objects.get().events.count() == 1


def test_another_text_under_a_used_number_is_not_swallowed(town, people):
    first = workflow.submit(a_report())
    with pytest.raises(AlreadySent) as refusal:
        workflow.submit(a_report(submission=first.submission, text="另一个问题：井盖松动。"))
    assert refusal.value.case.pk == first.pk and first.follow_code in str(refusal.value) and first.code not in str(refusal.value)
    assert Case.objects.count() == 1


def test_a_contact_is_sealed(town, people):
    case = workflow.submit(a_report())
    with connection.cursor() as cursor:
        cursor.execute("SELECT encode(sealed, 'escape') FROM cases_reportercontact WHERE case_id = %s", [case.pk])
        stored = cursor.fetchone()[0]
    assert "13900001111" not in stored and "李梅" not in stored
    assert ReporterContact.objects.get().opened() == Reporter("李梅", "13900001111")


def test_without_a_contact_nothing_is_stored(town, people):
    workflow.submit(a_report(reporter=Reporter("", "")))
    assert not ReporterContact.objects.exists()


def test_a_deputy_answers_what_he_heard_in_his_own_district(town, people):
    other = report_from(1.6, 0.4, channel="visit")  # 林秀's village: she would come first
    assert workflow.submit(other).deputy.name == "林秀"
    mine = workflow.submit(report_from(1.6, 0.4, channel="visit"), actor=people.deputy)
    assert (mine.deputy.name, mine.entered_by, mine.channel) == ("陈安", people.deputy, "visit")
    assert mine.events.get().actor_label == "陈安"
    elsewhere = workflow.submit(report_from(2.4, 0.6), actor=people.deputy)  # not his district: its own deputy
    assert elsewhere.deputy.name == "吴敏"


@pytest.mark.parametrize("person", ["dispatcher", "unit_officer", "leader", "stranger"])
def test_who_may_not_enter_for_others(person, town, people):
    with pytest.raises(MoveRefused, match="不能代录"):
        workflow.submit(a_report(), actor=getattr(people, person))
    assert not Case.objects.exists()


@pytest.mark.parametrize(
    "broken",
    [{"point": Point(0, 0, srid=4326)}, {"state": "with_unit"}, {"state": "with_deputy", "deputy": None, "station": None}],
    ids=["nowhere near China", "a unit without a name", "a deputy without a name"],
)
def test_the_database_itself_refuses_a_case_that_nobody_has(broken, town, people):
    case = workflow.submit(a_report())
    for name, value in {**broken, "pk": None, "code": "X", "submission": uuid.uuid4()}.items():
        setattr(case, name, value)
    with pytest.raises(IntegrityError), transaction.atomic():
        case.save(force_insert=True)


def test_a_case_keeps_the_districts_of_its_day(town, people):
    """A new term's districts, once published and in force, are for what is reported from then on."""
    before = workflow.submit(report_from(0.98, 0.6, side="C-01|B-01"))
    today = timezone.localdate()
    Term.objects.filter(pk=town.terms["county"].pk).update(ends=today)
    later = Term.objects.create(congress=town.county, level="county", number=18, starts=today, ends=dt.date(2099, 1, 1))
    new = ElectoralDistrict.objects.create(code="N-01", term=later, number=1, name="新第1选区", seats=1, basis="residence", geom=toy.box(0, 0, 3, 2))
    Mandate.objects.create(deputy=town.deputies["D3"], term=later, district=new)
    LayerVersion.raise_for("district", "deputy")
    after = workflow.submit(report_from(0.5, 0.5))
    before = Case.objects.get(pk=before.pk)
    assert (before.county_district.code, before.township_district.code, before.border_answer.chosen) == ("C-01", "B-01", 1)
    assert after.county_district.code == "N-01" and after.township_district.code == "A-01"
    assert find_at(0.005 + 120, 28.005, on=today - dt.timedelta(days=1)).districts[0].district.code == "C-01"
