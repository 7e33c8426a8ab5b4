"""Reporting on a phone: photos, speaking, what belongs elsewhere, joining what is there already; sent once, also without a network."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.visitor import Visitor
from tests.record import cameras

Visit = Callable[..., Visitor]
WORDS = "文化礼堂旁边的篮球架锈穿了，孩子们打球时会掉螺丝，希望换新的。"
SPEECH = """
window.SpeechRecognition = class extends EventTarget {
  start() {
    setTimeout(() => {
      const heard = new Event("result");
      heard.resultIndex = 0;
      heard.results = [Object.assign([{ transcript: "公园的秋千断了。" }], { isFinal: true })];
      this.dispatchEvent(heard);
    }, 50);
  }
  stop() { this.dispatchEvent(new Event("end")); }
};
"""


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "篮球架.jpg"
    path.write_bytes(cameras.photo(image=cameras.scene(640, 480), exif=cameras.exif(6)))
    return path


def begin(visitor: Visitor, words: str) -> Page:
    """The form at the known door, with the words in it."""
    page, door = visitor.page, visitor.product.facts["door"]
    page.goto(f"/report?lat={door['lat']}&lon={door['lon']}")
    page.get_by_label("什么问题").fill(words)
    return page


def sent_code(page: Page) -> str:
    return page.locator("#follow-code").inner_text()


def test_a_report_with_photos_is_joined_by_who_met_the_same(visit: Visit, photo: Path) -> None:
    first, second = visit("phone"), visit("phone")
    page = begin(first, WORDS)
    page.locator("#id_photos").set_input_files(photo)
    expect(page.locator(".photos img")).to_have_count(1)
    assert first.barriers() + first.sideways() + first.small_targets() == []
    first.hand_in()
    code = sent_code(page)
    page.goto(f"/follow?code={code}")
    picture = page.get_by_role("img", name="您提交的第 1 张照片")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth < image.naturalHeight)")  # turned upright

    other = begin(second, "篮球架锈穿了，打球会掉螺丝")
    same = other.get_by_role("radio", name=re.compile("我也遇到"))
    expect(same.first).to_be_visible()
    expect(other.locator("#similar")).to_contain_text("都提到")
    assert "文化礼堂" not in other.locator("#similar").inner_text()
    assert second.barriers() + second.sideways() + second.small_targets() == []
    same.first.check()
    other.get_by_role("button", name="提交", exact=True).click()
    expect(other.get_by_role("heading", name="已加入正在办理的一件")).to_be_visible()
    own = sent_code(other)
    assert own != code
    other.get_by_role("link", name="看办理进度").click()
    expect(other.get_by_text("与先前反映的一件一并办理")).to_be_visible()
    expect(other.get_by_text("文化礼堂")).to_have_count(0)
    assert second.barriers() + second.sideways() + second.small_targets() == []


def test_a_call_for_help_is_led_to_its_number_before_it_is_sent(visit: Visit) -> None:
    visitor = visit("phone")
    page = begin(visitor, "3幢现在着火了，快来人！")
    page.get_by_role("button", name="提交", exact=True).click()
    expect(page.get_by_role("link", name="拨打 119")).to_be_visible()
    expect(page.locator("#led")).to_be_focused()
    assert visitor.barriers() + visitor.sideways() + visitor.small_targets() == []
    with visitor.expecting(422):
        page.get_by_role("button", name="提交", exact=True).click()
        expect(page.locator("#error-summary")).to_contain_text("119")
    expect(page.get_by_label("什么问题")).to_have_value("3幢现在着火了，快来人！")
    page.get_by_label("不是正在发生的紧急情况，仍要反映").check()
    visitor.hand_in()
    expect(page.get_by_role("heading", name="已收到您反映的问题")).to_be_visible()


def test_spoken_words_are_put_into_the_field(visit: Visit) -> None:
    visitor = visit("phone")
    visitor.context.add_init_script(SPEECH)
    page = begin(visitor, "")
    expect(page.get_by_text("可能传到浏览器厂商的服务器")).to_be_visible()
    page.get_by_role("button", name="用说的").click()
    expect(page.get_by_label("什么问题")).to_have_value("公园的秋千断了。")
    page.get_by_role("button", name="说完了").click()
    expect(page.get_by_role("button", name="用说的")).to_be_visible()


def test_photos_too_wait_for_the_network_and_ten_presses_are_one_case(visit: Visit, photo: Path) -> None:
    visitor, words = visit("phone"), "健身步道的座椅断了一条腿，老人坐上去差点摔倒。"
    page = begin(visitor, words)
    visitor.await_worker()
    page.locator("#id_photos").set_input_files(photo)
    expect(page.locator(".photos img")).to_have_count(1)
    with visitor.without_network():
        for _ in range(10):
            page.get_by_role("button", name="提交", exact=True).click()
        expect(page.get_by_text("连上后自动提交，不会重复")).to_be_visible()
        page.reload()
        expect(page.get_by_label("什么问题")).to_have_value(words)
        expect(page.locator(".photos img")).to_have_count(1)
    expect(page.get_by_role("heading", name="已收到您反映的问题")).to_be_visible()
    page.get_by_role("link", name="看办理进度").click()
    expect(page.get_by_role("img", name="您提交的第 1 张照片")).to_be_visible()
    office = visit("desktop", "county").page
    office.goto("/cases/?state=all&q=健身步道的座椅断了一条腿")
    expect(office.get_by_role("link", name=words)).to_have_count(1)
