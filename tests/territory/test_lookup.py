"""What people type finds their doorplate, or a short list to choose from, and never the wrong house by itself."""

import pytest

from apps.territory.models import Doorplate


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
    assert look("南山乡人民路1号")[:2] == ("likely", "elsewhere")


def test_a_road_asks_for_the_number(town):
    found = Doorplate.objects.at_address("人民路")
    assert (found.kind, found.why, found.total, len(found.doorplates)) == ("likely", "begins", 6, 5)
    assert "6 个门牌" in found.advice
    assert look("城关街道人民路") == ("likely", "alike", ["P07"])


def test_part_of_an_address(town):
    assert look("江滨花苑3幢") == ("likely", "alike", ["P03"])
    assert look("后林12号") == ("likely", "alike", ["P09"])


def test_spelled_alike(town):
    kind, why, codes = look("南山大街8号")
    assert (kind, why) == ("likely", "alike")
    assert codes[0] == "P06"


@pytest.mark.parametrize(("typed", "why"), [("东溪镇", "area"), ("溪口村", "area"), ("天上街999号", "unknown"), ("", "empty"), ("。。。", "empty")])
def test_none_says_what_to_do(town, typed, why):
    found = Doorplate.objects.at_address(typed)
    assert (found.kind, found.why) == ("none", why)
    assert "地图" in found.advice


def test_retired_plates_are_not_found(town):
    assert "P12" not in look("建设路9号")[2]


def test_both_indexes_serve(town, django_assert_max_num_queries):
    with django_assert_max_num_queries(2):
        Doorplate.objects.at_address("东溪镇人民路12号")
    with django_assert_max_num_queries(10):
        Doorplate.objects.at_address("天上街999号")
