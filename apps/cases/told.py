"""Who is told of a move: the users behind each holder by a notice, the residents by a telling.

A resident's own move is made with the rights of the public role, which knows no users: it leaves an `Untold` row in its transaction,
and a job in the office tells of it (`tell_waiting`).
"""

from collections.abc import Iterable

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from apps.accounts.models import Role, User
from apps.cases.models import Case, CaseEvent, speaking_units
from apps.cases.tellings import What, tell_reporters
from apps.cases.untold import Untold
from apps.organisations.models import Organisation
from apps.record.notices import Notice
from apps.territory.models import AdminArea

S = Case.State
REPORTER, JOINER, CLOCK = "反映人", "共同反映人", "系统"
WAITING = 200  # told in one run of the job
JOINED = "您遇到的问题"
TO_HOLDER = {  # verb -> what whoever has the case now is told
    "submit": "有一件新的民情件请您办理", "pass_to_town": "有一件民情件转到您这里，请办理", "pass_to_county": "有一件民情件转到您这里，请办理",
    "hand_down": "县人大交来一件民情件，请办理", "hand_to_deputy": "有一件民情件改由您办理", "take_over": "有一件民情件由您接手办理",
    "take_over_by_county": "有一件民情件由您接手办理", "pass_to_dispatcher": "县人大转来一件民情件，请交办", "return_to_county": "县政府办退回一件民情件",
    "assign_to_unit": "县政府办交办一件民情件，请签收、办理", "return_to_dispatcher": "{unit}退回一件民情件，请重新交办", "reopen": "反映人认为还没有解决，请重新办理",
    "supply": "反映人补充了情况，请继续办理", "resume": "不再等反映人补充，请继续办理", "remind": "催办：请尽快办理", "oversee": "{body}决定督办，请抓紧办理",
    "extend": "延期已经同意，期限 {due_on}", "refuse_extension": "延期没有同意，期限仍是 {due_on}", "take_in": "另一件相同的民情件并入您办理的这一件",
    "split_off": "有一件民情件分成几件办理，其中一件由您办理",
}  # fmt: skip
TO_DEPUTY = {  # verb -> what the deputy who took it in is told, when it is in other hands
    "take_over": "您受理的民情件已由{holder}接手", "take_over_by_county": "您受理的民情件已由{holder}接手", "assign_to_unit": "您受理的民情件已交办{unit}",
    "answer_as_town": "您受理的民情件已有答复", "answer_as_county": "您受理的民情件已有答复", "answer_as_unit": "您受理的民情件，{unit}已经答复，请评价它的办理",
    "answer_parts": "您受理的民情件，分开办理的几件都已答复", "rate": "反映人评价了您受理的民情件：{words}", "reopen": "您受理的民情件，反映人认为还没有解决",
    "oversee": "您受理的民情件已由{body}督办", "turn_away": "您受理的民情件没有受理", "merge": "您受理的民情件与另一件一并办理",
}  # fmt: skip
TO_FORMER = {"withdraw": "反映人撤回了一件民情件", "take_back": "县政府办收回了交办给您单位的一件民情件"}  # who had it until then
REMINDERS = ("remind", "oversee")
BLANK = {"unit": "承办单位", "holder": "有关部门", "body": "工委", "words": "", "due_on": ""}


def of(event: CaseEvent, case: Case) -> None:
    """Tell of an event of this case, in the caller's transaction; nobody is told of what he did himself."""
    if event.actor_id is None and event.actor_label in (REPORTER, JOINER):
        if settings.ZONE != "public":
            Untold(event=event).save(force_insert=True)
        return
    _tell_of(event, case)


def tell_waiting() -> int:
    """Tell of what residents have done since; how many events. Workers beside each other take different rows."""
    for done in range(WAITING):
        with transaction.atomic():
            row = Untold.objects.select_for_update(skip_locked=True, of=("self",)).select_related("event__subject").order_by("pk").first()
            if row is None:
                return done
            _tell_of(row.event, row.event.subject)
            row.delete()
    return WAITING


def tell(case: Case, users: Iterable[User], title: str, body: str = "", *, kind: str = "case", key: str = "", but: int | None = None) -> None:
    """A notice for each of them that leads to the case; `but`: the user who did it."""
    about = f"{case.category or '未分类'} · {case.town}：{case.text[:60]}"
    people = [user for user in users if user.pk != but]
    Notice.objects.tell(people, kind, title, f"{about}\n{body[:200]}" if body else about, path=reverse("case_detail", args=[case.code]), key=key)


def residents(case: Case, what: str, words: str, *, told_by: User | None = None) -> None:
    """The reporter, who joined him, and those whose cases go on in this one. A part's reporter is told when the whole is answered.

    words: what follows on the matter, which each is told in his own words: nobody reads a stranger's.
    """
    if case.parent_id is not None:
        return
    tell_reporters(case, what, short(case) + words, joiners=JOINED + words, told_by=told_by)
    for other in case.merged.only("pk", "text"):
        tell_reporters(other, what, short(other) + words, joiners=JOINED + words)


def asked(case: Case, question: str) -> None:
    """The reporter alone, also of a part: what he is asked is between him and the office."""
    tell_reporters(case.parent or case, What.PAUSED, f"{short(case)}，办理的人想请您补充：{question}", joiners="")


def short(case: Case) -> str:
    """The case in a few words, for a message."""
    return f"您反映的“{case.text[:20]}{'…' if len(case.text) > 20 else ''}”"


def goes_on(case: Case) -> str:
    """With whom, for a message to somebody who has just come to share in it."""
    return "现分成几件分别办理，都办好后一并答复您" if case.state == S.SPLIT else f"现由{case.holder()}办理"


def answered(case: Case, told_by: User | None = None) -> None:
    residents(case, What.ANSWERED, f"已有答复：{case.answer}", told_by=told_by)


# -- who they are ---------------------------------------------------------------------------------------------------------------


def holders(case: Case, state: str = "") -> list[User]:
    """Whoever has the next move, or had it in `state`; the office above where nobody can log in."""
    people = {S.WITH_DEPUTY: deputy, S.WITH_TOWN: town_office, S.WITH_COUNTY: county_office, S.WITH_DISPATCHER: dispatchers, S.WITH_UNIT: _lead}
    found = people.get(S(state or case.state))
    return found(case) if found else []


def deputy(case: Case) -> list[User]:
    users = list(User.objects.filter(deputy=case.deputy_id, is_active=True)) if case.deputy_id else []
    return users or town_office(case)


def town_office(case: Case) -> list[User]:
    clerks = _clerks(Role.TOWN_OFFICE, case) if case.town.level == AdminArea.Level.TOWN else []
    return clerks or county_office(case)


def county_office(case: Case) -> list[User]:
    return _clerks(Role.COUNTY_OFFICE, case)


def dispatchers(case: Case) -> list[User]:
    return list(User.objects.filter(role=Role.DISPATCHER, is_active=True))


def unit(case: Case, organisation: Organisation | None) -> list[User]:
    """Those who answer for a unit; the dispatcher where nobody can."""
    speaks = organisation is not None and speaking_units().filter(pk=organisation.pk).exists()
    return list(User.objects.filter(organisations=organisation, is_active=True)) if speaks else dispatchers(case)


def _lead(case: Case) -> list[User]:
    return unit(case, case.organisation)


def _clerks(role: str, case: Case) -> list[User]:
    return [clerk for clerk in User.objects.filter(role=role, is_active=True) if clerk.reaches(case.town.code)]


def _tell_of(event: CaseEvent, case: Case) -> None:
    said = {**BLANK, **{key: value for key, value in event.data.items() if value}}
    kind = "reminder" if event.verb in REMINDERS else "case"
    former = holders(case, event.data["from_state"]) if event.verb in TO_FORMER and "from_state" in event.data else []
    for titles, users in ((TO_HOLDER, holders), (TO_DEPUTY, _deputy_elsewhere), (TO_FORMER, lambda case: former)):
        if title := titles.get(event.verb):
            tell(case, users(case), title.format_map(said), event.note, kind=kind, key=f"case-event-{event.pk}", but=event.actor_id)
    _tell_deputies_of_merged(event, case)


def _deputy_elsewhere(case: Case) -> list[User]:
    """The deputy who took it in, unless he has it now and is told as its holder."""
    return list(User.objects.filter(deputy=case.deputy_id, is_active=True)) if case.deputy_id and case.state != S.WITH_DEPUTY else []


def _tell_deputies_of_merged(event: CaseEvent, case: Case) -> None:
    """What was handled together is answered to each deputy separately, about the case that he took in."""
    if event.verb.startswith("answer_"):
        for other in case.merged.select_related("town", "category", "deputy"):
            tell(other, _deputy_elsewhere(other), "您受理的民情件（一并办理）已有答复", case.answer, key=f"case-event-{event.pk}-{other.pk}", but=event.actor_id)
