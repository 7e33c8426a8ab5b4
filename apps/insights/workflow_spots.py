"""Verbs of hot spots: work them out and keep them, oversee what lies behind one, make one a topic of supervision."""

import datetime as dt
from collections.abc import Iterable

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import Role, User
from apps.accounts.perms import Permission, allowed
from apps.cases.models import OPEN_STATES, Case
from apps.cases.workflow_oversight import Body, oversee
from apps.hotline.models import Intake
from apps.insights import around_projects, spots_behind
from apps.insights.facts import refresh
from apps.insights.finding_spots import Found, Place, centre_of, find, shape_of
from apps.insights.spells import continued
from apps.insights.spots import HotSpot, HotSpotEvent, HotSpotRun
from apps.organisations.models import Organisation
from apps.record.notices import Notice
from apps.record.states import MoveRefused
from apps.supervision.topics import Topic
from apps.supervision.workflow_topics import Matter, Origin, draft_topic
from apps.territory.models import AdminArea, LayerVersion

LAYER = "hotspot"
KEPT_RUNS = 30
REMEMBERED = dt.timedelta(days=365)  # a place that was hot within a year goes on under its own address
PRESSING = {"new": 1.25, "growing": 1.5, "persistent": 1.0, "returning": 1.1, "fading": 0.4, "gone": 0.0}
EXPLAINED = 0.25
TEAM = 3


# --- working them out ------------------------------------------------------------------------------------------------------------------


def due() -> bool:
    """Whether yesterday has not been worked out yet, or records have come in since it was."""
    last = HotSpotRun.objects.latest()
    if last is None or last.day < last_whole_day():
        return True
    return Intake.objects.filter(state=Intake.State.DONE, finished_at__gt=last.started_at).exists()


def last_whole_day() -> dt.date:
    return timezone.localdate() - dt.timedelta(days=1)


def work_out(day: dt.date | None = None) -> HotSpotRun:
    """All hot spots and what is reported around projects, as of the end of a day (yesterday). Whoever was killed at it is marked as not having
    finished; what had been kept before stands until the new is whole."""
    refresh()
    HotSpotRun.objects.filter(state=HotSpotRun.State.RUNNING).update(state=HotSpotRun.State.FAILED, finished_at=timezone.now())
    run = HotSpotRun.objects.create(day=day or last_whole_day())

    def tell(percent: int, note: str) -> None:
        HotSpotRun.objects.filter(pk=run.pk).update(progress=percent, progress_note=note)

    try:
        found = find(run.day, tell)
        tell(80, "比较项目周边")
        around = around_projects.compare_all(run.day, found.ground if found else None)
        _keep(run, found, around)
    except Exception:
        HotSpotRun.objects.filter(pk=run.pk).update(state=HotSpotRun.State.FAILED, finished_at=timezone.now())
        raise
    return run


@transaction.atomic
def _keep(run: HotSpotRun, found: Found | None, around: list) -> None:
    LayerVersion.raise_for(LAYER)  # two that keep at once come one after the other
    if found:
        codes = _codes(found)
        run.cells = {codes[key]: cells for key, cells in found.cells.items()}
        run.basis, run.populated, run.counted = found.ground.basis, found.populated, found.counted
        for key in {place.category for place in found.places} | set(HotSpot.objects.standing().values_list("category", flat=True)):
            _keep_category(key, [place for place in found.places if place.category == key], found)
    around_projects.keep(around)
    run.state, run.progress, run.progress_note, run.finished_at = HotSpotRun.State.DONE, 100, "", timezone.now()
    run.save()
    HotSpotRun.objects.exclude(pk__in=HotSpotRun.objects.values_list("pk", flat=True)[:KEPT_RUNS]).delete()


def _codes(found: Found) -> dict[int | None, str]:
    category = HotSpot._meta.get_field("category").related_model
    return {None: "", **dict(category.objects.filter(pk__in=[key for key in found.cells if key]).values_list("pk", "code"))}


def _keep_category(key: int | None, places: list[Place], found: Found) -> None:
    """What goes on keeps its row; what was hot and is not any more has gone."""
    known = HotSpot.objects.select_for_update().filter(category=key, last_hot__gte=found.day - REMEMBERED).order_by("pk")
    earlier = sorted(known, key=lambda spot: spot.state == HotSpot.State.GONE)
    standing = [spot for spot in earlier if spot.state != HotSpot.State.GONE]
    follows = continued([_cells(spot) for spot in standing], [set(place.cells) for place in places])
    gone = [spot for spot in earlier if spot.state == HotSpot.State.GONE]
    revived = continued([_cells(spot) for spot in gone], [set() if old is not None else set(place.cells) for place, old in zip(places, follows, strict=True)])
    names = _names(places)
    seen = set()
    for place, old, back in zip(places, follows, revived, strict=True):
        spot = standing[old] if old is not None else gone[back] if back is not None else HotSpot(category_id=key)
        _write(spot, place, found, names)
        seen.add(spot.pk)
    for spot in standing:
        if spot.pk not in seen:
            _change_state(spot, HotSpot.State.GONE)
            spot.weight, spot.day = 0.0, found.day
            spot.save(update_fields=["state", "weight", "day"])


def _cells(spot: HotSpot) -> set[tuple[int, int]]:
    return {(col, row) for col, row in spot.cells}


def _write(spot: HotSpot, place: Place, found: Found, names: dict[int, AdminArea]) -> None:
    before = spot.state if spot.pk else ""
    towns = [names[pk] for pk in place.towns if pk in names]
    villages = [(names[pk], many) for pk, many in place.villages if pk in names]
    spot.town, spot.village = towns[0] if towns else None, villages[0][0] if villages else None
    spot.name = place_name(villages, towns)
    spot.point, spot.shape = centre_of(found.ground.lattice, place.centre), shape_of(found.ground, place.cells)
    spot.cells = [list(cell) for cell in place.cells]
    spot.since, spot.last_hot = place.since, place.last_hot
    spot.months, spot.steps = place.spell.hot_steps, place.steps
    spot.count, spot.expected, spot.z, spot.q = place.count, place.expected, place.z, place.q
    told_already = EXPLAINED if place.category is None and _explained(place, found) else 1.0
    spot.weight = round(told_already * PRESSING[place.spell.state] * max(0.0, place.count - place.expected), 2)
    spot.day = found.day
    if before:
        _change_state(spot, place.spell.state)
        spot.save()
    else:
        spot.state = place.spell.state
        spot.save()
        HotSpotEvent.objects.append(spot, "find", state=str(spot.state), count=spot.count, expected=round(spot.expected, 1))
    spot.towns.set(towns)


def _explained(place: Place, found: Found) -> bool:
    """Whether hot spots of single categories cover half of a place that is hot in all of them together: then they say it more closely."""
    single = {cell for other in found.places if other.category is not None for cell in other.cells}
    return 2 * len(single.intersection(place.cells)) >= len(place.cells)


def _change_state(spot: HotSpot, state: str) -> None:
    if spot.state != state:
        HotSpotEvent.objects.append(spot, "change", was=str(spot.state), state=str(state))
        spot.state = state


def _names(places: list[Place]) -> dict[int, AdminArea]:
    keys = {pk for place in places for pk in (*place.towns, *(village for village, _ in place.villages))}
    return AdminArea.objects.defer("geom", "geom_3857").in_bulk(keys)


def place_name(villages: list[tuple[AdminArea, int]], towns: list[AdminArea]) -> str:
    """灵溪镇溪口村; 灵溪镇溪口村、南山村一带 where the second has at least half as many; the town alone where no village is known."""
    where = towns[0].name if towns and towns[0].level == AdminArea.Level.TOWN else ""
    if not villages:
        return f"{where or (towns[0].name if towns else '县内')}一带"
    told = [area.name for area, many in villages[:2] if 2 * many >= villages[0][1]]
    return f"{where}{'、'.join(told)}" + ("一带" if len(told) > 1 else "")


# --- what is done about them -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def oversee_spot(spot_id: int, user: User, codes: Iterable[str], body: str, decided_on: dt.date, words: str) -> tuple[list[Case], list[Case]]:
    """列为督办: the chosen open cases behind a spot are overseen by one decision. What is done, and what stood already or was answered meanwhile."""
    if not allowed(user, Permission.OVERSEE_CASES):
        raise MoveRefused("督办由县人大常委会工委或领导决定。")
    spot = _locked(spot_id, user)
    chosen = list(Case.objects.visible_to(user).filter(code__in=list(codes), pk__in=spots_behind.cases_of(spot, user)).order_by("pk"))
    if not chosen:
        raise MoveRefused("请选要督办的民情件。", "cases")
    decided = Body(body).label if body in Body.values else ""
    waiting = [case for case in chosen if case.state in OPEN_STATES and not (decided and case.oversight.startswith(f"{decided}："))]
    if not waiting:
        raise MoveRefused(f"所选的民情件都已由{decided or '工委'}督办过，或者已经答复，没有再登记。", "cases")
    done = [oversee(case, user, body, decided_on, words) for case in waiting]
    HotSpotEvent.objects.append(spot, "oversee", actor=user, note=words.strip(), body=decided, decided_on=decided_on.isoformat(), cases=[case.code for case in done])
    return done, [case for case in chosen if case not in waiting]


@transaction.atomic
def make_topic(spot_id: int, user: User) -> tuple[Topic, bool]:
    """作为监督议题: the draft of a topic with place, reason and the way back; once, however often it is pressed. The topic, and whether it is new."""
    if not allowed(user, Permission.PROPOSE_TOPICS):
        raise MoveRefused("监督议题由县人大常委会工委或领导提出。")
    spot = _locked(spot_id, user)
    if spot.topic_id:
        return Topic.objects.with_facts().get(pk=spot.topic_id), False
    origin = Origin(f"hotspot:{spot.pk}", f"热点：{spot.title}，{spot.reason}", reverse("hot_spot", args=[spot.pk]))
    topic, new = draft_topic(user, _matter(spot, user), origin)
    spot.topic = topic
    spot.save(update_fields=["topic"])
    HotSpotEvent.objects.append(spot, "draft", actor=user, topic=topic.pk, code=topic.code)
    if user.role != Role.COUNTY_OFFICE:
        office = User.objects.filter(role=Role.COUNTY_OFFICE, is_active=True)
        Notice.objects.tell(office, "insight", f"{user}提出监督议题：{topic.title}", "请核对地点、责任单位和内容，纳入监督或不采用。", topic.url, key=f"hotspot-topic-{spot.pk}")
    return topic, new


def _matter(spot: HotSpot, user: User) -> Matter:
    behind = spots_behind.standing([spot], user)[spot.pk]
    holders = Organisation.objects.standing().in_bulk([pk for pk, *_ in behind.units])
    responsible = next((holders[pk] for pk, *_ in behind.units if pk in holders), None)
    text = f"{spot.title}：{spot.reason}。{spot.significance}（{spot.surely}）。" + (f"目前未办结 {behind.open} 件，其中超期 {behind.late} 件。" if behind.open else "")
    return Matter(
        kind=Topic.Kind.CONCERN, title=f"{spot.title}集中反映的问题"[:80], site=_site(spot), field=None, responsible=responsible, owner=None, demand=TEAM, experts=0,
        year=timezone.localdate().year, text=text[:1000],
    )  # fmt: skip


def _site(spot: HotSpot):
    """The spot's centre, or where the spot lies in its town: a cell's centre may lie beyond the county's border."""
    area = AdminArea.objects.filter(pk=spot.town_id, geom__isnull=False).first() if spot.town_id else None
    if area is None or area.geom.covers(spot.point):
        return spot.point
    shared = area.geom.intersection(spot.shape)
    site = (area.geom if shared.empty else shared).point_on_surface
    site.srid = 4326
    return site


def _locked(spot_id: int, user: User) -> HotSpot:
    if not HotSpot.objects.visible_to(user).filter(pk=spot_id).exists():
        raise MoveRefused("没有这个热点，或者不在您的范围里。")
    return HotSpot.objects.select_for_update(of=("self",)).select_related("category").get(pk=spot_id)
