"""公开答复 in the office: what could be published, settling the words beside the original, taking back, and the page's switch."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.models import Role
from apps.accounts.perms import Permission, allowed, requires
from apps.cases import workflow_publishing as workflow
from apps.cases.answer_photos import AnswerPhoto
from apps.cases.forms_publishing import PublicationForm, ReasonForm
from apps.cases.models import Case
from apps.cases.publishing import AnswersPage, Publication
from apps.cases.redaction import Redaction
from apps.record.states import MoveRefused

PAGE = 30
TABS = {"open": "可公开", "draft": "待确认", "published": "已公开", "withdrawn": "已撤回"}
SHAPES = ("town__geom", "town__geom_3857", "village__geom", "village__geom_3857")


@never_cache
@require_GET
@requires(Permission.PUBLISH_ANSWERS)
def publication_list(request: HttpRequest) -> HttpResponse:
    """/cases/publications/?tab=open|draft|published|withdrawn&page="""
    tab = request.GET.get("tab") if request.GET.get("tab") in TABS else "open"
    cases = Case.objects.visible_to(request.user)
    if request.user.role == Role.TOWN_OFFICE:
        cases = cases.exclude(level=Case.Level.COUNTY)
    if tab == "open":
        cases = (
            cases.filter(state__in=workflow.PUBLISHABLE, publication=None)
            .exclude(answer="")
            .order_by("-submitted_at", "-pk")
        )
    else:
        cases = cases.filter(publication__state=tab).order_by("-publication__edited_at", "-pk")
    page = Paginator(cases.select_related("town", "village", "category", "publication").defer(*SHAPES), PAGE).get_page(
        request.GET.get("page")
    )
    return render(request, "cases/publication_list.html", {
        "page_obj": page, "tab": tab, "tabs": TABS, "answers_page": AnswersPage.objects.filter(pk=1).first(),
        "may_turn": allowed(request.user, Permission.OPEN_ANSWERS_PAGE), "reason_form": ReasonForm(),
    })  # fmt: skip


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.PUBLISH_ANSWERS)
def publication_review(request: HttpRequest, code: str) -> HttpResponse:
    """/cases/<code>/publication — the original with what was found marked in it, beside the words to be published. POST act=settle|publish."""
    case = _case(request, code)
    publication = Publication.objects.filter(case=case).select_related("edited_by", "confirmed_by").first()
    photos = [each.photo_id for each in workflow.photos_of(case)]
    if request.method == "GET":
        return _review(request, case, publication, PublicationForm(initial=_initial(case, publication), photos=photos))
    form = PublicationForm(request.POST, photos=photos)
    if not form.is_valid():
        return _review(request, case, publication, form, status=422)
    data, publishing = form.cleaned_data, request.POST.get("act") == "publish"
    stands = {"source": data["source"], "version": data["version"] or 0}
    try:
        if publishing:
            workflow.publish(case, request.user, form.words(), kept=data["kept"], **stands)
        else:
            workflow.settle(case, request.user, form.words(), **stands)
    except MoveRefused as refusal:
        publication = Publication.objects.filter(case=case).select_related("edited_by", "confirmed_by").first()
        case.refresh_from_db(fields=["state", "answer", "text", "level"])
        # What is sent next time is held against what stands there now; whoever sends it has been told.
        form.data = {
            **form.data.dict(),
            "photos": request.POST.getlist("photos"),
            "source": workflow.source_of(case),
            "version": publication.version if publication else 0,
        }
        form.add_error(refusal.field or None, str(refusal))
        return _review(request, case, publication, form, typed_over=True, status=422 if refusal.field else 409)
    messages.success(request, "已公开。" if publishing else "草稿已保存，还没有公开。")
    return redirect("publication_review", code=code)


@require_POST
@requires(Permission.PUBLISH_ANSWERS)
def publication_withdraw(request: HttpRequest, code: str) -> HttpResponse:
    case = _case(request, code)
    form = ReasonForm(request.POST)
    if form.is_valid():
        try:
            workflow.withdraw(case, request.user, form.cleaned_data["reason"])
            messages.success(request, "已撤回，公开页上不再显示。")
            return redirect("publication_review", code=code)
        except MoveRefused as refusal:
            form.add_error(refusal.field or None, str(refusal))
    publication = Publication.objects.filter(case=case).select_related("edited_by", "confirmed_by").first()
    return _review(
        request, case, publication, PublicationForm(initial=_initial(case, publication)), reason_form=form, status=422
    )


@require_POST
@requires(Permission.OPEN_ANSWERS_PAGE)
def answers_turn(request: HttpRequest) -> HttpResponse:
    """Open the public page, or close it."""
    on = request.POST.get("on") == "yes"
    workflow.turn_page(request.user, on=on, reason=request.POST.get("reason", "").strip()[:300])
    messages.success(
        request, "公开答复页已开通，所有人都能看到已公开的答复。" if on else "公开答复页已关闭，已公开的答复暂不显示。"
    )
    return redirect("publication_list")


def _case(request: HttpRequest, code: str) -> Case:
    return get_object_or_404(
        Case.objects.visible_to(request.user)
        .select_related("town", "village", "category", "deputy", "organisation")
        .defer(*SHAPES),
        code=code,
    )


def _initial(case: Case, publication: Publication | None) -> dict:
    words = workflow.proposal(case).words if publication is None else publication
    return {
        "title": words.title, "question": words.question, "answer": words.answer, "show_village": words.show_village,
        "source": workflow.source_of(case), "version": publication.version if publication else 0, "photos": publication.photos if publication else [],
    }  # fmt: skip


def _review(
    request: HttpRequest, case: Case, publication: Publication | None, form: PublicationForm, *,
    reason_form: ReasonForm | None = None, typed_over: bool = False, status: int = 200,
) -> HttpResponse:  # fmt: skip
    proposal = workflow.proposal(case)
    published = publication is not None and publication.state == Publication.State.PUBLISHED
    words = workflow.Words(*(str(form[name].value() or "") for name in ("title", "question", "answer")))
    return render(request, "cases/publication_review.html", {
        "case": case, "publication": publication, "form": form, "published": published, "why_not": workflow.why_not(case, request.user),
        "original": [("反映的问题", _pieces(case.text, proposal.question)), ("答复", _pieces(case.answer, proposal.answer))],
        "photos": _photos(case, publication, form, published), "found": len(proposal.question.spans) + len(proposal.answer.spans), "remaining": [] if published else words.remaining(),
        "answered_by": workflow.answered_by(case), "reason_form": reason_form or ReasonForm(), "typed_over": typed_over,
        "outdated": publication is not None and not published and publication.source != workflow.source_of(case),
        "answers_page": AnswersPage.objects.filter(pk=1, is_open=True).exists(),
    }, status=status)  # fmt: skip


def _photos(case: Case, publication: Publication | None, form: PublicationForm, published: bool) -> list[tuple[AnswerPhoto, bool]]:
    """The answer's photos, each with whether it is chosen; of a published answer those alone."""
    chosen = {str(pk) for pk in (publication.photos if published and publication else form["photos"].value() or ())}
    photos = [(each, str(each.photo_id) in chosen) for each in workflow.photos_of(case)]
    return [pair for pair in photos if pair[1]] if published else photos


def _pieces(text: str, redaction: Redaction) -> list[tuple[str, str]]:
    """The original in pieces: characters, and the mark that stands for them ("" where they stay)."""
    pieces, upto = [], 0
    for span in redaction.spans:
        pieces += [(text[upto : span.start], ""), (text[span.start : span.end], span.mark)]
        upto = span.end
    return [piece for piece in [*pieces, (text[upto:], "")] if piece[0]]
