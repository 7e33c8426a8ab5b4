"""Findings of another system come in with their histories: told again they change nothing, told on they go on, told otherwise they are refused."""

import csv
import datetime as dt
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.imports.importing import Order, bring_in
from apps.imports.models import ImportBatch
from apps.supervision import workflow_findings as workflow
from apps.supervision import workflow_limits as limits
from apps.supervision.findings import Finding, FindingEvent
from apps.supervision.findings_histories import Past, told
from gis_data.layers import LAYERS
from tests import town as toy
from tests.supervision.findings_case import set_limits

ROW = {
    "code": "F-1", "topic": "KP-K1", "deputy": "D1", "text": "边坡没有覆盖。", "severity": "3", "raised_at": "2026-01-05T10:00:00+08:00",
    "forwarded_at": "2026-01-06T09:00:00+08:00", "unit": "CONSTRUCTION", "co_units": "TOWN-A;县水利局", "assigned_at": "2026-01-07T09:00:00+08:00", "limit_days": "3",
}  # fmt: skip
ANSWERED = {**ROW, "answered_at": "2026-01-14T09:00:00+08:00", "answer": "已覆盖。"}
BACK = {**ANSWERED, "sent_back_at": "2026-01-15T09:00:00+08:00", "send_back_reason": "没盖全。"}
CLOSED = {**BACK, "reanswered_at": "2026-01-20T09:00:00+08:00", "reanswer": "盖全了。", "closed_at": "2026-01-21T09:00:00+08:00", "result": "整改到位"}


@pytest.fixture
def county(town: toy.Town) -> toy.Town:
    set_limits()
    town.organisations["water"].name = "县水利局"
    town.organisations["water"].save()
    return town


def bring(tmp_path: Path, *rows: dict) -> ImportBatch:
    path = tmp_path / "finding.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [column.name for column in LAYERS["finding"].columns], restval="")
        writer.writeheader()
        writer.writerows(rows)
    return bring_in(Order("finding", path))


def counted(batch: ImportBatch) -> tuple[int, int, int, int]:
    return batch.inserted, batch.updated, batch.unchanged, batch.rejected


def test_a_history_comes_in_and_goes_on(county, tmp_path, dispatcher) -> None:
    assert counted(bring(tmp_path, ROW)) == (1, 0, 0, 0)
    finding = Finding.objects.get()
    assert (finding.state, finding.lead, finding.rectify_by, finding.due_on, finding.topic.project) == (
        "with_unit", county.organisations["construction"], dt.date(2026, 1, 12), dt.date(2026, 1, 12), county.projects["K1"],
    )  # fmt: skip
    assert {part.organisation.code for part in finding.joining.all()} == {"TOWN-A", "WATER"}
    assert counted(bring(tmp_path, ROW)) == (0, 0, 1, 0)
    assert counted(bring(tmp_path, BACK)) == (0, 1, 0, 0)
    assert counted(bring(tmp_path, CLOSED)) == (0, 1, 0, 0)
    finding.refresh_from_db()
    assert (finding.state, finding.result, finding.late, finding.sent_back, finding.answer, finding.due_on) == ("closed", "put_right", True, 1, "盖全了。", None)
    assert list(finding.events.values_list("verb", flat=True)) == ["raise", "forward", "assign", "answer", "send_back", "answer", "confirm"]
    assert FindingEvent.objects.broken_chains() == []
    assert counted(bring(tmp_path, ROW)) == (0, 0, 1, 0), "we know more of it than the file"
    other = bring(tmp_path, {**CLOSED, "answer": "另一个答复。"})
    assert counted(other) == (0, 0, 0, 1) and "经过不能改写" in other.rejected_rows.get().reason


def test_what_our_clock_wrote_does_not_stand_in_the_way(county, tmp_path) -> None:
    bring(tmp_path, ROW)
    assert limits.watch_limits(dt.date(2026, 3, 10))["late"] == 1
    assert counted(bring(tmp_path, ROW)) == (0, 0, 1, 0)
    assert counted(bring(tmp_path, CLOSED)) == (0, 1, 0, 0)
    assert FindingEvent.objects.broken_chains() == []


def test_it_goes_on_here(county, tmp_path, dispatcher) -> None:
    bring(tmp_path, {**ROW, "unit": "WATER", "co_units": ""})
    finding = Finding.objects.get()
    assert workflow.answer(finding, dispatcher, "代录：已修好。", revision=finding.revision).late
    assert FindingEvent.objects.broken_chains() == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"topic": "KP-99"}, "监督事项“KP-99”不存在"), ({"deputy": "D99"}, "代表编号“D99”不存在"), ({"unit": "NOBODY"}, "主办单位编号“NOBODY”不存在"),
        ({"co_units": "TOWN-A;无此单位"}, "无此单位"), ({"visit": "V-1"}, "走访编号“V-1”不存在"), ({"assigned_at": ""}, "要么都填"), ({"forwarded_at": ""}, "却没有转交时间"),
        ({"assigned_at": "2026-01-01T09:00:00+08:00"}, "先后不对"), ({"answer": "没有时间"}, "要么都填"), ({"severity": "4"}, "程度"),
        ({"declined_at": "2026-01-06T10:00:00+08:00", "decline_reason": "重复"}, "只能有一个"), ({"reminded_at": "2026-01-06T10:00:00+08:00"}, "催办"),
        ({"answered_at": "2026-01-14T09:00:00+08:00", "answer": "好", "sent_back_at": "2026-01-15T09:00:00+08:00", "send_back_reason": "不好",
          "closed_at": "2026-01-16T09:00:00+08:00", "result": "put_right"}, "还没有再次答复"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_the_reason(county, tmp_path, changes, said) -> None:
    batch = bring(tmp_path, {**ROW, **changes}, {**ROW, "code": "F-2"})
    assert counted(batch) == (1, 0, 0, 1)
    assert said in batch.rejected_rows.get().reason


moments = st.none() | st.integers(0, 60).map(lambda days: dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC) + dt.timedelta(days=days))
texts = st.sampled_from(["", "有"])


@given(st.builds(
    Past, raised_at=moments.filter(bool), deputy=st.just("陈安"), forwarded_at=moments, declined_at=moments, decline_reason=texts, unit=texts, assigned_at=moments, reminded_at=moments,
    overseen_at=moments, oversight=texts, answered_at=moments, answer=texts, sent_back_at=moments, send_back_reason=texts, reanswered_at=moments, reanswer=texts,
    closed_at=moments, result=texts,
))  # fmt: skip
def test_a_past_without_fault_is_a_walk_through_the_state_table(past: Past) -> None:
    if past.fault():
        return
    events = told(past, lambda step, start, days: start + dt.timedelta(days=days or 5)).events
    assert (events[0].verb, events[0].state) == ("raise", "raised")
    assert [event.at for event in events] == sorted(event.at for event in events)
    for before, after in pairwise(events):
        move = workflow.MOVES.moves[after.verb]
        assert before.state in move.sources and after.state == (move.target or before.state)
