"""`manage.py issue_codes`: all doors without a code, and houses without a plate, however often it is run."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps.territory import workflow
from apps.territory.models import Doorplate, PlateCode


def run(*arguments) -> str:
    out = StringIO()
    call_command("issue_codes", *map(str, arguments), stdout=out, stderr=StringIO())
    return out.getvalue()


def test_the_whole_county_and_houses_without_a_plate(town, tmp_path):
    places = tmp_path / "无牌.csv"
    places.write_text("\ufeffwords,lon,lat\n后山脚黄色平房,120.005,28.005\n水井旁石头房,120.015,28.015\n", encoding="utf-8")
    doors = Doorplate.objects.active().count()
    said = run("--places", places)
    assert "新发 2 个码" in said and f"发 {doors} 个码" in said
    assert PlateCode.objects.count() == doors + 2
    again = run("--places", places)
    assert "新发 0 个码，已有 2 个" in again and "都已经有码" in again
    assert PlateCode.objects.count() == doors + 2


def test_one_town(town):
    run("--area", town.towns["A"].code)
    assert set(PlateCode.objects.values_list("town", flat=True)) == {town.towns["A"].pk}


def test_interrupted_it_goes_on_when_run_again(town, monkeypatch):
    monkeypatch.setattr(workflow, "CHUNK", 3)
    plain, calls = workflow._issue_some, []

    def interrupted(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return plain(*arguments)

    monkeypatch.setattr(workflow, "_issue_some", interrupted)
    with pytest.raises(CommandError, match="再运行一次"):
        run()
    assert PlateCode.objects.count() == 3
    run()
    assert PlateCode.objects.count() == Doorplate.objects.active().count()


@pytest.mark.parametrize(("text", "says"), [
    ("words,lon\n房,1\n", "缺少列：lat"), ("words,lon,lat\n房,东经,28\n", "数字"), ("words,lon,lat\n县外,100,30\n房,120.005,28.005\n", "第 2 行"),
    ("words,lon,lat\n,120.005,28.005\n", "写明"), ("words,lon,lat\n房,nan,28\n", "第 2 行"),
])  # fmt: skip
def test_bad_files_are_refused_whole(town, tmp_path, text, says):
    file = tmp_path / "坏.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CommandError, match=says):
        run("--places", file)
    assert not PlateCode.objects.exists()
    file.write_bytes("words,lon,lat\n房,120,28\n".encode("gbk"))
    with pytest.raises(CommandError, match="UTF-8"):
        run("--places", file)
    with pytest.raises(CommandError, match="没有区划"):
        run("--area", "339999999999")
