"""Changes of a draft by hand against counting and solving anew: the totals told before, the totals kept after, what can be taken back."""

import itertools

import numpy as np
import pytest
from django.db import transaction
from django.utils import timezone

from apps.deputies.models import Deputy
from apps.matching.assignment import objective, solve
from apps.record.states import MoveRefused
from apps.supervision import effects, workflow, workflow_changes
from apps.supervision.effects import Change, effect
from apps.supervision.explanation import alternatives
from apps.supervision.instance import run_members, stored_instance
from apps.supervision.models import AssignmentRun, Team, TeamMember
from tests.supervision.crowd import drafted, settle

pytestmark = pytest.mark.django_db


def pairs_of(run: AssignmentRun) -> set[tuple[int, int]]:
    return set(run_members(run).values_list("team__topic", "deputy"))


def counted(run: AssignmentRun) -> int:
    """The objective of the draft as it stands, from all pairs."""
    asked = stored_instance(run, timezone.localdate())
    rows = asked.rows(sorted(pairs_of(run)))
    return objective(asked.priced(rows).price, rows, asked.rules.balance, len(asked.deputy_keys))


def fresh(run: AssignmentRun) -> AssignmentRun:
    return AssignmentRun.objects.select_related("follows").get(pk=run.pk)


def solved_anew(run: AssignmentRun) -> tuple[int, int]:
    """Total and empty places of the best arrangement under the locks and exclusions in the database."""
    asked = stored_instance(run, timezone.localdate())
    found = solve(asked.projects, asked.deputies, asked.rules)
    return found.total, int(found.unmet.sum())


def sound(run: AssignmentRun) -> None:
    """What must hold after every change."""
    run = fresh(run)
    assert run.changed_total == counted(run)
    teams = list(run.teams.prefetch_related("members"))
    for team in teams:
        members = list(team.members.all())
        assert sum(member.leader for member in members) == bool(members)
        assert bool(team.unmet) == bool(team.unmet_reason)
    loads = dict.fromkeys(Deputy.objects.values_list("pk", flat=True), 0)
    for _, deputy in pairs_of(run):
        loads[deputy] += 1
    assert all(loads[one.pk] <= one.capacity for one in Deputy.objects.all())
    asked = stored_instance(run, timezone.localdate())
    assert not asked.priced(asked.rows(sorted(pairs_of(run)))).recused.any()
    assert run.statistics["unmet"] == sum(team.unmet for team in teams) and run.statistics["pairs"] == len(pairs_of(run))
    assert run.events.model.objects.broken_chains() == []


def one_change(run: AssignmentRun, office, random) -> bool:
    """A change by chance; what was told of it beforehand must come true. False when it was refused."""
    run = fresh(run)
    members = list(run_members(run).select_related("team").order_by("pk"))
    member = members[random.integers(len(members))]
    team = Team.objects.filter(run=run).order_by("pk")[int(random.integers(run.teams.count()))]
    deputy = Deputy.objects.filter(code__startswith="Y").order_by("pk")[int(random.integers(Deputy.objects.filter(code__startswith="Y").count()))]
    along, before = bool(random.integers(2)), pairs_of(run)
    verb = str(random.choice(["replace", "replace", "add", "drop", "lock", "unlock", "rearrange", "undo", "lead"]))
    told = None
    try:
        if verb == "replace":
            told = effect(run, Change("replace", member.team.topic_id, deputy.pk, member.deputy_id))
            workflow_changes.replace(office, member.pk, deputy.pk, "换", run.revision, along)
        elif verb == "add":
            told = effect(run, Change("add", team.topic_id, deputy.pk))
            workflow_changes.add(office, team.pk, deputy.pk, "加", run.revision, along)
        elif verb == "drop":
            told = effect(run, Change("drop", member.team.topic_id, None, member.deputy_id))
            workflow_changes.drop(office, member.pk, "撤", run.revision, along)
        elif verb == "rearrange":
            told, along = effect(run, Change("rearrange")), True
            workflow_changes.rearrange(office, run.pk, "重排", run.revision)
        elif verb == "undo":
            workflow_changes.undo(office, run.pk, run.revision)
        elif verb == "lead":
            workflow_changes.lead(office, member.pk, "熟悉", run.revision)
        else:
            getattr(workflow_changes, verb)(office, member.pk, run.revision)
    except MoveRefused:
        assert pairs_of(run) == before and fresh(run).revision == run.revision
        return False
    after = fresh(run)
    assert after.revision == run.revision + 1
    if told is not None:
        assert told.before == run.changed_total
        assert after.changed_total == (told.best if along else told.plain)
        own = {(member.team.topic_id, deputy.pk), (member.team.topic_id, member.deputy_id)} if verb in ("replace", "drop") else {(team.topic_id, deputy.pk)}
        if along:
            assert pairs_of(run) - before - own == set(told.added) - own and before - pairs_of(run) - own == set(told.removed) - own
            assert after.statistics["unmet"] == told.unmet_best
        else:
            assert pairs_of(run) ^ before <= own
    return True


@pytest.mark.parametrize("seed", range(4))
def test_what_is_told_of_a_change_comes_true(town, county_office, seed):
    settle(town, 9, 20, seed, ratio=(1.1, 1.6, 2.5)[seed % 3])
    run = drafted(county_office, balance=(0, 500, 4000)[seed % 3])
    random, made = np.random.default_rng(seed), 0
    for _ in range(25):
        if one_change(run, county_office, random):
            made += 1
            sound(run)
            best = effect(fresh(run), Change("rearrange"))
            assert (best.best, best.unmet_best) == solved_anew(run)
    assert made > 5


def test_a_process_that_knows_nothing_of_the_run_tells_the_same(town, county_office):
    settle(town, 9, 20, 3)
    run, random = drafted(county_office), np.random.default_rng(5)
    for _ in range(12):
        one_change(run, county_office, random)
    run = fresh(run)
    changes = [Change("replace", member.team.topic_id, deputy, member.deputy_id)
               for member in run_members(run).select_related("team") for deputy in Deputy.objects.filter(code__startswith="Y").values_list("pk", flat=True)[:6]]  # fmt: skip
    here = [effect(run, change) for change in changes]
    effects._kept.clear()
    anew = [effect(run, change) for change in changes]
    assert [(one.before, one.plain, one.best, one.unmet_best, one.obstacle) for one in here] == [(one.before, one.plain, one.best, one.unmet_best, one.obstacle) for one in anew]


def test_alternatives_are_ranked_by_what_they_cost_and_told_with_what_moves(town, county_office):
    settle(town, 9, 20, 1, ratio=1.2)
    run = drafted(county_office, balance=700)
    member = run_members(run).select_related("team").order_by("pk").first()
    found = alternatives(run, member.team.topic_id, member.deputy_id, free=6, taken=6)
    possible = [one for one in found if not one.obstacle]
    assert [one.change for one in possible] == sorted(one.change for one in possible)
    assert any(one.obstacle for one in found)
    for one in found:
        told = effect(run, Change("replace", member.team.topic_id, one.deputy.pk, member.deputy_id))
        assert one.change == told.plain_change or one.obstacle
        assert (one.best_change, one.moved) == ((told.best_change, told.moved) if told.best is not None else (None, None))
        if not one.obstacle:
            assert one.best_change is not None and (told.unmet_best < told.unmet_before or one.best_change <= one.change)
    full = [one for one in found if "满额" in one.obstacle]
    assert full and all(one.moved for one in full if one.best_change is not None)


def test_a_deputy_who_is_full_comes_only_when_the_rest_makes_room(town, county_office):
    settle(town, 9, 20, 1, ratio=1.2)
    run = drafted(county_office)
    member, full = next(
        (member, one) for member in run_members(run).select_related("team").order_by("pk")
        for one in alternatives(run, member.team.topic_id, member.deputy_id, taken=6) if "满额" in one.obstacle and one.best_change is not None
    )
    with pytest.raises(MoveRefused, match="让其余人选随之重排"):
        workflow_changes.replace(county_office, member.pk, full.deputy.pk, "更熟悉")
    workflow_changes.replace(county_office, member.pk, full.deputy.pk, "更熟悉", rearrange=True)
    assert (member.team.topic_id, full.deputy.pk) in pairs_of(run)
    moved = run_members(run).filter(reason=workflow_changes.ALONG)
    assert moved.exists() and not moved.filter(locked=True).exists()
    sound(run)

def best_by_trying(run: AssignmentRun, change: Change) -> tuple[int, int] | None:
    """(empty places, total) of the best of all arrangements that hold to the change; None when there is none. Every team is tried with every other."""
    asked = stored_instance(run, timezone.localdate())
    n, m = len(asked.topic_keys), len(asked.deputy_keys)
    table = asked.priced(np.array([(p, d) for p in range(n) for d in range(m)]))
    possible = (~table.recused & table.measured & table.within).reshape(n, m)
    price, knows = table.price.reshape(n, m), table.has_field.reshape(n, m)
    p, new, old = asked.topic_index[change.topic], asked.deputy_index[change.deputy], asked.deputy_index[change.was]
    possible[tuple(asked.rules.forbidden.T)] = False
    held = {tuple(pair) for pair in asked.rules.locked.tolist()} - {(p, old)} | {(p, new)}
    possible[p, old] = False
    empty, total, load = np.zeros(1, np.int64), np.zeros(1, np.int64), np.zeros((1, m), np.int64)
    for row in range(n):
        demand, experts = int(asked.projects.demand[row]), int(asked.projects.experts[row])
        must = {d for q, d in held if q == row}
        teams = [team for size in range(demand + 1) for team in itertools.combinations(range(m), size)
                 if must <= set(team) and possible[row, list(team)].all() and (~knows[row, list(team)]).sum() <= demand - experts]  # fmt: skip
        if not teams:
            return None
        chosen = np.array([np.isin(np.arange(m), team) for team in teams], np.int64)
        load = (load[:, None] + chosen).reshape(-1, m)
        empty = (empty[:, None] + demand - chosen.sum(axis=1)).ravel()
        total = (total[:, None] + chosen @ price[row]).ravel()
        fits = (load <= asked.deputies.capacity).all(axis=1)
        empty, total, load = empty[fits], total[fits], load[fits]
    total = total + asked.rules.balance * (load * (load - 1)).sum(axis=1) // 2
    least = np.lexsort((total, empty))
    return (int(empty[least[0]]), int(total[least[0]])) if len(least) else None


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_whoever_can_come_when_the_rest_makes_room_is_let_in_and_nobody_else(town, county_office, seed):
    """The last who knows the field may be replaced where another who does can join; told, offered and done as trying everything says."""
    settle(town, 3, 7, seed, ratio=1.4)
    run, seen = drafted(county_office, balance=(0, 800, 3000)[seed % 3]), {"let in": 0, "refused": 0, "expert made way": 0}
    for member in run_members(run).select_related("team__topic").order_by("pk"):
        offers = {one.deputy.pk: one for one in alternatives(run, member.team.topic_id, member.deputy_id, free=9, taken=9)}
        for deputy, offer in offers.items():
            change = Change("replace", member.team.topic_id, deputy, member.deputy_id)
            told, tried = effect(run, change), best_by_trying(run, change)
            assert (None if told.best is None else (told.unmet_best, told.best)) == tried
            assert (offer.best_change is not None) == (tried is not None)
            with transaction.atomic():
                if tried is None:
                    with pytest.raises(MoveRefused):
                        workflow_changes.replace(county_office, member.pk, deputy, "换", rearrange=True)
                    seen["refused"] += 1
                else:
                    workflow_changes.replace(county_office, member.pk, deputy, "换", rearrange=True)
                    assert (fresh(run).statistics["unmet"], fresh(run).changed_total) == tried
                    sound(run)
                    seen["let in"] += 1
                    seen["expert made way"] += "懂行" in offer.obstacle
                transaction.set_rollback(True)
    assert all(seen.values())


def test_what_staff_took_out_is_not_rearranged_in_again(town, county_office):
    settle(town, 9, 20, 4, ratio=2.5)
    run = drafted(county_office)
    member = run_members(run).select_related("team").order_by("cost").first()
    pair = member.team.topic_id, member.deputy_id
    workflow_changes.drop(county_office, member.pk, "本人提出", rearrange=True)
    assert pair not in pairs_of(run) and fresh(run).statistics["unmet"] == run.statistics["unmet"]
    team = run.teams.get(topic=pair[0])
    workflow_changes.add(county_office, team.pk, pair[1], "本人又同意", rearrange=True) if team.members.count() < 5 else None
    assert pair in pairs_of(run) and TeamMember.objects.get(team=team, deputy=pair[1]).locked
    sound(run)


def test_a_fair_run_is_counted_plainly_and_says_so(town, county_office):
    settle(town, 9, 20, 2)
    run = drafted(county_office, fair=True, balance=500)
    member = run_members(run).select_related("team").order_by("pk").first()
    other = next(one for one in alternatives(run, member.team.topic_id, member.deputy_id) if not one.obstacle)
    told = effect(run, Change("replace", member.team.topic_id, other.deputy.pk, member.deputy_id))
    assert told.arithmetic and told.best is None and "整体重算" in told.said and other.best_change is None
    with pytest.raises(MoveRefused, match="整体重算"):
        workflow_changes.replace(county_office, member.pk, other.deputy.pk, "换", rearrange=True)
    workflow_changes.replace(county_office, member.pk, other.deputy.pk, "换")
    assert fresh(run).changed_total == told.plain == counted(run)


def test_changes_are_undone_one_after_another(town, county_office):
    settle(town, 9, 20, 1, ratio=1.6)
    run = drafted(county_office)
    states, member = [(pairs_of(run), fresh(run).changed_total)], run_members(run).select_related("team").order_by("pk").first()
    others = [one for one in alternatives(run, member.team.topic_id, member.deputy_id) if not one.obstacle]
    new = workflow_changes.replace(county_office, member.pk, others[0].deputy.pk, "一", rearrange=True)
    states.append((pairs_of(run), fresh(run).changed_total))
    workflow_changes.drop(county_office, run_members(run).exclude(pk=new.pk).order_by("pk").last().pk, "二")
    states.append((pairs_of(run), fresh(run).changed_total))
    for pairs, total in reversed(states[:-1]):
        workflow_changes.undo(county_office, run.pk)
        assert (pairs_of(run), fresh(run).changed_total) == (pairs, total)
        sound(run)
    with pytest.raises(MoveRefused, match="没有可以撤销"):
        workflow_changes.undo(county_office, run.pk)


def test_a_page_of_an_older_revision_is_told_who_was_first(run, county_office, town):
    member = run_members(run).select_related("team__topic").filter(team__topic__project__name="东溪防洪堤").get()
    seen = run.revision
    workflow_changes.lock(county_office, member.pk, seen)
    with pytest.raises(MoveRefused, match=r"县人大常委会工委.*改过.*没有执行"):
        workflow_changes.replace(county_office, member.pk, town.deputies["D3"].pk, "换", seen)
    assert fresh(run).revision == seen + 1
    with pytest.raises(MoveRefused, match="已经锁定"):
        workflow_changes.lock(county_office, member.pk)


def test_only_drafts_are_changed_and_only_by_the_office(run, county_office, leader, town):
    member = run_members(run).first()
    for user in (leader,):
        with pytest.raises(MoveRefused, match="您的岗位不能"):
            workflow_changes.drop(user, member.pk, "撤")
    workflow.approve(leader, run.pk)
    with pytest.raises(MoveRefused, match="已批准"):
        workflow_changes.drop(county_office, member.pk, "撤")
    with pytest.raises(MoveRefused, match="刚刚被别人改过"):
        workflow_changes.drop(county_office, 10**9, "撤")
