"""The office's pages of the codes of deputies and stations: who has one, printing, and what becomes of a code."""

import datetime as dt
import io
from dataclasses import dataclass

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Model, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.perms import Permission, requires
from apps.deputies import cards, workflow
from apps.deputies.codes import DeputyCode, StationCode
from apps.deputies.models import Deputy, Station
from apps.deputies.profiles import profiles
from apps.record import issuing
from apps.record.issued import IssuedCode
from apps.record.sheets import LAYOUTS, NoFont, write_sheets
from apps.record.states import MoveRefused
from apps.territory.models import AdminArea

HOLDERS_A_PAGE = 30
RECENT = dt.timedelta(days=30)
VERBS = {"renew": "换发新码", "hand_on": "由接任代表承接", "retire": "停用", "restore": "恢复", "void": "作废"}
EVENTS = {"issue": "发码", "replace": "换发", "succeed": "承接旧码", "print": "印制"}
TONES = {IssuedCode.Status.ACTIVE: "good", IssuedCode.Status.REPLACED: "info", IssuedCode.Status.RETIRED: "due", IssuedCode.Status.VOID: "late"}


@dataclass(frozen=True)
class Kind:
    """Codes of deputies or of stations: the same pages for both."""

    name: str
    label: str
    codes: type[DeputyCode] | type[StationCode]
    holders: type[Model]
    holder: str

    def of(self, user) -> QuerySet:
        """Those in the user's scope who should have a code."""
        rows = self.holders.objects.visible_to(user)
        return rows.serving_on(timezone.localdate()) if self.holders is Deputy else rows

    def signs(self, codes: list, at: str) -> list:
        return cards.deputy_signs(codes, at) if self.codes is DeputyCode else cards.station_signs(codes, at)


KINDS = {
    "deputy": Kind("deputy", "代表码", DeputyCode, Deputy, "deputy"),
    "station": Kind("station", "联络站码", StationCode, Station, "station"),
}


@require_GET
@requires(Permission.ISSUE_CARDS)
def card_list(request: HttpRequest) -> HttpResponse:
    """/cards/?kind=deputy&town=&q= — deputies in office, or stations, with the code in use, its prints and its scans."""
    kind, wanted, rows = _asked(request)
    current = kind.codes.objects.active().filter(**{kind.holder: OuterRef("pk")})
    rows = rows.annotate(code_pk=Subquery(current.values("pk")[:1]))
    page = Paginator(rows.order_by("code"), HOLDERS_A_PAGE).get_page(request.GET.get("page"))
    codes = _with_scans(kind, [holder.code_pk for holder in page if holder.code_pk])
    titles = {shown.deputy.pk: shown.titles for shown in profiles(page, timezone.localdate())} if kind.holders is Deputy else {}
    for holder in page:
        holder.issued, holder.titles = codes.get(holder.code_pk), titles.get(holder.pk, ())
    coded = rows.filter(code_pk__isnull=False).count()
    return render(request, "deputies/card_list.html", {
        "page_obj": page, "wanted": wanted, "kind": kind, "towns": AdminArea.objects.visible_to(request.user).towns().only("code", "name"), "kinds": KINDS.values(), "without": page.paginator.count - coded,
        "coded": coded, "parts": range(1, -(-coded // cards.A_FILE) + 1), "a_file": cards.A_FILE,
        "layouts": [LAYOUTS[name] for name in cards.LAYOUTS], "site": f"{request.scheme}://{request.get_host()}",
    })  # fmt: skip


def _asked(request: HttpRequest) -> tuple[Kind, dict[str, str], QuerySet]:
    """Which kind, what was typed, and the holders in scope that fit."""
    asked = request.POST if request.method == "POST" else request.GET
    wanted = {name: asked.get(name, "").strip()[:40].replace("\x00", "") for name in ("kind", "town", "q")}
    kind = KINDS.get(wanted["kind"], KINDS["deputy"])
    rows = kind.holders.objects.filter(pk__in=kind.of(request.user).values("pk"))
    if wanted["town"].isdigit():
        rows = rows.of_town(wanted["town"])
    if wanted["q"]:
        typed = kind.codes.objects.typed(wanted["q"]).values(kind.holder)
        rows = rows.filter(Q(name__icontains=wanted["q"]) | Q(code__iexact=wanted["q"]) | Q(pk__in=typed))
    return kind, wanted, rows


def _with_scans(kind: Kind, ids: list[int]) -> dict[int, IssuedCode]:
    recent = Q(scans__day__gt=timezone.localdate() - RECENT)
    return {code.pk: code for code in kind.codes.objects.filter(pk__in=ids).annotate(recent=Coalesce(Sum("scans__count", filter=recent), 0))}


@require_POST
@requires(Permission.ISSUE_CARDS)
def card_issue(request: HttpRequest) -> HttpResponse:
    """Codes for all in scope that fit the filter and have none."""
    kind, _, rows = _asked(request)
    made = workflow.issue_cards(request.user, deputies=rows) if kind.holders is Deputy else workflow.issue_cards(request.user, stations=rows)
    messages.success(request, f"已发 {made} 个{kind.label}。" if made else "没有需要发码的。")
    return redirect(f"{reverse('card_list')}?kind={kind.name}")


@require_POST
@requires(Permission.ISSUE_CARDS)
def card_print(request: HttpRequest) -> HttpResponse:
    """PDF of the cards that fit the filter, `A_FILE` a file; `only`: of one code. Counted as printed."""
    kind, _, rows = _asked(request)
    layout, at = LAYOUTS.get(request.POST.get("layout", "")), cards.site(request.POST.get("site", ""))
    back = f"{reverse('card_list')}?kind={kind.name}"
    if layout is None or layout.name not in cards.LAYOUTS or not at:
        messages.error(request, "请选择版式，并把网址写成“https://域名”的样子，例如 https://renda.example.gov.cn。")
        return redirect(back)
    codes = kind.codes.objects.active().filter(**{f"{kind.holder}__in": rows}).select_related("deputy__station" if kind.holder == "deputy" else "station")
    only, part = request.POST.get("only", ""), request.POST.get("part", "1")
    if only.isascii() and only.isdigit():
        codes = codes.filter(pk=only[:18])
    first = (int(part) - 1) * cards.A_FILE if part.isascii() and part.isdigit() and 0 < len(part) < 5 and int(part) else 0
    chosen = list(codes.order_by(f"{kind.holder}__code")[first : first + cards.A_FILE])
    if not chosen:
        messages.error(request, "没有可以印的码。请先发码。")
        return redirect(back)
    out = io.BytesIO()
    try:
        write_sheets(kind.signs(chosen, at), layout, out, kind.label)
        issuing.note_print(chosen, actor=request.user)
    except (NoFont, MoveRefused) as refusal:
        messages.error(request, str(refusal))
        return redirect(back)
    name = f"{kind.label}{f'-{part}' if first else ''}.pdf"
    return HttpResponse(out.getvalue(), content_type="application/pdf", headers={"Content-Disposition": content_disposition_header(True, name)})


@require_GET
@requires(Permission.ISSUE_CARDS)
def card_detail(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """/cards/deputy/12/ — one code, where it stands, its history, its scans by the day."""
    shown, code = _code(request, kind, pk)
    return _detail(request, shown, code)


def _code(request: HttpRequest, kind: str, pk: int) -> tuple[Kind, IssuedCode]:
    if kind not in KINDS:
        raise Http404
    rows = KINDS[kind].codes.objects.visible_to(request.user).select_related(KINDS[kind].holder, "successor")
    return KINDS[kind], get_object_or_404(rows, pk=pk)


def _detail(request: HttpRequest, kind: Kind, code: IssuedCode, *, refusal: str = "", typed: dict | None = None, status: int = 200) -> HttpResponse:
    holder = getattr(code, kind.holder)
    verbs = [verb for verb in issuing.possible(code) if verb in VERBS]
    if "replace" in issuing.possible(code) and code.status == code.Status.ACTIVE:
        verbs = ["renew", *(["hand_on"] if kind.holders is Deputy else []), *verbs]
    page = {
        "kind": kind, "code": code, "holder": holder, "tone": TONES[code.status], "refusal": refusal, "typed": typed or {},
        "verbs": [(verb, VERBS[verb]) for verb in verbs], "events": code.events.order_by("-pk")[:30], "labels": VERBS | EVENTS,
        "others": kind.codes.objects.filter(**{kind.holder: holder}).exclude(pk=code.pk).order_by("-pk")[:10],
        "scans": code.scans.order_by("-day")[:30], "layouts": [LAYOUTS[name] for name in cards.LAYOUTS],
        "site": f"{request.scheme}://{request.get_host()}",
    }  # fmt: skip
    for event in page["events"]:
        event.label = page["labels"].get(event.verb, event.verb)
    return render(request, "deputies/card_detail.html", page, status=status)


@require_POST
@requires(Permission.ISSUE_CARDS)
def card_move(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """One of VERBS with its reason."""
    shown, code = _code(request, kind, pk)
    typed = {name: request.POST.get(name, "").strip()[:200].replace("\x00", "") for name in ("verb", "reason", "to")}
    try:
        if typed["verb"] == "renew":
            code = workflow.renew(request.user, code, typed["reason"])
        elif typed["verb"] == "hand_on" and isinstance(code, DeputyCode):
            workflow.hand_on(request.user, code, _successor(request, typed["to"]), typed["reason"])
        else:
            workflow.move_code(request.user, typed["verb"], code, typed["reason"])
    except MoveRefused as refusal:
        code.refresh_from_db()
        return _detail(request, shown, code, refusal=str(refusal), typed=typed, status=422)
    messages.success(request, "已记下，马上生效。")
    return redirect("card_detail", kind=kind, pk=code.pk)


def _successor(request: HttpRequest, typed: str) -> Deputy:
    """By code, or by a name that only one of those in scope has."""
    found = list(KINDS["deputy"].of(request.user).filter(Q(code__iexact=typed) | Q(name=typed)).distinct()[:2]) if typed else []
    if len(found) != 1:
        raise MoveRefused("请写接任代表的姓名；有同名的，请写代表编号。" if not found else f"“{typed}”不止一位，请写代表编号。")
    return found[0]
