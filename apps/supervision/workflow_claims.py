"""Verbs of claims: a deputy asks for a topic, the office confirms or not, either takes it back. Each is one transaction with its event row."""

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import Role, User
from apps.deputies.models import Deputy
from apps.record.notices import Notice
from apps.record.states import Move, MoveRefused, StateTable
from apps.supervision import workflow_changes
from apps.supervision.claims import Claim, ClaimEvent
from apps.supervision.instance import serving_on
from apps.supervision.models import AssignmentRun, TeamMember
from apps.supervision.topics import Topic

State = Claim.State
OFFICE = frozenset({Role.COUNTY_OFFICE})

STATES = StateTable(
    dict(State.choices),
    [
        Move("confirm", "确认认领", frozenset({State.OPEN}), State.CONFIRMED, OFFICE),
        Move("decline", "谢绝认领", frozenset({State.OPEN}), State.DECLINED, OFFICE),
        Move("take_back", "撤回认领", frozenset({State.OPEN, State.CONFIRMED}), State.WITHDRAWN, OFFICE | {Role.DEPUTY}),
    ],
)


@transaction.atomic
def claim(user: User, topic_id: int, words: str) -> Claim:
    """A deputy asks for a topic. Whoever has a stake in it is told why not."""
    deputy = Deputy.objects.select_for_update(of=("self",)).select_related("organisation").filter(user=user).first()
    if user.role != Role.DEPUTY or deputy is None:
        raise MoveRefused("只有人大代表可以认领监督事项。您的账号没有关联代表，请联系县人大常委会工委。")
    if not serving_on(timezone.localdate()).filter(deputy=deputy).exists():
        raise MoveRefused("您现在不是在任的县人大代表，不能认领。")
    topic = Topic.objects.current(timezone.localdate().year).with_facts().filter(pk=topic_id).first()
    if topic is None:
        raise MoveRefused("没有找到这个监督事项，它可能已经结束。请回到监督事项列表再选。")
    if deputy.organisation_id in topic.recused():
        raise MoveRefused(f"您所在的单位“{deputy.organisation}”与该事项有关（业主、责任单位或参建单位），须回避，不能认领。")
    if not words.strip():
        raise MoveRefused("请写明认领理由，例如“熟悉该村情况”。")
    if Claim.objects.filter(topic=topic, deputy=deputy, state__in=[State.OPEN, State.CONFIRMED]).exists():
        raise MoveRefused("您已经认领过这个事项，请等工委确认。")
    made = Claim.objects.create(topic=topic, deputy=deputy, words=words.strip()[:200])
    ClaimEvent.objects.append(made, "claim", actor=user, note=made.words)
    office = User.objects.filter(role=Role.COUNTY_OFFICE, is_active=True)
    Notice.objects.tell(office, "claim", f"{deputy}认领“{topic}”", f"理由：{made.words}。请确认或说明不同意的原因。", reverse("claim_list"))
    return made


def _locked(claim_id: int) -> Claim:
    found = Claim.objects.select_for_update(of=("self",)).select_related("deputy__user", "topic__project").filter(pk=claim_id).first()
    if found is None:
        raise MoveRefused("没有找到这条认领，请刷新页面。")
    return found


@transaction.atomic
def decide(
    user: User, claim_id: int, confirm: bool, answer: str = "", run_id: int | None = None, revision: int | None = None, instead: int | None = None
) -> Claim:
    """Confirm a claim, or decline it with a reason. Confirmed, the pair is locked in every draft computed from now on.

    run_id: also put it into this draft at once, in an empty place of the team or `instead` of this member.
    """
    found, verb = _locked(claim_id), "confirm" if confirm else "decline"
    found.state = STATES.check(verb, found.state, user.role).target
    found.answer, found.decided_by, found.decided_at = answer.strip()[:200], user, timezone.now()
    if not confirm and not found.answer:
        raise MoveRefused("请写明不同意的原因，代表会看到。")
    if confirm and found.deputy.organisation_id in found.topic.recused():
        raise MoveRefused(f"{found.deputy}的单位与该事项有关，须回避，不能确认。")
    found.save()
    ClaimEvent.objects.append(found, verb, actor=user, note=found.answer)
    if confirm and run_id is not None:
        _put_in(user, found, run_id, revision, instead)
    said = f"“{found.topic}”已确认由您监督，将列入监督分工。" if confirm else f"原因：{found.answer}"
    Notice.objects.tell([found.deputy.user_id], "claim", f"您认领的“{found.topic}”{'已确认' if confirm else '未获同意'}", said, found.topic.url)
    return found


def _put_in(user: User, found: Claim, run_id: int, revision: int | None, instead: int | None) -> None:
    run = AssignmentRun.objects.filter(pk=run_id).first()
    team = run and run.teams.filter(topic=found.topic_id).first()
    if team is None:
        raise MoveRefused("这个草案里没有该事项。")
    held = team.members.filter(deputy=found.deputy_id).first()
    reason = f"代表认领：{found.words}"[:200]
    if held and held.locked:
        return
    if held:
        workflow_changes.lock(user, held.pk, revision)
    elif instead is not None:
        if not team.members.filter(pk=instead).exists():
            raise MoveRefused("要换下的人选不在这个小组里，请刷新页面后再选。")
        workflow_changes.replace(user, instead, found.deputy_id, reason, revision)
    elif team.unmet:
        workflow_changes.add(user, team.pk, found.deputy_id, reason, revision, origin=TeamMember.Origin.CLAIM)
    else:
        raise MoveRefused("这个小组已经满员，请选择换下哪一位；也可以只确认认领，下一次计算时再列入。")


@transaction.atomic
def take_back(user: User, claim_id: int) -> Claim:
    """The deputy or the office takes a claim back; drafts computed from now on are free of it."""
    found = _locked(claim_id)
    if user.role == Role.DEPUTY and found.deputy.user_id != user.pk:
        raise MoveRefused("只能撤回自己的认领。")
    found.state = STATES.check("take_back", found.state, user.role).target
    found.save()
    ClaimEvent.objects.append(found, "take_back", actor=user)
    if user.pk != found.deputy.user_id:
        Notice.objects.tell([found.deputy.user_id], "claim", f"您认领的“{found.topic}”已由工委撤回", "如有疑问请联系县人大常委会工委。", found.topic.url)
    return found
