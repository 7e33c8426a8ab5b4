"""Verbs of the deputy grid: the data propose, staff confirm. Each is one transaction with an event for every row it moves."""

import csv
import datetime as dt
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import Role, User
from apps.deputies.grid import GridMember, GridMemberEvent, take_turn
from apps.deputies.models import Deputy, Field
from apps.record.notices import Notice
from apps.record.staging import copy_in, execute, query
from apps.record.states import Move, MoveRefused, StateTable
from apps.territory.models import Grid, LayerVersion

MANY_ROWS = 1000  # from so many new rows on, the planner's statistics are renewed
State, Basis = GridMember.State, GridMember.Basis
OFFICES = frozenset({Role.TOWN_OFFICE, Role.COUNTY_OFFICE})
STATES = StateTable(dict(State.choices), [
    Move("confirm", "确认", frozenset({State.PROPOSED, State.DECLINED}), State.CONFIRMED, OFFICES),
    Move("decline", "列为不采用", frozenset({State.PROPOSED, State.CONFIRMED}), State.DECLINED, OFFICES),
])  # fmt: skip


@dataclass(frozen=True)
class Proposed:
    """What a proposal changed: new rows, rows ended, confirmed rows that the data no longer bear out."""

    fresh: int = 0
    ended: int = 0
    doubtful: int = 0

    def __add__(self, other: "Proposed") -> "Proposed":
        return Proposed(self.fresh + other.fresh, self.ended + other.ended, self.doubtful + other.doubtful)


@dataclass(frozen=True)
class Decided:
    """How many rows were moved, and how many somebody else had moved before."""

    done: int
    passed: int


@transaction.atomic
def propose(user: User | None) -> Proposed:
    """By where deputies in office live (their village, all its grids) and work (the grid that covers the place); deputies of a township
    congress only in their own town. What was confirmed or declined stays, whoever left office ends. Safe to run again.

    user None: the operator at the console.
    """
    today = timezone.localdate()
    take_turn()
    _seats(today)
    execute(
        """
        CREATE TEMP TABLE grid_wanted ON COMMIT DROP AS
        SELECT DISTINCT ON (grid_id, deputy_id) grid_id, deputy_id, basis, NULL::bigint AS field_id FROM (
            SELECT g.id AS grid_id, d.id AS deputy_id, 'residence' AS basis, 1 AS rank FROM deputies_deputy d
            JOIN territory_grid g ON g.village_id = d.residence_village_id
            JOIN territory_adminarea v ON v.id = g.village_id
            WHERE EXISTS (SELECT FROM grid_seats s WHERE s.deputy_id = d.id AND (s.town_id IS NULL OR s.town_id = v.parent_id))
            UNION ALL
            SELECT g.id, d.id, 'workplace', 2 FROM deputies_deputy d
            JOIN LATERAL (SELECT id, village_id FROM territory_grid WHERE ST_Covers(geom, d.workplace) ORDER BY code LIMIT 1) g ON true
            JOIN territory_adminarea v ON v.id = g.village_id
            WHERE EXISTS (SELECT FROM grid_seats s WHERE s.deputy_id = d.id AND (s.town_id IS NULL OR s.town_id = v.parent_id))
        ) w ORDER BY grid_id, deputy_id, rank
        """
    )
    execute("CREATE INDEX ON grid_wanted (grid_id, deputy_id)")
    execute("ANALYZE grid_wanted")
    gone = "m.state <> 'ended' AND NOT EXISTS (SELECT FROM grid_seats s WHERE s.deputy_id = m.deputy_id)"
    ended = _end(user, today, gone, "已不在任")
    wanted = "EXISTS (SELECT FROM grid_wanted w WHERE w.grid_id = m.grid_id AND w.deputy_id = m.deputy_id)"
    placed = "m.basis IN ('residence', 'workplace')"
    ended += _end(user, today, f"m.state = 'proposed' AND {placed} AND NOT {wanted}", "资料已变，不再推荐")
    changed = query(
        """UPDATE deputies_gridmember m SET basis = w.basis, field_id = NULL FROM grid_wanted w
           WHERE w.grid_id = m.grid_id AND w.deputy_id = m.deputy_id AND m.state <> 'ended' AND m.origin = 'data' AND m.basis <> w.basis
           RETURNING m.id"""
    )
    _tell_all(user, "rebase", changed, "依据随资料改变")
    doubtful = query(
        f"""UPDATE deputies_gridmember m SET fits = {wanted} WHERE m.state = 'confirmed' AND m.origin = 'data' AND {placed}
            AND m.fits IS DISTINCT FROM {wanted} RETURNING m.id, m.fits"""
    )
    _tell_all(user, "doubt", [(pk,) for pk, fits in doubtful if not fits], "与资料不再相符")
    _tell_all(user, "fit", [(pk,) for pk, fits in doubtful if fits], "与资料相符")
    fresh = _insert(user, today)
    if fresh or ended or changed or doubtful:
        LayerVersion.raise_for("gridmember")
    return Proposed(fresh, ended, sum(not fits for _, fits in doubtful))


@transaction.atomic
def propose_for_fields(user: User | None, rows: Iterable[tuple[int, int, int]]) -> Proposed:
    """Makes what is proposed by field exactly these (grid, deputy, field); a deputy who stands at the grid already is passed over."""
    today = timezone.localdate()
    take_turn()
    execute("DROP TABLE IF EXISTS grid_wanted")
    execute(
        "CREATE TEMP TABLE grid_wanted (grid_id bigint, deputy_id bigint, basis text DEFAULT 'field', field_id bigint) ON COMMIT DROP"
    )
    lines = io.StringIO()
    csv.writer(lines).writerows({(grid, deputy): (grid, deputy, field) for grid, deputy, field in rows}.values())
    copy_in("grid_wanted", ("grid_id", "deputy_id", "field_id"), lines.getvalue())
    execute("ANALYZE grid_wanted")
    kept = "EXISTS (SELECT FROM grid_wanted w WHERE w.grid_id = m.grid_id AND w.deputy_id = m.deputy_id AND w.field_id = m.field_id)"
    ended = _end(user, today, f"m.state = 'proposed' AND m.basis = 'field' AND NOT {kept}", "资料已变，不再推荐")
    fresh = _insert(user, today)
    if fresh or ended:
        LayerVersion.raise_for("gridmember")
    return Proposed(fresh, ended)


def _seats(today: dt.date) -> None:
    """The temporary table grid_seats: deputies in office, with the town of a township congress, or none where the whole county is theirs."""
    execute("DROP TABLE IF EXISTS grid_seats, grid_wanted")
    execute(
        """
        CREATE TEMP TABLE grid_seats ON COMMIT DROP AS
        SELECT DISTINCT m.deputy_id, CASE WHEN t.level = 'township' THEN t.congress_id END AS town_id
        FROM deputies_mandate m JOIN territory_term t ON t.id = m.term_id
        WHERE t.state = 'published' AND t.starts <= %s AND t.ends > %s AND (m.ended_on IS NULL OR m.ended_on > %s)
        """,
        [today] * 3,
    )
    execute("CREATE INDEX ON grid_seats (deputy_id)")
    execute("ANALYZE grid_seats")


def _end(user: User | None, today: dt.date, where: str, why: str) -> int:
    ended = query(
        f"UPDATE deputies_gridmember m SET state = 'ended', until = greatest(m.since, %s) WHERE {where} RETURNING m.id",
        [today],
    )
    _tell_all(user, "end", ended, why)
    return len(ended)


def _insert(user: User | None, today: dt.date) -> int:
    """Rows of grid_wanted for which the grid has no open row of the deputy."""
    fresh = query(
        """
        INSERT INTO deputies_gridmember (grid_id, deputy_id, basis, field_id, origin, state, reason, fits, since)
        SELECT w.grid_id, w.deputy_id, w.basis, w.field_id, 'data', 'proposed', '', true, %s FROM grid_wanted w
        WHERE NOT EXISTS (SELECT FROM deputies_gridmember m WHERE m.grid_id = w.grid_id AND m.deputy_id = w.deputy_id AND m.state <> 'ended')
        ORDER BY w.grid_id, w.deputy_id RETURNING id
        """,
        [today],
    )
    _tell_all(user, "propose", fresh)
    if len(fresh) >= MANY_ROWS:
        execute("ANALYZE deputies_gridmember")
    return len(fresh)


def _tell_all(user: User | None, verb: str, rows: Sequence[tuple], note: str = "") -> None:
    if rows:
        GridMemberEvent.objects.append_many([pk for (pk, *_) in rows], verb, actor=user, note=note)


@transaction.atomic
def decide(user: User, verb: str, ids: Sequence[int], reason: str = "") -> Decided:
    """confirm or decline rows of grids in the user's scope; declining says why. Rows that somebody else has moved are passed over, unless
    there is only one: then MoveRefused says what it is now."""
    if verb not in STATES.moves:
        raise MoveRefused("没有这个操作。请刷新页面后再看。")
    reason = reason.strip()[:200]
    if verb == "decline" and not reason:
        raise MoveRefused("请写明不采用的理由，例如“常年在外地”。")
    take_turn()
    rows = list(GridMember.objects.visible_to(user).open().filter(pk__in=ids).order_by("pk"))
    if not rows:
        raise MoveRefused("没有可以办理的条目：可能刚刚已由别人处理，请刷新页面后再看。")
    if len(rows) == 1:
        STATES.check(verb, rows[0].state, Role(user.role))
    moving = [row for row in rows if row.state in STATES.moves[verb].sources]
    _move(user, verb, moving, reason)
    return Decided(len(moving), len(ids) - len(moving))


@transaction.atomic
def confirm_waiting(user: User, area: str, newest: int) -> Decided:
    """Confirm all that waits in an area (its code), as far as the user has seen it: no row younger than `newest`."""
    take_turn()
    waiting = GridMember.objects.visible_to(user).waiting().under(area)
    moving = list(waiting.filter(pk__lte=newest).order_by("pk"))
    if not moving:
        raise MoveRefused("这里没有待确认的代表：可能刚刚已由别人处理，请刷新页面后再看。")
    _move(user, "confirm", moving, "")
    return Decided(len(moving), waiting.filter(pk__gt=newest).count())


def _move(user: User, verb: str, rows: list[GridMember], reason: str) -> None:
    """Rows under the lock, to where the verb leads."""
    move = STATES.moves[verb]
    if user.role not in move.roles:
        raise MoveRefused(f"您的岗位不能{move.label}。")
    if not rows:
        return
    told = set(
        Deputy.objects.filter(
            pk__in={row.deputy_id for row in rows if verb == "confirm" or row.state == State.CONFIRMED}
        ).values_list("user", flat=True)
    )
    changed = {
        "state": move.target,
        "decided_by": user,
        "decided_at": timezone.now(),
        **({"reason": reason} if reason else {}),
    }
    ids = [row.pk for row in rows]
    GridMember.objects.filter(pk__in=ids).update(**changed)
    GridMemberEvent.objects.append_many(ids, verb, actor=user, note=reason)
    Notice.objects.tell(told, "grid", "您的代表网格有变化", "哪些网格由您联系，请看“我的网格”。", reverse("my_grids"))
    LayerVersion.raise_for("gridmember")


@transaction.atomic
def add(user: User, grid: Grid, deputy: Deputy, basis: str, reason: str, field: Field | None = None) -> GridMember:
    """A deputy whom the data do not propose, or whom they propose for another reason; confirmed at once, with the reason why."""
    reason = reason.strip()[:200]
    if user.role not in OFFICES or not user.reaches(grid.village.code):
        raise MoveRefused("这个网格不在您的管辖范围内。")
    if basis not in Basis.values:
        raise MoveRefused("请选择依据：居住地、工作地或工作领域。")
    if not reason:
        raise MoveRefused("请写明添加的理由，例如“长期联系本网格群众”。")
    if not Deputy.objects.serving_on(timezone.localdate()).filter(pk=deputy.pk).exists():
        raise MoveRefused(f"{deputy.name}现在不在任，不能担任网格代表。")
    take_turn()
    row = GridMember.objects.open().filter(grid=grid, deputy=deputy).first()
    if row and row.state == State.CONFIRMED:
        raise MoveRefused(f"{deputy.name}已经是本网格的代表。")
    row = row or GridMember(grid=grid, deputy=deputy, since=timezone.localdate())
    row.basis, row.field, row.origin, row.reason, row.fits = (
        basis,
        field if basis == Basis.FIELD else None,
        GridMember.Origin.STAFF,
        reason,
        True,
    )
    row.state, row.decided_by, row.decided_at = State.CONFIRMED, user, timezone.now()
    row.save()
    GridMemberEvent.objects.append(row, "add", actor=user, note=reason, basis=basis)
    Notice.objects.tell(
        [deputy.user_id], "grid", "您的代表网格有变化", "哪些网格由您联系，请看“我的网格”。", reverse("my_grids")
    )
    LayerVersion.raise_for("gridmember")
    return row
