"""Somebody with a browser: a window of one size, and a guard that notes whatever a page must not do.

Noted are requests to any other host, console errors (a page that breaks its Content-Security-Policy is one), errors nobody caught,
requests that failed, and answers of 400 and above that the test did not announce with `expecting`.
"""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, Response, expect

from tests.e2e.product import Product

AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
WIDTHS = {
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
    "tablet": {"viewport": {"width": 820, "height": 1180}, "has_touch": True},
    "desktop": {"viewport": {"width": 1440, "height": 900}},
}
CSP_WATCH = "document.addEventListener('securitypolicyviolation', e => console.error('CSP', e.effectiveDirective, e.blockedURI))"
FINGER = 44  # px
PATIENCE = 60_000  # ms for a step and for what is expected after it: two processes of tests share two processors with what draws the maps


class Visitor:
    """One browser context and its page. `page` is Playwright's; the methods are what people do again and again."""

    def __init__(self, browser: Browser, product: Product, width: str, **options) -> None:
        self.product = product
        self.width = WIDTHS[width]["viewport"]["width"]
        self.complaints: list[str] = []
        self._expected: set[int] = set()
        self._cut_off = self._was_cut_off = False
        self.context: BrowserContext = browser.new_context(
            base_url=product.address, locale="zh-CN", timezone_id="Asia/Shanghai", reduced_motion="reduce", **WIDTHS[width], **options
        )
        self.context.set_default_timeout(PATIENCE)
        self.context.add_init_script(CSP_WATCH)
        self.context.on("request", self._on_request)
        self.context.on("requestfailed", self._on_failure)
        self.context.on("response", self._on_response)
        self.context.on("console", self._on_console)
        self.context.on("weberror", lambda error: self._complain(f"error nobody caught: {error.error.stack}"))
        self.page: Page = self.context.new_page()

    def resize(self, width: str) -> None:
        """The same page in a window of another width; settled, so that what measures it sees it as it stays."""
        self.width = WIDTHS[width]["viewport"]["width"]
        self.page.set_viewport_size(WIDTHS[width]["viewport"])
        self.page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def close(self) -> list[str]:
        self.context.close()
        return self.complaints

    # -- the guard -----------------------------------------------------------------------------------------------------------

    def _complain(self, what: str) -> None:
        self.complaints.append(f"{self.page.url if not self.page.is_closed() else '(closed)'}: {what}")

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.product.address}/", "data:", "blob:")):
            self._complain(f"request to another host: {request.url}")

    def _on_failure(self, request: Request) -> None:
        failure = request.failure or ""
        gone = self._cut_off and ("ERR_INTERNET_DISCONNECTED" in failure or "ERR_FAILED" in failure)
        left = "ERR_ABORTED" in failure or ("ERR_FAILED" in failure and "/static/" in request.url)
        if not left and not gone:  # leaving a page stops what it was still loading; of files that its worker fetches it says ERR_FAILED. One that is not there is a 404
            self._complain(f"failed: {request.url} {request.failure}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self._expected:
            self._complain(f"{response.status} {response.request.method} {response.url}")

    def _on_console(self, message: ConsoleMessage) -> None:
        # Chromium also writes every answer of 400 and above to the console; those are judged in _on_response.
        gone = self._cut_off and ("ERR_INTERNET_DISCONNECTED" in message.text or "ERR_FAILED" in message.text)
        gone = gone or (self._was_cut_off and "Worker failed to load" in message.text)  # the map's own script; the page stands without a map
        if message.text.startswith(("htmx:afterRequest", "htmx:sendAbort")):
            return  # a newer question took the older one's place, as hx-sync asks; of what failed htmx writes sendError or responseError
        if message.type == "error" and not gone and not message.text.startswith("Failed to load resource: the server responded"):
            self._complain(f"console: {message.text}")

    @contextmanager
    def expecting(self, status: int) -> Iterator[None]:
        """An answer of 400 or above that belongs to what is tested."""
        self._expected.add(status)
        yield
        self._expected.discard(status)

    @contextmanager
    def cut_off(self) -> Iterator[None]:
        """Requests fail, as they do without a network; that is not noted."""
        self._cut_off = self._was_cut_off = True
        yield
        self.page.wait_for_timeout(200)  # what failed before is told a moment later
        self._cut_off = False

    @contextmanager
    def without_network(self) -> Iterator[None]:
        """The network is gone for pages and their worker alike."""
        with self.cut_off():
            self.context.set_offline(True)
            yield
            self.context.set_offline(False)

    def await_worker(self) -> None:
        """Until the worker that serves pages without a network has all it keeps, and this page is its."""
        self.page.evaluate("navigator.serviceWorker.ready.then(() => 0)")
        self.page.wait_for_function("navigator.serviceWorker.controller !== null")

    def await_kept(self, path: str) -> None:
        """Until the worker keeps this page too, half a minute at most."""
        wait = "async path => { for (let n = 0; n < 300; n++) { if (await caches.match(path)) return true; await new Promise(done => setTimeout(done, 100)); } return false; }"
        assert self.page.evaluate(wait, path), f"{path} is not kept"

    def await_draft(self) -> None:
        """Until what is written in the form is kept on the device. Before its script is there it is a plain form, which without a network is lost."""
        expect(self.page.locator("form[data-draft] .draft-note")).to_be_attached()

    # -- what people do ------------------------------------------------------------------------------------------------------

    def enter(self, login: str, cookies: dict[str, list]) -> None:
        """Be signed in; through the form the first time, with the kept cookies later."""
        if login in cookies:
            self.context.add_cookies(cookies[login])
        else:
            self.sign_in(login)
            cookies[login] = self.context.cookies()

    def sign_in(self, login: str) -> None:
        self.page.goto("/accounts/login/")
        self.page.get_by_label("用户名").fill(login)
        self.page.get_by_label("密码").fill(self.product.facts["password"])
        self.page.get_by_role("button", name="登录", exact=True).click()
        expect(self.page).not_to_have_url(f"{self.product.address}/accounts/login/")

    def hand_in(self) -> None:
        """Send the report that is filled in. Where one like it is open nearby it is shown first: this is another one."""
        send = self.page.get_by_role("button", name="提交", exact=True)
        self.await_draft()
        send.click()
        expect(self.page.locator("#similar, #follow-code, .draft-note .notice-due").first).to_be_visible()
        if self.page.locator("#similar").is_visible():
            expect(self.page.get_by_role("radio", name="都不是")).to_be_checked()
            send.click()

    def accept_questions(self) -> list[str]:
        """Say yes to what the page asks before it acts; the questions are added to the list as they come."""
        asked: list[str] = []

        def accept(dialog) -> None:
            asked.append(dialog.message)
            dialog.accept()

        self.page.on("dialog", accept)
        return asked

    # -- maps ----------------------------------------------------------------------------------------------------------------

    def map(self) -> Locator:
        """The page's map, once it has drawn all that it has."""
        found = self.page.locator("[data-map]").first
        found.scroll_into_view_if_needed()
        expect(found).to_have_attribute("data-state", "ready")
        return found

    def tap_map(self, right: float = 0.5, down: float = 0.5) -> None:
        """Touch or click the map at a share of its width and height."""
        canvas = self.map().locator("canvas")
        box = canvas.bounding_box()
        canvas.click(position={"x": box["width"] * right, "y": box["height"] * down})

    def map_colours(self) -> int:
        """How many colours the middle of the map shows: 1 where nothing was drawn."""
        box = self.map().bounding_box()
        middle = {"x": box["x"] + box["width"] / 4, "y": box["y"] + box["height"] / 4, "width": box["width"] / 2, "height": box["height"] / 2}
        # Hiding the caret would leave an empty style attribute on every field, which htmx copies and the page's policy refuses.
        picture = self.page.screenshot(clip=middle, caret="initial")
        return self.page.evaluate(COLOURS, base64.b64encode(picture).decode())

    # -- what every page must be ---------------------------------------------------------------------------------------------

    def barriers(self) -> list[str]:
        """What axe-core finds serious or critical on the page as it stands."""
        self.page.evaluate(_axe())
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{rule['id']} ({rule['impact']}): {node['target']} {node['failureSummary']}"
            for rule in found["violations"] if rule["impact"] in ("serious", "critical") for node in rule["nodes"]
        ]  # fmt: skip

    def sideways(self) -> list[str]:
        """What sticks out to the right of the window; things inside a box that scrolls by itself do not."""
        return self.page.evaluate(STICKING_OUT, self.width)

    def small_targets(self) -> list[str]:
        """Buttons too small for a finger."""
        return self.page.evaluate(SMALL, FINGER)


@cache
def _axe() -> str:
    return AXE.read_text(encoding="utf-8")


COLOURS = """async (png) => {
    const image = new Image();
    image.src = 'data:image/png;base64,' + png;
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.width, image.height];
    const paint = canvas.getContext('2d');
    paint.drawImage(image, 0, 0);
    return new Set(new Uint32Array(paint.getImageData(0, 0, image.width, image.height).data.buffer)).size;
}"""
STICKING_OUT = """(width) => {
    if (document.documentElement.scrollWidth <= width) return [];
    const scrolls = (e) => e && e !== document.documentElement && (['auto', 'scroll', 'hidden', 'clip'].includes(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
    const out = [...document.body.querySelectorAll('*')].filter((e) => e.getBoundingClientRect().right > width + 0.5 && !scrolls(e.parentElement));
    return out.map((e) => `${e.tagName}.${e.className} ${e.textContent.trim().slice(0, 40)}`).concat(`page ${document.documentElement.scrollWidth} px`);
}"""
SMALL = """(least) => [...document.querySelectorAll('.btn, .chip, .app-nav-link, button, select, summary, input:not([type=hidden]):not([type=radio]):not([type=checkbox])')]
    .filter((e) => e.checkVisibility({visibilityProperty: true}) && !e.closest('.visually-hidden, .maplibregl-map'))
    .map((e) => [e, e.getBoundingClientRect()])
    .filter(([, box]) => box.width > 1 && (box.height < least - 0.5 || box.width < least - 0.5))
    .map(([e, box]) => `${e.tagName}.${e.className} “${e.textContent.trim().slice(0, 20)}” ${box.width.toFixed(0)}×${box.height.toFixed(0)}`)"""
