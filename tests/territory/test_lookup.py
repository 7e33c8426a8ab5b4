"""What people type finds their doorplate, or a short list to choose from, and never the wrong house by itself."""

import pytest

from apps.territory import county_gazetteer
from apps.territory.models import Doorplate, LayerVersion
from apps.territory.remembered import Remembered


def look(text):
    found = Doorplate.objects.at_address(text)
    return found.kind, found.why, [plate.code for plate in found.doorplates]


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("东溪镇人民路12号", "P02"),
        ("城关街道人民路12号", "P07"),
        ("方格县城关街道人民路12号", "P07"),
        ("浙江省方州市方格县东溪镇人民路十二号", "P02"),
        ("人民路１０１＃", "P05"),
        ("人民路101", "P05"),
        ("人民路101号2单元502室", "P05"),
        ("溪口村人民路1号", "P01"),
        ("上溪村后林12号", "P09"),
        ("东溪镇人民路12号江滨花苑3号楼", "P03"),
        ("东溪镇人民路12号江滨花苑3幢2单元502室", "P03"),
    ],
)
def test_exact(town, typed, code):
    assert look(typed) == ("exact", "same", [code])


def test_one_address_in_two_towns_is_for_the_person_to_choose(town):
    assert look("人民路12号") == ("likely", "several", ["P02", "P07"])


def test_the_same_address_elsewhere_is_not_taken_for_ours(town):
    kind, why, codes = look("杭州市西湖区人民路101号")
    assert (kind, why, codes) == ("likely", "elsewhere", ["P05"])


def test_another_towns_street_of_that_name_is_not_taken_for_it(town):
    """南山乡 has a 人民路 without a number 1; the one of 东溪镇 has it."""
    found = Doorplate.objects.at_address("南山乡人民路1号")
    assert (found.kind, found.why, found.understood, found.missing) == (
        "partial",
        "number",
        "南山乡人民路",
        "1号的门牌",
    )
    assert "没有找到1号的门牌" in found.advice


def test_a_road_asks_for_the_number(town):
    found = Doorplate.objects.at_address("人民路")
    assert (found.kind, found.why, found.total, len(found.doorplates)) == ("partial", "line", 6, 5)
    assert "人民路" in found.advice and "门牌号" in found.advice
    assert {plate.town.name for plate in found.doorplates} == {
        "东溪镇",
        "南山乡",
        "城关街道",
    }  # of every street of that name
    assert look("城关街道人民路") == ("partial", "line", ["P07"])


def test_part_of_an_address(town):
    assert look("江滨花苑3幢") == ("exact", "same", ["P03"])
    assert look("后林12号") == ("exact", "same", ["P09"])


def test_a_number_between_two_doorplates_has_a_position(town):
    found = Doorplate.objects.at_address("东溪镇人民路40号")
    assert (found.kind, found.doorplates, found.position.basis) == ("partial", (), "interpolated")
    twelve, hundred = town.doorplates["P02"].point, town.doorplates["P04"].point
    assert found.position.lon == pytest.approx(twelve.x + (40 - 12) / (100 - 12) * (hundred.x - twelve.x))
    assert found.position.within_m >= 200 and "12 号和 100 号之间" in found.position.words


def test_spelled_alike(town):
    kind, why, codes = look("南山大街8号")
    assert (kind, why) == ("likely", "alike")
    assert codes[0] == "P06"


@pytest.mark.parametrize(
    ("typed", "why"),
    [("东溪镇", "area"), ("方格县", "area"), ("天上街999号", "unknown"), ("", "empty"), ("。。。", "empty")],
)
def test_none_says_what_to_do(town, typed, why):
    found = Doorplate.objects.at_address(typed)
    assert (found.kind, found.why) == ("none", why)
    assert "地图" in found.advice


def test_a_village_has_its_middle(town):
    found = Doorplate.objects.at_address("溪口村")
    assert (found.kind, found.understood, found.missing, found.position.basis) == (
        "partial",
        "东溪镇溪口村",
        "门牌号",
        "village",
    )


def test_retired_plates_are_not_found(town):
    assert "P12" not in look("建设路9号")[2]


def test_a_plate_retired_a_moment_ago_is_not_found(town):
    assert look("建设路8号") == ("exact", "same", ["P11"])
    Doorplate.objects.filter(code="P11").update(status="retired")
    assert look("建设路8号") == ("none", "unknown", [])


def test_one_query_for_the_rows(town, django_assert_num_queries, monkeypatch):
    monkeypatch.setattr(Remembered, "check_seconds", 60.0)
    look("东溪镇人民路12号")
    with django_assert_num_queries(1):
        Doorplate.objects.at_address("东溪镇人民路12号")
    with django_assert_num_queries(0):
        Doorplate.objects.at_address("天上街999号")


def test_an_import_renews_the_gazetteer(town, monkeypatch):
    assert look("建设路9号")[0] == "partial"
    Doorplate.objects.filter(code="P12").update(status="active")
    monkeypatch.setattr(Remembered, "check_seconds", 0.0)
    assert look("建设路9号")[0] == "partial"  # nobody said that the layer has changed
    LayerVersion.raise_for("doorplate")
    assert look("建设路9号") == ("exact", "same", ["P12"])


def test_processes_share_the_files_and_a_damaged_one_is_made_anew(town, settings, tmp_path, monkeypatch, caplog):
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(county_gazetteer, "FEW", 1)
    built = county_gazetteer._read()
    [folder] = [path for path in (tmp_path / "gazetteer").iterdir() if path.is_dir()]
    (folder / "town.npy").write_bytes(b"damaged")
    again = county_gazetteer._read()
    assert "cannot be read" in caplog.text
    for gazetteer in (built, again, county_gazetteer._read()):
        assert gazetteer.resolve("东溪镇人民路12号").candidates[0].code == "P02"
    Doorplate.objects.filter(code="P01").delete()
    assert county_gazetteer._read().resolve("东溪镇人民路1号").kind == "partial"
