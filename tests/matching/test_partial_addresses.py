"""Addresses whose house is not in the table: about where it must be, how sure that is, and the pin to be confirmed; never in silence."""

import html
import re

import pytest

from apps.territory.models import Doorplate, LayerVersion
from tests.matching.test_find_page import texts
from tests.town import at


@pytest.fixture
def street(town):
    """青石路 in 溪口村 with odd numbers 1 to 19 from west to east, 40 m apart, the even ones but 10 across it; it ends 60 m from the border."""
    for number in range(1, 21):
        if number == 10 or number == 9:
            continue
        Doorplate.objects.create(
            code=f"Q{number:02}", town=town.towns["A"], village=town.villages["V1"], road="青石路", number=f"{number}号",
            address=f"东溪镇青石路{number}号", address_key=f"青石路{number}号", point=at(0.5 + number * 0.02, 0.5 + (number % 2) * 0.02), status="active",
        )  # fmt: skip
    LayerVersion.raise_for("doorplate")
    return town


@pytest.fixture
def page(street, as_public, client):
    def get(path="/find", **parameters):
        response = client.get(path, parameters)
        return response.status_code, html.unescape(response.content.decode())

    return get


def test_a_missing_number_is_worked_out_and_said_to_be_so(page, client):
    status, body = page(q="东溪镇青石路9号")
    shown = texts(body)
    assert status == 200 and "青石路没有 9 号的门牌，按 7 号和 11 号之间推算。请在地图上确认位置。" in shown
    point = {name: float(value) for name, value in re.findall(r"/report\?[^\"]*?(lat)=([\d.]+)", body)}
    assert point["lat"] == pytest.approx(at(0, 0.52).y, abs=2e-4)  # on the odd side
    found = client.get("/api/v1/find", {"q": "东溪镇青石路9号"}).json()
    assert found["doorplate"] is None and found["accuracy_m"] > 0 and "推算" in found["note"]
    assert found["point"]["lon"] == pytest.approx(at(0.68, 0).x, abs=4e-4)


def test_how_sure_that_is_widens_the_question_and_goes_with_the_report(page):
    _, body = page(q="东溪镇青石路9号")
    report = re.search(r'href="(/report\?[^"]+)"', body)[1]
    assert "doorplate" not in report and re.search(r"accuracy=\d+", report)
    assert re.search(r"<details[^>]* open>", body)  # the map lies open


def test_a_road_without_a_number_asks_for_it(page):
    status, body = page(q="东溪镇青石路")
    assert status == 200 and "list-row-title" in body and "青石路" in texts(body)


def test_a_house_that_is_there_is_the_house(page):
    status, body = page(q="东溪镇青石路12号")
    assert status == 200 and "doorplate=Q12" in body and "推算" not in texts(body)
