"""代表—政府部门在线 on a phone, and an answer that goes out to everybody after a person has settled its words."""

from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import expect

from tests.e2e.visitor import Visitor

Visit = Callable[..., Visitor]


def test_a_unit_and_the_dispatcher_talk_beside_the_case(visit: Visit, tmp_path: Path) -> None:
    photo = tmp_path / "现场.jpg"
    Image.effect_noise((320, 240), 60).convert("RGB").save(photo, "JPEG")
    unit = visit("phone", "unit")
    page = unit.page
    page.goto("/cases/?state=with_unit")
    page.locator("[data-work-list] a.list-row-title").first.click()
    thread = page.get_by_role("region", name="代表—政府部门在线")
    send = thread.get_by_role("button", name="发出")
    expect(send).to_be_visible()
    with unit.expecting(422):
        send.click()
        expect(thread.get_by_text("请写下要说的话")).to_be_visible()
    thread.get_by_label("说一句").fill("需要停电半天，请协调供电公司。")
    thread.locator("input[type=file]").set_input_files(photo)
    expect(thread.locator(".photo-field .photos img")).to_have_count(1)
    send.click()
    expect(thread.get_by_text("已发出")).to_be_visible()
    expect(thread.get_by_alt_text("发的照片 1")).to_be_visible()
    assert unit.sideways() == [] and unit.small_targets() == [] and unit.barriers() == []
    office = visit("desktop", "dispatcher").page
    office.goto("/cases/threads/?new=1")
    row = office.get_by_role("listitem").filter(has_text="需要停电半天")
    expect(row.get_by_text("1 条新的")).to_be_visible()
    row.get_by_role("link").click()
    with office.expect_response(lambda answer: answer.url.endswith("/thread/read")):
        office.get_by_text("需要停电半天").scroll_into_view_if_needed()
    office.goto("/cases/threads/?new=1")
    expect(office.get_by_text("需要停电半天")).to_have_count(0)


def test_an_answer_is_settled_beside_its_original_and_goes_out(visit: Visit) -> None:
    resident = visit("phone")
    resident.page.goto("/answers/")
    expect(resident.page.get_by_text("还没有公开的答复")).to_be_visible()
    office = visit("desktop", "county")
    page, asked = office.page, office.accept_questions()
    page.goto("/cases/publications/")
    page.get_by_role("button", name="开通公开答复页").click()
    expect(page.get_by_text("已开通", exact=True)).to_be_visible()
    page.locator(".list-rows a.list-row-title").first.click()
    page.get_by_label("标题").fill("路灯坏了两个月")
    page.get_by_label("反映的问题").fill("路灯坏了两个月，请找王小明先生。")
    with office.expecting(422):
        page.get_by_role("button", name="确认公开").click()
        expect(page.get_by_text("看上去还是个人信息").first).to_be_visible()
    assert office.barriers() == [] and office.sideways() == []
    page.get_by_label("反映的问题").fill("路灯坏了两个月，晚上看不清。")
    page.get_by_role("button", name="确认公开").click()
    expect(page.locator(".state").filter(has_text="已公开")).to_be_visible()
    assert len(asked) == 3
    resident.page.reload()
    resident.page.get_by_role("link", name="路灯坏了两个月").click()
    expect(resident.page.get_by_text("晚上看不清")).to_be_visible()
    assert resident.barriers() == [] and resident.sideways() == [] and resident.small_targets() == []
    page.get_by_text("撤回", exact=True).click()
    page.get_by_label("原因").fill("反映人不愿意公开。")
    page.get_by_role("button", name="撤回，不再公开").click()
    expect(page.get_by_text("已撤回，公开页上不再显示")).to_be_visible()
    with resident.expecting(404):
        resident.page.reload()
    page.goto("/cases/publications/")
    page.get_by_role("button", name="关闭公开答复页").click()
    expect(page.get_by_text("没有开通", exact=True)).to_be_visible()
