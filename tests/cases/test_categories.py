"""The tree of categories in people's hands: renamed, added to, put in order, switched off; recognised and routed by all the same."""

import pytest
from django.test import Client

from apps.cases import routing, sorting, workflow, workflow_categories
from apps.cases.classification import train
from apps.cases.models import Case, Category
from apps.cases.taxonomy import CategoryEvent
from apps.cases.workflow_categories import Naming
from apps.cases.workflow_rules import Draft, add_rule
from apps.record.messages import KINDS, Outgoing
from apps.record.states import MoveRefused
from apps.worktime.models import TimeLimit, TimeLimitEvent
from apps.worktime.workflow import change_limit
from tests.cases.conftest import a_report, brought_to


def second(code: str = "road_facility") -> Category:
    return Category.objects.get(code=code)


@pytest.fixture
def office(people) -> Client:
    client = Client()
    client.force_login(people.county_office)
    return client


def test_only_the_county_office(town, people):
    for name, user in people:
        if name == "county_office":
            continue
        client = Client()
        client.force_login(user)
        assert client.get("/cases/categories/").status_code == 403
        with pytest.raises(MoveRefused, match="工委"):
            workflow_categories.add(second(), Naming("灯杆"), user)


def test_one_is_added_and_recognised_by_its_words(town, people, office):
    assert sorting.read().guess("小区里的无人机天天在窗外飞来飞去").best is None
    page = office.get(f"/cases/categories/?add={second().pk}").content.decode()
    assert "增加三级类别" in page
    done = office.post(f"/cases/categories/{second().pk}/add", {"label": "无人机", "words": "无人机、航拍 无人机"})
    assert done.status_code == 302
    made = Category.objects.get(label="无人机")
    assert (made.level, made.parent, made.words, made.level1) == (3, second(), ["无人机", "航拍"], second().level1)
    found = sorting.read().guess("小区里的无人机天天在窗外飞来飞去")
    assert (found.best, found.third, found.sure) == (second(), made, False)
    assert CategoryEvent.objects.get().verb == "add" and CategoryEvent.objects.broken_chains() == []
    orders = list(Category.objects.order_by("order").values_list("order", flat=True))
    assert orders == list(range(1, len(orders) + 1))
    assert made.order > max(second().children.exclude(pk=made.pk).values_list("order", flat=True))


def test_names_are_told_apart_and_first_levels_stay_where_they_are(town, people, office):
    first = second().parent
    for pk, typed, words in (
        (first.pk, {"label": second().label}, "已经有"), (first.pk, {"label": " "}, "请写类别的名称"), (first.pk, {"label": "很" * 30}, "最多 20 个字"),
        (second().pk, {"label": "灯杆", "words": "长" * 25}, "太长"),
    ):  # fmt: skip
        page = office.post(f"/cases/categories/{pk}/add", typed)
        assert page.status_code == 422 and words in page.content.decode()
    with pytest.raises(MoveRefused, match="一级类别只能改名"):
        workflow_categories.switch(first, people.county_office, active=False, version=first.version)
    with pytest.raises(MoveRefused, match="一级类别只能改名"):
        workflow_categories.move(first, people.county_office, up=False, version=first.version)
    with pytest.raises(MoveRefused, match="只有三级"):
        workflow_categories.add(second().children.first(), Naming("再下一级"), people.county_office)


def test_a_first_level_is_renamed_and_its_limits_and_what_was_learned_go_with_it(town, people, office, settings):
    settings.ZONE = "office"
    first, other = second().parent, second("sanitation")
    old = first.label
    texts = [f"路灯不亮第{n}盏，灯杆也斜了" for n in range(12)] + [f"垃圾堆放第{n}天没有清运" for n in range(12)]
    ours, theirs = [second()] * 12, [other] * 12
    learned = train(texts, [each.level1 for each in ours + theirs]), train(texts, [each.code for each in ours + theirs])

    def guess():
        return sorting.Recogniser(list(Category.objects.order_by("order", "pk")), *learned, None).guess("村口的路灯不亮了，灯杆也斜了")

    was = guess()
    assert was.best == second() and was.confidence > 0.5
    change_limit(people.county_office, "with_unit", 9, "working_days", "主任会议议定", topic=old)
    page = office.get(f"/cases/categories/?change={first.pk}").content.decode()
    assert f"给“{old}”改名" in page and 'name="words"' not in page
    for label, words in (("环境保护", "用过的名称"), (second().label, "用过的名称"), ("", "请写类别的名称")):
        refused = office.post(f"/cases/categories/{first.pk}/change", {"label": label, "version": first.version})
        assert refused.status_code == 422 and words in refused.content.decode()
    done = office.post(f"/cases/categories/{first.pk}/change", {"label": "城乡建管", "version": first.version})
    assert done.status_code == 302
    assert set(first.children.values_list("level1", flat=True)) == {"城乡建管"} == set(second().children.values_list("level1", flat=True))
    assert TimeLimit.objects.narrower().get().topic == "城乡建管" and TimeLimit.objects.whole_book().find("with_unit", "county", "城乡建管").amount == 9
    assert (guess().best, guess().confidence) == (second(), was.confidence)
    assert office.post(f"/cases/categories/{first.pk}/change", {"label": "又一个名称", "version": first.version}).status_code == 422  # changed meanwhile
    with pytest.raises(MoveRefused, match="用过的名称"):
        workflow_categories.change(other.parent, Naming(old), people.county_office, version=other.parent.version)
    body = Outgoing.objects.filter(kind="cases.categories").latest("pk").body
    now = workflow_categories.change(first, Naming(old), people.county_office, version=first.version + 1)  # and back
    assert now.words == ["城乡建管"] and TimeLimit.objects.narrower().get().topic == old
    KINDS["cases.categories"].apply(body)  # as the public zone takes it in
    assert second().level1 == TimeLimit.objects.narrower().get().topic == "城乡建管"
    assert CategoryEvent.objects.broken_chains() == [] and TimeLimitEvent.objects.broken_chains() == []


def test_two_at_once_and_what_was_typed_stays(town, people, office):
    typed = {"label": "道路设施", "handled_at": "county", "version": second().version}
    assert office.post(f"/cases/categories/{second().pk}/change", typed).status_code == 302
    late = office.post(f"/cases/categories/{second().pk}/change", {**typed, "label": "道路和桥"})
    assert late.status_code == 422 and "刚才有人改过" in late.content.decode() and "道路和桥" in late.content.decode()
    assert (second().label, second().handled_at) == ("道路设施", "county")
    event = CategoryEvent.objects.get()
    assert event.data["before"]["label"] != event.data["label"] == "道路设施"


def test_one_that_is_off_is_neither_offered_nor_recognised_and_cases_keep_it(town, people, office):
    text = "人民路的路灯不亮，灯杆也斜了，路面坑洼，晚上漆黑一片。"
    assert sorting.read().guess(text).best == second()
    case = workflow.classify(brought_to("with_county", town, people), people.county_office, second())
    office.post(f"/cases/categories/{second().pk}/move", {"verb": "off", "version": second().version})
    assert not second().active and second() not in Category.objects.offered()
    assert sorting.read().guess(text).best != second()
    filed = workflow.submit(a_report(text=text))
    assert filed.category_id != second().pk and Case.objects.get(pk=case.pk).category == second()
    assert "（已停用）" in office.get(f"/cases/{case.code}/").content.decode()
    office.post(f"/cases/categories/{second().pk}/move", {"verb": "on", "version": second().version})
    assert sorting.read().guess(text).best == second()


def test_what_rules_and_courts_need_is_not_switched_off(town, people):
    add_rule(Draft(order=10, category=second().children.first(), lead_competence="construction"), people.dispatcher)
    courts = Category.objects.filter(level=2, congress_only=True).first()
    for category, words in ((second(), "交办规则第 10 条"), (courts, "法院、检察院")):
        with pytest.raises(MoveRefused, match=words):
            workflow_categories.switch(category, people.county_office, active=False, version=category.version)
    below = workflow_categories.add(courts, Naming("执行难", ("不执行",)), people.county_office)
    assert routing.proposal("法院判了一直不执行", below).lead is None


def test_order_changes_by_one_place(town, people, office):
    beside = list(second().parent.children.order_by("order").values_list("code", flat=True))
    last = second(beside[-1])
    office.post(f"/cases/categories/{last.pk}/move", {"verb": "up", "version": last.version})
    assert list(second().parent.children.order_by("order").values_list("code", flat=True)) == [*beside[:-2], beside[-1], beside[-2]]
    offered = [category.level1 for category in Category.objects.offered()]
    assert len(list(dict.fromkeys(offered))) == sum(1 for at, name in enumerate(offered) if at == 0 or offered[at - 1] != name)  # groups hold together


def test_the_public_zone_hears_of_the_tree(town, people, settings):
    settings.ZONE = "office"
    made = workflow_categories.add(second(), Naming("无人机", ("无人机",)), people.county_office)
    body = Outgoing.objects.get(kind="cases.categories").body
    Category.objects.filter(pk=second().pk).update(label="旧名")
    for _ in range(2):
        KINDS["cases.categories"].apply(body)
    assert Category.objects.filter(code=made.code).count() == 1 and second().label != "旧名"


def test_a_text_of_few_letters_is_never_sure(town):
    found = sorting.read().guess("垃圾垃圾！！！")
    assert found.best is not None and not found.sure and not found.likely
