"""Codes for a whole county's doors in a database of its own: issued with their histories in the chunks of the product, then put on paper."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.bench import database
from tests.bench.harness import Answer, Check, Contender, Data, Goal, Job

DOORS, QUICK_DOORS = 300_000, 20_000
SIGNS, QUICK_SIGNS = 900, 180  # one file of sheets


def _database(data: Data) -> Any:
    """An empty database with so many doorplates, gone when the process ends; the county."""
    connection = database.fresh("codes")
    from apps.territory.models import AdminArea

    county = AdminArea.objects.create(code="339900000000", name="量县", level="county")
    town = AdminArea.objects.create(code="339900100000", name="量镇", level="town", parent=county)
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO territory_doorplate (code, town_id, road, number, hamlet, estate, building, unit, room, use, status, address, address_key, point)
               SELECT 'X' || n, %s, '人民路', n || '号', '', '', '', '', '', '', 'active', '人民路' || n || '号', '人民路' || n || '号',
                      ST_SetSRID(ST_MakePoint(120 + n * 1e-7, 28), 4326) FROM generate_series(1, %s) n""",
            [town.pk, data.size(DOORS, QUICK_DOORS)],
        )
        cursor.execute("ANALYZE")
    return county


def _issuing(data: Data) -> Callable[[], Callable[[], Answer]]:
    county = _database(data)
    from apps.record.codes import read_signed
    from apps.territory import workflow
    from apps.territory.models import PlateCode, PlateCodeEvent

    batch = workflow.start_batch(None, county, queue=False)

    def answer() -> Answer:
        codes = list(PlateCode.objects.active().values_list("code", "doorplate"))
        return {
            "doors": len({door for _, door in codes}), "codes": len({code for code, _ in codes}),
            "signed": sum(read_signed(code) == code for code, _ in codes), "broken": len(PlateCodeEvent.objects.broken_chains()),
            "events": PlateCodeEvent.objects.count(),
        }  # fmt: skip

    def work() -> Callable[[], Answer]:
        workflow.issue_batch(batch.pk)
        return answer

    return work


def _printing(data: Data) -> Callable[[], Answer]:
    from apps.record.sheets import LAYOUTS, Sign, write_sheets

    signs = [
        Sign(f"https://renda.example.gov.cn/d/{number:012d}", f"{number:012d}", "扫码找代表", f"量镇人民路{number}号", "扫不了时，输入上面的码")
        for number in range(data.size(SIGNS, QUICK_SIGNS))
    ]

    def work() -> Answer:
        out = io.BytesIO()
        return {"pages": write_sheets(signs, LAYOUTS["sticker18"], out), "bytes": len(out.getvalue())}

    return work


def _check(data: Data) -> list[Check]:
    issued, doors = data.answer("issue"), data.size(DOORS, QUICK_DOORS)
    if issued is None:
        return []
    counts = {name: int(issued[name]) for name in ("doors", "codes", "signed", "events")}
    right = set(counts.values()) == {doors} and int(issued["broken"]) == 0
    return [Check("every door has one signed code of its own, and a history that verifies", right, f"{doors:,} doors, {int(issued['broken'])} broken")]


JOB = Job(
    "codes",
    lambda data: f"{data.size(DOORS, QUICK_DOORS):,} doors get their codes",
    lambda data: data.keep(doors=np.array(data.size(DOORS, QUICK_DOORS))),
    (
        Contender("issue", "issued, signed, with their histories", _issuing, repeats=1),
        Contender("sheets", "stickers as one PDF", _printing, repeats=2, versus="sheets"),
    ),
    (
        Goal("issue", "issued in", lambda measured, _: None if measured["issue"].missing else measured["issue"].wall, at_most=60.0, unit="s"),
        Goal("sheets", "a sticker on paper", lambda measured, data: measured["sheets"].wall / data.size(SIGNS, QUICK_SIGNS) * 1e3, at_most=10.0, unit="ms"),
    ),
    _check,
)
