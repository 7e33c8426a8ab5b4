"""What is asked of a run, and what becomes of it: chosen matters, those carried on, claims, approval, publication, supplements, comparison."""

import datetime as dt

import numpy as np
import pytest
from django.contrib.gis.geos import Point
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django import app as jobs

from apps.accounts.models import Role, User
from apps.deputies.models import Deputy, Mandate
from apps.matching.costs import price_pairs
from apps.record.notices import Notice
from apps.record.states import MoveRefused
from apps.supervision import workflow, workflow_changes, workflow_claims
from apps.supervision.claims import Claim, ClaimEvent
from apps.supervision.compare import compare
from apps.supervision.emergency import nearest_free
from apps.supervision.explanation import reasons
from apps.supervision.instance import bare_instance, run_members
from apps.supervision.models import AssignmentRun, RunEvent, Team, TeamMember
from apps.supervision.presets import PRESETS, DraftRules, parse_rules
from apps.supervision.topics import Topic, supervises
from tests.supervision.crowd import drafted, settle
from tests.town import TODAY, at

pytestmark = pytest.mark.django_db


def teams(run: AssignmentRun) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {team.topic.title: set() for team in run.teams.select_related("topic__project")}
    for member in run_members(run).select_related("team__topic__project", "deputy"):
        found[member.team.topic.title].add(member.deputy.name)
    return found


def published(office: User, run: AssignmentRun) -> AssignmentRun:
    workflow.approve(office, run.pk, body="meeting", words="第三十次主任会议")
    return workflow.publish(office, run.pk)


@pytest.fixture
def matter(town) -> Topic:
    return Topic.objects.create(
        kind="livelihood", own_code="M1", own_title="老年食堂", own_site=at(0.5, 0.3), own_demand=1, own_experts=0, own_responsible=town.organisations["construction"],
        own_town=town.towns["A"], year=timezone.localdate().year,
    )  # fmt: skip


class TestTopics:
    def test_a_project_and_a_matter_answer_the_same_questions(self, town, matter):
        topic = Topic.objects.of_projects([town.projects["K1"]]).with_facts().get()
        project = town.projects["K1"]
        for name in ("code", "site", "field", "town", "responsible", "owner", "demand", "experts"):
            assert getattr(topic, name) == getattr(project, name)
        assert (topic.title, topic.url) == (project.name, f"/projects/{project.code}/")
        assert (matter.code, matter.title, matter.town, matter.url) == ("M1", "老年食堂", town.towns["A"], f"/supervision/topics/{matter.pk}/")

    def test_missing_topics_are_made_once(self, town, django_assert_num_queries):
        from apps.projects.models import KeyProject

        with django_assert_num_queries(2):
            Topic.objects.of_projects(KeyProject.objects.all())
        first = set(Topic.objects.values_list("pk", flat=True))
        assert len(first) == 3
        assert set(Topic.objects.of_projects(list(town.projects.values())).values_list("pk", flat=True)) == first

    @pytest.mark.parametrize("wrong", [{"own_title": ""}, {"own_site": None}, {"own_demand": 6}, {"own_experts": 2}])
    def test_a_topic_says_what_it_must(self, matter, wrong):
        with pytest.raises(IntegrityError), transaction.atomic():
            Topic.objects.filter(pk=matter.pk).update(**wrong)

    def test_nothing_is_stored_twice(self, town):
        topic = Topic.objects.of_projects([town.projects["K1"]]).get()
        with pytest.raises(IntegrityError), transaction.atomic():
            Topic.objects.filter(pk=topic.pk).update(own_title="另一个名字")

    def test_units_see_what_is_theirs(self, town, matter, unit_officer):
        Topic.objects.of_projects(list(town.projects.values()))
        mine = set(Topic.objects.visible_to(unit_officer))
        assert matter in mine and all(topic.responsible == town.organisations["construction"] or topic.owner == town.organisations["construction"] for topic in mine)
        assert len(mine) < Topic.objects.count()


class TestAsking:
    def test_only_what_was_chosen_is_drafted_and_the_rest_is_carried_on(self, run, county_office, matter, town):
        first = published(county_office, run)
        drafted_ = workflow.draft(county_office, "nearest", topics=[matter.pk])
        second = workflow.compute(drafted_.pk, TODAY)
        assert teams(second) == {**teams(first), "老年食堂": teams(second)["老年食堂"]} and len(teams(second)["老年食堂"]) == 1
        assert set(second.teams.filter(carried=True).values_list("topic__project__name", flat=True)) == set(teams(first))
        carried = run_members(second).filter(team__carried=True)
        assert set(carried.values_list("origin", "locked")) == {("kept", True)} and second.follows == first
        assert second.statistics["carried"] == 3 and second.proven
        assert all(reasons(second, member, homes)[0] == "上一方案的人选，这次沿用" for member in carried.select_related("team__topic", "deputy") for homes in (True, False))

    def test_a_carried_team_whose_deputy_has_left_waits_for_a_supplement(self, run, county_office, matter, town):
        published(county_office, run)
        Mandate.objects.filter(deputy=town.deputies["D1"]).update(ended_on=TODAY)
        second = workflow.compute(workflow.draft(county_office, "nearest", topics=[matter.pk]).pk, TODAY)
        team = second.teams.get(topic__project__name="东溪防洪堤")
        assert (team.unmet, team.unmet_reason, team.members.count()) == (1, "原代表已离任，待补选", 0)

    def test_only_chosen_deputies_are_sent(self, town, county_office, run):
        chosen = [town.deputies["D3"].pk, town.deputies["D4"].pk]
        second = workflow.compute(workflow.draft(county_office, "nearest", deputies=chosen).pk, TODAY)
        assert set(run_members(second).values_list("deputy", flat=True)) <= set(chosen)

    @pytest.mark.parametrize(("wrong", "words"), [({"topics": []}, "监督事项"), ({"deputies": []}, "代表")])
    def test_nothing_chosen_is_refused_in_words(self, county_office, town, wrong, words):
        with pytest.raises(MoveRefused, match=f"请至少选择一[个位].*{words}"):
            workflow.draft(county_office, "nearest", **wrong)
        assert not AssignmentRun.objects.exists()

    def test_rules_beyond_the_metres(self, town, county_office):
        Deputy.objects.filter(pk=town.deputies["D1"].pk).update(county_leader=True)
        name = town.deputies["D1"].name
        without = drafted(county_office, demand=1, experts=0)
        assert name not in set().union(*teams(without).values()) and all(len(team) <= 1 for team in teams(without).values())
        assert name in teams(drafted(county_office, demand=1, experts=0, county_leaders=True))["东溪防洪堤"]
        none = drafted(county_office, capacity=0)
        assert none.statistics["pairs"] == 0 and none.statistics["unmet"] == 6

    def test_who_builds_may_be_let_in_but_never_the_owner(self, town, county_office):
        project = town.projects["K1"]
        project.owner, project.responsible = town.organisations["construction"], town.organisations["factory"]
        project.save()
        Deputy.objects.filter(pk=town.deputies["D1"].pk).update(organisation=town.organisations["factory"])
        assert "陈安" not in teams(drafted(county_office, demand=1, experts=0))["东溪防洪堤"]
        assert "陈安" in teams(drafted(county_office, demand=1, experts=0, recuse_responsible=False))["东溪防洪堤"]
        project.owner = town.organisations["factory"]
        project.save()
        assert "陈安" not in teams(drafted(county_office, demand=1, experts=0, recuse_responsible=False, recuse_contractors=False))["东溪防洪堤"]

    def test_typed_rules_are_checked_field_by_field(self):
        assert parse_rules("nearest", {}) == (PRESETS["nearest"], {})
        rules, wrong = parse_rules("balanced", {"balance": "300", "max_distance": "", "demand": "4", "fair": "on"})
        assert not wrong and (rules.balance, rules.max_distance, rules.demand, rules.fair, rules.recuse_contractors) == (300, None, 4, True, False)
        rules, wrong = parse_rules("nearest", {"balance": "-1", "town_cost": "很多", "residence_weight": "2", "anchor": "x", "experts": "9"})
        assert set(wrong) == {"balance", "town_cost", "residence_weight", "anchor", "experts"} and rules == PRESETS["nearest"]
        assert wrong["town_cost"] == "请填整数，0 到 100000 米。"
        assert "不能都是 0" in parse_rules("nearest", {"residence_weight": "0", "workplace_weight": "0"})[1]["residence_weight"]
        assert "不能多于" in parse_rules("nearest", {"demand": "2", "experts": "3"})[1]["experts"]
        assert "0 到 1" in parse_rules("nearest", {"residence_weight": "nan"})[1]["residence_weight"]

    def test_a_run_can_be_explained_years_later(self, county_office, town):
        asked = DraftRules(demand=2, experts=0, county_leaders=True, balance=77)
        made = workflow.draft(county_office, "nearest", rules=asked, filters={"town": "东溪"})
        assert DraftRules(**AssignmentRun.objects.get(pk=made.pk).rules) == asked and made.filters == {"town": "东溪"}


class TestCancelling:
    def test_a_queued_run_is_cancelled_and_started_again(self, county_office, town):
        made = workflow.draft(county_office, "nearest")
        workflow.cancel(county_office, made.pk)
        assert workflow.compute(made.pk, TODAY).state == "cancelled" and not made.teams.exists()
        workflow.restart(county_office, made.pk)
        assert workflow.compute(made.pk, TODAY).state == "draft"
        assert list(made.events.values_list("verb", flat=True)) == ["draft", "cancel", "restart", "solve"]
        with pytest.raises(MoveRefused, match="不能取消计算"):
            workflow.cancel(county_office, made.pk)
        assert len(list(jobs.job_manager.list_jobs(task="supervision.solve_run"))) == 2

    def test_the_solver_stops_between_two_rounds(self, county_office, town, monkeypatch):
        """Cancelled while it is computed, a run stores nothing."""
        settle(town, 9, 20, 1)
        monkeypatch.setattr(workflow, "TOLD_EVERY", 0)
        made, told = workflow.draft(county_office, "nearest"), []
        plain = workflow._report

        def report(run_id, percent, note):
            told.append((percent, note))
            if len(told) == 3:
                workflow.cancel(county_office, run_id)
            return plain(run_id, percent, note)

        monkeypatch.setattr(workflow, "_report", report)
        assert workflow.compute(made.pk, TODAY).state == "cancelled"
        assert len(told) == 3 and "9 个事项、20 名代表" in told[-1][1] and not Team.objects.exists()

    def test_a_worker_killed_in_the_middle_leaves_nothing_double(self, county_office, town, monkeypatch):
        made = workflow.draft(county_office, "nearest")
        with monkeypatch.context() as killed:
            killed.setattr(workflow, "store_teams", lambda *_: (_ for _ in ()).throw(SystemExit))
            with pytest.raises(SystemExit), transaction.atomic():
                workflow.compute(made.pk, TODAY)
        AssignmentRun.objects.filter(pk=made.pk).update(state="running", progress=92)
        run = workflow.compute(made.pk, TODAY)
        assert run.state == "draft" and run.teams.count() == 3 and run.events.filter(verb="solve").count() == 1


class TestPublishing:
    def test_approval_says_who_and_where(self, run, leader):
        with pytest.raises(MoveRefused, match="批准机关"):
            workflow.approve(leader, run.pk, body="somebody")
        with pytest.raises(MoveRefused, match="不能晚于今天"):
            workflow.approve(leader, run.pk, on=TODAY + dt.timedelta(days=1))
        done = workflow.approve(leader, run.pk, run.revision, "meeting", "县十七届人大常委会第三十次主任会议", TODAY)
        assert (done.get_approval_body_display(), done.approval_words, done.approved_on) == ("主任会议", "县十七届人大常委会第三十次主任会议", TODAY)
        assert done.events.last().note == done.approval_words
        assert workflow.withdraw(leader, run.pk).approved_on is None

    def test_deputies_are_told_their_topics_once(self, run, county_office, users):
        published(county_office, run)
        assert [job.task_kwargs for job in jobs.job_manager.list_jobs(task="supervision.tell_published")]
        assert workflow.tell_published(run.pk) == 2
        note = Notice.objects.get(recipient=users.deputy)
        assert "1 个事项：东溪防洪堤（组长）" in note.body and note.kind == "assignment"
        assert Notice.objects.filter(recipient__role=Role.LEADER).count() == 1
        assert workflow.tell_published(run.pk) == 0

    def test_the_list_in_force_says_who_supervises_what(self, run, county_office, town):
        topic = Topic.objects.get(project=town.projects["K1"])
        assert not supervises(town.deputies["D1"], topic)
        published(county_office, run)
        assert supervises(town.deputies["D1"], topic) and not supervises(town.deputies["D3"], topic)
        assert list(Topic.objects.supervised_by(town.deputies["D1"])) == [topic]

    def test_the_database_refuses_to_change_a_published_list(self, run, county_office):
        published(county_office, run)
        member, team = run_members(run).first(), run.teams.first()
        for change in (
            lambda: AssignmentRun.objects.filter(pk=run.pk).update(name="x"), lambda: AssignmentRun.objects.filter(pk=run.pk).update(state="draft"),
            lambda: TeamMember.objects.filter(pk=member.pk).update(leader=False), lambda: TeamMember.objects.filter(pk=member.pk).delete(),
            lambda: Team.objects.filter(pk=team.pk).update(unmet=3), lambda: TeamMember.objects.create(team=team, deputy=Deputy.objects.last(), cost=1),
            lambda: AssignmentRun.objects.filter(pk=run.pk)._raw_delete("default"), lambda: Team.objects.create(run=run, topic=team.topic),
        ):  # fmt: skip
            with pytest.raises(IntegrityError, match="已发布的方案不能修改"), transaction.atomic():
                change()

    def test_a_deputy_who_has_left_or_changed_his_job_is_named(self, run, county_office, town):
        workflow.approve(county_office, run.pk)
        Mandate.objects.filter(deputy=town.deputies["D1"]).update(ended_on=TODAY)
        with pytest.raises(MoveRefused, match="陈安已不是在任的县人大代表。请把方案退回修改"):
            workflow.publish(county_office, run.pk)
        Mandate.objects.filter(deputy=town.deputies["D1"]).update(ended_on=None)
        Deputy.objects.filter(pk=town.deputies["D1"].pk).update(organisation=town.projects["K1"].responsible)
        with pytest.raises(MoveRefused, match="陈安（东溪防洪堤）的单位与事项有关，须回避"):
            workflow.publish(county_office, run.pk)
        workflow.withdraw(county_office, run.pk)
        with pytest.raises(MoveRefused, match="须回避"):
            workflow.approve(county_office, run.pk)

    def test_a_draft_from_before_the_list_in_force_does_not_replace_it_unseen(self, run, county_office):
        other = workflow.compute(workflow.draft(county_office, "continuity", "另一个").pk, TODAY)
        published(county_office, run)
        workflow.approve(county_office, other.pk)
        with pytest.raises(MoveRefused, match="请先比较两个方案"):
            workflow.publish(county_office, other.pk)
        workflow.publish(county_office, other.pk, over=run.pk)
        assert AssignmentRun.objects.in_force() == other
        with pytest.raises(MoveRefused, match=r"已发布.*不能发布"):
            workflow.publish(county_office, other.pk)

    def test_a_supplement_fills_the_gap_and_moves_nobody(self, client, town, county_office):
        settle(town, 9, 20, 2, ratio=2.5)
        first = published(county_office, drafted(county_office, balance=500))
        with pytest.raises(MoveRefused, match="没有空缺") if not first.statistics["unmet"] else pytest.raises(ZeroDivisionError):
            workflow.supplement(county_office) if not first.statistics["unmet"] else 1 / 0
        gone = run_members(first).select_related("deputy", "team").order_by("pk").last()
        Mandate.objects.filter(deputy=gone.deputy).update(ended_on=TODAY)
        held = set(run_members(first).exclude(deputy=gone.deputy).values_list("team__topic", "deputy"))
        short = workflow.vacancies(first, TODAY)
        assert {gone.deputy} <= {one for vacancy in short for one in vacancy.left} and gone.team_id in {vacancy.team.pk for vacancy in short}
        second = workflow.compute(workflow.supplement(county_office).pk, TODAY)
        now = set(run_members(second).values_list("team__topic", "deputy"))
        assert held < now and gone.deputy_id not in {d for _, d in now} and second.statistics["unmet"] == 0 and second.supplements
        assert set(run_members(second).filter(origin="kept", locked=True).values_list("team__topic", "deputy")) == held
        leaders = dict(run_members(first).filter(leader=True).exclude(deputy=gone.deputy).values_list("team__topic", "deputy"))
        assert leaders.items() <= dict(run_members(second).filter(leader=True).values_list("team__topic", "deputy")).items()
        assert AssignmentRun.objects.in_force() == first
        client.force_login(county_office)
        order, filled = [team.topic_id for team in client.get(reverse("run_detail", args=[second.pk])).context["page_obj"]], {topic for topic, _ in now - held}
        assert set(order[: len(filled)]) == filled
        published(county_office, second)
        assert not workflow.vacancies(second, TODAY)
        for one in Deputy.objects.filter(code__startswith="Y"):
            one.user = User.objects.create_user(f"u{one.pk}", role=Role.DEPUTY)
            one.save()
        workflow.tell_published(second.pk)
        newcomers = {d for _, d in now - held}
        assert set(Notice.objects.filter(recipient__role=Role.DEPUTY).values_list("recipient__deputy", flat=True)) == newcomers

    def test_the_next_list_moves_few(self, town, county_office):
        settle(town, 9, 20, 5, ratio=2.0)
        first = published(county_office, drafted(county_office))
        Deputy.objects.filter(pk=run_members(first).values("deputy")[:1]).update(capacity=0)
        keeping, careless = drafted(county_office, keep_bonus=50_000), drafted(county_office)
        assert compare(first, keeping, TODAY).come <= compare(first, careless, TODAY).come
        assert keeping.follows == first


@pytest.mark.parametrize("seed", range(4))
def test_two_runs_compared_against_counting(town, county_office, seed):
    settle(town, 8, 16, seed, ratio=1.3)
    a, b = drafted(county_office), drafted(county_office, anchor="nearest", town_cost=0, balance=3000, keep_bonus=9000)
    found = compare(a, b, TODAY)
    pairs_a, pairs_b = (set(run_members(run).values_list("team__topic", "deputy")) for run in (a, b))
    assert (found.stay, found.come, found.leave) == (len(pairs_a & pairs_b), len(pairs_b - pairs_a), len(pairs_a - pairs_b))
    asked = bare_instance(DraftRules(**b.rules), set(Topic.objects.values_list("pk", flat=True)), {d for _, d in pairs_a | pairs_b})
    table = price_pairs(asked.projects, asked.deputies, asked.rules)
    for pairs, total in ((pairs_a, found.total_a), (pairs_b, found.total_b)):
        rows = [(asked.topic_index[t], asked.deputy_index[d]) for t, d in pairs]
        load = np.bincount([d for _, d in rows], minlength=len(asked.deputy_keys))
        assert total == sum(int(table.cost[row]) for row in rows) + 3000 * sum(k * (k - 1) // 2 for k in load.tolist())
    left = {(change.topic.pk, one.pk) for change in found.topics for one in change.left}
    came = {(topic.pk, change.deputy.pk) for change in found.deputies for topic in change.got}
    assert left == pairs_a - pairs_b and came == pairs_b - pairs_a
    assert sum(change.load_b - change.load_a for change in found.deputies) == len(pairs_b) - len(pairs_a)
    again = compare(a, a, TODAY)
    assert again.words == "两个方案的人选完全相同。" and not again.topics and again.total_a == again.total_b


class TestClaims:
    @pytest.fixture
    def topic(self, town, run) -> Topic:
        """Not D1's own: 城关老旧小区改造."""
        return Topic.objects.get(project=town.projects["K3"])

    def test_a_confirmed_claim_is_locked_in_the_next_draft(self, users, topic, county_office):
        made = workflow_claims.claim(users.deputy, topic.pk, "我在那里住过")
        assert Notice.objects.filter(recipient=county_office, kind="claim").exists()
        with pytest.raises(MoveRefused, match="已经认领过"):
            workflow_claims.claim(users.deputy, topic.pk, "再来")
        before = drafted(county_office, demand=1, experts=0)
        assert "陈安" not in teams(before)["城关老旧小区改造"]
        workflow_claims.decide(county_office, made.pk, True)
        assert Notice.objects.get(recipient=users.deputy, kind="claim").title.endswith("已确认")
        after = drafted(county_office, demand=1, experts=0)
        member = run_members(after).get(team__topic=topic)
        assert (member.deputy.name, member.origin, member.locked, member.reason) == ("陈安", "claim", True, "我在那里住过") and after.proven
        workflow_claims.take_back(users.deputy, made.pk)
        assert "陈安" not in teams(drafted(county_office, demand=1, experts=0))["城关老旧小区改造"]
        assert list(made.events.values_list("verb", flat=True)) == ["claim", "confirm", "take_back"] and ClaimEvent.objects.broken_chains() == []

    def test_confirmed_into_this_draft_at_once(self, users, topic, county_office, run):
        made = workflow_claims.claim(users.deputy, topic.pk, "熟悉")
        member = run_members(run).get(team__topic=topic)
        with pytest.raises(MoveRefused, match="已经满员"), transaction.atomic():
            workflow_claims.decide(county_office, made.pk, True, run_id=run.pk)
        assert Claim.objects.get().state == "open"
        with pytest.raises(MoveRefused), transaction.atomic():  # he is full: nothing half done
            workflow_claims.decide(county_office, made.pk, True, run_id=run.pk, revision=run.revision + 7, instead=member.pk)
        Deputy.objects.filter(user=users.deputy).update(capacity=2)
        workflow_claims.decide(county_office, made.pk, True, run_id=run.pk, revision=run.revision, instead=member.pk)
        assert teams(run)["城关老旧小区改造"] == {"陈安"} and RunEvent.objects.filter(subject=run, verb="replace").get().note == "代表认领：熟悉"

    def test_who_has_a_stake_or_no_seat_is_told_why(self, users, topic, town, county_office):
        with pytest.raises(MoveRefused, match="只有人大代表"):
            workflow_claims.claim(county_office, topic.pk, "x")
        with pytest.raises(MoveRefused, match="请写明认领理由"):
            workflow_claims.claim(users.deputy, topic.pk, "  ")
        Deputy.objects.filter(user=users.deputy).update(organisation=topic.responsible)
        with pytest.raises(MoveRefused, match="须回避，不能认领"):
            workflow_claims.claim(users.deputy, topic.pk, "x")
        Mandate.objects.filter(deputy__user=users.deputy).update(ended_on=TODAY)
        with pytest.raises(MoveRefused, match="不是在任"):
            workflow_claims.claim(users.deputy, topic.pk, "x")
        assert not Claim.objects.exists()

    def test_declined_with_a_reason_that_the_deputy_reads(self, users, topic, county_office, leader):
        made = workflow_claims.claim(users.deputy, topic.pk, "x")
        with pytest.raises(MoveRefused, match="请写明不同意的原因"), transaction.atomic():
            workflow_claims.decide(county_office, made.pk, False)
        with pytest.raises(MoveRefused, match="您的岗位不能"), transaction.atomic():
            workflow_claims.decide(leader, made.pk, True)
        workflow_claims.decide(county_office, made.pk, False, "已有三位代表认领")
        assert "已有三位代表认领" in Notice.objects.get(recipient=users.deputy).body
        with pytest.raises(MoveRefused, match="未同意"), transaction.atomic():
            workflow_claims.decide(county_office, made.pk, True)
        assert workflow_claims.claim(users.deputy, topic.pk, "再说一次").state == "open"

    def test_claims_beyond_the_places_are_left_out_and_said(self, client, users, topic, town, county_office):
        for name in ("D1", "D3"):
            Claim.objects.create(topic=topic, deputy=town.deputies[name], words="x", state="confirmed")
        made = drafted(county_office, demand=1, experts=0)
        assert run_members(made).filter(team__topic=topic).count() == 1
        assert made.statistics["left_out"] == [[topic.code, town.deputies["D3"].name, "名额已满"]]
        client.force_login(county_office)
        page = client.get(reverse("run_detail", args=[made.pk]))
        assert page.context["left_out"] == [("城关老旧小区改造", "黄杰", "名额已满")] and "城关老旧小区改造：黄杰（名额已满）" in page.content.decode()
        workflow_changes.replace(county_office, run_members(made).get(team__topic=topic).pk, town.deputies["D3"].pk, "两位代表商量过", rearrange=True)
        assert client.get(reverse("run_detail", args=[made.pk])).context["left_out"] == []


class TestNearestFree:
    def test_by_home_for_those_who_may_and_by_village_for_all_others(self, town, run, county_office):
        site = town.projects["K1"].site
        home = town.deputies["D1"].home
        exact = nearest_free(site.x, site.y, homes=True, on=TODAY)
        assert exact[0][0].name == "陈安" and "距此" in exact[0][1]
        blunt = nearest_free(site.x, site.y, on=TODAY)
        assert not any("住在" in words and "距此" in words.split("；")[0] for _, words in blunt if words.startswith("住在"))
        home.point = at(0.95, 0.95)
        home.save()
        assert [(one.pk, words) for one, words in nearest_free(site.x, site.y, on=TODAY)] == [(one.pk, words) for one, words in blunt]
        assert [words for _, words in nearest_free(site.x, site.y, homes=True, on=TODAY)] != [words for _, words in exact]

    def test_only_those_with_room_who_may(self, town, run, county_office):
        site = town.projects["K1"].site
        everyone = {one.name for one, _ in nearest_free(site.x, site.y, k=50, on=TODAY)}
        published(county_office, run)
        Deputy.objects.filter(pk=town.deputies["D1"].pk).update(capacity=1)
        Deputy.objects.filter(pk=town.deputies["D3"].pk).update(county_leader=True)
        free = {one.name for one, _ in nearest_free(site.x, site.y, k=50, on=TODAY)}
        assert "陈安" in everyone and "陈安" not in free and town.deputies["D3"].name not in free
        other = town.deputies["D4"]
        assert other.name not in {one.name for one, _ in nearest_free(site.x, site.y, k=50, exclude=[other.pk], on=TODAY)}
        knowing = {one.name for one, _ in nearest_free(site.x, site.y, k=50, field="water", on=TODAY)}
        assert knowing == {one.name for one in Deputy.objects.filter(fields__code="water", name__in=free)}
        assert nearest_free(0.0, 0.0, k=0, on=TODAY) == []

    def test_against_measuring_everybody(self, town, county_office):
        settle(town, 3, 20, 7)
        from pyproj import Geod

        geod, spot = Geod(ellps="WGS84"), Point(120.1, 29.7)
        away = {one.code: min(geod.inv(spot.x, spot.y, point.x, point.y)[2] for point in (one.home.point, one.workplace))
                for one in Deputy.objects.filter(code__startswith="Y", capacity__gt=0).select_related("home")}  # fmt: skip
        assert [one.code for one, _ in nearest_free(spot.x, spot.y, 6, homes=True, on=TODAY)] == sorted(away, key=lambda code: away[code])[:6]
