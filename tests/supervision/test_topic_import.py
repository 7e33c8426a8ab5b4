"""Matters besides the key projects, as a file: taken in once, told again nothing changes, what cannot be meant is refused in words."""

import csv
from pathlib import Path

import pytest

from apps.imports.importing import Order, bring_in
from apps.imports.models import ImportBatch, RejectedRow
from apps.supervision import workflow
from apps.supervision.topics import Topic
from gis_data.layers import LAYERS
from tests import town as toy
from tests.town import at

SITE = at(0.5, 0.3)
ROW = {
    "code": "M1", "kind": "livelihood", "title": "农贸市场改造", "year": "2026", "field": "水利", "responsible": "CONSTRUCTION", "demand": "2", "experts": "1",
    "text": "改造摊位", "lon": str(SITE.x), "lat": str(SITE.y),
}  # fmt: skip


def bring(tmp_path: Path, *rows: dict) -> ImportBatch:
    path = tmp_path / "topic.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*(column.name for column in LAYERS["topic"].columns), "lon", "lat"], restval="")
        writer.writeheader()
        writer.writerows(rows)
    return bring_in(Order("topic", path, crs="4490"))


@pytest.mark.django_db
def test_a_matter_comes_in_once_and_is_supervised(town: toy.Town, county_office, tmp_path):
    label = town.projects["K1"].field.label
    row = ROW | {"field": label}
    batch = bring(tmp_path, row)
    assert (batch.inserted, batch.rejected) == (1, 0)
    topic = Topic.objects.with_facts().get()
    assert (topic.code, topic.title, topic.kind, topic.town, topic.field, topic.demand, topic.experts) == (
        "M1", "农贸市场改造", "livelihood", town.towns["A"], town.projects["K1"].field, 2, 1,
    )  # fmt: skip
    assert topic.responsible == town.organisations["construction"] and topic.bodies == {topic.responsible.pk}
    assert (bring(tmp_path, row).unchanged, bring(tmp_path, row | {"title": "农贸市场提升"}).updated) == (1, 1)
    run = workflow.compute(workflow.draft(county_office, "nearest").pk, toy.TODAY)
    assert run.teams.count() == 4 and list(run.teams.values_list("topic__own_title", flat=True))[-1] == "农贸市场提升"  # in the order of codes


@pytest.mark.django_db
@pytest.mark.parametrize(("wrong", "words"), [
    ({"code": "KP-K1"}, "已是重点项目的编号"),
    ({"responsible": "NOBODY"}, "不存在，请先导入单位"),
    ({"field": "占卜"}, "领域“占卜”不存在。可用："),
    ({"demand": "1", "experts": "2"}, "须懂行人数不能多于"),
    ({"demand": "6"}, "监督小组人数"),
    ({"kind": "project"}, "类别"),
    ({"lon": "", "lat": ""}, ""),
])  # fmt: skip
def test_what_cannot_be_meant_is_refused(town: toy.Town, tmp_path, wrong, words):
    good = ROW | {"field": "", "code": "M2"}
    batch = bring(tmp_path, ROW | {"field": ""} | wrong, good)
    assert (batch.inserted, batch.rejected) == (1, 1)
    assert words in RejectedRow.objects.get().reason
    assert list(Topic.objects.values_list("own_code", flat=True)) == ["M2"]
