"""接待日: the list, laying out a month, one day with what was heard on it, arranging and changing it."""

import datetime as dt

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.perms import Permission, allowed, requires
from apps.cases import listing
from apps.cases.forms import SELECT, PlainText, RowField, RowForm
from apps.cases.models import Case
from apps.deputies import workflow_reception as workflow
from apps.deputies.models import Deputy, Station
from apps.deputies.reception import ReceptionDay
from apps.record.states import MoveRefused

PAGE = 30
NO_SHAPES = ("station__point", "station__area__geom", "station__area__geom_3857")
VERBS = {"arrange": "安排", "change": "改动", "call_off": "取消", "hold": "登记接待情况"}
DATE = forms.DateInput(attrs={"class": "form-control", "type": "date"}, format="%Y-%m-%d")
TIME = {"class": "form-control", "type": "time"}


class DayForm(RowForm):
    """When, where, by whom."""

    station = RowField(Station.objects.none, empty="请选择", label="联络站", widget=SELECT)
    day = forms.DateField(
        label="日期", widget=DATE, error_messages={"required": "请填日期。", "invalid": "日期请写成 2026-03-14 这样。"}
    )
    starts = forms.TimeField(
        label="开始",
        widget=forms.TimeInput(attrs=TIME, format="%H:%M"),
        error_messages={"required": "请填开始时间。", "invalid": "时间请写成 09:00 这样。"},
    )
    ends = forms.TimeField(
        label="结束",
        widget=forms.TimeInput(attrs=TIME, format="%H:%M"),
        error_messages={"required": "请填结束时间。", "invalid": "时间请写成 11:30 这样。"},
    )
    deputies = forms.MultipleChoiceField(
        label="接待代表",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "请至少选一位代表。", "invalid_choice": "选中的代表里有人不在名单上，请重新选。"},
    )
    place = PlainText(
        label="地点",
        required=False,
        max_length=120,
        help_text="不填就在联络站。",
        widget=forms.TextInput(attrs={"class": "form-control"}),
    )
    topic = PlainText(
        label="主题",
        required=False,
        max_length=120,
        help_text="会公开，例如：农村饮水。",
        widget=forms.TextInput(attrs={"class": "form-control"}),
    )
    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, user, day: ReceptionDay | None, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["station"]
        field.rows = lambda: (
            Station.objects.visible_to(user).order_by("code")
            if day is None
            else Station.objects.filter(pk=day.station_id)
        )
        field.load()
        here = day.station.code if day else str(self["station"].value() or "")
        self.fields["deputies"].choices = _receiving(user, here, day)

    def groups(self) -> list[tuple[str, list, bool]]:
        """The deputies to tick by group, and whether it stands open: the first, and where somebody is ticked."""
        boxes, groups = list(self["deputies"]), self.fields["deputies"].choices
        shown = []
        for name, group in groups:
            own, boxes = boxes[: len(group)], boxes[len(group) :]
            shown.append((name, own, not shown or any(box.data["selected"] for box in own)))
        return shown

    def plan(self) -> workflow.Plan:
        data = self.cleaned_data
        return workflow.Plan(
            data["day"],
            data["starts"],
            data["ends"],
            [int(pk) for pk in data["deputies"]],
            data["place"],
            data["topic"],
        )


def _receiving(user, here: str, day: ReceptionDay | None) -> list[tuple[str, list[tuple[int, str]]]]:
    """Who may receive, in two groups: the deputies of the chosen station, and all others in the user's scope by their stations."""
    people = (
        Deputy.objects.serving_on(timezone.localdate())
        .filter(pk__in=Deputy.objects.visible_to(user).values("pk"))
        .order_by("station__code", "code")
        .select_related("station")
        .defer("station__point", "workplace")
    )
    everyone = {each.pk: each for each in (*people, *(day.deputies.select_related("station") if day else ()))}.values()
    own = [(each.pk, each.name) for each in everyone if each.station and each.station.code == here]
    others = [
        (each.pk, f"{each.name}（{each.station}）" if each.station else each.name)
        for each in everyone
        if not (each.station and each.station.code == here)
    ]
    return [(name, group) for name, group in (("本站代表", own), ("其他代表", others)) if group]


@never_cache
@require_GET
@requires(Permission.SEE_RECEPTIONS)
def reception_list(request: HttpRequest) -> HttpResponse:
    """/cases/receptions/?when=past&month=2026-03 — those to come, nearest first; those that were, latest first, of a month only those held; each
    with how many cases were entered."""
    past, today = request.GET.get("when") == "past", timezone.localdate()
    month = _month(request.GET.get("month", "")) if past else None
    days = _days(request.user)
    if month:
        days = days.filter(day__year=month.year, day__month=month.month, state=ReceptionDay.State.HELD)
    elif past:
        days = days.filter(day__lt=today)
    else:
        days = days.filter(day__gte=today)
    days = days.order_by("-day", "-starts", "-pk") if past else days.order_by("day", "starts", "pk")
    page = Paginator(days.values_list("pk", flat=True), PAGE).get_page(request.GET.get("page"))
    rows = (
        ReceptionDay.objects.select_related("station__area")
        .defer(*NO_SHAPES)
        .prefetch_related("deputies")
        .in_bulk(list(page.object_list))
    )
    page.object_list = [rows[pk] for pk in page.object_list]
    counted = dict(
        Case.objects.filter(reception__in=rows).values_list("reception").annotate(count=Count("pk")).order_by()
    )
    for row in page.object_list:
        row.heard = counted.get(row.pk, 0)
    return render(request, "cases/reception_list.html", {
        "page_obj": page, "past": past, "month": month, "today": today, "may_arrange": allowed(request.user, Permission.ARRANGE_RECEPTIONS), "months": _months(today),
    })  # fmt: skip


def _days(user):
    return ReceptionDay.objects.filter(pk__in=ReceptionDay.objects.visible_to(user).values("pk"))


def _month(text: str) -> dt.date | None:
    """2026-03 -> its first day; None where it cannot be read."""
    try:
        return dt.date.fromisoformat(f"{text}-01")
    except ValueError:
        return None


def _months(today: dt.date) -> list[dt.date]:
    return [today.replace(day=1), (today.replace(day=1) + dt.timedelta(days=31)).replace(day=1)]


@require_POST
@requires(Permission.ARRANGE_RECEPTIONS)
def reception_lay_out(request: HttpRequest) -> HttpResponse:
    """month=YYYY-MM: all reception days of that month, from the stations' fixed days and the rota."""
    month = next((each for each in _months(timezone.localdate()) if f"{each:%Y-%m}" == request.POST.get("month")), None)
    if month is None:
        messages.error(request, "只能排这个月和下个月的接待日，请重新选。")
        return redirect("reception_list")
    made = workflow.lay_out(request.user, month)
    if made:
        messages.success(request, f"已按固定接待日和值班表排好 {month.month} 月的 {len(made)} 次接待，代表已收到通知。")
    else:
        messages.info(request, f"{month.month} 月没有要补排的接待日：已经排过，或联络站没有固定的接待日。")
    return redirect("reception_list")


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.ARRANGE_RECEPTIONS)
def reception_new(request: HttpRequest) -> HttpResponse:
    """A day by itself. GET ?station=&deputies= — the form for that station, with these ticked."""
    if request.method == "GET":
        station = Station.objects.visible_to(request.user).filter(code=request.GET.get("station", "")).first()
        starts, ends = workflow.hours_of(station) if station else workflow.USUAL
        form = DayForm(
            request.user,
            None,
            initial={
                "station": station and station.code,
                "day": timezone.localdate(),
                "starts": starts,
                "ends": ends,
                "deputies": request.GET.getlist("deputies"),
            },
        )
        return _form(request, form, None)
    form = DayForm(request.user, None, request.POST)
    if form.is_valid():
        try:
            day = workflow.arrange(request.user, form.cleaned_data["station"], form.plan())
        except MoveRefused as refusal:
            form.add_error(refusal.field or None, str(refusal))
        else:
            messages.success(request, "接待日已安排，代表已收到通知。")
            return redirect("reception_detail", day.pk)
    return _form(request, form, None, status=422)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.ARRANGE_RECEPTIONS)
def reception_change(request: HttpRequest, pk: int) -> HttpResponse:
    day = get_object_or_404(_days(request.user).select_related("station").defer("station__point"), pk=pk)
    if request.method == "GET":
        names = ("day", "starts", "ends", "place", "topic", "revision")
        known = {name: getattr(day, name) for name in names} | {
            "station": day.station.code,
            "deputies": list(day.deputies.values_list("pk", flat=True)),
        }
        return _form(request, DayForm(request.user, day, initial=known), day)
    form = DayForm(request.user, day, request.POST)
    if form.is_valid():
        try:
            workflow.change(request.user, day.pk, form.plan(), form.cleaned_data["revision"])
        except MoveRefused as refusal:
            form.add_error(refusal.field or None, str(refusal))
            return _form(request, form, day, status=409)
        messages.success(request, "已改好，有关代表已收到通知。")
        return redirect("reception_detail", day.pk)
    return _form(request, form, day, status=422)


def _form(request: HttpRequest, form: DayForm, day: ReceptionDay | None, *, status: int = 200) -> HttpResponse:
    return render(request, "cases/reception_form.html", {"form": form, "day": day}, status=status)


@never_cache
@require_GET
@requires(Permission.SEE_RECEPTIONS)
def reception_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One day, the cases heard on it that the user may see, and entering another."""
    return _detail(request, pk)


def _detail(request: HttpRequest, pk: int, *, refusal: str = "", typed: str = "", status: int = 200) -> HttpResponse:
    day = get_object_or_404(_days(request.user).select_related("station__area").defer(*NO_SHAPES), pk=pk)
    heard = Case.objects.filter(reception=day)
    cases = listing.page_of(
        Case.objects.visible_to(request.user).filter(reception=day).order_by("-pk"), request.GET.get("page")
    )
    planned = day.state == ReceptionDay.State.PLANNED
    return render(request, "cases/reception_detail.html", {
        "day": day, "page_obj": cases, "heard": heard.count(), "refusal": refusal, "typed": typed, "today": timezone.localdate(),
        "may_enter": allowed(request.user, Permission.ENTER_CASES) and day.state != ReceptionDay.State.CALLED_OFF and day.day <= timezone.localdate(),
        "may_arrange": allowed(request.user, Permission.ARRANGE_RECEPTIONS), "planned": planned,
        "steps": [(VERBS.get(event.verb, event.verb), event) for event in day.events.order_by("-pk")[:30]],
    }, status=status)  # fmt: skip


@require_POST
@requires(Permission.ARRANGE_RECEPTIONS)
def reception_move(request: HttpRequest, pk: int) -> HttpResponse:
    """verb=call_off with reason, or verb=hold with visitors."""
    day = get_object_or_404(_days(request.user), pk=pk)
    typed = request.POST.get("reason", "").replace("\x00", "")[:500] or request.POST.get("visitors", "")[:10]
    revision = request.POST.get("revision", "")
    held = int(revision) if revision.isdecimal() and len(revision) < 9 else None
    try:
        if request.POST.get("verb") == "call_off":
            workflow.call_off(request.user, day.pk, typed, held)
            messages.success(request, "已取消，代表已收到通知，公开页面上不再显示。")
        else:
            if not (typed.isdecimal() and int(typed) <= 5000):
                raise MoveRefused("来访人数请填 0 到 5000 之间的整数。", "visitors")
            workflow.hold(request.user, day.pk, int(typed), held)
            messages.success(request, "已登记。")
    except MoveRefused as refusal:
        return _detail(request, pk, refusal=str(refusal), typed=typed, status=409)
    return redirect("reception_detail", pk)
