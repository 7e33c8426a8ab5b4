"""Raw exports beside a grown county: as many as asked, the same for the same seed, with the personal data that the truth names."""

import csv
import json
from pathlib import Path

import pytest

from apps.cases.redaction import redact
from apps.hotline import columns
from gis_data.county.__main__ import main
from gis_data.streams import open_table


def read(folder: Path, name: str) -> list[dict]:
    with (folder / name).open("rb") as file:
        table = open_table(file, name, columns.is_known)
        return [dict(zip(table.headings, cells, strict=True)) for _, cells in table.rows()]


@pytest.fixture(scope="module")
def grown(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("grown")
    assert main([str(folder), "--scale", "town", "--today", "2026-11-20", "--records", "300"]) == 0
    return folder


def test_exports_are_read_by_their_headings_alone(grown):
    for source in json.loads((grown / "records.json").read_text(encoding="utf-8")):
        rows = read(grown, source["file"])
        mapping = columns.guess(list(rows[0]))
        assert columns.fault(mapping, numbered=source["kind"] in ("hotline", "board")) == ""
        assert {"text", "received_at", "private"} <= set(mapping.values())
    assert len(read(grown, "records_12345.csv")) == 300


def test_the_truth_stands_in_the_texts(grown):
    with (grown / "records_truth.csv").open(encoding="utf-8", newline="") as file:
        truth = {row["number"]: row for row in csv.DictReader(file)}
    orders = read(grown, "records_12345.csv")
    said = [(order["诉求内容"], word) for order in orders for word in truth[order["工单编号"]]["personal"].split("|") if word]
    assert len(said) > 100 and all(word in text for text, word in said)
    assert {truth[order["工单编号"]]["theme"] for order in orders} >= {"water_yellow", "ebike_wires", "muck_trucks"}
    assert sum(bool(truth[order["工单编号"]]["case"]) for order in orders) >= 3


def test_numbers_in_them_are_found(grown):
    texts = [order["诉求内容"] for order in read(grown, "records_12345.csv")]
    numbered = [text for text in texts if "154" in text]
    assert numbered and not any("154" in redact(text).text for text in numbered)
