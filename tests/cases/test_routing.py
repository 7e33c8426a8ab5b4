"""Rules for the lead unit, and who of a place's deputies gets a report: by turn, by nearness and by how much waits for him."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.cases import routing, workflow, workflow_rules
from apps.cases.models import Case, Category
from apps.cases.recipients import recipient
from apps.cases.rules import RoutingRule, RuleEvent
from apps.cases.workflow_rules import Draft
from apps.deputies.models import Mandate
from apps.deputies.rota import DutyTurn, Rota
from apps.matching.finding import find_at
from apps.organisations.models import Organisation
from apps.record.states import MoveRefused
from apps.territory.models import LayerVersion
from tests import town as toy
from tests.cases.conftest import a_report
from tests.conftest import public_role


def category(code: str) -> Category:
    return Category.objects.select_related("parent__parent").get(code=code)


def lead(text: str, code: str, town=None) -> str:
    found = routing.proposal(text, category(code) if code else None, town)
    return found.lead.code if found.lead else ""


@pytest.fixture
def rules(people, town):
    """Lights to the builders; whatever else of roads in 南山乡 to its government; whatever speaks of water to the water bureau."""
    units = town.organisations
    return [
        workflow_rules.add_rule(draft, people.county_office)
        for draft in (
            Draft(10, category("road_facility"), ("路灯", "灯杆"), lead=units["construction"], co_handlers=(units["water"],), co_competences=("local",), reason="三定方案"),
            Draft(20, category("road_facility"), town=town.towns["B"], lead_competence="local", level="town"),
            Draft(30, None, ("水库", "堤防"), lead_competence="water"),
        )
    ]


def test_the_first_rule_that_fits_decides(rules, town) -> None:
    a, b = town.towns["A"], town.towns["B"]
    found = routing.proposal("人民路的路灯不亮", category("street_light"), b)
    assert found.rule == rules[0] and found.lead.code == "CONSTRUCTION" and "第 10 条" in found.reason and "三定方案" in found.reason
    assert [unit.code for unit in found.co_handlers] == ["WATER", "TOWN-B"]
    assert [fit.rule.order for fit in found.fits] == [10, 20]
    there = routing.proposal("人行道坏了", category("road_facility"), b)
    assert there.lead.code == "TOWN-B" and there.level == "town" and "第 20 条" in there.level_reason
    assert routing.proposal("人行道坏了", category("road_facility"), a).rule is None
    assert lead("水库的水位太高", "", a) == "WATER" and lead("堤防裂了", "safety") == "WATER"


def test_without_a_rule_it_is_whose_matter_it_generally_is_and_never_nowhere(people, town) -> None:
    a = town.towns["A"]
    found = routing.proposal("人行道坏了", category("pavement"), a)
    assert found.lead.code == "CONSTRUCTION" and "住房城乡建设" in found.reason and found.rule is None
    assert [unit.code for unit in found.co_handlers] == ["TOWN-A"]
    assert lead("垃圾没人收", "village_affairs", a) == "TOWN-A"
    nobody = routing.proposal("医院挂号难", category("health"), a)
    assert nobody.lead.code == "GOV-OFFICE" and "没有承担卫生健康职能的单位" in nobody.reason
    assert routing.proposal("说不清的事", None, None).lead.code == "GOV-OFFICE"


def test_courts_and_procuratorates_go_to_no_unit(rules, town, people) -> None:
    Organisation.objects.create(code="COURT", name="方格县人民法院", kind="court", handles_cases=True)
    for code in ("courts", "judgment_delay", "prosecution"):
        found = routing.proposal("法院拖着不判，水库也没修", category(code), town.towns["A"])
        assert found.lead is None and found.level == "county" and found.fits == () and "不交政府部门" in found.reason
    with pytest.raises(MoveRefused):
        workflow_rules.add_rule(Draft(1, category("courts"), lead=town.organisations["construction"]), people.county_office)


def test_a_unit_that_has_closed_is_said_and_passed_over(rules, town) -> None:
    Organisation.objects.filter(code="CONSTRUCTION").update(closed_on=dt.date(2026, 3, 1))
    found = routing.proposal("路灯不亮", category("road_facility"), town.towns["B"])
    assert found.rule == rules[1] and found.lead.code == "TOWN-B"
    assert "已于 2026-03-01 撤销" in found.fits[0].fault
    said = routing.warnings(list(RoutingRule.objects.standing()), routing.Units())
    assert "已于 2026-03-01 撤销" in said[rules[0].pk][0] and rules[1].pk not in said


def test_a_rule_that_can_never_decide_is_warned_of(rules, people, town) -> None:
    late = workflow_rules.add_rule(Draft(90, category("street_light"), ("路灯不亮",), lead=town.organisations["water"]), people.dispatcher)
    same = workflow_rules.add_rule(Draft(95, category("street_light"), ("灯杆",), town.towns["A"], lead=town.organisations["construction"]), people.dispatcher)
    free = workflow_rules.add_rule(Draft(96, category("sanitation"), ("路灯",), lead=town.organisations["water"]), people.dispatcher)
    said = routing.warnings(list(RoutingRule.objects.standing()), routing.Units())
    assert "第 10 条" in said[late.pk][0] and "主办不同" in said[late.pk][0] and "主办相同" in said[same.pk][0]
    assert free.pk not in said and not {rule.pk for rule in rules} & set(said)


def test_rules_are_read_in_few_queries(rules, town) -> None:
    with CaptureQueriesContext(connection) as asked:
        routing.proposal("路灯不亮", category("road_facility"), town.towns["A"])
    assert len(asked) <= 4  # the category itself, rules, their co-handlers, units


def test_every_change_is_kept_and_nobody_saves_over_what_he_has_not_seen(rules, people, town) -> None:
    rule, seen = rules[0], rules[0].version
    changed = workflow_rules.change_rule(rule, Draft(11, category("road_facility"), ("路灯",), lead=town.organisations["water"]), people.dispatcher, version=seen)
    assert (changed.order, changed.lead.code) == (11, "WATER")
    with pytest.raises(MoveRefused):
        workflow_rules.change_rule(rule, Draft(12, lead_competence="local"), people.county_office, version=seen)
    workflow_rules.switch_rule(rule, people.county_office, active=False, version=changed.version)
    assert [event.verb for event in rule.events.order_by("pk")] == ["add", "change", "switch_off"] and RuleEvent.objects.broken_chains() == []
    assert rule.events.get(verb="change").data["before"]["lead"] == "县住建局"
    assert lead("路灯不亮", "road_facility", town.towns["B"]) == "TOWN-B"


@pytest.mark.parametrize("draft", [
    {"lead": "construction", "lead_competence": "water"}, {}, {"lead": "factory"}, {"lead_competence": "nonsense"},
    {"lead": "construction", "co_handlers": ("construction",)}, {"lead": "construction", "words": tuple(str(k) for k in range(21))},
])  # fmt: skip
def test_what_cannot_be_a_rule_is_refused_with_its_field(people, town, draft) -> None:
    units = town.organisations
    if "lead" in draft:
        draft = {**draft, "lead": units[draft["lead"]]}
    if "co_handlers" in draft:
        draft = {**draft, "co_handlers": tuple(units[name] for name in draft["co_handlers"])}
    with pytest.raises(MoveRefused) as refused:
        workflow_rules.add_rule(Draft(1, **draft), people.county_office)
    assert refused.value.field and not RoutingRule.objects.exists()


def test_only_the_county_and_the_dispatcher_make_rules(client, people, town) -> None:
    for user in (people.deputy, people.town_clerk, people.unit_officer, people.leader):
        with pytest.raises(MoveRefused):
            workflow_rules.add_rule(Draft(1, lead_competence="local"), user)
    seen = {name: client.get(reverse("rule_list")).status_code for name, user in people if not client.force_login(user)}
    assert {name for name, status in seen.items() if status == 200} == {"town_clerk", "other_clerk", "county_office", "dispatcher", "leader"}
    client.force_login(people.town_clerk)
    assert client.get(reverse("rule_new")).status_code == 403 and "增加规则" not in client.get(reverse("rule_list")).content.decode()


def test_the_form_keeps_what_was_typed_and_says_where_it_is_wrong(client, people, town) -> None:
    client.force_login(people.dispatcher)
    typed = {"category": "street_light", "words": "路灯、 灯杆，路灯", "lead": "CONSTRUCTION", "lead_competence": "water", "order": "5", "reason": "会议纪要"}
    answer = client.post(reverse("rule_new"), typed)
    body = answer.content.decode()
    assert answer.status_code == 422 and "请填其中一项" in body and "会议纪要" in body and "路灯、 灯杆，路灯" in body
    assert client.post(reverse("rule_new"), {**typed, "lead_competence": "", "co_handlers": ["WATER"], "co_competences": ["local"]}).status_code == 302
    rule = RoutingRule.objects.get()
    assert rule.words == ["路灯", "灯杆"] and rule.category.code == "street_light" and [unit.code for unit in rule.co_handlers.all()] == ["WATER"]
    shown = client.get(reverse("rule_edit", args=[rule.pk])).content.decode()
    assert 'value="路灯、灯杆"' in shown and "增加" in shown
    stale = {**typed, "lead_competence": "", "version": "0", "reason": "新的依据"}
    late = client.post(reverse("rule_edit", args=[rule.pk]), stale)
    assert late.status_code == 409 and "刚才有人改过" in late.content.decode() and "新的依据" in late.content.decode()
    for wrong in ({"order": "0"}, {"order": "x"}, {"category": "nope"}, {"words": "长" * 30}, {"lead": "FACTORY"}, {"co_handlers": ["'; DROP TABLE"]}, {"level": "moon"}):
        assert client.post(reverse("rule_edit", args=[rule.pk]), {**stale, "version": str(rule.version), **wrong}).status_code == 422
    assert RuleEvent.objects.count() == 1


def test_a_text_and_a_point_can_be_tried(client, rules, people, town) -> None:
    client.force_login(people.leader)
    place = toy.at(1.5, 0.5)  # 南山乡
    body = client.post(reverse("rule_try"), {"text": "人民路的路灯不亮", "lat": place.y, "lon": place.x}).content.decode()
    assert "县住建局" in body and "道路与市政设施" in body and "第 20 条" in body and "南山乡" in body
    assert "认不出来" in client.post(reverse("rule_try"), {"text": "qwertz"}).content.decode()
    for typed in ({"text": ""}, {"text": "x" * 2001}, {"text": "路灯", "lat": "x"}, {"text": "路灯", "lat": "10", "lon": "10"}):
        assert client.post(reverse("rule_try"), typed).status_code == 422
    assert Case.objects.count() == 0


# Who of the place's own deputies. In V1 stand D1 (陈安, the county's, at the station 东溪镇) and D6 (蓝天, the town's, at the same), and D2.


def goes_to() -> tuple[str, str]:
    case = workflow.submit(a_report())
    return case.deputy.code if case.deputy else "", case.deputy_reason


def duty(town, deputy: str, day: dt.date = toy.TODAY, order: int = 1, absent: bool = False) -> None:
    rota, _ = Rota.objects.get_or_create(station=town.stations["SA"], month=day.replace(day=1))
    DutyTurn.objects.create(rota=rota, day=day, order=order, deputy=town.deputies[deputy], absent=absent)


def waiting(town, deputy: str, number: int) -> None:
    """So many cases that wait for him already."""
    Case.objects.bulk_create([
        Case(code=f"W{deputy}-{k}", text="等着办的", channel="web", point=toy.at(0.5, 0.5), town=town.towns["A"], state="with_deputy", deputy=town.deputies[deputy])
        for k in range(number)
    ])  # fmt: skip


def test_the_nearest_answers_first_until_more_waits_for_him_than_he_can_see_to(people, town) -> None:
    """D1 stands at about 400 m, D6 at the station, D2 some 1.5 km away; from ten on every case counts as 300 m."""
    waiting(town, "D1", 9)
    code, reason = goes_to()
    assert code == "D1" and "离您最近" in reason
    taken = [goes_to() for _ in range(16)]
    assert taken[0][0] == "D6" and "陈安代表手上有 10 件未办完，蓝天代表有 0 件" in taken[0][1]
    assert {code for code, _ in taken} == {"D2", "D6"}  # who is nearer gets more
    assert sum(code == "D6" for code, _ in taken) > sum(code == "D2" for code, _ in taken) > 2


def test_whoever_is_on_duty_relieves_him_first(people, town) -> None:
    duty(town, "D1", absent=True)
    duty(town, "D2", order=2)
    assert goes_to()[0] == "D1"  # nothing waits for him: he is the nearest
    waiting(town, "D1", 10)
    code, reason = goes_to()
    assert code == "D2" and "今天在东溪镇代表联络站值班" in reason and "陈安代表手上有 11 件" in reason
    DutyTurn.objects.all().delete()
    duty(town, "D3")  # serves another district: his turn changes nothing where the place has deputies of its own
    assert goes_to()[0] == "D6"
    DutyTurn.objects.all().delete()
    duty(town, "D2", day=toy.TODAY + dt.timedelta(days=1))
    assert goes_to()[0] == "D6"


def test_who_gets_it_is_asked_in_few_queries(people, town, django_assert_max_num_queries) -> None:
    place = find_at(toy.at(0.6, 0.6).x, toy.at(0.6, 0.6).y, on=toy.TODAY)
    with django_assert_max_num_queries(1):
        recipient(place, None, "")
    waiting(town, "D1", 12)
    with django_assert_max_num_queries(2):
        recipient(place, None, "")


def test_where_nobody_serves_the_one_on_duty_takes_it_else_the_office(people, town) -> None:
    Mandate.objects.filter(district__in=[town.districts[name].pk for name in ("C1", "A1")]).delete()
    LayerVersion.raise_for("deputy")
    case = workflow.submit(a_report())
    assert case.deputy is None and case.state == "with_town"
    duty(town, "D3")
    case = workflow.submit(a_report())
    assert (case.deputy.code, case.state, case.deputy_reason) == ("D3", "with_deputy", "此地选区没有在任代表；今天在东溪镇代表联络站值班")


def test_a_resident_is_told_the_same_deputy_with_public_rights_only(people, town, client) -> None:
    place = toy.at(0.6, 0.6)
    waiting(town, "D1", 12)
    told, got = [], []
    for _ in range(8):
        with public_role():
            told.append(re.search("先由(.+?)代表办理", client.get("/report", {"lat": place.y, "lon": place.x}).content.decode())[1])
        got.append(town.deputies[goes_to()[0]].name)
    assert told == got and len(set(got)) > 1
