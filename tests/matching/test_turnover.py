"""From a draft to the day after: what changes is counted by hand, drafts are seen nowhere, one publish changes the term and nothing else."""

import datetime as dt
import json

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from procrastinate.contrib.django import app as jobs

from apps.cases.models import Case
from apps.deputies.models import Deputy, Mandate
from apps.deputies.rota import DutyTurn, Rota
from apps.matching import workflow
from apps.matching.engine import engine
from apps.matching.finding import find_at
from apps.matching.rehoming import rehoming
from apps.record.states import MoveRefused
from apps.territory.models import Doorplate, ElectoralDistrict, LayerVersion
from apps.territory.terms import DistrictChange, Term, TermEvent, TurnoverReview
from tests.matching.next_term import STARTS, drafted
from tests.town import TODAY, at, box

pytestmark = pytest.mark.django_db
APPROVAL = "县选举委员会公告第3号"


@pytest.fixture(autouse=True)
def today(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *_: TODAY)


@pytest.fixture
def draft(town) -> Term:
    return drafted(town)


def compared(term: Term, user=None, base: Term | None = None) -> TurnoverReview:
    return workflow.compute(workflow.compare(user, term.pk, base.pk if base else None).pk)


def published(user, term: Term) -> Term:
    compared(term, user)
    return workflow.publish(user, term.pk, APPROVAL, TODAY)


def titles(review: TurnoverReview, level: str) -> str:
    return "；".join(check["title"] for check in review.result["checks"] if check["level"] == level)


def here(x: float, y: float, on: dt.date) -> list[str]:
    return [found.district.code for found in find_at(at(x, y).x, at(x, y).y, on=on).districts]


class TestReview:
    def test_counts_by_hand(self, draft, county_office):
        review = compared(draft, county_office)
        result = review.result
        assert review.state == review.State.DONE, review.progress_note
        assert (result["doorplates"], result["changed"], result["uncovered"], result["doubled"], result["outside"]) == (11, 1, 0, 0, 0)
        change = DistrictChange.objects.get(review=review)
        assert (change.doorplate.code, change.old.code, change.new.code) == ("P06", "C-01", "N2-18")
        assert [(pair["doors"], pair["old_name"], pair["new_name"]) for pair in result["pairs"]] == [(1, "第1选区", "新第2选区")]
        first = result["districts"][0]
        assert (first["origin"], first["doors"], first["gained"], first["per_seat"]) == ("第1选区", 5, 0, 6000)
        assert result["mean"] == pytest.approx(34000 / 5)  # the five seats of districts whose people are known
        assert first["deviation"] == pytest.approx(6000 / 6800 - 1, abs=1e-4)
        assert result["employers"] == [] and result["given_up"] == []
        assert [(row["name"], row["parts"]) for row in result["villages"]] == [("南山村", [("新第1选区", 1), ("新第2选区", 1)])]
        assert not titles(review, "stop")

    def test_what_stops_publishing(self, town, county_office):
        draft = drafted(town, N1=[(0, 0, 1.1, 1)], N4=[(2, 0.9, 3, 2)], N3=[(2, 0, 3, 1)])
        Doorplate.objects.filter(code="P08").update(point=at(2.5, 0.95))
        review = compared(draft, county_office)
        assert "1 个门牌不在任何新选区" in titles(review, "stop")  # P05 (1.2, 0.5)
        assert "1 个门牌同时在两个新选区" in titles(review, "stop")
        assert "界线有1 处重叠、1 处空隙" in titles(review, "look")
        with pytest.raises(MoveRefused, match="不在任何新选区"):
            workflow.publish(county_office, draft.pk, APPROVAL, TODAY)

    def test_people_are_estimated_where_the_file_has_none(self, draft):
        ElectoralDistrict.objects.filter(term=draft).update(population=None)
        rows = {row["code"]: row for row in compared(draft).result["districts"]}
        # V1's 10,000 live behind P01–P04, of which all are in N1; V2's behind P05 (N1) and P06 (N2); V4, V5 in N2.
        assert (rows["N1-18"]["population"], rows["N1-18"]["estimated"]) == (15000, True)
        assert rows["N2-18"]["population"] == 25000
        assert rows["N5-18"]["population"] is None

    def test_determined_seats(self, draft, county_office):
        assert "还没有登记核定名额" in titles(compared(draft), "look")
        workflow.settle_seats(county_office, draft.pk, 7)
        assert "名额合计 6，与核定的 7 不符" in titles(compared(draft), "stop")
        workflow.settle_seats(county_office, draft.pk, 6)
        assert "与核定的一致" in titles(compared(draft), "good")
        assert [event.data["now"] for event in draft.events.all()] == [7, 6]

    def test_two_drafts_against_each_other(self, town, draft):
        other = drafted(town, "方案二", N1=[(0, 0, 1, 1)], N2=[(0, 1, 2, 2), (1, 0, 2, 1)])
        review = compared(other, base=draft)
        assert sorted(DistrictChange.objects.filter(review=review).values_list("doorplate__code", flat=True)) == ["P05"]
        with pytest.raises(MoveRefused):
            workflow.compare(None, draft.pk, draft.pk)
        with pytest.raises(MoveRefused):
            workflow.compare(None, draft.pk, town.terms["A"].pk)

    def test_of_a_town_only_the_towns_doorplates_count(self, town):
        term = Term.objects.create(congress=town.towns["A"], level="township", number=16, starts=STARTS, ends=STARTS.replace(year=2032), state="draft")
        ElectoralDistrict.objects.create(code="A-1-16", term=term, number=1, name="东溪镇全镇", seats=2, basis="residence", geom=box(0, 0, 1, 2))
        result = compared(term).result
        assert (result["doorplates"], result["changed"]) == (5, 1)  # of A1 four stay (one on the border), of A2 one goes along
        assert [row["name"] for row in result["given_up"]] == ["东溪镇第2选区"]

    def test_job_is_queued_once_and_harmless_twice(self, draft, county_office):
        first, again = workflow.compare(county_office, draft.pk), workflow.compare(county_office, draft.pk)
        assert first == again
        queued = list(jobs.job_manager.list_jobs(task="matching.review_turnover"))
        assert [json.loads(job.task_kwargs) for job in queued] == [{"review": first.pk}]
        workflow.compute(first.pk)
        workflow.compute(first.pk)
        assert DistrictChange.objects.count() == 1
        compared(draft)
        assert TurnoverReview.objects.count() == 1, "an older review of the same pair goes"

    def test_a_draft_without_districts(self, town, county_office):
        empty = Term.objects.create(congress=town.county, level="county", number=18, starts=STARTS, ends=STARTS.replace(year=2032), state="draft")
        assert "草案里没有选区" in titles(compared(empty), "stop")


class TestDraftsAreSeenNowhere:
    @pytest.fixture
    def begun(self, town) -> Term:
        """A draft whose dates cover today: still in force nowhere."""
        term = drafted(town, starts=dt.date(2026, 1, 1))
        Mandate.objects.create(deputy=town.deputies["D8"], term=term, district=term.districts.get(code="N1-18"))
        return term

    def test_finding_querysets_and_engine(self, town, begun):
        assert here(0.5, 0.5, TODAY) == ["C-01", "A-01"]
        assert not ElectoralDistrict.objects.in_force(TODAY).filter(term=begun).exists()
        assert not Mandate.objects.in_force(TODAY).filter(term=begun).exists()
        assert begun not in Term.objects.current(TODAY)
        assert here(0.5, 0.5, dt.date(2028, 1, 1)) == ["C-01", "A-01"]
        assert all(row.term_id != begun.pk for row in engine().on(TODAY).workplace_districts)

    def test_public_pages(self, client, town, begun):
        """No address of the public zone says a word of the draft: neither its districts' names nor their codes."""
        pages = [reverse("find") + f"?lat={at(0.5, 0.5).y}&lon={at(0.5, 0.5).x}", "/api/v1/find" + f"?lat={at(0.5, 0.5).y}&lon={at(0.5, 0.5).x}"]
        pages += ["/boundary-sets/", "/boundaries/?limit=500", f"/boundaries/?contains={at(0.5, 0.5).y},{at(0.5, 0.5).x}", "/representatives/?limit=500", "/representative-sets/", "/deputies/", "/stations/"]
        for page in pages:
            answer = client.get(page)
            assert answer.status_code == 200, page
            assert "新第" not in answer.content.decode() and "-18" not in answer.content.decode(), page

    def test_tiles(self, town, begun):
        with connection.cursor() as cursor:
            cursor.execute("SELECT tile_district(6, 53, 26, '{}')")
            tile = bytes(cursor.fetchone()[0])
        assert b"C-01" in tile and b"N1-18" not in tile


class TestPublishing:
    def test_old_before_and_new_from_the_day(self, draft, town, county_office):
        published(county_office, draft)
        assert here(1.5, 0.5, STARTS - dt.timedelta(days=1)) == ["C-01", "B-01"]
        assert here(1.5, 0.5, STARTS) == ["N2-18", "B-01"]
        assert here(1.2, 0.5, STARTS) == ["N1-18", "B-01"]
        town.terms["county"].refresh_from_db()
        assert town.terms["county"].ends == STARTS, "no day with two terms, none without"

    def test_one_event_one_version_and_what_was_approved(self, draft, county_office):
        compared(draft)
        before = dict(LayerVersion.objects.values_list("layer", "version"))
        workflow.publish(county_office, draft.pk, APPROVAL, TODAY)
        after = dict(LayerVersion.objects.values_list("layer", "version"))
        assert {layer for layer in after if after[layer] != before.get(layer)} == {"district", "deputy"}
        event = TermEvent.objects.get(subject=draft, verb="publish")
        assert (event.note, event.actor, event.data["districts"]) == (APPROVAL, county_office, 5)
        with pytest.raises(DatabaseError), transaction.atomic():
            TermEvent.objects.filter(pk=event.pk).update(note="anders")
        assert TermEvent.objects.broken_chains() == []

    @pytest.mark.parametrize(("approval", "day"), [("", TODAY), ("  ", TODAY), (APPROVAL, None), (APPROVAL, TODAY + dt.timedelta(days=1))])
    def test_approval_is_noted(self, draft, county_office, approval, day):
        compared(draft)
        with pytest.raises(MoveRefused, match="批准机关"):
            workflow.publish(county_office, draft.pk, approval, day)

    def test_not_without_a_look_and_not_after_a_change(self, draft, county_office):
        with pytest.raises(MoveRefused, match="先与上一届比对"):
            workflow.publish(county_office, draft.pk, APPROVAL, TODAY)
        compared(draft)
        ElectoralDistrict.objects.filter(code="N1-18").update(seats=1)
        with pytest.raises(MoveRefused, match="重新比对"):
            workflow.publish(county_office, draft.pk, APPROVAL, TODAY)
        compared(draft)
        LayerVersion.raise_for("doorplate")
        with pytest.raises(MoveRefused, match="重新比对"):
            workflow.publish(county_office, draft.pk, APPROVAL, TODAY)

    def test_only_the_county_office_and_only_once(self, draft, county_office, leader, town_clerk):
        compared(draft)
        for user in (leader, town_clerk):
            with pytest.raises(MoveRefused, match="岗位"):
                workflow.publish(user, draft.pk, APPROVAL, TODAY)
        workflow.publish(county_office, draft.pk, APPROVAL, TODAY)
        with pytest.raises(MoveRefused, match="已公布"):
            workflow.publish(county_office, draft.pk, APPROVAL, TODAY)

    def test_other_drafts_are_set_aside(self, town, county_office):
        first, second = drafted(town), drafted(town, "方案二")
        published(county_office, second)
        first.refresh_from_db()
        second.refresh_from_db()
        assert (first.state, second.state, second.plan) == ("set_aside", "published", "")
        assert here(0.5, 0.5, STARTS) == ["N1-18方案二", "A-01"]

    def test_taken_back_before_it_begins(self, draft, town, county_office, monkeypatch):
        published(county_office, draft)
        workflow.take_back(county_office, draft.pk, "公告有误")
        assert here(1.5, 0.5, STARTS) == ["C-01", "B-01"]
        town.terms["county"].refresh_from_db()
        assert town.terms["county"].ends == dt.date(2097, 2, 1)
        published(county_office, draft)
        monkeypatch.setattr("django.utils.timezone.localdate", lambda *_: STARTS)
        with pytest.raises(MoveRefused, match="已经开始"):
            workflow.take_back(county_office, draft.pk, "太晚了")
        assert [event.verb for event in draft.events.order_by("pk")] == ["publish", "take_back", "publish"]

    def test_taken_back_with_its_name_and_the_drafts_that_it_set_aside(self, draft, town, county_office):
        Term.objects.filter(pk=draft.pk).update(plan="方案一")
        fields = {name: getattr(draft, name) for name in ("congress", "level", "number", "starts", "ends")}
        other, old = (Term.objects.create(plan=plan, state=state, **fields) for plan, state in (("方案二", "draft"), ("旧稿", "set_aside")))
        for _ in range(2):
            published(county_office, draft)
            assert set(Term.objects.filter(pk__in=(draft.pk, other.pk, old.pk)).values_list("plan", "state")) == {
                ("", "published"), ("方案二", "set_aside"), ("旧稿", "set_aside"),
            }  # fmt: skip
            workflow.take_back(county_office, draft.pk, "公告有误")
            assert set(Term.objects.filter(pk__in=(draft.pk, other.pk, old.pk)).values_list("plan", "state")) == {
                ("方案一", "draft"), ("方案二", "draft"), ("旧稿", "set_aside"),
            }  # fmt: skip
        assert [event.verb for event in other.events.order_by("pk")] == ["set_aside", "reopen"] * 2

    def test_what_was_imported_as_in_force_is_not_taken_back(self, town, county_office):
        with pytest.raises(MoveRefused):
            workflow.take_back(county_office, town.terms["county"].pk, "试试")

    def test_cases_and_doors_keep_what_they_have(self, draft, town, county_office, client):
        case = Case.objects.create(
            code="20260310-0001", text="路灯不亮", channel="web", town=town.towns["B"], point=at(1.5, 0.5), state="with_deputy",
            county_district=town.districts["C1"], township_district=town.districts["B1"], deputy=town.deputies["D1"],
            submitted_at=dt.datetime(2026, 3, 1, 9, tzinfo=dt.UTC),
        )  # fmt: skip
        published(county_office, draft)
        case.refresh_from_db()
        assert case.county_district.code == "C-01" and case.deputy == town.deputies["D1"]


class TestPeople:
    @pytest.fixture
    def elected(self, town, draft) -> Term:
        """D1 again (from C1 to N1), D3 again, a newcomer for N1; one who is D2 under another code; N4 stays vacant."""
        def sits(deputy: Deputy, district: str) -> None:
            Mandate.objects.create(deputy=deputy, term=draft, district=draft.districts.get(code=f"{district}-18"))

        new = Deputy.objects.create(code="D20", name="钱新", capacity=1, station=town.stations["SA"], birth_year=1990)
        twice = Deputy.objects.create(code="D21", name="林秀", sex="male", capacity=1)
        for deputy, district in ((town.deputies["D1"], "N1"), (town.deputies["D3"], "N2"), (new, "N1"), (twice, "N3")):
            sits(deputy, district)
        return draft

    def test_who_stays_goes_and_comes(self, town, elected):
        people = rehoming(elected, elected.before())
        assert [(d.code, old.district.code, new.district.code) for d, old, new in people.staying] == [("D1", "C-01", "N1-18"), ("D3", "C-02", "N2-18")]
        assert [m.deputy.code for m in people.leaving] == ["D2", "D4", "D5"]
        assert [m.deputy.code for m in people.coming] == ["D20", "D21"]
        assert [(a.code, b.code) for a, b in people.alike] == [("D21", "D2")]
        assert [(seat.district.code, seat.vacant) for seat in people.seats] == [("N1-18", 0), ("N2-18", 0), ("N3-18", 0), ("N4-18", 1), ("N5-18", 1)]
        stations = {change.station.code: change for change in people.stations}
        assert [d.code for d in stations["S-A"].coming] == ["D20"] and stations["S-A"].leaving == []
        assert [d.code for d in stations["S-S"].leaving] == ["D4", "D5"]

    def test_queries_do_not_grow(self, town, elected):
        with CaptureQueriesContext(connection) as few:
            rehoming(elected, elected.before())
        for number in range(30):
            deputy = Deputy.objects.create(code=f"X{number}", name=f"张{number}", capacity=1, station=town.stations["SA"])
            Mandate.objects.create(deputy=deputy, term=elected, district=elected.districts.get(code="N1-18"))
        with CaptureQueriesContext(connection) as many:
            rehoming(elected, elected.before())
        assert len(many) == len(few) <= 10

    def test_turns_of_duty_go_to_those_who_come(self, town, elected, county_office):
        Deputy.objects.filter(code="D4").update(station=town.stations["SA"])
        rota = Rota.objects.create(station=town.stations["SA"], month=dt.date(2027, 2, 1))
        for day, people in ((3, ("D4", "D1")), (10, ("D1", "D4")), (17, ("D6", "D4"))):
            for order, code in enumerate(people, start=1):
                DutyTurn.objects.create(rota=rota, day=dt.date(2027, 2, day), order=order, deputy=town.deputies[code])
        earlier = Rota.objects.create(station=town.stations["SA"], month=dt.date(2027, 1, 1))
        DutyTurn.objects.create(rota=earlier, day=dt.date(2027, 1, 15), order=1, deputy=town.deputies["D4"])
        published(county_office, elected)
        turns = [(turn.day.day, turn.order, turn.deputy.code) for turn in rota.turns.order_by("day", "order")]
        # D20 is new at the station and comes first, then D1 and D3, who sat before; D6 keeps a seat in the town's congress.
        assert turns == [(3, 1, "D20"), (3, 2, "D1"), (10, 1, "D1"), (10, 2, "D3"), (17, 1, "D6"), (17, 2, "D1")]
        assert earlier.turns.get().deputy.code == "D4", "until the term begins he is on duty"
        assert rota.events.count() == 1
        assert TermEvent.objects.get(verb="publish").data["turns"] == 3

    def test_nobody_entered_leaves_the_rota_alone(self, town, draft, county_office):
        rota = Rota.objects.create(station=town.stations["SA"], month=dt.date(2027, 2, 1))
        DutyTurn.objects.create(rota=rota, day=dt.date(2027, 2, 3), order=1, deputy=town.deputies["D4"])
        published(county_office, draft)
        assert rota.turns.get().deputy.code == "D4"
