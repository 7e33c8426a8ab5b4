"""Findings: the work list, one finding and its moves, passing several on, the sheet on paper, units that have ended, photos."""

import datetime as dt
from collections.abc import Callable

from django.contrib import messages
from django.db.models import Case, Count, Exists, OuterRef, Q, When
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.models import Role
from apps.accounts.perms import Permission, allowed, requires
from apps.cases.workflow import handling_units
from apps.organisations.models import Organisation
from apps.record.files import Photo, UploadRefused
from apps.record.site import way_back
from apps.record.states import MoveRefused
from apps.supervision import findings_listing as listing
from apps.supervision import workflow_findings as workflow
from apps.supervision import workflow_limits as limits
from apps.supervision.findings import OPEN_STATES, EvidencePhoto, Finding, speaking_units
from apps.supervision.forms_findings import EndUnitForm, FilterForm, MoveForm
from apps.worktime.models import TimeLimit

Act = Callable[[Finding, HttpRequest, dict, list[Photo]], Finding]


def _words(verb: Callable) -> Act:
    """A move that needs nothing but words."""
    return lambda finding, request, data, photos: verb(finding, request.user, data["note"], revision=data["revision"])


def _named(data: dict, name: str, message: str):
    if data[name] in (None, ""):
        raise MoveRefused(message, name)
    return data[name]


ACTS: dict[str, Act] = {
    **{verb: _words(getattr(workflow, verb)) for verb in ("forward", "decline", "withdraw", "return_to_dispatcher", "take_back")},
    **{verb: _words(getattr(limits, verb)) for verb in ("grant_extension", "refuse_extension", "remind")},
    "merge": lambda f, r, d, p: workflow.merge(f, r.user, _named(d, "into", "请选要合并到哪个问题。"), d["note"], revision=d["revision"]),
    "assign": lambda f, r, d, p: workflow.assign(
        f, r.user, _named(d, "lead", "请选择主办单位。"), co_handlers=d["units"], days=d["days"], note=d["note"], revision=d["revision"]
    ),
    "answer": lambda f, r, d, p: workflow.answer(f, r.user, d["note"], p, revision=d["revision"]),
    "give_opinion": lambda f, r, d, p: workflow.give_opinion(f, r.user, d["note"], unit=d["unit"], revision=d["revision"]),
    "ask_extension": lambda f, r, d, p: limits.ask_extension(f, r.user, _named(d, "more_days", "请填要延长几个工作日。"), d["note"], revision=d["revision"]),
    "confirm": lambda f, r, d, p: workflow.confirm(f, r.user, d["result"], d["note"], p, visit=d["visit"], revision=d["revision"]),
    "send_back": lambda f, r, d, p: workflow.send_back(f, r.user, d["note"], p, revision=d["revision"]),
    "hand_to": lambda f, r, d, p: workflow.hand_to(f, r.user, _named(d, "deputy", "请选由哪位代表跟进。"), d["note"], revision=d["revision"]),
    "oversee": lambda f, r, d, p: limits.oversee(f, r.user, d["body"], _named(d, "decided_on", "请填决定日期。"), d["note"], revision=d["revision"]),
}
ICONS = {
    "forward": "arrow-right", "decline": "x", "merge": "arrow-merge", "withdraw": "x", "assign": "send", "answer": "message-2", "give_opinion": "message-2",
    "ask_extension": "clock", "grant_extension": "check", "refuse_extension": "x", "return_to_dispatcher": "arrow-back-up", "take_back": "arrow-back-up",
    "confirm": "check", "send_back": "arrow-back-up", "hand_to": "user-check", "remind": "bell-ringing", "oversee": "gavel",
}  # fmt: skip
ASKS = {
    "forward": "转交后由县政府办确定承办单位，工委不能再改。确定转交吗？", "decline": "不予转交后这个问题不再办理，理由会告诉代表。确定吗？",
    "merge": "合并后这个问题随另一个一起办理。确定合并吗？", "withdraw": "撤回后这个问题不再办理。确定撤回吗？",
    "answer": "提交后由代表到现场确认，答复不能修改。确定提交吗？", "return_to_dispatcher": "退回后由县政府办重新交办。确定退回吗？",
    "take_back": "收回后由您重新交办。确定收回吗？", "confirm": "确认后这个问题办结，不能再改。确定吗？", "oversee": "督办决定会告诉承办单位、县政府办和代表。确定吗？",
}  # fmt: skip
NOTE_LABELS = {
    "forward": "转交意见", "decline": "不予转交的理由（代表会看到）", "merge": "说明", "withdraw": "撤回的理由", "assign": "交办意见", "answer": "整改情况", "give_opinion": "会办意见",
    "ask_extension": "延期的理由", "grant_extension": "说明", "refuse_extension": "不同意的理由", "return_to_dispatcher": "退回的理由", "take_back": "收回的理由",
    "confirm": "现场看到的情况", "send_back": "哪里没有整改到位", "hand_to": "为什么改由另一位代表跟进", "remind": "催办意见", "oversee": "督办意见",
}  # fmt: skip
NOTE_OPTIONAL = frozenset({"forward", "merge", "assign", "grant_extension", "confirm", "remind"})
OF_TOPIC = 6  # findings shown on the page about their topic
SHOWN_AS_REQUIRED = ("lead", "into", "deputy", "unit", "more_days", "body", "decided_on")
WITH_PHOTOS = frozenset({"answer", "confirm", "send_back"})


@never_cache
@require_GET
@requires(Permission.SEE_FINDINGS)
def finding_list(request: HttpRequest) -> HttpResponse:
    """/supervision/findings/?q=&state=&late=&severity=&lead=&town=&topic=&since=&until=&sort=&page= — all may be left out."""
    form, filters = _filters(request)
    found = listing.narrowed(filters, request.user)
    page = listing.page_of(found, filters["sort"], request.GET.get("page"))
    plain = request.GET.copy()
    plain.pop("page", None)
    today = timezone.localdate()
    seen = Finding.objects.visible_to(request.user)
    return render(request, "supervision/findings/list.html", {
        "form": form, "filters": filters, "page_obj": page, "query": plain.urlencode(),
        "narrowed": any(filters.get(name) for name in ("q", "late", "severity", "lead", "town", "topic", "since", "until")),
        "late_count": seen.overdue(today).count(), "waiting_count": Finding.objects.waiting_for(request.user).count(),
        "may_forward": allowed(request.user, Permission.PASS_FINDINGS_ON) and filters["state"] in ("mine", "raised"),
        "may_end_units": allowed(request.user, Permission.ASSIGN_FINDINGS),
    })  # fmt: skip


@require_GET
@requires(Permission.SEE_FINDINGS)
def finding_export(request: HttpRequest) -> HttpResponse:
    """The same list as CSV, streamed."""
    _, filters = _filters(request)
    lines = StreamingHttpResponse(listing.csv_lines(listing.narrowed(filters, request.user), filters["sort"]), content_type="text/csv; charset=utf-8")
    lines["Content-Disposition"] = f'attachment; filename="wenti-{timezone.localdate():%Y%m%d}.csv"'
    return lines


def _filters(request: HttpRequest) -> tuple[FilterForm, dict]:
    """The form as shown, and what could be read of it, with this user's defaults for state and order."""
    form = FilterForm(request.GET)
    form.is_valid()
    filters = {**form.cleaned_data}
    filters["state"] = filters.get("state") or listing.default_state(request.user)
    filters["sort"] = filters.get("sort") or listing.default_sort(filters["state"])
    return form, filters


@require_POST
@requires(Permission.PASS_FINDINGS_ON)
def finding_forward(request: HttpRequest) -> HttpResponse:
    """Pass on all that are ticked; each by itself, so that one that cannot be passed on holds nothing up."""
    ticked = Finding.objects.visible_to(request.user).filter(code__in=request.POST.getlist("finding")[: listing.PAGE]).select_related("topic__project")
    done, refused = workflow.forward_many(ticked, request.user, request.POST.get("note", "")[: workflow.LONGEST])
    if done:
        messages.success(request, f"已转交县政府办 {len(done)} 件。")
    for finding, reason in refused:
        messages.error(request, f"“{finding.text[:20]}”没有转交：{reason}")
    if not done and not refused:
        messages.warning(request, "没有选中任何问题。请先在左边勾选，再转交。")
    return redirect(way_back(request) or "finding_list")


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.SEE_FINDINGS)
def finding_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One finding; POST makes a move: `verb` and what it needs. `next` leads back to the list."""
    seen = Finding.objects.visible_to(request.user).filter(code=code)
    finding = seen.select_related(*listing.RELATED, "visit", "merged_into", "confirmed_on_visit").defer(*listing.SHAPES).first()
    if finding is None:
        return render(request, "supervision/findings/gone.html", {"typed": request.POST.get("note", "")}, status=404)
    verbs = {move.verb for move in workflow.possible_moves(finding, request.user)}
    if request.method == "GET":
        return _detail(request, finding, MoveForm(finding, request.user, verbs, initial={"revision": finding.revision}))
    verb = request.POST.get("verb", "")
    form = MoveForm(finding, request.user, verbs | {verb}, request.POST)
    if not form.is_valid():
        return _detail(request, finding, form, status=422)
    try:
        moved = _act(finding, verb, request, {**form.cleaned_data, "units": form.units()})
    except (MoveRefused, UploadRefused) as refusal:
        finding = seen.select_related(*listing.RELATED, "visit", "merged_into", "confirmed_on_visit").defer(*listing.SHAPES).get()
        form.add_error(getattr(refusal, "field", "") or None, str(refusal))
        return _detail(request, finding, form, status=409)
    messages.success(request, f"已办好。这个问题现在：{moved.holder()}。")
    return redirect(way_back(request) or _finding_or_list(request, moved))


def _act(finding: Finding, verb: str, request: HttpRequest, data: dict) -> Finding:
    if verb not in ACTS:
        raise MoveRefused("没有这一步，请刷新页面后再办。")
    photos = Photo.objects.accept_all(request.FILES.getlist("photos"), by=request.user, submission=f"finding-{finding.pk}") if verb in WITH_PHOTOS else []
    return ACTS[verb](finding, request, data, photos)


def _detail(request: HttpRequest, finding: Finding, form: MoveForm, *, status: int = 200) -> HttpResponse:
    moves = [move for move in workflow.possible_moves(finding, request.user) if move.verb in ACTS]
    held = finding.held_by(request.user)
    chosen = request.POST.get("verb") or request.GET.get("do") or ""
    if chosen not in {move.verb for move in moves}:
        first_step = [move.verb for move in moves if move.verb not in workflow.FROM_ABOVE or not held]
        # What was typed for a step that somebody else has made impossible is not put under another one.
        chosen = first_step[0] if first_step and request.method == "GET" else ""
    for name in SHOWN_AS_REQUIRED:  # only said on the page: the verbs have checked
        form.fields[name].required = True
    page = {
        "finding": finding, "form": form, "held": held, "steps": listing.history(finding), "next": way_back(request), "chosen": chosen,
        "actions": [
            {"verb": move.verb, "label": move.label, "icon": ICONS[move.verb], "ask": ASKS.get(move.verb, ""), "note": NOTE_LABELS[move.verb],
             "optional": move.verb in NOTE_OPTIONAL, "photos": move.verb in WITH_PHOTOS}
            for move in moves
        ],
        "revision": finding.revision, "photos": _photos(finding), "joining": finding.joining.select_related("organisation"), "oversights": finding.oversights.all(),
        "silent_unit": finding.state == Finding.State.WITH_UNIT and finding.silent_unit(), "silent_follower": finding.silent_follower(),
        "return_until": workflow.return_until(finding) if finding.state == Finding.State.WITH_UNIT else None, "merged": finding.merged.select_related("follower"),
        "usual_days": TimeLimit.objects.filter(step="finding_answer").first(), "today": timezone.localdate(), "may_check": request.user.role == Role.DEPUTY,
    }  # fmt: skip
    return render(request, "supervision/findings/detail.html", page, status=status)


def _photos(finding: Finding) -> list[dict]:
    """Photos by what they show, in the order in which that happened."""
    groups: dict[tuple[str, int], list[EvidencePhoto]] = {}
    for each in finding.photos.all():
        groups.setdefault((each.stage, each.round), []).append(each)
    order = list(EvidencePhoto.Stage.values)
    return [
        {"label": EvidencePhoto.Stage(stage).label + (f"（第 {number + 1} 次）" if number else ""), "photos": photos}
        for (stage, number), photos in sorted(groups.items(), key=lambda item: (item[0][1], order.index(item[0][0])))
    ]


@require_GET
@requires(Permission.SEE_FINDINGS)
def topic_findings(request: HttpRequest, code: str) -> HttpResponse:
    """A topic's findings, open ones first, by the code of its project or its own: a fragment for the pages about it."""
    found = Finding.objects.visible_to(request.user).filter(Q(topic__project__code=code) | Q(topic__own_code=code))
    counted = found.aggregate(all=Count("pk"), open=Count("pk", filter=Q(state__in=OPEN_STATES)), late=Count("pk", filter=Q(state__in=OPEN_STATES, due_on__lt=timezone.localdate())))
    first = found.order_by(Case(When(state__in=OPEN_STATES, then=0), default=1), "due_on", "-raised_at", "pk")
    rows = listing.rows_of(list(first.values_list("pk", flat=True)[:OF_TOPIC]))
    return render(request, "supervision/findings/_of_topic.html", {"rows": rows, "counted": counted, "topic": rows[0].topic_id if rows else None})


@require_GET
@requires(Permission.SEE_FINDINGS)
def finding_photo(request: HttpRequest, pk: int, size: str) -> HttpResponse:
    """A photo, for those who may see its finding."""
    seen = Finding.objects.visible_to(request.user)
    evidence = get_object_or_404(EvidencePhoto.objects.filter(finding__in=seen).select_related("photo"), pk=pk)
    return evidence.photo.response(request, size)


@never_cache
@require_GET
@requires(Permission.SEE_FINDINGS)
def finding_sheet(request: HttpRequest, code: str) -> HttpResponse:
    """交办单: one finding on one sheet of paper, as it was passed on and assigned."""
    finding = get_object_or_404(Finding.objects.visible_to(request.user).select_related(*listing.RELATED).defer(*listing.SHAPES), code=code)
    joining = finding.joining.select_related("organisation")
    return render(request, "supervision/findings/sheet.html", {"finding": finding, "joining": joining, "steps": listing.history(finding)[:-1], "today": timezone.localdate()})


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.ASSIGN_FINDINGS)
def finding_units(request: HttpRequest) -> HttpResponse:
    """Units and what they have to put right; a unit that has ended is written down here, and what it had comes back."""
    form = EndUnitForm(request.POST or None, initial={"closed_on": timezone.localdate()})
    if request.method == "POST" and form.is_valid():
        unit: Organisation = form.cleaned_data["unit"]
        try:
            taken = limits.end_unit(request.user, unit, form.cleaned_data["closed_on"])
        except MoveRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"已登记{unit}撤销。{f'它手里的 {taken} 个问题回到县政府办，请重新交办。' if taken else '它手里没有未办结的问题。'}")
            return redirect("finding_units")
    held = Q(findings_led__state=Finding.State.WITH_UNIT)
    late = held & Q(findings_led__due_on__lt=timezone.localdate())
    speaks = Exists(speaking_units().filter(pk=OuterRef("pk")))
    counted = handling_units().annotate(held=Count("findings_led", filter=held), late=Count("findings_led", filter=late), speaks=speaks)
    units = counted.order_by("-late", "-held", "code")
    status = 422 if request.method == "POST" else 200
    return render(request, "supervision/findings/units.html", {"form": form, "units": units, "ended": _ended()}, status=status)


def _ended() -> list[Organisation]:
    year_ago = timezone.localdate() - dt.timedelta(days=365)
    return list(Organisation.objects.filter(handles_cases=True, closed_on__gte=year_ago).order_by("-closed_on"))


def _finding_or_list(request: HttpRequest, finding: Finding) -> str:
    """The finding's page, or the list when it has left this user's sight."""
    seen = Finding.objects.visible_to(request.user).filter(pk=finding.pk).exists()
    return reverse("finding_detail", args=[finding.code]) if seen else reverse("finding_list")
