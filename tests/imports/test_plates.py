"""Issuers and their lists come in by files; what cannot be read or leads nowhere is refused with its reason."""

from pathlib import Path

import pytest

from apps.record.issuing import issue
from apps.territory.models import Doorplate, IssuedPlate, Issuer, PlateCode
from apps.territory.plates import read_scanned
from gis_data.layers import LAYERS
from tests.imports.conftest import Bring
from tests.imports.formats import as_zone_4549, load, sample

POLICE = "https://mp.example.gov.cn/q?c="


def table(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_plates_that_hang_there_are_read_once_their_list_is_in(samples: None) -> None:
    assert read_scanned(f"{POLICE}3399010010000012").doorplate.code == "D0001"
    assert read_scanned("3399010010010010000100001").doorplate.code == "D0001"
    assert read_scanned(f"{POLICE}3399010010000036").kind == "unknown"  # retired in the list


@pytest.mark.parametrize(("row", "says"), [
    ('a,甲,(,x', "规则写得不对"), (r'a,甲,\d+,12', "括出编号"), (r'a,甲,(?P<id>\d+),门牌', "读不出编号"), (r'A_1,甲,(?P<id>\d+),12', "代号"), (r'a,甲,(?P<id>(?=x)),12', "规则写得不对"),
])  # fmt: skip
def test_a_rule_that_does_not_work_is_refused(bring: Bring, db: None, tmp_path: Path, row: str, says: str) -> None:
    batch = bring("issuer", table(tmp_path / "issuer.csv", f"slug,name,pattern,example\n{row}\nb,乙,(?P<id>\\d+),12\n"), done=False)
    assert [says in rejected.reason for rejected in batch.rejected_rows.all()] == [True]
    assert list(Issuer.objects.values_list("slug", "hung", "active")) == [("b", True, True)]


@pytest.mark.parametrize(("row", "says"), [
    ("nobody,1,D0001,active", "发码单位“nobody”不存在"), ("police,1,D9999,active", "门牌编号“D9999”不存在"), ("police,,D0001,active", "编号"), ("police,1,D0001,gone", "状态"),
])  # fmt: skip
def test_an_entry_that_leads_nowhere_is_refused(bring: Bring, samples: None, tmp_path: Path, row: str, says: str) -> None:
    before = IssuedPlate.objects.count()
    batch = bring("plate", table(tmp_path / "plate.csv", f"issuer,id,doorplate,status\n{row}\n"), done=False)
    assert says in batch.rejected_rows.get().reason and IssuedPlate.objects.count() == before


def test_a_list_imported_again_moves_and_retires_its_entries(bring: Bring, samples: None, tmp_path: Path) -> None:
    frame = load(sample("plate"))
    frame.loc[0, ["doorplate", "status"]] = ["D0005", "active"]
    frame.loc[1, "status"] = "retired"
    batch = bring("plate", table(tmp_path / "again.csv", frame.to_csv(index=False)))
    assert (batch.inserted, batch.updated, batch.unchanged) == (0, 2, 2)
    assert read_scanned(f"{POLICE}3399010010000012").doorplate.code == "D0005"
    assert read_scanned(f"{POLICE}3399010010000029").kind == "unknown"


def test_a_code_follows_its_door_into_another_town(bring: Bring, samples: None, tmp_path: Path) -> None:
    door = Doorplate.objects.get(code="D0001")
    code = issue([PlateCode(doorplate=door, town=door.town, village=door.village)])[0]
    frame = load(sample("doorplate"))
    frame.loc[frame["code"] == "D0001", ["town", "village"]] = ["339901100000", "339901100201"]
    bring("doorplate", as_zone_4549(frame, LAYERS["doorplate"], tmp_path / "doorplate.gpkg"))
    code.refresh_from_db()
    assert (code.town.code, code.village.code) == ("339901100000", "339901100201")
