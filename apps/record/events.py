"""What happened: an append-only row for every move, chained by hash so that a change or a gap shows.

An app subclasses `Event` with a foreign key named `subject`, and its migration calls `append_only(table)`: from then on
the database itself refuses UPDATE, DELETE and TRUNCATE on that table.
"""

import datetime as dt
import hashlib
import json
from dataclasses import dataclass

from django.conf import settings
from django.db import connection, migrations, models
from django.utils import timezone

GENESIS = "0" * 64


class EventQuerySet(models.QuerySet):
    def append(self, subject: models.Model, verb: str, *, actor=None, actor_label: str = "", note: str = "", at=None, **data):
        """Append one event to the subject's chain. The caller holds the subject's row lock, in a transaction."""
        last = self.filter(subject=subject).order_by("-pk").values_list("hash", flat=True).first()
        event = self.model(
            subject=subject,
            verb=verb,
            actor=actor,
            actor_label=actor_label or (str(actor) if actor else ""),
            note=note,
            at=at or timezone.now(),
            data=data,
            previous_hash=last or GENESIS,
        )
        event.hash = event.digest()
        event.save(force_insert=True)
        return event

    def append_many(self, subjects: list[int], verb: str, *, actor=None, note: str = "", at=None, **data) -> None:
        """The same event for many subjects (ids), each on its own chain, in two statements. The caller holds their row locks."""
        self.append_each([(subject, verb, note, data) for subject in subjects], actor=actor, at=at)

    def append_each(self, said: list[tuple[int, str, str, dict]], *, actor=None, at=None) -> None:
        """An event of its own for each of many subjects: (id, verb, note, data), no subject twice. The caller holds their row locks."""
        last = dict(
            self.filter(subject__in=[subject for subject, *_ in said]).order_by("subject_id", "-pk").distinct("subject_id").values_list("subject_id", "hash")
        )
        label, actor_id, at = (str(actor), actor.pk, at or timezone.now()) if actor else ("", None, at or timezone.now())
        columns = ("subject_id", "verb", "actor_id", "actor_label", "note", "at", "data", "previous_hash", "hash")
        table = connection.ops.quote_name(self.model._meta.db_table)
        # COPY: hundreds of thousands of rows at a time, which bulk_create would take a minute for.
        with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
            for subject, verb, note, data in said:
                previous = last.get(subject, GENESIS)
                seal = fingerprint(previous, subject, verb, actor_id, label, note, at, data)
                copy.write_row((subject, verb, actor_id, label, note, at, json.dumps(data, ensure_ascii=False), previous, seal))

    def breaks(self) -> list["Break"]:
        """Where chains do not verify: a row changed, one removed before it, or two that follow the same one. The first of each subject."""
        found: dict[int, Break] = {}
        expected, subject = GENESIS, None
        for event in self.order_by("subject_id", "pk").iterator(chunk_size=2000):
            if event.subject_id != subject:
                subject, expected = event.subject_id, GENESIS
            if event.hash != event.digest():
                found.setdefault(subject, Break(subject, event.pk, "被改动过"))
            elif event.previous_hash != expected:
                found.setdefault(subject, Break(subject, event.pk, "与前一条不相接，中间有记录被删除或插入"))
            expected = event.hash
        return list(found.values())

    def broken_chains(self) -> list[int]:
        """Ids of subjects whose chain does not verify."""
        return [each.subject for each in self.breaks()]

    def cut_off(self) -> list["Break"]:
        """Subjects that are in another state than their history ends in: its end was removed, or the subject changed beside it."""
        if not self.model.TELLS_STATE:
            return []
        last = self.filter(data__has_key="state").order_by("subject_id", "-pk").distinct("subject_id")
        return [
            Break(subject, pk, f"经过停在“{told}”，现在却是“{state}”，后面的记录被删除，或状态不经记录就改了")
            for subject, pk, told, state in last.values_list("subject_id", "pk", "data__state", "subject__state") if told != state
        ]  # fmt: skip

    def unguarded(self) -> list[str]:
        """The triggers that make the database refuse a change, and that are missing or switched off."""
        table = self.model._meta.db_table
        with connection.cursor() as cursor:
            cursor.execute("SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgenabled IN ('O', 'A')", [table])
            there = {name for (name,) in cursor.fetchall()}
        return [name for name in (f"{table}_append_only", f"{table}_no_truncate") if name not in there]


@dataclass(frozen=True)
class Break:
    """Where a history is not what was written: whose it is, at which row, and what is wrong."""

    subject: int
    event: int
    what: str


class Event(models.Model):
    """One move of one subject: who, when, what, and the hash of the event before it."""

    TELLS_STATE = False  # whether events say as `state` which state their subject is in from then on

    verb = models.CharField("动作", max_length=40)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name="操作人", null=True, on_delete=models.PROTECT, related_name="+")
    actor_label = models.CharField("操作人称谓", max_length=80, blank=True)
    note = models.TextField("说明", blank=True)
    at = models.DateTimeField("时间")
    data = models.JSONField("详情", default=dict)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    objects = EventQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["subject", "previous_hash"], name="%(app_label)s_%(class)s_no_fork")]

    def digest(self) -> str:
        """SHA-256 over the previous hash and everything this event says."""
        return fingerprint(self.previous_hash, self.subject_id, self.verb, self.actor_id, self.actor_label, self.note, self.at, self.data)


def fingerprint(previous: str, subject: int, verb: str, actor: int | None, label: str, note: str, at: dt.datetime, data: dict) -> str:
    said = [previous, subject, verb, actor, label, note, int(at.timestamp() * 1000), data]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def append_only(table: str) -> migrations.RunSQL:
    """The migration operation that makes the database refuse UPDATE, DELETE and TRUNCATE on an event table."""
    return migrations.RunSQL(
        sql=f"""
        CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION record_refuse_change();
        CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION record_refuse_change();
        """,
        reverse_sql=f"""
        DROP TRIGGER IF EXISTS {table}_append_only ON {table};
        DROP TRIGGER IF EXISTS {table}_no_truncate ON {table};
        """,
    )
