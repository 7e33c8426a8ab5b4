"""Visits come in with those who took part, where they signed in and what they rated; what is recorded is never rewritten."""

import pandas as pd
import pytest

from apps.supervision.merging_visits import UNPLACED
from apps.supervision.topics import Topic
from apps.supervision.visits import CheckIn, Visit, VisitEvent
from tests.imports.conftest import Bring
from tests.imports.formats import load, sample

BEFORE = ("area", "organisation", "district", "grid", "station", "deputy", "project")


@pytest.fixture
def county(bring: Bring) -> None:
    for layer in BEFORE:
        bring(layer, sample(layer))


def changed(tmp_path, **cells: str):
    """The sample with cells of its first row changed."""
    frame = pd.read_csv(sample("visit"), dtype=str, keep_default_na=False)
    for name, value in cells.items():
        frame.loc[0, name] = value
    path = tmp_path / "visit.csv"
    frame.to_csv(path, index=False)
    return path


def test_a_visit_comes_in_whole_and_once(county, bring: Bring) -> None:
    for again in range(2):
        batch = bring("visit", sample("visit"))
        assert (batch.inserted, batch.unchanged) == ((0, 3) if again else (3, 0))
        assert batch.updated == batch.rejected == 0
    look, inspection, planned = Visit.objects.order_by("code")
    assert (look.kind, look.state, look.deputy.code, look.topic.code) == ("look", "recorded", "P001", "KP-01")
    assert {f"{rating.indicator}": rating.value for rating in look.ratings.all()} == {"形象进度": 4, "施工质量": 4, "现场有人施工": 1}
    signed = CheckIn.objects.get(participant__visit=look)
    assert signed.distance_m == pytest.approx(0, abs=60) and signed.accuracy_m == 18 and signed.on_site
    assert {(each.deputy.code, each.leader, each.check_in.reason) for each in inspection.participants.all()} == {("P001", False, UNPLACED), ("P002", True, UNPLACED)}
    assert (planned.state, planned.sheet, planned.participants.count()) == ("planned", None, 1)
    assert not CheckIn.objects.filter(participant__visit=planned).exists()
    assert Topic.objects.count() == 3 and VisitEvent.objects.broken_chains() == []


def test_a_plan_becomes_a_record_and_a_record_stays(county, bring: Bring, tmp_path) -> None:
    bring("visit", changed(tmp_path, visited_on="", signed_at="", text="", ratings="", recorded_at="", lon="", lat="", accuracy=""))
    assert Visit.objects.get(code="V-01").state == "planned"
    assert bring("visit", sample("visit")).updated == 1
    assert Visit.objects.get(code="V-01").ratings.count() == 3
    batch = bring("visit", changed(tmp_path, text="事后改写的话。"), done=False)
    assert batch.rejected == 1 and "记录不改写" in batch.rejected_rows.get().reason
    assert Visit.objects.get(code="V-01").text.startswith("桥墩在浇筑")


@pytest.mark.parametrize(("cells", "says"), [
    ({"topic": "KP-99"}, "监督事项“KP-99”不存在"),
    ({"deputy": "P999"}, "请先导入代表"),
    ({"ratings": "形象进度=9"}, "可用的指标：形象进度、施工质量"),
    ({"ratings": "没有这一项=3"}, "写成“指标=4”"),
    ({"text": ""}, "要么都填"),
    ({"participants": "P001;P002"}, "走访查看只有一位代表"),
])  # fmt: skip
def test_what_is_refused_says_why(county, bring: Bring, tmp_path, cells, says) -> None:
    batch = bring("visit", changed(tmp_path, **cells), done=False)
    assert (batch.inserted, batch.rejected) == (2, 1)
    assert says in batch.rejected_rows.get().reason
    assert not Visit.objects.filter(code="V-01").exists()


def test_layers_are_read_by_their_own_reader(county) -> None:
    assert list(load(sample("visit"))["geometry"].notna()) == [True, False, False]
