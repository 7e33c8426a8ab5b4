"""What becomes of a printed code: verbs over every kind of `IssuedCode`. A room's own verbs lean on these; each is one
transaction with its event row. Refusals are `MoveRefused`, in words for the screen.
"""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from django.db import connection, models, transaction
from django.utils import timezone

from apps.record.issued import IssuedCode
from apps.record.states import MoveRefused

Code = TypeVar("Code", bound=IssuedCode)
Status = IssuedCode.Status
# verb -> name on screen, statuses it starts from, status it leads to (None: stays)
MOVES: dict[str, tuple[str, frozenset[str], str | None]] = {
    "replace": ("换发", frozenset({Status.ACTIVE, Status.RETIRED}), Status.REPLACED),
    "retire": ("停用", frozenset({Status.ACTIVE}), Status.RETIRED),
    "restore": ("恢复", frozenset({Status.RETIRED, Status.REPLACED}), Status.ACTIVE),
    "void": ("作废", frozenset({Status.ACTIVE, Status.RETIRED, Status.REPLACED}), Status.VOID),
    "print": ("补印", frozenset({Status.ACTIVE}), None),
    "correct": ("更正", frozenset({Status.ACTIVE}), None),
}
NEED_REASON = frozenset({"replace", "retire", "restore", "void", "correct"})


def possible(code: IssuedCode) -> list[str]:
    return [verb for verb, (_, sources, _) in MOVES.items() if code.status in sources]


def check(verb: str, code: IssuedCode, reason: str = "") -> str:
    """The status the move leads to; `MoveRefused` when it is not possible now, or lacks its reason."""
    label, sources, target = MOVES[verb]
    if code.status not in sources:
        raise MoveRefused(f"这个码现在是“{code.get_status_display()}”，不能{label}。请刷新页面后再看。")
    if verb in NEED_REASON and not reason.strip():
        raise MoveRefused(f"请写明{label}的原因。")
    return target or code.status


def lock(code: Code) -> Code:
    """The code's row, read again under its lock."""
    return type(code)._default_manager.select_for_update().get(pk=code.pk)


@transaction.atomic
def issue(rows: Sequence[Code], *, actor=None, note: str = "", **data) -> list[Code]:
    """Give each new row a code of its own, insert them all, and begin their histories: a few statements however many there are.

    rows: unsaved, all of one model; they come back with `pk` and `code`.
    """
    if not rows:
        return []
    model = type(rows[0])
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [model._meta.db_table, len(rows)])
        ids = [pk for (pk,) in cursor.fetchall()]
    for row, pk, code in zip(rows, ids, model._default_manager.fresh_codes(len(rows)), strict=True):
        row.id, row.code = pk, code
    insert(rows)
    histories(model).append_many(ids, "issue", actor=actor, note=note, **data)
    return list(rows)


def insert(rows: Sequence[models.Model]) -> None:
    """All rows by COPY: bulk_create would take a minute for 300,000."""
    meta = rows[0]._meta
    fields = [field for field in meta.concrete_fields if not field.generated]
    names = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    with connection.cursor() as cursor, cursor.copy(f"COPY {connection.ops.quote_name(meta.db_table)} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([_stored(getattr(row, field.attname)) for field in fields])
    for row in rows:
        row._state.adding, row._state.db = False, "default"


def _stored(value):
    return value.hexewkb.decode() if hasattr(value, "hexewkb") else value


def histories(model: type[IssuedCode]):
    """The manager of a model's events."""
    return model._meta.get_field("events").related_model._default_manager


def told(code: IssuedCode, verb: str, actor, note: str = "", **data) -> None:
    """One event in the code's history. The caller holds its lock."""
    histories(type(code)).append(code, verb, actor=actor, note=note.strip(), **data)


@transaction.atomic
def replace(code: Code, by: Code, reason: str, *, actor=None) -> Code:
    """The code's plate is given up: scanning it leads on to `by`, which is active and does not itself lead back."""
    rows = type(code)._default_manager.select_for_update().filter(pk__in=(code.pk, by.pk)).order_by("pk")  # one order for all: no deadlock
    held = {row.pk: row for row in rows}
    code, by = held[code.pk], held[by.pk]
    target = check("replace", code, reason)
    if code.pk == by.pk:
        raise MoveRefused("一个码不能换发为它自己。")
    if by.status != Status.ACTIVE:  # an active code leads nowhere else, so no chain can close
        raise MoveRefused(f"要换发成的码 {by.spelled} 现在是“{by.get_status_display()}”，请选一个在用的码。")
    code.status, code.successor = target, by
    code.save(update_fields=["status", "successor"])
    told(code, "replace", actor, reason, successor=by.code)
    told(by, "succeed", actor, reason, predecessor=code.code)
    return code


@transaction.atomic
def move(verb: str, code: Code, reason: str, *, actor=None) -> Code:
    """retire, restore or void."""
    code = lock(code)
    code.status, code.successor = check(verb, code, reason), None
    code.save(update_fields=["status", "successor"])
    told(code, verb, actor, reason)
    return code


@transaction.atomic
def note_print(codes: Iterable[Code], reason: str = "", *, actor=None, **data) -> None:
    """The codes were put on paper once more."""
    codes = list(codes)
    if not codes:
        return
    rows = type(codes[0])._default_manager.filter(pk__in=[code.pk for code in codes])
    held = list(rows.select_for_update().order_by("pk"))
    for code in held:
        check("print", code)
    rows.update(printed_at=timezone.now(), prints=models.F("prints") + 1)
    histories(rows.model).append_many([code.pk for code in held], "print", actor=actor, note=reason.strip(), **data)
