"""Changing a draft on its pages: replace, add, drop, lead, lock, undo; who comes second is told and loses nothing typed."""

import json

import pytest
from django.urls import reverse

from apps.supervision.explanation import signed_metres
from apps.supervision.models import AssignmentRun, Team, TeamMember
from apps.supervision.signing import heading
from apps.supervision.standing import standing

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(client, county_office):
    client.force_login(county_office)
    return client


def member_of(run: AssignmentRun, topic: str) -> TeamMember:
    return TeamMember.objects.get(team__run=run, team__topic__project__name=topic)


def change(client, member: TeamMember, **typed):
    run = AssignmentRun.objects.get(teams__members=member)
    return client.post(reverse("member_change", args=[member.pk]), {"revision": run.revision, **typed})


def test_replaced_the_panel_is_of_the_new_one_and_the_rest_is_asked_to_renew_itself(office, run, town):
    member = member_of(run, "东溪防洪堤")
    answer = change(office, member, verb="replace", deputy=town.deputies["D3"].pk, reason="熟悉该村情况")
    new = member_of(run, "东溪防洪堤")
    assert answer.status_code == 200 and answer.headers["HX-Trigger"] == "run-changed"
    assert new.deputy.name == "黄杰" and "已把陈安换为黄杰" in answer.content.decode() and "熟悉该村情况" in answer.content.decode()
    assert json.loads(answer.context["panel"])["member"] == new.pk
    assert "正在算还可以选谁" in answer.content.decode() and not answer.context["offers"]  # the answer to the change does not wait for it
    others = office.get(reverse("member_why", args=[new.pk]), {"offers": 1})
    assert json.loads(others.context["candidates"]) and 'class="table offers"' in others.content.decode() and "为什么推荐" not in others.content.decode()
    run.refresh_from_db()
    strip = office.get(reverse("run_strip", args=[run.pk])).content.decode()
    assert run.revision == 1 and "撤销上一步调整" in strip and "调整前已证明最优" in strip
    table = office.get(reverse("run_teams", args=[run.pk]), {"show": "changed"})
    assert [team.topic.title for team in table.context["page_obj"]] == ["东溪防洪堤"]


def test_who_comes_second_is_told_and_keeps_what_he_typed(office, run, town):
    member, other = member_of(run, "东溪防洪堤"), member_of(run, "城关老旧小区改造")
    change(office, other, verb="lock")
    late = office.post(reverse("member_change", args=[member.pk]), {"revision": 0, "verb": "replace", "deputy": town.deputies["D3"].pk, "reason": "我写的理由"})
    assert late.status_code == 422 and "没有执行" in late.content.decode() and "我写的理由" in late.content.decode()
    assert late.headers["HX-Trigger"] == "run-changed" and member_of(run, "东溪防洪堤").deputy == member.deputy


def test_a_place_that_is_gone_is_said_with_the_reason_typed(office, run, town):
    member = member_of(run, "东溪防洪堤")
    change(office, member, verb="replace", deputy=town.deputies["D3"].pk, reason="先来")
    gone = office.post(reverse("member_change", args=[member.pk]), {"verb": "drop", "reason": "我写的理由"})
    assert gone.status_code == 422 and "刚刚被别人改过" in gone.content.decode() and "我写的理由" in gone.content.decode()


@pytest.mark.parametrize(("typed", "words"), [
    ({"verb": "replace", "reason": "试"}, "请先选一位代表"), ({"verb": "drop", "reason": " "}, "请写明调整理由"), ({"verb": "nonsense"}, "请选择要做什么"),
    ({"verb": "replace", "deputy": "9" * 40, "reason": "试"}, "请先选一位代表"),
])  # fmt: skip
def test_what_is_missing_is_said(office, run, typed, words):
    answer = change(office, member_of(run, "东溪防洪堤"), **typed)
    assert answer.status_code == 422 and words in answer.content.decode()
    run.refresh_from_db()
    assert run.revision == 0


def test_dropped_added_and_undone(office, run, town):
    member = member_of(run, "东溪防洪堤")
    answer = change(office, member, verb="drop", reason="外出学习")
    team = Team.objects.get(run=run, topic=member.team.topic)
    assert team.unmet == 1 and "空缺" in answer.content.decode() and "请谁补上" in answer.content.decode()
    run.refresh_from_db()
    added = office.post(reverse("team_add", args=[team.pk]), {"revision": run.revision, "deputy": town.deputies["D3"].pk, "reason": "补上"})
    assert "已请黄杰加入小组" in added.content.decode()
    for _ in range(2):
        run.refresh_from_db()
        assert office.post(reverse("run_undo", args=[run.pk]), {"revision": run.revision}).status_code == 302
    assert member_of(run, "东溪防洪堤").deputy == member.deputy
    run.refresh_from_db()
    nothing = office.post(reverse("run_undo", args=[run.pk]), {"revision": run.revision})
    assert nothing.status_code == 409 and "没有可以撤销的调整" in nothing.content.decode()
    assert run.changed_total == run.total


def test_the_rest_is_rearranged_once_its_effect_is_said(office, run, town):
    page, address = reverse("run_detail", args=[run.pk]), reverse("run_rearrange", args=[run.pk])
    assert address not in office.get(page).content.decode() and "不需要重排" in office.get(address).content.decode()
    change(office, member_of(run, "东溪防洪堤"), verb="drop", reason="外出学习")
    assert address in office.get(page).content.decode()
    run.refresh_from_db()
    told = office.get(address).context["told"]
    assert told.added and "请写明调整理由" in office.post(address, {"revision": run.revision, "reason": " "}).content.decode()
    late = office.post(address, {"revision": run.revision - 1, "reason": "补上空缺"})
    assert late.status_code == 422 and "补上空缺" in late.content.decode()
    assert "已重新排布" in office.post(address, {"revision": run.revision, "reason": "补上空缺"}).content.decode()
    run.refresh_from_db()
    assert run.changed_total == told.best and "不需要重排" in office.get(address).content.decode()
    assert "调整前已证明最优" in office.get(page).content.decode()
    for _ in range(2):
        office.post(reverse("run_undo", args=[run.pk]), {"revision": AssignmentRun.objects.get(pk=run.pk).revision})
    assert address not in office.get(page).content.decode() and "调整前" not in office.get(page).content.decode()


def test_lock_and_unlock(office, run):
    member = member_of(run, "东溪防洪堤")
    assert "解除锁定" in change(office, member, verb="lock").content.decode()
    assert [t.topic.title for t in office.get(reverse("run_teams", args=[run.pk]), {"show": "locked"}).context["page_obj"]] == ["东溪防洪堤"]
    assert "锁定，重排时不动" in change(office, member, verb="unlock").content.decode()


def test_whom_the_line_was_pulled_to_or_who_was_asked_for_by_name_stands_first(office, run, town):
    why = reverse("member_why", args=[member_of(run, "东溪防洪堤").pk])
    for asked in ({"deputy": town.deputies["D3"].pk}, {"find": "黄"}):
        page = office.get(why, asked)
        assert page.context["offers"][0].deputy.name == "黄杰" and page.context["offers"][0].asked_for
        assert 'checked' in page.content.decode().split("offer-" + str(town.deputies["D3"].pk))[1].split(">")[0]
    assert office.get(why, {"deputy": "x", "find": "没有这个人"}).status_code == 200


def test_the_effect_told_beforehand_is_the_effect_afterwards(office, run, town):
    member = member_of(run, "东溪防洪堤")
    told = next(one for one in office.get(reverse("member_why", args=[member.pk]), {"deputy": town.deputies["D3"].pk}).context["offers"] if one.asked_for)
    change(office, member, verb="replace", deputy=town.deputies["D3"].pk, reason="试")
    run.refresh_from_db()
    assert told.change == signed_metres(run.changed_total - run.total)


def test_others_see_no_buttons_and_change_nothing(client, run, leader, town_clerk):
    member = member_of(run, "东溪防洪堤")
    client.force_login(leader)
    page = client.get(reverse("member_why", args=[member.pk])).content.decode()
    assert "换成选中的代表" not in page and "还可以选谁" not in page
    for user in (leader, town_clerk):
        client.force_login(user)
        assert change(client, member, verb="lock").status_code == 403


def test_approved_with_its_meeting_and_published_after_a_warning(office, run, county_office):
    approve = reverse("run_approve", args=[run.pk])
    wrong = office.post(approve, {"body": "meeting", "words": "第三十次主任会议", "on": "2026年3月", "revision": 0})
    assert wrong.status_code == 409 and "2026-03-14" in wrong.content.decode() and "第三十次主任会议" in wrong.content.decode()
    late = office.post(approve, {"body": "meeting", "words": "第三十次主任会议", "on": "2097-01-01", "revision": 0})
    assert late.status_code == 409 and "不能晚于今天" in late.content.decode()
    office.post(approve, {"body": "meeting", "words": "第三十次主任会议", "on": "2026-03-09", "revision": 0})
    run.refresh_from_db()
    assert (run.state, run.approval_body, run.approval_words) == ("approved", "meeting", "第三十次主任会议")
    page = office.get(reverse("run_detail", args=[run.pk])).content.decode()
    assert "已由主任会议批准" in page and "发布后不能再改" in page
    assert any("主任会议（第三十次主任会议）2026年03月09日 批准" in line for line in heading(run, standing(run)))
    office.post(reverse("run_publish", args=[run.pk]), {"revision": 0})
    again = office.post(reverse("run_publish", args=[run.pk]), {"revision": 0})
    assert again.status_code == 409 and "不能发布" in again.content.decode()
    assert AssignmentRun.objects.in_force() == run


def test_a_waiting_run_is_cancelled_and_started_again(office, town):
    office.post(reverse("run_new"), {"preset": "nearest", "start": 1})
    run = AssignmentRun.objects.get()
    office.post(reverse("run_cancel", args=[run.pk]))
    page = office.get(reverse("run_detail", args=[run.pk])).content.decode()
    assert "计算已取消" in page and "重新计算" in page
    assert office.post(reverse("run_cancel", args=[run.pk])).status_code == 409
    office.post(reverse("run_restart", args=[run.pk]))
    run.refresh_from_db()
    assert run.state == "queued"
