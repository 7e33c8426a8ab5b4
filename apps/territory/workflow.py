"""Verbs of the codes on doors: register, correct, split, replace, retire, restore, reprint, void; issue whole areas, print sheets,
keep issuers' rules. Each is one transaction with its event row.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.contrib.gis.geos import Point
from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from procrastinate.contrib.django import app as jobs

from apps.accounts.models import User
from apps.record import issuing
from apps.record.sheets import LAYOUTS, NoFont, Sign, write_sheets
from apps.record.states import MoveRefused
from apps.territory.models import AdminArea, Doorplate, LayerVersion
from apps.territory.plates import (
    CodeBatch,
    CodeBatchEvent,
    IssuedPlate,
    Issuer,
    IssuerEvent,
    LongWork,
    PlateCode,
    PrintRun,
    PrintRunEvent,
)
from apps.territory.print_files import PrintFiles

CHUNK = 5_000  # doorplates that are given codes in one transaction
PART = 900  # signs in one file: whole pages in every layout, some seconds of work
ISSUING = 0x6765_6FC0  # advisory lock: who looks for doors without a code waits for who is giving them one
State = LongWork.State


@dataclass(frozen=True, eq=False)
class Place:
    """Where a code leads: a doorplate, or a point and words for a house without one."""

    doorplate: Doorplate | None = None
    words: str = ""
    point: Point | None = None

    def fields(self) -> dict:
        """The columns of a PlateCode. MoveRefused when the place is incomplete or lies outside every town."""
        if self.doorplate:
            door = self.doorplate
            if door.status != Doorplate.Status.ACTIVE:
                raise MoveRefused(f"门牌“{door.address}”已停用，请选在用的门牌。")
            return {"doorplate": door, "words": "", "point": None, "town_id": door.town_id, "village_id": door.village_id}
        words = " ".join(self.words.split())[:200]
        if not words or self.point is None:
            raise MoveRefused("没有门牌的住所，请写明地点（例如“后山脚黄色平房”），并在地图上点出位置。")
        village, town = _areas_covering(self.point)
        if not (village or town):
            raise MoveRefused("这个位置不在本县任何乡镇或村社范围内，请检查地图上的点。")
        return {"doorplate": None, "words": words, "point": self.point, "town": town, "village": village}


def _areas_covering(point: Point) -> tuple[AdminArea | None, AdminArea | None]:
    areas = AdminArea.objects.filter(level__in=("village", "town"), geom__covers=point).order_by("code").defer("geom", "geom_3857")
    found = {area.level: area for area in reversed(areas)}
    return found.get("village"), found.get("town")


def _may_reach(user: User, code: PlateCode | None, fields: dict | None = None) -> None:
    """A clerk of a town changes codes of that town only, and moves none into another."""
    towns = [code.town_id] if code else []
    if fields:
        towns.append(fields.get("town_id") or getattr(fields.get("town"), "pk", None))
    named = dict(AdminArea.objects.filter(pk__in=[pk for pk in towns if pk]).values_list("pk", "code"))
    for pk in towns:
        if not user.reaches(named.get(pk, "")) and not (pk is None and _has_county(user)):
            raise MoveRefused("这个位置不在您管辖的区划内。")


def _has_county(user: User) -> bool:
    county = AdminArea.objects.county()
    return bool(county) and user.reaches(county.code)


def _free(doorplate: Doorplate | None, but: PlateCode | None = None) -> None:
    """One code in use for one door: the one in the way is named."""
    _one_at_a_time()
    if doorplate and (other := PlateCode.objects.active().filter(doorplate=doorplate).exclude(pk=but.pk if but else None).first()):
        raise MoveRefused(f"“{doorplate.address}”已有在用的码 {other.spelled}。要换新码，请在那个码上选“换发”。")


def _one_at_a_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ISSUING])


# -- one code ----------------------------------------------------------------------------------------------------------------


@transaction.atomic
def register(user: User, place: Place, note: str = "") -> PlateCode:
    """A new code for one door or one house without a plate."""
    fields = place.fields()
    _may_reach(user, None, fields)
    _free(place.doorplate)
    return issuing.issue([PlateCode(**fields)], actor=user, note=note)[0]


@transaction.atomic
def correct(user: User, code: PlateCode, place: Place, reason: str) -> PlateCode:
    """The code on the door stays, the place it leads to was wrong."""
    code, fields = issuing.lock(code), place.fields()
    issuing.check("correct", code, reason)
    _may_reach(user, code, fields)
    _free(place.doorplate, but=code)
    was = code.place_words
    for name, value in fields.items():
        setattr(code, name, value)
    code.save()
    issuing.told(code, "correct", user, reason, was=was, now=code.place_words)
    return code


@transaction.atomic
def split(user: User, code: PlateCode, places: Sequence[Place], reason: str) -> list[PlateCode]:
    """One house became several: the code stays at the first, each of the others gets one of its own."""
    if len(places) < 2:
        raise MoveRefused("拆分后至少有两处，请再选一个门牌。")
    doors = [place.doorplate.pk for place in places if place.doorplate]
    if len(set(doors)) < len(doors):
        raise MoveRefused("拆分后的门牌不能重复。")
    code = issuing.lock(code)
    issuing.check("correct", code, reason)
    _may_reach(user, code)
    stays = places[0].doorplate is not None and places[0].doorplate.pk == code.doorplate_id
    kept = code if stays else correct(user, code, places[0], reason)
    rows = []
    for place in places[1:]:
        fields = place.fields()
        _may_reach(user, None, fields)
        _free(place.doorplate)
        rows.append(PlateCode(**fields))
    made = issuing.issue(rows, actor=user, note=reason, split_from=kept.code)
    issuing.told(kept, "split", user, reason, into=[row.code for row in made])
    return [kept, *made]


@transaction.atomic
def renew(user: User, code: PlateCode, reason: str) -> PlateCode:
    """A new code for the same place (the plate is lost, worn, copied); the old one leads on to it."""
    code = issuing.lock(code)
    issuing.check("replace", code, reason)
    _may_reach(user, code)
    _free(code.doorplate, but=code)
    PlateCode.objects.filter(pk=code.pk).update(status=PlateCode.Status.RETIRED)  # the door is free for the new one
    fields = {name: getattr(code, name) for name in ("doorplate_id", "words", "point", "town_id", "village_id")}
    fresh = issuing.issue([PlateCode(**fields)], actor=user, note=reason, instead_of=code.code)[0]
    issuing.replace(code, fresh, reason, actor=user)
    return fresh


@transaction.atomic
def lead_on(user: User, code: PlateCode, typed: str, reason: str) -> PlateCode:
    """Two houses became one: this code leads on to another that is in use."""
    by = PlateCode.objects.typed(typed).first()
    if by is None:
        raise MoveRefused("没有这个码，请核对要换发成的码。")
    _may_reach(user, code)
    _may_reach(user, by)
    return issuing.replace(code, by, reason, actor=user)


@transaction.atomic
def change_status(user: User, verb: str, code: PlateCode, reason: str) -> PlateCode:
    """retire, restore or void. A door that has another code by now cannot have this one back."""
    _may_reach(user, code)
    if verb == "restore":
        _free(code.doorplate, but=code)
    return issuing.move(verb, code, reason, actor=user)


@transaction.atomic
def reprint(user: User, code: PlateCode, layout: str, site: str, reason: str) -> bytes:
    """One code on paper again: the PDF."""
    _may_reach(user, code)
    issuing.note_print([code], reason, actor=user, layout=layout)
    out = io.BytesIO()
    try:
        write_sheets([sign(code, site)], LAYOUTS[layout], out, title=str(code))
    except NoFont as refusal:
        raise MoveRefused(str(refusal)) from None
    return out.getvalue()


def sign(code: PlateCode, site: str) -> Sign:
    """What stands on the plate of a code."""
    host = site.split("://")[-1]
    return Sign(f"{site}/d/{code.code}", code.spelled, "扫码找代表", code.place_words, f"扫不了时，在 {host} 输入上面的码")


# -- whole areas -------------------------------------------------------------------------------------------------------------


@transaction.atomic
def start_batch(user: User | None, area: AdminArea, *, queue: bool = True) -> CodeBatch:
    """Order codes for every doorplate of an area that has neither one of ours nor an issuer's."""
    if user and not user.reaches(area.code):
        raise MoveRefused("这个区划不在您管辖的范围内。")
    if running := CodeBatch.objects.filter(area=area, state__in=(State.QUEUED, State.RUNNING)).first():
        raise MoveRefused(f"{area}已有一批正在发码（第 {running.pk} 批），请等它结束。")
    total = _doors_without_code(area).count()
    if not total:
        raise MoveRefused(f"{area}的在用门牌都已经有码，不用再发。")
    batch = CodeBatch.objects.create(area=area, total=total, created_by=user)
    CodeBatchEvent.objects.append(batch, "start", actor=user, total=total)
    if queue:
        jobs.configure_task("territory.issue_batch").defer(batch=batch.pk)  # by name: the task leans on this module
    return batch


def _doors_without_code(area: AdminArea):
    hung = IssuedPlate.objects.filter(doorplate=OuterRef("pk"), status="active", issuer__active=True, issuer__hung=True)
    doors = Doorplate.objects.active().filter(~Exists(hung), ~Exists(PlateCode.objects.active().filter(doorplate=OuterRef("pk"))))
    return doors.filter(**{area.level: area}) if area.level in ("town", "village") else doors


def issue_batch(batch_id: int, say: Callable[[CodeBatch], None] = lambda batch: None) -> CodeBatch:
    """Give codes until every door has one or somebody stops it. Killed in the middle, it is simply run again."""
    after = 0
    while (step := _issue_some(batch_id, after)) is not None:
        batch, after = step
        say(batch)
    return CodeBatch.objects.get(pk=batch_id)


@transaction.atomic
def _issue_some(batch_id: int, after: int) -> tuple[CodeBatch, int] | None:
    """One chunk of doors, by id from `after`; None when the batch is over."""
    batch = CodeBatch.objects.select_for_update(of=("self",)).select_related("area", "created_by").get(pk=batch_id)
    if not batch.at_work:
        return None
    _one_at_a_time()
    doors = list(_doors_without_code(batch.area).filter(pk__gt=after).order_by("pk").values_list("pk", "town_id", "village_id")[:CHUNK])
    rows = [PlateCode(doorplate_id=door, town_id=town, village_id=village, batch=batch) for door, town, village in doors]
    issuing.issue(rows, actor=batch.created_by, batch=batch.pk)
    batch.state, batch.done = State.RUNNING, batch.done + len(doors)
    batch.total = max(batch.total, batch.done)
    if len(doors) < CHUNK:
        batch.state, batch.total, batch.finished_at = State.DONE, batch.done, timezone.now()
        CodeBatchEvent.objects.append(batch, "done", issued=batch.done)
    batch.save()
    return batch, doors[-1][0] if doors else after


# -- sheets ------------------------------------------------------------------------------------------------------------------


@transaction.atomic
def start_print(user: User | None, area: AdminArea, layout: str, which: str, site: str, batch: CodeBatch | None = None) -> PrintRun:
    """Order the sheets of an area or a batch."""
    if user and not user.reaches(area.code):
        raise MoveRefused("这个区划不在您管辖的范围内。")
    run = PrintRun(area=area, batch=batch, layout=layout, which=which, site=site, created_by=user, created_at=timezone.now())
    run.total = _to_print(run).count()
    if not run.total:
        raise MoveRefused("没有要印的码。" + ("都已经印过；要重印，请选“全部在用的”。" if which == PrintRun.Which.NEW else "请先发码。"))
    run.save()
    PrintRunEvent.objects.append(run, "start", actor=user, total=run.total, layout=layout)
    jobs.configure_task("territory.print_sheets").defer(run=run.pk)
    return run


def _to_print(run: PrintRun):
    """What the run has still to print, in the order of the doors. What it has printed is known by its time."""
    codes = PlateCode.objects.active().within(run.area)
    if run.batch_id:
        codes = codes.filter(batch=run.batch_id)
    left = codes.filter(printed_at=None)
    return left if run.which == PrintRun.Which.NEW else left | codes.filter(printed_at__lt=run.created_at)


def print_sheets(run_id: int) -> PrintRun:
    """Make the files of a run, one after the other, until all are there or somebody stops it."""
    while _print_some(run_id):
        pass
    run = PrintRun.objects.get(pk=run_id)
    if run.state == State.DONE:
        PrintFiles(run.pk).pack()
    return run


def _print_some(run_id: int) -> bool:
    """One file; whether there may be more. It is written before anything is locked, and counts once the run has noted it: a run
    that was killed, stopped or overtaken in between writes it again."""
    run = PrintRun.objects.select_related("area", "created_by").get(pk=run_id)
    if not run.at_work:
        return False
    codes = list(_to_print(run).select_related("doorplate").order_by("pk")[:PART])
    refusal = ""
    if codes:
        try:
            with PrintFiles(run.pk).part(run.done // PART + 1) as out:
                write_sheets((sign(code, run.site) for code in codes), LAYOUTS[run.layout], out, title=str(run))
        except NoFont as error:
            refusal = str(error)
    return _note_printed(run, codes, refusal)


@transaction.atomic
def _note_printed(seen: PrintRun, codes: list[PlateCode], refusal: str) -> bool:
    """The file counts, if run and codes are still as they were when it was written."""
    run = PrintRun.objects.select_for_update(of=("self",)).select_related("created_by").get(pk=seen.pk)
    if not run.at_work:
        return False
    if refusal:
        run.state, run.note = State.FAILED, refusal
        PrintRunEvent.objects.append(run, "fail", note=refusal)
    else:
        as_printed = PlateCode.objects.active().filter(pk__in=[code.pk for code in codes]).select_for_update()
        if run.done != seen.done or {code.pk: code.doorplate_id for code in as_printed} != {code.pk: code.doorplate_id for code in codes}:
            return True
        issuing.note_print(codes, actor=run.created_by, run=run.pk)
        run.state, run.done = State.RUNNING, run.done + len(codes)
        run.total = max(run.total, run.done)
        if len(codes) < PART:
            run.state, run.total, run.finished_at = State.DONE, run.done, timezone.now()
            PrintRunEvent.objects.append(run, "done", printed=run.done)
    run.save()
    return run.at_work


# -- stopping and going on ---------------------------------------------------------------------------------------------------

TASKS = {CodeBatch: ("territory.issue_batch", "batch"), PrintRun: ("territory.print_sheets", "run")}


def _locked(user: User, work: LongWork) -> LongWork:
    if not user.reaches(work.area.code):
        raise MoveRefused("这个区划不在您管辖的范围内。")
    return type(work).objects.select_for_update().get(pk=work.pk)


@transaction.atomic
def cancel(user: User, work: LongWork) -> LongWork:
    """Stop after the chunk in hand. What is done stays done."""
    work = _locked(user, work)
    if not work.at_work:
        raise MoveRefused(f"现在是“{work.get_state_display()}”，不用再停止。")
    work.state, work.finished_at = State.CANCELLED, timezone.now()
    work.save()
    issuing.histories(type(work)).append(work, "cancel", actor=user, done=work.done)
    return work


@transaction.atomic
def resume(user: User, work: LongWork) -> LongWork:
    """Go on where it was stopped or failed."""
    work = _locked(user, work)
    if work.state not in (State.CANCELLED, State.FAILED):
        raise MoveRefused(f"现在是“{work.get_state_display()}”，不能继续。")
    work.state, work.note, work.finished_at = State.QUEUED, "", None
    work.save()
    issuing.histories(type(work)).append(work, "resume", actor=user)
    task, argument = TASKS[type(work)]
    jobs.configure_task(task).defer(**{argument: work.pk})
    return work


# -- issuers -----------------------------------------------------------------------------------------------------------------


@transaction.atomic
def keep_issuer(user: User, issuer: Issuer) -> Issuer:
    """Store an issuer whose rule has been tried on its example."""
    fresh = issuer.pk is None
    issuer.save()
    said = {name: getattr(issuer, name) for name in ("slug", "name", "pattern", "example", "hung", "active")}
    Issuer.objects.select_for_update().get(pk=issuer.pk)
    IssuerEvent.objects.append(issuer, "register" if fresh else "change", actor=user, **said)
    LayerVersion.raise_for("issuer")
    return issuer
