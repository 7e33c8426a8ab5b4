"""换届: terms and their drafts; what a draft changes, on a map and in lists; who goes and who comes; one publish."""

import csv
import io
import re
from collections.abc import Iterator

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, F, OuterRef, QuerySet, Subquery, Sum
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.perms import Permission, allowed, requires
from apps.matching import workflow
from apps.matching.rehoming import rehoming
from apps.matching.turnover import fingerprint
from apps.matching.turnover_map import layers
from apps.matching.turnover_sheets import harmless, write_workbook
from apps.record.states import MoveRefused
from apps.territory.terms import DistrictChange, Term, TurnoverReview

TERMS_A_PAGE, DISTRICTS_A_PAGE, ROWS_A_PAGE = 30, 30, 50
NONE = "none"  # in a filter: in no district
SORTS = {
    "number": ("按序号", lambda row: row["number"]),
    "deviation": ("按偏差", lambda row: -abs(row["deviation"] or 0)),
    "gained": ("按改入门牌", lambda row: -row["gained"]),
}


class SeatsForm(forms.Form):
    seats = forms.IntegerField(label="核定名额", min_value=1, max_value=3000, required=False, widget=forms.NumberInput({"class": "form-control"}))


class PublishForm(forms.Form):
    approval = forms.CharField(
        label="批准机关和文号", max_length=120, help_text="例如：县选举委员会公告第3号", widget=forms.TextInput({"class": "form-control", "autocomplete": "off"}),
        error_messages={"required": "请写明由谁批准、哪一号公告。"},
    )  # fmt: skip
    approved_on = forms.DateField(
        label="批准日期", widget=forms.DateInput({"class": "form-control", "type": "date"}), error_messages={"required": "请填批准日期。", "invalid": "请填日期，例如 2026-11-20。"}
    )


@require_GET
@requires(Permission.SEE_TERMS)
def term_list(request: HttpRequest) -> HttpResponse:
    """/terms/?state=published&q=… — drafts first, then what is in force or was."""
    state, q = request.GET.get("state", "")[:10], request.GET.get("q", "").strip()[:40].replace("\x00", "")
    districts = Term.objects.filter(pk=OuterRef("pk")).annotate(n=Count("districts"))
    terms = _visible(request).filter(level__in=(Term.Level.COUNTY, Term.Level.TOWNSHIP)).annotate(
        district_count=Subquery(districts.values("n")),
        seat_count=Subquery(Term.objects.filter(pk=OuterRef("pk")).annotate(n=Sum("districts__seats")).values("n")),
        changed=Subquery(TurnoverReview.objects.done().filter(term=OuterRef("pk")).values("result__changed")[:1]),
    )  # fmt: skip
    if state in Term.State.values:
        terms = terms.filter(state=state)
    if q:
        terms = terms.filter(congress__name__icontains=q)
    today = timezone.localdate()
    page = Paginator(terms.order_by("state", "level", "congress__code", "-number", "plan"), TERMS_A_PAGE).get_page(request.GET.get("page"))
    for term in page:
        term.standing = standing(term, today)
    return render(request, "matching/terms/list.html", {"page_obj": page, "state": state, "q": q, "states": Term.State.choices})


def standing(term: Term, today) -> tuple[str, str]:
    """Tone and words: what the term is on that day."""
    if term.state != Term.State.PUBLISHED:
        return ("due" if term.state == Term.State.DRAFT else "neutral"), term.get_state_display()
    if term.starts > today:
        return "info", "已公布，尚未开始"
    return ("good", "现行") if today < term.ends else ("neutral", "已届满")


def _visible(request: HttpRequest) -> QuerySet[Term]:
    return Term.objects.visible_to(request.user).select_related("congress").defer("congress__geom", "congress__geom_3857")


def _key(text: str) -> int | None:
    """The id in a filter; None for anything that is not one ("²" is a digit to Python, but no number)."""
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


def _chosen(request: HttpRequest, pk: int) -> tuple[Term, Term | None, TurnoverReview | None]:
    """The term, what it is held against (?base=, else the term before) and the newest review of the two."""
    term = get_object_or_404(_visible(request), pk=pk)
    base = _key(request.GET.get("base", ""))
    against = get_object_or_404(_visible(request).filter(congress=term.congress_id), pk=base) if base else term.before()
    return term, against, workflow.latest(term, against)


@require_GET
@requires(Permission.SEE_TERMS)
def term_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """/terms/12/?base=11&sort=deviation — checks, map, districts; what stands in the way of publishing."""
    return _detail(request, pk)


def _detail(request: HttpRequest, pk: int, publish_form: PublishForm | None = None, seats_form: SeatsForm | None = None) -> HttpResponse:
    term, base, review = _chosen(request, pk)
    done = review is not None and review.state == review.State.DONE
    sort = request.GET.get("sort", "") if request.GET.get("sort") in SORTS else "number"
    rows = sorted(review.result["districts"], key=SORTS[sort][1]) if done else []
    office = allowed(request.user, Permission.PUBLISH_TERMS)
    wrong = publish_form or seats_form
    return render(request, "matching/terms/detail.html", {
        "term": term, "base": base, "review": review, "done": done, "stale": done and fingerprint(review) != review.fingerprint, "sort": sort, "sorts": [(value, label) for value, (label, _) in SORTS.items()],
        "page_obj": Paginator(rows, DISTRICTS_A_PAGE).get_page(request.GET.get("page")), "standing": standing(term, timezone.localdate()),
        "others": _visible(request).filter(congress=term.congress_id).exclude(pk=term.pk).exclude(state=Term.State.SET_ASIDE).order_by("-number", "plan"),
        "query": f"?base={base.pk}" if base and request.GET.get("base") else "", "is_draft": term.state == Term.State.DRAFT, "office": office,
        "may_compare": allowed(request.user, Permission.COMPARE_TERMS),
        "publish_form": publish_form or PublishForm(), "seats_form": seats_form or SeatsForm(initial={"seats": term.seats}),
        "publishable": done and not any(check["level"] == "stop" for check in review.result["checks"]) and base == term.before(),
        "may_take_back": office and term.state == Term.State.PUBLISHED and term.published_at and term.starts > timezone.localdate(),
        "events": term.events.select_related("actor").order_by("-pk")[:20],
    }, status=422 if wrong else 200)  # fmt: skip


@require_POST
@requires(Permission.COMPARE_TERMS)
def term_compare(request: HttpRequest, pk: int) -> HttpResponse:
    term = get_object_or_404(_visible(request), pk=pk)
    base = _key(request.POST.get("base", ""))
    try:
        review = workflow.compare(request.user, term.pk, get_object_or_404(_visible(request), pk=base).pk if base else None)
    except MoveRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("term_detail", pk)
    chosen = f"?base={review.base_id}" if base and review.base != term.before() else ""
    return redirect(f"{request.path.removesuffix('compare')}{chosen}")


@require_GET
@requires(Permission.SEE_TERMS)
def term_progress(request: HttpRequest, pk: int, review: int) -> HttpResponse:
    """Polled every second while a review is computed; reloads the page when there is something to see."""
    get_object_or_404(_visible(request), pk=pk)
    found = TurnoverReview.objects.filter(pk=review, term=pk).first()
    if found is None or found.state not in (found.State.QUEUED, found.State.RUNNING):
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "matching/terms/_progress.html", {"review": found})


@require_GET
@requires(Permission.SEE_TERMS)
def term_map(request: HttpRequest, pk: int) -> HttpResponse:
    """/terms/12/map?old=3&new=7 — GeoJSON for the map: both sets of borders, faults, and where doorplates change."""
    _, base, review = _done_or_404(request, pk)
    return HttpResponse(layers(review, base, _between(request, review)), content_type="application/json", headers={"Cache-Control": "private, no-store"})


def _between(request: HttpRequest, review: TurnoverReview) -> QuerySet[DistrictChange]:
    """The changes that the filters ask for: from one district, to one, with these words in the address."""
    found = DistrictChange.objects.filter(review=review)
    for side in ("old", "new"):
        value = request.GET.get(side, "")
        if value == NONE:
            found = found.filter(**{f"{side}__isnull": True})
        elif key := _key(value):
            found = found.filter(**{side: key})
    if q := request.GET.get("q", "").strip()[:60].replace("\x00", ""):
        found = found.filter(doorplate__address__icontains=q)
    return found


def _done_or_404(request: HttpRequest, pk: int) -> tuple[Term, Term | None, TurnoverReview]:
    term, base, review = _chosen(request, pk)
    if review is None or review.state != review.State.DONE:
        raise Http404("还没有比对结果")
    return term, base, review


@require_GET
@requires(Permission.SEE_TERMS)
def term_changes(request: HttpRequest, pk: int) -> HttpResponse:
    """/terms/12/doorplates?old=3&new=7&q=人民路 — every doorplate that changes district."""
    term, base, review = _done_or_404(request, pk)
    rows = _between(request, review).select_related("doorplate").only("doorplate__code", "doorplate__address", "old", "new").order_by("pk")
    page = Paginator(rows, ROWS_A_PAGE).get_page(request.GET.get("page"))
    names = dict(review.term.districts.values_list("pk", "name")) | (dict(base.districts.values_list("pk", "name")) if base else {})
    for row in page:
        row.old_name, row.new_name = names.get(row.old_id, ""), names.get(row.new_id, "")
    sides = {side: {str(pair[side] or NONE): pair[f"{side}_name"] or "不在任何选区" for pair in review.result["pairs"]} for side in ("old", "new")}
    keep = request.GET.copy()
    keep.pop("page", None)
    return render(request, "matching/terms/changes.html", {
        "term": term, "base": base, "review": review, "page_obj": page, "sides": {side: sorted(found.items(), key=lambda item: item[1]) for side, found in sides.items()},
        "wanted": {name: request.GET.get(name, "") for name in ("old", "new", "q")}, "query": keep.urlencode(),
    })  # fmt: skip


@require_GET
@requires(Permission.SEE_TERMS)
def term_changes_csv(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """The same list whole, streamed, for Excel (UTF-8 with a byte order mark)."""
    term, _, review = _done_or_404(request, pk)
    response = StreamingHttpResponse(_lines(_between(request, review)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, f"{term.label}改属门牌.csv")
    return response


def _lines(changes: QuerySet[DistrictChange]) -> Iterator[str]:
    yield "\ufeff" + _line(("门牌编号", "地址", "乡镇街道", "村社", "原选区编号", "原选区", "新选区编号", "新选区"))
    columns = ("doorplate__code", "doorplate__address", "doorplate__town__name", "doorplate__village__name", "old__code", "old__name", "new__code", "new__name")
    for row in changes.order_by(F("old__code").asc(nulls_last=True), "new__code", "pk").values_list(*columns).iterator(chunk_size=5000):
        yield _line(row)


def _line(cells: tuple) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(harmless(cell) for cell in cells)
    return line.getvalue()


@require_GET
@requires(Permission.SEE_TERMS)
def term_workbook(request: HttpRequest, pk: int) -> HttpResponse:
    """What the election committee leafs through: checks, districts, sums, villages and employers on a sheet each."""
    term, base, review = _done_or_404(request, pk)
    buffer = io.BytesIO()
    write_workbook(term, base, review, buffer)
    response = HttpResponse(buffer.getvalue(), content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    response["Content-Disposition"] = content_disposition_header(True, f"{term.label}选区比对.xlsx")
    return response


@require_GET
@requires(Permission.SEE_TERMS)
def term_people(request: HttpRequest, pk: int) -> HttpResponse:
    """/terms/12/people — seats filled and vacant, who sits again, who leaves, stations and turns of duty."""
    term = get_object_or_404(_visible(request), pk=pk)
    people = rehoming(term, term.before())
    only = request.GET.get("only", "") == "vacant"
    seats = [seat for seat in people.seats if seat.vacant] if only else list(people.seats)
    return render(request, "matching/terms/people.html", {
        "term": term, "base": term.before(), "people": people, "only": only, "page_obj": Paginator(seats, ROWS_A_PAGE).get_page(request.GET.get("page")),
        "turns": sum(change.turns for change in people.stations), "office": allowed(request.user, Permission.PUBLISH_TERMS),
        "is_published": term.state == Term.State.PUBLISHED,
    })  # fmt: skip


def _carried_out(request: HttpRequest, pk: int, verb, *given) -> Term | None:
    """Do it and say so, or say why not."""
    get_object_or_404(_visible(request), pk=pk)
    try:
        return verb(request.user, pk, *given)
    except MoveRefused as refusal:
        messages.error(request, str(refusal))
        return None


@require_POST
@requires(Permission.PUBLISH_TERMS)
def term_seats(request: HttpRequest, pk: int) -> HttpResponse:
    form = SeatsForm(request.POST)
    if not form.is_valid():
        return _detail(request, pk, seats_form=form)
    if _carried_out(request, pk, workflow.settle_seats, form.cleaned_data["seats"]):
        workflow.compare(request.user, pk)
        messages.success(request, "核定名额已登记，正在重新核对。")
    return redirect("term_detail", pk)


@require_POST
@requires(Permission.PUBLISH_TERMS)
def term_publish(request: HttpRequest, pk: int) -> HttpResponse:
    form = PublishForm(request.POST)
    if form.is_valid():
        get_object_or_404(_visible(request), pk=pk)
        try:
            term = workflow.publish(request.user, pk, form.cleaned_data["approval"], form.cleaned_data["approved_on"])
            messages.success(request, f"{term.label}的选区已公布，从 {term.starts:%Y年%m月%d日}起生效。")
            return redirect("term_detail", pk)
        except MoveRefused as refusal:
            if not Term.objects.filter(pk=pk, state=Term.State.DRAFT).exists():  # somebody was quicker: there is no form to say it in
                messages.error(request, str(refusal))
                return redirect("term_detail", pk)
            form.add_error(None, str(refusal))
    return _detail(request, pk, publish_form=form)


@require_POST
@requires(Permission.PUBLISH_TERMS)
def term_turns(request: HttpRequest, pk: int) -> HttpResponse:
    """After the deputies of a published term have been entered: the turns of those who leave go to those who come."""
    term = get_object_or_404(_visible(request), pk=pk)
    try:
        messages.success(request, f"已把 {workflow.hand_on(request.user, term.pk)} 次值班交给接任的代表。")
    except MoveRefused as refusal:
        messages.error(request, str(refusal))
    return redirect("term_people", pk)


@require_POST
@requires(Permission.PUBLISH_TERMS)
def term_take_back(request: HttpRequest, pk: int) -> HttpResponse:
    if _carried_out(request, pk, workflow.take_back, request.POST.get("reason", "").replace("\x00", "")[:200]):
        messages.success(request, "已撤回公布，选区又是草案，没有采用的其他草案也恢复为草案。已经交接的值班没有改回，请到“排班”核对。")
    return redirect("term_detail", pk)
