"""manage.py match_doorplates: every active doorplate with its districts and its deputy."""

import csv
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps.matching.finding import find_at
from apps.territory.models import Doorplate, ElectoralDistrict, Term
from tests.town import TODAY, box


@pytest.fixture(autouse=True)
def today(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: TODAY)


def run(**options):
    out, errors = StringIO(), StringIO()
    call_command("match_doorplates", stdout=out, stderr=errors, **options)
    return out.getvalue(), errors.getvalue()


def test_summary_and_progress(town):
    ElectoralDistrict.objects.filter(code="C-03").update(geom=box(2, 0.3, 3, 1))  # P07 at (2.1, 0.2) is left out
    said, progress = run()
    numbers = dict(line.rsplit(maxsplit=1) for line in said.splitlines()[:5])
    assert numbers == {"在用门牌": "11", "已匹配到选区": "10", "不在任何选区": "1", "离选区边界 10 米内": "1", "选区无在任代表的门牌": "1"}
    assert "无在任代表的选区  2（第4选区、东溪镇第2选区）" in said
    assert "匹配门牌 11/11" in progress


def test_the_table_says_what_the_page_says(town, tmp_path):
    run(out=str(tmp_path / "table.csv"))
    with open(tmp_path / "table.csv", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["门牌编号"] for row in rows] == [f"P{n:02}" for n in range(1, 12)]
    for row in rows:
        plate = Doorplate.objects.get(code=row["门牌编号"])
        place = find_at(plate.point.x, plate.point.y, on=TODAY)
        codes = {found.level: found.district.code for found in place.districts}
        assert (row["县级选区编号"], row["乡级选区编号"]) == (codes.get("county", ""), codes.get("township", ""))
        assert row["代表编号"] == (place.deputies[0].deputy.code if place.deputies else "")
        assert float(row["离选区边界(米)"]) == pytest.approx(min(found.margin_m for found in place.districts), abs=0.06)


def test_refusals(db, tmp_path):
    with pytest.raises(CommandError, match="还没有在用的门牌"):
        run()


def test_no_folder_to_write_to(town, tmp_path):
    with pytest.raises(CommandError, match="请检查文件夹是否存在"):
        run(out=str(tmp_path / "missing" / "table.csv"))


def test_no_district_in_force(town):
    Term.objects.all().update(ends=TODAY)
    with pytest.raises(CommandError, match="今天没有在届的选区"):
        run()
