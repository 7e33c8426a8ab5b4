"""What a case is about: the tree, recognition by words and by what people settled, levels, and learning in the background."""

import datetime as dt

import numpy as np
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from apps.cases import learning, levels, sorting, workflow
from apps.cases.keywords import Keywords, Known
from apps.cases.models import Case, CaseEvent, Category
from apps.cases.versions import ModelEvent, ModelVersion
from apps.organisations.competence import COMPETENCES, recognised
from apps.record.states import MoveRefused
from tests.cases.conftest import a_report

KINDS = {
    "road_facility": ["路面坑洼颠得厉害", "路灯一盏都不亮", "人行道地砖翘起来", "桥的护栏断了"],
    "drainage_water": ["一下雨就积水倒灌", "自来水发黄停水", "下水道堵塞返水", "水压太低上不了楼"],
    "noise_fume": ["夜间施工噪音很大", "广场舞音响太吵", "饭店油烟直排", "风机轰鸣睡不着"],
    "health": ["卫生院没有医生", "异地医保报销太慢", "医院挂号难", "疫苗一直打不上"],
}  # fmt: skip


def settled(case_of, number: int, *, wrong: float = 0.0, seed: int = 0) -> None:
    """So many cases that a person has sorted; a share of them wrongly."""
    random, rows = np.random.default_rng(seed), []
    known = {category.code: category for category in Category.objects.all()}
    for k in range(number):
        kind = str(random.choice(list(KINDS)))
        said = str(random.choice(list(KINDS))) if random.random() < wrong else kind
        text = f"{random.choice(list('东西南北中'))}边{k}号附近，{random.choice(KINDS[kind])}，已经{random.integers(2, 90)}天了，请来看看。"
        rows.append(case_of(text, known[said]))
    Case.objects.bulk_create(rows)


@pytest.fixture
def case_of(town):
    from tests import town as toy

    def make(text: str, category: Category | None, source: str = "person") -> Case:
        return Case(
            code=f"T{abs(hash((text, source))) % 10**12}", text=text, category=category, category_source=source, channel="web", point=toy.at(0.5, 0.5),
            town=town.towns["A"], state="closed", submitted_at=timezone.now(),
        )  # fmt: skip

    return make


@pytest.mark.django_db
def test_the_tree_has_three_levels_and_the_old_codes_are_second_level() -> None:
    rows = list(Category.objects.select_related("parent__parent"))
    assert {row.level for row in rows} == {1, 2, 3}
    assert all((row.parent is None) == (row.level == 1) and (row.parent is None or row.parent.level == row.level - 1) for row in rows)
    assert all(row.level1 == (row.parent.level1 if row.parent else row.label) for row in rows)
    old = ["parking_traffic", "transit", "road_facility", "drainage_water", "property", "housing", "rural", "safety", "sanitation", "noise_fume",
           "pollution", "education", "health", "welfare", "labour", "market", "other"]  # fmt: skip
    assert Category.objects.filter(code__in=old, level=2).count() == len(old)
    assert Category.objects.offered().filter(congress_only=True).count() == 2
    assert all(row.words for row in rows if row.level == 3)
    names = {row.lead_competence for row in rows} | {one for row in rows for one in row.co_competences}
    assert names <= {*COMPETENCES, "", "congress"}
    below = Category.objects.under(["noise_fume"])
    assert {row.code for row in below} >= {"noise_fume", "night_work", "fume"} and {row.level1 for row in below} == {"环境保护"}


def test_words_tell_categories_apart_and_never_claim_to_be_sure() -> None:
    words = Keywords([Known("lights", "road", ("路灯", "不亮")), Known("water", "drain", ("积水", "倒灌")), Known("well", "road", ("井盖", "积水"))])
    assert words.seconds("路灯不亮")[0][0] == "road" and words.third("井盖松了，路灯也坏了", "road") in ("well", "lights")
    assert words.third("积水倒灌", "drain") == "water" and words.third("你好", "road") == ""
    assert words.seconds("今天天气不错") == [] and words.confidence([]) == 0.0
    assert words.confidence(words.seconds("路灯" * 999 + "不亮" * 999)) < sorting.SURE


@pytest.mark.parametrize(("text", "category", "handled_at", "extra", "level", "says"), [
    ("路灯不亮", "道路与市政设施", "town", {}, "town", "一般由镇级办理"),
    ("全县的路灯都不亮", "道路与市政设施", "town", {}, "county", "全县"),
    ("请问老年证怎么办", "养老救助与社保", "county", {}, "deputy", "请问"),
    ("法院一直不执行", "法院", "county", {"congress_only": True}, "county", "不转政府部门"),
    ("路灯不亮", "道路与市政设施", "town", {"has_town": False}, "county", "不设乡镇"),
    ("说不清楚的事", "", "", {}, "deputy", "先由代表核实"),
])  # fmt: skip
def test_the_level_is_proposed_with_its_reason(text, category, handled_at, extra, level, says) -> None:
    found = levels.proposed(text, category, handled_at, **extra)
    assert found.level == level and says in found.reason and len(found.reason) <= 120


@pytest.mark.parametrize(("name", "kind", "found"), [
    ("方格县住房和城乡建设局", "department", ["construction"]), ("县公安局交通警察大队", "department", ["traffic_police"]), ("县公安局", "department", ["police"]),
    ("蕲春县农业农村和水利局", "department", ["water", "agriculture"]), ("县水务集团有限公司", "enterprise", ["water_supply"]),
    ("东溪镇人民政府", "township", ["local"]), ("方格县人民法院", "court", []), ("县第一中学", "school", []), ("某某教育科技有限公司", "enterprise", ["education"]),
])  # fmt: skip
def test_what_a_unit_is_competent_for_is_read_from_its_name(name, kind, found) -> None:
    assert recognised(name, kind) == found


def test_without_learning_a_report_is_proposed_for_and_not_sorted(people) -> None:
    case = workflow.submit(a_report(text="门口的路灯一直不亮，晚上看不见"))
    assert case.category is None and case.category_source == "" and case.level_proposed in ("deputy", "town")
    assert case.level_reason
    guess = sorting.guess(case.text)
    assert guess.best.code == "road_facility" and guess.third.code == "street_light" and not guess.sure


def test_what_the_reporter_chose_is_kept_as_his(people) -> None:
    case = workflow.submit(a_report(text="门口的路灯一直不亮", category=Category.objects.get(code="road_facility")))
    assert (case.category.code, case.category_source, case.subcategory.code) == ("road_facility", "reporter", "street_light")
    assert case.level_proposed == "town" and "道路与市政设施" in case.level_reason


def test_the_holder_settles_it_and_that_is_learned_from(people) -> None:
    case = workflow.submit(a_report(text="门口的路灯一直不亮", category=Category.objects.get(code="road_facility")))
    before = ProcrastinateJob.objects.filter(task_name="cases.learn").count()
    workflow.classify(case, people.deputy, Category.objects.get(code="flooding"))
    workflow.classify(case, people.deputy, Category.objects.get(code="road_facility"))  # once is enough to wake the job
    case.refresh_from_db()
    assert (case.category.code, case.category_source) == ("road_facility", "person")
    verbs = [(event.data["before"], event.data["category"]) for event in CaseEvent.objects.filter(subject=case, verb="classify")]
    assert verbs == [("道路与市政设施", "排水内涝与供水"), ("排水内涝与供水", "道路与市政设施")]
    assert ProcrastinateJob.objects.filter(task_name="cases.learn").count() == before + 1
    again = CaseEvent.objects.filter(subject=case).count()
    workflow.classify(case, people.deputy, Category.objects.get(code="road_facility"))  # nothing is changed by saying it twice
    assert CaseEvent.objects.filter(subject=case).count() == again
    with pytest.raises(MoveRefused):
        workflow.classify(case, people.deputy, Category.objects.filter(level=1).first())
    with pytest.raises(MoveRefused):
        workflow.classify(case, people.unit_officer, Category.objects.get(code="health"))


def test_confirming_what_the_reporter_said_is_a_persons_word(people) -> None:
    case = workflow.submit(a_report(category=Category.objects.get(code="road_facility")))
    workflow.classify(case, people.deputy, case.category)
    case.refresh_from_db()
    assert case.category_source == "person" and CaseEvent.objects.filter(subject=case, verb="classify").exists()


def test_it_learns_is_tried_and_then_sorts_by_itself(people, case_of, clock) -> None:
    settled(case_of, learning.LEAST - 1)
    assert not learning.due() and learning.learn(timezone.now()) is None
    settled(case_of, 400, seed=1)
    assert learning.due()
    version = learning.learn(timezone.now())
    assert version.active and version.figures["after"]["right"] > 0.9 and version.figures["compared_with"] is None
    assert [event.verb for event in version.events.order_by("pk")] == ["learn", "use"] and ModelEvent.objects.broken_chains() == []
    case = workflow.submit(a_report(text="我家门前一下雨就积水倒灌，请来看看。"))
    assert (case.category.code, case.category_source) == ("drainage_water", "machine") and case.category_confidence >= sorting.SURE
    first = CaseEvent.objects.get(subject=case, verb="submit")
    assert first.data["source"] == "machine" and first.data["version"] == version.pk
    assert not learning.due()  # nothing new since
    clock.pass_days(1)
    for one in [*Case.objects.filter(category_source="person")[: learning.AFTER]]:
        CaseEvent.objects.append(one, "classify", actor=people.deputy, at=timezone.now())
    assert learning.due()


def test_a_worse_version_is_set_aside_and_an_earlier_one_can_be_taken_back(people, case_of) -> None:
    settled(case_of, 500)
    good = learning.learn(timezone.now())
    unheld = [case.pk for case in Case.objects.all() if not learning.Lesson(case.text, "", "").held_out]
    Case.objects.filter(pk__in=unheld).update(category=Category.objects.get(code="market"), submitted_at=timezone.now() + dt.timedelta(hours=1))
    Case.objects.filter(pk=unheld[0]).update(category=Category.objects.get(code="health"))
    bad = learning.learn(timezone.now())
    good.refresh_from_db()
    assert not bad.active and good.active
    assert [event.verb for event in bad.events.order_by("pk")] == ["learn", "set_aside"]
    with pytest.raises(MoveRefused):
        learning.put_to_use(bad, people.county_office, " ")
    learning.put_to_use(bad, people.county_office, "试用一周")
    assert sorting.recogniser.current().version == bad.pk
    learning.put_to_use(good, people.county_office, "不好用")
    assert sorting.recogniser.current().version == good.pk and ModelVersion.objects.in_use().count() == 1
    learning.back_to_words(people.county_office, "先停一停")
    assert sorting.recogniser.current().version is None and not sorting.guess("一下雨就积水倒灌").sure


def test_a_version_that_cannot_be_read_stops_no_report(people) -> None:
    ModelVersion.objects.create(made_at=timezone.now(), cases=1, held_out=1, first=b"nonsense", second=b"nonsense", active=True)
    assert workflow.submit(a_report(text="路灯不亮")).category is None


def test_recognising_asks_the_database_nothing_while_nothing_changes(people) -> None:
    sorting.guess("路灯不亮")
    with CaptureQueriesContext(connection) as asked:
        sorting.guess("路灯还是不亮")
    assert len(asked) == 1  # whether the layer has changed; once a second in real life


def test_the_page_of_versions(client, people, case_of) -> None:
    page, learn, words = reverse("model_list"), reverse("model_learn"), reverse("model_words")
    client.force_login(people.dispatcher)
    assert client.get(page).status_code == 403 and client.post(learn).status_code == 403
    client.force_login(people.county_office)
    assert "还没有学习过" in client.get(page).content.decode()
    settled(case_of, 450)
    version = learning.learn(timezone.now())
    shown = client.get(page).content.decode()
    assert f"第 {version.pk} 版" in shown and "在用" in shown and "系统" in shown
    jobs = ProcrastinateJob.objects.filter(task_name="cases.learn_now")
    client.post(learn), client.post(learn)
    assert jobs.count() == 1
    client.post(words, {"note": ""})
    assert ModelVersion.objects.in_use().exists()
    client.post(words, {"note": "先停"})
    assert not ModelVersion.objects.in_use().exists()
    client.post(reverse("model_use", args=[version.pk]), {"note": "再用"})
    assert ModelVersion.objects.in_use().get() == version


def test_the_jobs_learn_only_when_there_is_something_new(people, case_of) -> None:
    from apps.cases import tasks

    tasks.learn_at_night(0), tasks.learn()
    assert not ModelVersion.objects.exists()
    settled(case_of, 400)
    tasks.learn(), tasks.learn_at_night(0)
    assert ModelVersion.objects.count() == 1
    tasks.learn_now(people.county_office.pk)
    assert ModelEvent.objects.filter(actor=people.county_office, verb="learn").count() == 1


@pytest.mark.django_db
def test_the_database_keeps_one_version_in_use_and_its_events() -> None:
    from django.db import DatabaseError, IntegrityError

    one, two = (ModelVersion.objects.create(made_at=timezone.now(), cases=1, held_out=1) for _ in range(2))
    ModelVersion.objects.filter(pk=one.pk).update(active=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        ModelVersion.objects.filter(pk=two.pk).update(active=True)
    event = ModelEvent.objects.append(one, "learn", actor_label="系统")
    with pytest.raises(DatabaseError), transaction.atomic():
        ModelEvent.objects.filter(pk=event.pk).update(note="x")
