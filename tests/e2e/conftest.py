"""A real server, a real worker, a real Chromium. Every page of every test is watched: see tests/e2e/visitor.py.

Servers and browser live for this package only: Playwright's event loop would get in the way of the database tests after it.
Under pytest-xdist all of the package runs in one process (see tests/conftest.py), so there is never more than one product.
"""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from tests.e2e.product import Product
from tests.e2e.visitor import PATIENCE, Visitor

# The last list counts: what Playwright switches off, and the address bar's popups, for which every new window starts processes of its own.
WITHOUT = (
    "AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,LensOverlay,MediaRouter,PaintHolding,"
    "ThirdPartyStoragePartitioning,AvoidCorsURLLoaderRestartOnRedirect,OptimizationHints,NetworkTimeServiceQuerying,AimEnabled,PreconnectToSearch,"
    "WebUIOmniboxPopup,WebUIOmniboxAimPopup"
)
LAUNCH = [
    "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-gpu-rasterization", "--disable-gpu-compositing", "--disable-background-networking", "--disable-component-update",
    f"--disable-features={WITHOUT}", "--disable-sync", "--no-first-run", "--lang=zh-CN", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]  # fmt: skip


@pytest.fixture(scope="package")
def product(tmp_path_factory: pytest.TempPathFactory, worker_id: str, request: pytest.FixtureRequest) -> Iterator[Product]:
    """Its county grows while the other process migrates the database that both copy."""
    parts = (os.environ.get("PYTEST_DB_SUFFIX", ""), "" if worker_id == "master" else worker_id)
    with Product(tmp_path_factory.mktemp("product"), "".join(f"_{part}" for part in parts if part), template=lambda: request.getfixturevalue("migrated_database")) as running:
        yield running


@pytest.fixture(scope="package")
def playwright(product: Product) -> Iterator[Playwright]:
    """After the product stands: where Playwright's loop runs already, Django makes no database."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as running:
        yield running


def chromium_program() -> tuple[str, list[str]]:
    """Debian's Chromium, and what it needs to run as root; nothing is downloaded."""
    program = shutil.which("chromium")
    assert program, "没有找到 chromium：请先运行 make setup"
    return program, ["--no-sandbox"] if os.geteuid() == 0 else []


@pytest.fixture(scope="package")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    program, options = chromium_program()
    browser = playwright.chromium.launch(executable_path=program, args=[*LAUNCH, *options])
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def cookies() -> dict[str, list]:
    """What each login's browser keeps, filled when it first signs in: hashing a password takes its time."""
    return {}


@pytest.fixture
def visit(chromium: Browser, product: Product, cookies: dict[str, list]) -> Iterator[Callable[..., Visitor]]:
    """Opens a browser of its own for somebody: `visit("phone")`, `visit("desktop", "county")`. What the guard saw fails the test."""
    visitors: list[Visitor] = []

    def open_one(width: str = "desktop", login: str = "", **options) -> Visitor:
        visitor = Visitor(chromium, product, width, **options)
        visitors.append(visitor)
        if login:
            visitor.enter(login, cookies)
        return visitor

    yield open_one
    complaints = [complaint for visitor in visitors for complaint in visitor.close()]
    assert not complaints, "\n".join(complaints)
