"""Records: the list, one of them, and what it has to do with a case."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.perms import Permission, allowed, requires
from apps.cases.models import Case
from apps.hotline import listing, workflow_links
from apps.hotline.forms import FilterForm, LinkForm, OpenCaseForm, UnlinkForm
from apps.hotline.models import Record
from apps.record.states import MoveRefused

NARROWING = ("q", "source", "category", "town", "village", "grid", "unit", "link", "place", "intake", "hour", "weekday", "since", "until", "bbox")
TONES = {"open": "info", "answered": "good", "closed": "neutral"}
REPEATS = 20
FIELDS = {
    "state": "办理状态", "due_on": "期限", "answered_at": "答复时间", "satisfied": "满意度", "unit_words": "承办单位", "text": "内容", "title": "标题", "received_at": "受理时间", "channel": "渠道",
    "located_by": "定位", "category_id": "类别",
}  # fmt: skip


@never_cache
@require_GET
@requires(Permission.SEE_RECORDS)
def record_list(request: HttpRequest) -> HttpResponse:
    """/hotline/?q=&state=&source=&category=&town=&village=&unit=&link=&place=&intake=&hour=&weekday=&since=&until=&bbox=&page= — all may be left out."""
    form, filters = _filters(request)
    if filters.get("q"):
        found = Record.objects.visible_to(request.user).filter(number=filters["q"]).values_list("pk", flat=True)[:2]
        if len(found) == 1:
            return redirect("record", found[0])
    page = listing.page_of(listing.narrowed(filters, request.user), request.GET.get("page"))
    for record in page.object_list:
        _describe(record)
    query = request.GET.copy()
    query.pop("page", None)
    return render(request, "hotline/record_list.html", {
        "form": form, "filters": filters, "page_obj": page, "query": query.urlencode(), "may_manage": allowed(request.user, Permission.MANAGE_INTAKE),
        "narrowed": any(filters.get(name) for name in NARROWING) or filters.get("state") not in ("", "all", None),
    })  # fmt: skip


def _filters(request: HttpRequest) -> tuple[FilterForm, dict]:
    form = FilterForm(request.GET, request.user)
    form.is_valid()
    return form, form.cleaned_data


def _describe(record: Record) -> None:
    record.late = record.state == Record.State.OPEN and record.due_on is not None and record.due_on < timezone.localdate()
    record.tone = "late" if record.late else TONES[record.state]


@require_GET
@requires(Permission.SEE_RECORDS)
def record_export(request: HttpRequest) -> StreamingHttpResponse:
    """The same list as CSV, streamed."""
    _, filters = _filters(request)
    lines = StreamingHttpResponse(listing.csv_lines(listing.narrowed(filters, request.user)), content_type="text/csv; charset=utf-8")
    lines["Content-Disposition"] = f'attachment; filename="suqiu-{timezone.localdate():%Y%m%d}.csv"'
    return lines


@never_cache
@require_GET
@requires(Permission.SEE_RECORDS)
def record(request: HttpRequest, pk: int) -> HttpResponse:
    """/hotline/records/12/"""
    return _page(request, _record_of(request, pk))


def _record_of(request: HttpRequest, pk: int) -> Record:
    seen = Record.objects.visible_to(request.user).select_related(*listing.RELATED, "proposed", "intake").defer(*listing.SHAPES)
    return get_object_or_404(seen, pk=pk)


def _page(request: HttpRequest, found: Record, *, forms: dict | None = None, status: int = 200) -> HttpResponse:
    _describe(found)
    visible = Case.objects.visible_to(request.user).filter(pk__in=[pk for pk in (found.case_id, found.proposed_id) if pk]).values_list("pk", flat=True)
    seen = set(visible)
    why_not = workflow_links.why_no_case(found)
    first = Record.objects.visible_to(request.user).filter(pk=found.like_id).select_related("source").first() if found.like_id else None
    repeats = Record.objects.visible_to(request.user).filter(like=found.like_id or found.pk).exclude(pk=found.pk).select_related("source").order_by("received_at", "pk")
    page = {
        "record": found, "seen": seen, "may_link": allowed(request.user, Permission.LINK_RECORDS), "why_not": why_not, "marks": sorted(found.marks.items()),
        "may_open": allowed(request.user, Permission.ENTER_CASES) and not found.case_id, "first": first, "repeats": repeats[: REPEATS + 1], "most_repeats": REPEATS, "events": _events(found),
        "link_form": LinkForm(user=request.user), "unlink_form": UnlinkForm(), "open_form": OpenCaseForm(initial={"text": _told(found)}),
        "case_data": {"point": {"lon": found.point.x, "lat": found.point.y}, "kind": "record", "name": "所在的 100 米格"} if found.point else None,
        **(forms or {}),
    }  # fmt: skip
    return render(request, "hotline/record.html", page, status=status)


def _told(found: Record) -> str:
    title = "" if not found.title or found.text.startswith(found.title) else f"{found.title}。"
    return f"{title}{found.text}"[:2000]


def _events(found: Record) -> list[dict]:
    told = []
    for event in found.events.order_by("pk"):
        fields = "、".join(dict.fromkeys(FIELDS[name] for name in event.data.get("fields", ()) if name in FIELDS))
        states = [Record.State(state).label for state in event.data.get("state", ())]
        title = {
            "update": f"对方更新：{'从' + '变为'.join(states) if states else fields}", "link": f"关联民情件 {event.data.get('case')}", "unlink": f"与民情件 {event.data.get('case')} 解除关联",
            "decline": f"与民情件 {event.data.get('case')} 不是同一件事",
        }.get(event.verb, event.verb)  # fmt: skip
        told.append({"title": title, "at": event.at, "by": event.actor_label, "note": event.note})
    return told


@require_POST
@requires(Permission.SEE_RECORDS)
def record_act(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """link, unlink, decline, open: what a person says of a record and a case."""
    if verb not in ("link", "unlink", "decline", "open"):
        raise Http404
    found = _record_of(request, pk)
    kinds = {"link": lambda: LinkForm(request.POST, user=request.user), "unlink": lambda: UnlinkForm(request.POST), "open": lambda: OpenCaseForm(request.POST)}
    form = kinds[verb]() if verb in kinds else None
    if form is not None and not form.is_valid():
        return _page(request, found, forms={f"{verb}_form": form}, status=422)
    try:
        return _acted(request, found, verb, form.cleaned_data if form else {})
    except MoveRefused as refusal:
        if form is None:
            messages.error(request, str(refusal))
            return redirect("record", pk)
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        return _page(request, _record_of(request, pk), forms={f"{verb}_form": form}, status=409)


def _acted(request: HttpRequest, found: Record, verb: str, data: dict) -> HttpResponse:
    if verb == "open":
        case = workflow_links.open_case(found, request.user, data["text"])
        messages.success(request, f"已转为民情件 {case.code}，现由{case.holder()}办理。")
        return redirect("record", found.pk)
    if verb == "link":
        workflow_links.link(found, data["case"], request.user, data["reason"])
        messages.success(request, f"已关联民情件 {data['case'].code}，两边都能看到对方。")
    elif verb == "unlink":
        workflow_links.unlink(found, request.user, data["reason"])
        messages.success(request, "已解除关联。")
    else:
        workflow_links.decline(found, request.user)
        messages.success(request, "已记下：不是同一件事。")
    return redirect("record", found.pk)
