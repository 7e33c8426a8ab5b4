"""What stands beside a case for whoever works on it: photos, what it may be about, who could lead, words to begin with, others like it."""

from django.db.models import Q, QuerySet

from apps.accounts.models import User
from apps.accounts.perms import Permission, allowed
from apps.cases import listing, routing, sorting, templates_answer
from apps.cases.answer_photos import AnswerPhoto
from apps.cases.forms_moves import ANSWERS, MoveForm
from apps.cases.models import OPEN_STATES, Case
from apps.cases.parties import CoHandler, Joiner
from apps.cases.reports import Overruled, ReportPhoto

FIRST = frozenset({  # what is done every day; the other moves are folded away
    *ANSWERS, "pass_to_town", "pass_to_county", "pass_to_dispatcher", "assign_to_unit", "return_to_dispatcher", "return_to_county", "take_over",
    "take_over_by_county", "sign", "give_opinion", "supply", "rate_handling", "remind",
})  # fmt: skip
ASKED = frozenset({"extend", "refuse_extension"})  # in front once somebody has asked for more time


def of(case: Case, user: User, form: MoveForm, offered: list[dict], held: bool) -> dict:
    """For the page about one case. offered: the moves as `forms_moves.actions` says them; each is marked whether it stands in front."""
    verbs = {action["verb"] for action in offered}
    for action in offered:
        action["front"] = action["verb"] in FIRST or (case.extension_days is not None and action["verb"] in ASKED)
    # Who is asked for more time answers that first; giving back or stepping in is not what is chosen for him before he has looked.
    offered.sort(key=lambda action: (action["verb"] not in ASKED or case.extension_days is None, action["verb"].startswith(("return_", "take_over"))))
    if offered and not any(action["front"] for action in offered):
        for action in offered:
            action["front"] = True
    return {
        "photos": list(ReportPhoto.objects.of_case(case)), "answer_photos": list(AnswerPhoto.objects.filter(case=case).select_related("photo")),
        "guesses": _guesses(case) if held else (), "proposal": _proposal(case, form) if "assign_to_unit" in verbs else None,
        "templates": templates_answer.offered(user, case) if verbs else [], "answering": bool(verbs & set(ANSWERS)), "supplying": "supply" in verbs,
        "marks": listing.marked(case), "folded": any(not action["front"] for action in offered),
        "may_merge": "merge" in verbs, "look_for_similar": case.state in OPEN_STATES and allowed(user, Permission.PASS_CASES_ON),
        "overruled": Overruled.objects.filter(case=case).select_related("by").first(), "joined": _joined(case), "joined_count": case.joiners.count(),
        "opinions": _opinions(case), "family": _family(case, user), "orders": list(case.linked_orders.all()), "may_see_orders": allowed(user, Permission.SEE_RECORDS),
    }  # fmt: skip


def _guesses(case: Case) -> tuple:
    """Up to two categories to choose from, where nobody has settled it and it was not recognised surely."""
    if case.category_source == "person":
        return ()
    guess = sorting.guess(case.text)
    return tuple(category for category in guess.proposals if category.pk != case.category_id) if not guess.sure or case.category_id is None else ()


def _proposal(case: Case, form: MoveForm) -> routing.Proposal:
    """Who should lead and who join in, with the reason; put into the form unless something was typed."""
    category = case.subcategory or case.category
    proposal = routing.proposal(case.text, category, case.town)
    if not form.is_bound and proposal.lead is not None:
        form.initial["organisation"] = proposal.lead.code
        form.initial["co_handlers"] = [unit.code for unit in proposal.co_handlers]
    return proposal


def _joined(case: Case) -> QuerySet[Joiner]:
    """What those who met the same problem added; no contact, no follow code."""
    return case.joiners.only("words", "joined_at").prefetch_related("photos").order_by("pk")[:20]


def _family(case: Case, user: User) -> list[dict]:
    """What it was split from or into, and what was merged: who may not see one of them reads its number, state and holder only."""
    near = Q(pk__in=[pk for pk in (case.parent_id, case.merged_into_id) if pk]) | Q(parent=case.pk) | Q(merged_into=case.pk)
    rows = Case.objects.filter(near | Q(merged_into=case.parent_id) if case.parent_id else near)
    rows = list(rows.select_related(*listing.RELATED).defer(*listing.SHAPES, "point").order_by("pk"))
    seen = set(Case.objects.visible_to(user).filter(pk__in=[row.pk for row in rows]).values_list("pk", flat=True)) if rows else set()
    how = {case.parent_id: "拆自", case.merged_into_id: "并入"}
    by_case = {case.pk: "并入这一件的", case.parent_id: "并入整件的"}
    return [{"case": row, "seen": row.pk in seen, "how": how.get(row.pk) or ("分出" if row.parent_id == case.pk else by_case[row.merged_into_id])} for row in rows]


def _opinions(case: Case) -> QuerySet[CoHandler]:
    return case.joining.select_related("organisation").defer("organisation__point")
