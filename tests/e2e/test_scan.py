"""The code on the door, on a phone: from the camera to the filed report in three screens, with or without a camera and a network."""

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import segno
from PIL import Image
from playwright.sync_api import Browser, Error, Page, Playwright, expect

from tests.e2e.conftest import LAUNCH, chromium_program
from tests.e2e.product import Product
from tests.e2e.visitor import Visitor

Visit = Callable[..., Visitor]
CAMERA = (640, 480)
WORDS = "楼道的灯坏了一个星期，老人上下楼很不方便，请安排修理。"

CACHED = """async () => {
    const caches_ = await Promise.all((await caches.keys()).map((name) => caches.open(name)));
    const kept = await Promise.all(caches_.map((cache) => cache.keys()));
    return kept.flat().map((request) => new URL(request.url).pathname);
}"""


def picture(text: str, size: tuple[int, int] = CAMERA, turn: float = 8.0, share: float = 0.6) -> Image.Image:
    """A door with a QR code on it, a little askew, as a phone sees it. share: of the picture's height."""
    drawn = io.BytesIO()
    segno.make(text, error="m").save(drawn, kind="png", scale=6, border=4)
    code = Image.open(drawn).convert("L").resize((round(size[1] * share),) * 2)
    door = Image.new("L", size, 120)
    turned = code.rotate(turn, expand=True, fillcolor=120)
    door.paste(turned, ((size[0] - turned.width) // 2, (size[1] - turned.height) // 2))
    return door


def film(path: Path, frames: list[Image.Image]) -> None:
    """An uncompressed grey film, as Chromium's stand-in for a camera takes it."""
    width, height = frames[0].size
    grey = bytes([128]) * (width * height // 2)
    with path.open("wb") as out:
        out.write(f"YUV4MPEG2 W{width} H{height} F10:1 Ip A1:1 C420jpeg\n".encode())
        for frame in frames:
            out.write(b"FRAME\n" + frame.tobytes() + grey)


@pytest.fixture(scope="module")
def camera(playwright: Playwright, product: Product, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A Chromium whose camera shows a wall for a moment, then the door's plate."""
    path = tmp_path_factory.mktemp("camera") / "door.y4m"
    film(path, [Image.new("L", CAMERA, 90)] * 5 + [picture(f"{product.address}/d/{product.facts['code']}")] * 10)
    flags = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={path}"]
    program, options = chromium_program()
    browser = playwright.chromium.launch(executable_path=program, args=[*LAUNCH, *flags, *options])
    yield browser
    browser.close()


@pytest.fixture
def visit_with_camera(camera: Browser, product: Product) -> Iterator[Callable[..., Visitor]]:
    visitors: list[Visitor] = []

    def open_one(**options) -> Visitor:
        visitors.append(Visitor(camera, product, "phone", **options))
        return visitors[-1]

    yield open_one
    complaints = [complaint for visitor in visitors for complaint in visitor.close()]
    assert not complaints, "\n".join(complaints)


def screens(page: Page) -> list[str]:
    """The paths of the pages that are shown from now on, one after the other."""
    seen: list[str] = []
    page.on("domcontentloaded", lambda shown: seen.append(re.sub(r"[?#].*", "", shown.url.split("/", 3)[3])))
    return seen


def expect_door(page: Page, product: Product) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(product.facts["door"]["address"])
    expect(page.get_by_role("article").first).to_contain_text(product.facts["deputy"])


def report_from(visitor: Visitor, product: Product, words: str) -> None:
    """From the place's page: one tap to the form, the words, one tap to hand it in."""
    page = visitor.page
    page.get_by_role("link", name="反映问题").first.click()
    expect(page.get_by_text(f"先由{product.facts['deputy']}代表办理")).to_be_visible()
    page.get_by_label("什么问题").fill(words)
    visitor.hand_in()


def expect_sent(page: Page) -> None:
    expect(page.get_by_role("heading", name="已收到您反映的问题")).to_be_visible()


def kept_on_device(page: Page) -> str:
    return page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")


def filed(visit: Visit, words: str) -> int:
    """How many cases the office has with these words."""
    office = visit("desktop", "town").page
    office.goto(f"/cases/?state=all&q={words}")
    return office.locator("a.list-row-title").count()


# -- scanning --------------------------------------------------------------------------------------------------------------------


def test_from_scan_to_filed_report_in_three_screens(visit_with_camera, product: Product, visit: Visit) -> None:
    visitor = visit_with_camera(permissions=["camera"])
    page, words = visitor.page, f"{WORDS}（相机）"
    page.goto("/")
    seen = screens(page)
    page.get_by_role("link", name="扫门牌码").click()
    expect(page).to_have_url(f"{product.address}/d/{product.facts['code']}")
    expect_door(page, product)
    report_from(visitor, product, words)
    expect_sent(page)
    assert seen[:-1] == ["scan", f"d/{product.facts['code']}", "report"]
    assert seen[-1].startswith("report/sent/")
    assert filed(visit, words) == 1


def test_without_permission_a_photo_will_do(visit_with_camera, product: Product, tmp_path: Path) -> None:
    visitor = visit_with_camera(permissions=[])
    page, photo = visitor.page, tmp_path / "door.jpg"
    page.goto("/scan")
    expect(page.locator("#scan-status")).to_contain_text("没有得到使用相机的许可")
    picture(product.facts["police_qr"], (3000, 4000), 20, share=0.045).save(photo)  # the plate is far away
    page.locator("#scan-file").set_input_files(photo)
    expect(page).to_have_url(f"{product.address}/d/e2e/33990001")
    expect_door(page, product)


def test_a_photo_without_a_code(visit: Visit, tmp_path: Path) -> None:
    visitor = visit("phone")
    page = visitor.page
    page.goto("/scan")
    expect(page.locator("#scan-status")).to_contain_text(re.compile("没有找到相机|没有得到"))
    Image.new("RGB", (800, 600), "grey").save(tmp_path / "wall.png")
    page.locator("#scan-file").set_input_files(tmp_path / "wall.png")
    expect(page.locator("#scan-status")).to_contain_text("图片里没有找到二维码")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    page.locator("#scan-file").set_input_files(tmp_path / "broken.png")
    expect(page.locator("#scan-status")).to_contain_text("这张图片打不开")


@pytest.mark.parametrize(("missing", "says"), [("delete Navigator.prototype.mediaDevices", "在浏览器打开"), (
    "delete Navigator.prototype.mediaDevices; Object.defineProperty(window, 'isSecureContext', {value: false})", "没有加密")])  # fmt: skip
def test_where_pages_get_no_camera_the_code_is_typed(visit: Visit, product: Product, missing: str, says: str) -> None:
    """In-app browsers and pages without https."""
    visitor = visit("phone")
    visitor.context.add_init_script(missing)
    page, code = visitor.page, product.facts["code"]
    page.goto("/scan")
    expect(page.locator("#scan-status")).to_contain_text(says)
    page.get_by_label("输入门牌码").fill(f"{code[:4]} {code[4:8]} {code[8:]}".lower())
    page.get_by_role("button", name="打开", exact=True).click()
    expect_door(page, product)


def test_a_code_of_somebody_else_leads_on(visit: Visit, product: Product) -> None:
    visitor = visit("phone")
    page = visitor.page
    with visitor.expecting(404):
        page.goto("/scan/read?text=weixin%3A%2F%2Fwxpay%2Fbizpayurl")
        expect(page.get_by_role("alert")).to_contain_text("用地址一样能找到您的代表")
    assert visitor.barriers() == [] and visitor.sideways() == [] and visitor.small_targets() == []
    page.get_by_role("combobox").fill(product.facts["door"]["address"])
    page.get_by_role("button", name="查找").click()
    expect_door(page, product)


# -- without a network -----------------------------------------------------------------------------------------------------------


def test_a_report_waits_for_the_network_and_is_filed_once(visit: Visit, product: Product) -> None:
    visitor = visit("phone")
    page, words = visitor.page, f"{WORDS}（没有网络）"
    page.goto(f"/d/{product.facts['code']}")
    visitor.await_worker()
    page.get_by_role("link", name="反映问题").first.click()
    page.get_by_label("什么问题").fill(words)
    page.get_by_label("联系电话").fill("13900001111")
    visitor.await_draft()
    with visitor.without_network():
        page.get_by_role("button", name="提交").click()
        expect(page.get_by_text("连上后自动提交，不会重复")).to_be_visible()
        page.reload()
        expect(page.get_by_label("什么问题")).to_have_value(words)
        expect(page.get_by_text("连上后自动提交，不会重复")).to_be_visible()
        assert words in kept_on_device(page)
    expect_sent(page)
    assert words not in kept_on_device(page) and "13900001111" not in kept_on_device(page)
    assert filed(visit, words) == 1
    page.go_back()
    assert words not in page.content()


def test_an_answer_that_is_lost_makes_no_second_case(visit: Visit, product: Product) -> None:
    visitor = visit("phone")
    page, words = visitor.page, f"{WORDS}（回执丢失）"
    page.goto(f"/d/{product.facts['code']}")
    reached: list[str] = []

    def lose(route) -> None:
        if route.request.method == "POST":
            reached.append(route.fetch(max_redirects=0).headers["location"])
            route.abort("internetdisconnected")
        else:
            route.continue_()

    with visitor.cut_off():
        page.route("**/report", lose)
        report_from(visitor, product, words)
        expect(page.get_by_text("连上后自动提交，不会重复")).to_be_visible()
        page.unroute("**/report")
    page.get_by_role("button", name="现在再试").click()
    expect_sent(page)
    assert page.url.endswith(reached[0])
    assert filed(visit, words) == 1


def test_a_closed_tab_loses_nothing_and_what_was_written_can_be_cleared(visit: Visit, product: Product) -> None:
    visitor = visit("phone")
    page, words = visitor.page, f"{WORDS}（关了页面）"
    page.goto(f"/report?code={product.facts['code']}&via=scan")
    page.get_by_label("什么问题").fill(words)
    expect(page.get_by_text("提交后自动清除")).to_be_visible()
    page.close()
    page = visitor.page = visitor.context.new_page()
    page.goto("/")
    expect(page.get_by_text(re.compile("“楼道的灯坏了.+”还没有提交"))).to_be_visible()
    page.get_by_role("link", name="接着写").click()
    expect(page.get_by_label("什么问题")).to_have_value(words)
    assert "13" not in page.get_by_label("联系电话").input_value()
    assert visitor.barriers() == [] and visitor.small_targets() == []
    asked = visitor.accept_questions()
    page.get_by_role("button", name="清除").click()
    expect(page.get_by_label("什么问题")).to_have_value("")
    assert asked and "不能恢复" in asked[0]
    assert words not in kept_on_device(page)


def test_sent_from_another_page_the_follow_code_is_shown(visit: Visit, product: Product) -> None:
    visitor = visit("phone")
    page, words = visitor.page, f"{WORDS}（首页补交）"
    page.goto(f"/report?code={product.facts['code']}&via=scan")
    visitor.await_worker()
    page.get_by_label("什么问题").fill(words)
    visitor.await_draft()
    with visitor.without_network():
        page.get_by_role("button", name="提交").click()
        expect(page.get_by_text("连上后自动提交，不会重复")).to_be_visible()
        page.goto("about:blank")
    page.goto("/")
    page.get_by_role("link", name="看查询码").click()
    expect_sent(page)
    page.goto("/")
    expect(page.get_by_role("link", name="看查询码")).to_have_count(0)
    assert words not in kept_on_device(page)
    assert filed(visit, words) == 1


def test_without_a_network_the_report_page_opens_and_others_say_so(visit: Visit, product: Product) -> None:
    visitor = visit("phone")
    page, words = visitor.page, f"{WORDS}（断网时打开）"
    page.goto("/")
    visitor.await_worker()
    with visitor.without_network():
        page.goto(f"/d/{product.facts['code']}")
        expect(page.get_by_role("heading", name="现在没有网络")).to_be_visible()
        page.goto(f"/report?code={product.facts['code']}&via=scan")
        page.get_by_label("什么问题").fill(words)
        visitor.await_draft()
        page.get_by_role("button", name="提交").click()
        expect(page.get_by_text("连上后自动提交，不会重复")).to_be_visible()
    expect_sent(page)
    expect(page.get_by_text(f"{product.facts['deputy']}代表办理")).to_be_visible()
    assert filed(visit, words) == 1


def test_the_worker_keeps_nobodys_page(visit: Visit, product: Product) -> None:
    """Signed in or not: what is kept is the stranger's report page and, for a deputy, two empty forms; office pages never come out of it."""
    visitor = visit("desktop")
    page = visitor.page
    page.goto("/")
    visitor.await_worker()
    visitor.sign_in("deputy")
    page.goto("/desk/")
    page.goto("/report")
    kept = page.evaluate(CACHED)
    assert {path for path in kept if not path.startswith("/static/")} - {"/supervision/visits/blank", "/cases/new/blank"} == {"/report", "/offline"}
    with visitor.without_network():
        page.goto("/report")
        expect(page.get_by_role("heading", name="反映问题")).to_be_visible()
        assert product.facts["deputy"] not in page.content()
        with pytest.raises(Error, match="ERR_INTERNET_DISCONNECTED"):
            page.goto("/desk/")


def test_what_the_server_wants_first_is_shown_in_place(visit: Visit, product: Product) -> None:
    """Handed in by the script as by the browser: errors in the form, the focus on them, the map alive, nothing typed lost."""
    visitor = visit("phone")
    page, words = visitor.page, f"{WORDS}（补填）"
    page.goto(f"/report?code={product.facts['code']}&via=scan")
    page.get_by_label("联系电话").fill("13900002222")
    visitor.await_draft()
    with visitor.expecting(422):
        page.get_by_role("button", name="提交").click()
        expect(page.get_by_role("alert")).to_contain_text("请写下要反映的问题")
    expect(page.get_by_role("alert")).to_be_focused()
    assert page.url.endswith(f"/report?code={product.facts['code']}&via=scan")
    expect(page.get_by_label("联系电话")).to_have_value("13900002222")
    visitor.map()
    assert visitor.barriers() == []
    page.get_by_label("什么问题").fill(words)
    visitor.hand_in()
    expect_sent(page)
    assert "13900002222" not in kept_on_device(page)
    assert filed(visit, words) == 1
