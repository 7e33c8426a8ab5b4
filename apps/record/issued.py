"""Printed codes that lead somewhere: doors, stations, deputies. A room subclasses `IssuedCode` with what its code leads to, an
`Event` for the code's history, and a `ScanCount`.

    class StationCode(IssuedCode):
        station = models.ForeignKey(Station, …)
    class StationCodeEvent(Event):
        subject = models.ForeignKey(StationCode, related_name="events", …)      # its migration calls append_only(table)
    class StationScan(ScanCount):
        subject = models.ForeignKey(StationCode, related_name="scans", …)

Codes are never deleted and never used again. A replaced one leads on to its successor; one that is retired or void answers
exactly as a code that never was.
"""

import datetime as dt
from typing import Self

from django.db import connection, models
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.utils import timezone

from apps.record.codes import grouped, read_signed, signed_code

NOBODYS = "-" * 12  # asked for in place of what cannot be a code, so that the database is asked the same question
LONGEST_CHAIN = 100


class IssuedCodeQuerySet(models.QuerySet):
    def active(self) -> Self:
        return self.filter(status=IssuedCode.Status.ACTIVE)

    def leading_to(self, typed: str):
        """The active code that a typed or scanned one leads to: itself or its last successor; None for all others.

        One query whatever was typed, so that unknown, badly signed, retired and void codes cannot be told apart.
        """
        table = connection.ops.quote_name(self.model._meta.db_table)
        # One statement instead of one for each successor.
        last = f"""(WITH RECURSIVE chain (id, status, successor_id, steps) AS (
            SELECT id, status, successor_id, 0 FROM {table} WHERE code = %s
            UNION ALL
            SELECT n.id, n.status, n.successor_id, c.steps + 1 FROM chain c JOIN {table} n ON n.id = c.successor_id
            WHERE c.status = 'replaced' AND c.steps < {LONGEST_CHAIN}
        ) SELECT id FROM chain WHERE status = 'active')"""
        found = self.filter(pk=RawSQL(last, [read_signed(typed) or NOBODYS], models.BigIntegerField()))
        return next(iter(found), None)

    def typed(self, text: str) -> Self:
        """For the staff's search: the code that was typed, whatever its status."""
        return self.filter(code=read_signed(text) or NOBODYS)

    def fresh_codes(self, count: int) -> list[str]:
        """So many signed codes that this table does not hold yet."""
        codes: set[str] = set()
        while len(codes) < count:
            drawn = {signed_code() for _ in range(count - len(codes))}
            with connection.cursor() as cursor:  # one array instead of thousands of parameters
                cursor.execute(f"SELECT code FROM {connection.ops.quote_name(self.model._meta.db_table)} WHERE code = ANY(%s)", [list(drawn)])
                codes |= drawn - {code for (code,) in cursor.fetchall()}
        return list(codes)


class IssuedCode(models.Model):
    """One printed code, where it stands in its life, and the code that took its place."""

    class Status(models.TextChoices):
        ACTIVE = "active", "在用"
        REPLACED = "replaced", "已换发"
        RETIRED = "retired", "停用"
        VOID = "void", "作废"

    code = models.CharField("码", max_length=12, unique=True, editable=False)
    status = models.CharField("状态", max_length=8, choices=Status.choices, default=Status.ACTIVE)
    successor = models.ForeignKey("self", verbose_name="换发为", null=True, blank=True, on_delete=models.PROTECT, related_name="predecessors")
    issued_at = models.DateTimeField("发码时间", default=timezone.now)
    printed_at = models.DateTimeField("最近印制", null=True, blank=True)
    prints = models.PositiveIntegerField("印制次数", default=0)

    objects = IssuedCodeQuerySet.as_manager()

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(status="replaced", successor__isnull=False) | (~Q(status="replaced") & Q(successor__isnull=True)),
                name="%(app_label)s_%(class)s_successor",
            )
        ]

    def __str__(self) -> str:
        return grouped(self.code, 4)

    @property
    def spelled(self) -> str:
        """For the screen and the plate: groups of four."""
        return grouped(self.code, 4)


class ScanCountQuerySet(models.QuerySet):
    def count_scan(self, subject: models.Model, day: dt.date) -> None:
        """One more scan of this code on that day; nothing is kept about who scanned. Two at once are two."""
        table = connection.ops.quote_name(self.model._meta.db_table)
        with connection.cursor() as cursor:  # an upsert that adds: bulk_create can only overwrite
            cursor.execute(
                f"""INSERT INTO {table} AS t (subject_id, day, count) VALUES (%s, %s, 1)
                    ON CONFLICT (subject_id, day) DO UPDATE SET count = t.count + 1""",
                [subject.pk, day],
            )


class ScanCount(models.Model):
    """How often a code was scanned on a day. The subclass has the foreign key `subject`."""

    day = models.DateField("日期")
    count = models.PositiveIntegerField("次数")

    objects = ScanCountQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["-day"]
        constraints = [models.UniqueConstraint(fields=["subject", "day"], name="%(app_label)s_%(class)s_once_a_day")]
