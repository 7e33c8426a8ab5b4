"""The pages of the workbench: totals, map, teams, reasons, the list to sign; who sees what of them."""

import io
import re

import numpy as np
import pypdfium2
import pytest
from django.urls import reverse
from openpyxl import load_workbook

from apps.deputies.models import Deputy
from apps.supervision import workflow, workflow_changes
from apps.supervision.explanation import signed_metres
from apps.supervision.lines import BY_HAND, FREE, HOME, VILLAGE, WORK, lines
from apps.supervision.models import AssignmentRun, TeamMember
from tests.town import TODAY, at

pytestmark = pytest.mark.django_db


def member_of(run: AssignmentRun, topic: str) -> TeamMember:
    return TeamMember.objects.get(team__run=run, team__topic__project__name=topic)


def read(body: bytes) -> dict:
    """The bytes of a run's map, as the format at the top of lines.py says."""
    assert body[:4] == b"GRL1"
    revision, t, p, s = np.frombuffer(body, "<u4", 4, 4).tolist()
    kinds = [("topics", "<i4", (t, 2)), ("places", "<i4", (p, 2)), ("topic", "<u4", (t,)), ("deputy", "<u4", (p,)), ("line", "<u4", (s, 3)),
             ("empty", "u1", (t,)), ("kind", "u1", (p,)), ("flags", "u1", (s,))]  # fmt: skip
    at, found = 20, {"revision": revision}
    for name, kind, shape in kinds:
        size = np.dtype(kind).itemsize * int(np.prod(shape))
        found[name] = np.frombuffer(body[at : at + size], kind).reshape(shape)
        at += size
    assert at == len(body)
    return found


class TestPages:
    def test_office_sees_workbench_with_reasons_and_alternatives(self, client, county_office, run):
        client.force_login(county_office)
        page = client.get(reverse("run_detail", args=[run.pk]))
        assert "已证明最优" in page.content.decode()
        why = client.get(reverse("member_why", args=[member_of(run, "东溪防洪堤").pk])).content.decode()
        assert "懂行：工作领域含水利与防灾" in why and "还可以选谁" in why and "须回避" not in why.split("还可以选谁")[0]

    def test_those_who_could_come_stand_before_those_who_cannot(self, client, county_office, run):
        client.force_login(county_office)
        page = client.get(reverse("member_why", args=[member_of(run, "南山中心小学迁建").pk]))
        listed = page.context["offers"]
        obstacles = [not one.possible for one in listed]
        assert obstacles == sorted(obstacles) and obstacles.count(False) >= 1
        assert any("须回避" in one.told for one in listed if one.deputy.name == "林秀")

    def test_the_change_told_is_the_change_of_the_total(self, client, county_office, run):
        client.force_login(county_office)
        member = member_of(run, "东溪防洪堤")
        one = next(one for one in client.get(reverse("member_why", args=[member.pk])).context["offers"] if one.possible)
        before = client.get(reverse("run_detail", args=[run.pk])).context["now_total"]
        assert before == run.total
        workflow_changes.replace(county_office, member.pk, one.deputy.pk, "试换")
        assert client.get(reverse("run_detail", args=[run.pk])).context["now_total"] - before != 0
        after = client.get(reverse("run_detail", args=[run.pk])).context["now_total"]
        assert one.change == signed_metres(after - before)

    def test_the_prices_say_why_he_and_why_not_another(self, client, county_office, run):
        client.force_login(county_office)
        page = client.get(reverse("member_why", args=[member_of(run, "东溪防洪堤").pk]))
        assert page.context["reasons"][0].startswith("陈安是离得最近且懂行的代表（")
        others = {one.deputy.name: one for one in page.context["offers"]}
        assert any(one.told.startswith("排第") for one in others.values())
        assert all(one.told in page.content.decode() for one in others.values())

    def test_homes_are_shown_only_with_the_permission(self, client, run, leader, county_office):
        def kinds(user):
            client.force_login(user)
            return set(read(client.get(reverse("run_lines", args=[run.pk])).content)["kind"].tolist())

        assert HOME in kinds(county_office)
        assert kinds(leader) == {VILLAGE}
        client.force_login(leader)
        text = client.get(reverse("member_why", args=[member_of(run, "东溪防洪堤").pk])).content.decode()
        assert "住在" in text and "离现场" not in text.split("住在")[1].split("<")[0]

    def test_moving_a_home_inside_its_village_changes_no_byte_for_those_who_may_not_see_it(self, client, run, leader, town):
        client.force_login(leader)
        urls = [*(reverse(name, args=[run.pk]) for name in ("run_detail", "run_teams", "run_lines")), reverse("member_why", args=[member_of(run, "东溪防洪堤").pk])]

        def pages() -> list[bytes]:  # the CSRF token is new on every page
            return [re.sub(rb'(csrfmiddlewaretoken" value|csrf-token" content)="[^"]*"', b"", client.get(url).content) for url in urls]

        before = pages()
        home = town.deputies["D1"].home
        home.point = at(0.9, 0.9)
        home.save()
        assert pages() == before

    def test_deputies_and_clerks_see_published_runs_only(self, client, run, deputy, town_clerk):
        for user in (deputy, town_clerk):
            client.force_login(user)
            assert client.get(reverse("run_detail", args=[run.pk])).status_code == 404

    def test_refused_change_keeps_what_was_typed(self, client, county_office, run, town):
        client.force_login(county_office)
        answer = client.post(reverse("member_change", args=[member_of(run, "南山中心小学迁建").pk]), {"verb": "replace", "deputy": town.deputies["D2"].pk, "reason": "她最近"})
        assert answer.status_code == 422
        assert "回避" in answer.content.decode() and "她最近" in answer.content.decode()

    def test_waiting_run_polls_and_refreshes_when_done(self, client, county_office, town):
        client.force_login(county_office)
        answer = client.post(reverse("run_new"), {"preset": "balanced", "start": 1})
        run = AssignmentRun.objects.get()
        assert answer.headers["Location"] == reverse("run_detail", args=[run.pk])
        assert "排队中" in client.get(reverse("run_progress", args=[run.pk])).content.decode()
        workflow.compute(run.pk, TODAY)
        assert client.get(reverse("run_progress", args=[run.pk])).headers["HX-Refresh"] == "true"

    def test_unknown_preset_is_refused_in_words(self, client, county_office):
        client.force_login(county_office)
        page = client.post(reverse("run_new"), {"preset": "x", "start": 1})
        assert "请选择一种预设" in page.content.decode() and not AssignmentRun.objects.exists()

    def test_workbook_opens_and_has_every_project(self, client, county_office, run):
        client.force_login(county_office)
        answer = client.get(reverse("run_workbook", args=[run.pk]))
        rows = list(load_workbook(io.BytesIO(answer.content)).active.iter_rows(min_row=5, values_only=True))
        assert {row[2] for row in rows} >= {"东溪防洪堤", "南山中心小学迁建", "城关老旧小区改造"}

    def test_paper_has_every_topic_its_team_and_room_to_sign(self, client, county_office, run):
        client.force_login(county_office)
        paper = pypdfium2.PdfDocument(client.get(reverse("run_paper", args=[run.pk])).content)
        text = "".join(page.get_textpage().get_text_bounded() for page in paper)
        for words in ("东溪防洪堤", "陈安", "已证明最优", "代表签字", "批准人（签名）", "第 1 页，共 1 页"):
            assert words in text

    def test_queries_do_not_grow_with_the_teams(self, client, county_office, run, django_assert_max_num_queries):
        client.force_login(county_office)
        with django_assert_max_num_queries(24):
            client.get(reverse("run_detail", args=[run.pk]))


def test_the_page_begins_with_the_first_empty_place_else_with_the_first_row(run, client, county_office):
    client.force_login(county_office)
    rows = re.compile(r'<tr[^>]*data-topic="([^"]+)"[^>]*aria-current="true"')
    page = client.get(reverse("run_detail", args=[run.pk]))
    first = page.context["page_obj"][0].topic
    assert rows.findall(page.content.decode()) == [str(first.pk)]
    last = run.teams.order_by("-topic__project__code").first()
    last.members.all().delete()
    run.teams.filter(pk=last.pk).update(unmet=1, unmet_reason="附近没有可选的代表")
    body = client.get(reverse("run_detail", args=[run.pk])).content.decode()
    assert rows.findall(body) == [str(last.topic.pk)] != [str(first.pk)]
    team = client.get(reverse("team_detail", args=[last.pk])).content.decode()
    assert "附近没有可选的代表" in body and "附近没有可选的代表" in team


class TestLines:
    def test_a_line_leads_from_each_topic_to_the_nearer_of_home_and_work(self, run, town):
        Deputy.objects.filter(pk=town.deputies["D1"].pk).update(workplace=at(0.5, 0.21))  # 11 m from the dike
        member = member_of(run, "东溪防洪堤")
        TeamMember.objects.filter(pk=member.pk).update(origin="staff", reason="试", parts={"residence": 400.0, "workplace": 5.0})
        drawn = read(lines(run, Deputy.objects.all(), homes=True))
        mine = drawn["line"][drawn["line"][:, 0] == member.pk][0]
        assert drawn["topic"][mine[1]] == member.team.topic_id and drawn["deputy"][mine[2]] == member.deputy_id
        assert drawn["places"][mine[2]].tolist() == [120_005_000, 28_002_100] and drawn["kind"][mine[2]] == WORK
        assert drawn["flags"][drawn["line"][:, 0] == member.pk][0] & BY_HAND
        assert len(drawn["line"]) == 3 and drawn["revision"] == run.revision

    def test_without_the_permission_it_ends_at_the_village_whatever_is_nearer(self, run, town):
        drawn = read(lines(run, Deputy.objects.all(), homes=False))
        mine = drawn["line"][drawn["line"][:, 0] == member_of(run, "东溪防洪堤").pk][0]
        assert drawn["kind"][mine[2]] == VILLAGE
        assert drawn["places"][mine[2]].tolist() == [120_005_000, 28_005_000]  # the middle of V1

    def test_those_without_a_topic_are_there_to_be_chosen(self, run):
        drawn = read(lines(run, Deputy.objects.all(), homes=True))
        free = drawn["deputy"][drawn["kind"] >= FREE]
        taken = set(TeamMember.objects.filter(team__run=run).values_list("deputy", flat=True))
        assert set(free.tolist()) == set(Deputy.objects.values_list("pk", flat=True)) - taken

    def test_whoever_has_no_place_has_no_line(self, run, town):
        member = member_of(run, "东溪防洪堤")
        town.deputies["D1"].home.delete()
        Deputy.objects.filter(pk=member.deputy_id).update(workplace=None, residence_village=None)
        for homes in (True, False):
            drawn = read(lines(run, Deputy.objects.all(), homes))
            assert len(drawn["line"]) == 2 and member.deputy_id not in drawn["deputy"]

    def test_a_run_without_teams_is_empty(self, run):
        run.teams.all().delete()
        drawn = read(lines(run, Deputy.objects.none(), homes=True))
        assert [len(drawn[name]) for name in ("topic", "deputy", "line")] == [0, 0, 0]

    def test_what_the_browser_has_is_not_sent_again(self, client, run, leader):
        client.force_login(leader)
        first = client.get(reverse("run_lines", args=[run.pk]))
        again = client.get(reverse("run_lines", args=[run.pk]), headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert "private" in first.headers["Cache-Control"]
