"""A voter's case from end to end, by seven people and one who turns it away: a resident who reports, another who joins, the deputy, the town, the
county, the government's dispatcher and the unit; returned, assigned anew, paused over a make-up workday, answered, reopened, answered, rated."""

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.e2e.product import Product
from tests.e2e.test_loop import person
from tests.e2e.visitor import Visitor

Visit = Callable[..., Visitor]
HERE = ZoneInfo("Asia/Shanghai")
WORDS = "溪边步道的护栏断了三米多，老人孩子走过很危险，请尽快修好。"
ALIKE = "溪边步道护栏断了，昨天差点有孩子掉下去，请快点修。"
QUESTION, ADDED = "请补充断掉的护栏靠近哪座桥。", "就在下桥头往东二十米。"
FIRST, SECOND = "护栏已临时围挡并挂了警示牌。", "护栏已换新，一共四米，已验收。"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "护栏.jpg"
    Image.effect_noise((640, 480), 60).convert("RGB").save(path, "JPEG")
    return path


def make_up_workday(product: Product) -> dt.date:
    """The last weekend day before this week on which offices worked, as the product's own calendar has it."""
    with psycopg.connect(product.database_url) as connection:
        days = connection.execute(
            "SELECT date FROM worktime_calendarday WHERE working AND extract(isodow FROM date) > 5 AND date < current_date - 10 ORDER BY date DESC LIMIT 1"
        ).fetchall()
    return days[0][0]


def at(day: dt.date, hour: int = 10) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(hour), HERE)


def number_and_limit(product: Product, follow_code: str) -> tuple[str, dt.date]:
    with psycopg.connect(product.database_url) as connection:
        return connection.execute("SELECT code, due_on FROM cases_case WHERE follow_code = %s", [follow_code.replace("-", "")]).fetchone()


def write(page: Page, product: Product, words: str) -> None:
    door = product.facts["door"]
    page.goto(f"/report?lat={door['lat']}&lon={door['lon']}")
    page.get_by_label("什么问题").fill(words)


def sent(page: Page) -> str:
    """Send what is written; its follow code. What the page has to say of it first is looked at."""
    submit = page.get_by_role("button", name="提交", exact=True)
    code = page.locator("#follow-code")
    submit.click()
    expect(code.or_(page.locator("#considered :is(#similar, #guesses)").first)).to_be_visible()
    if not code.is_visible():
        submit.click()
    return code.inner_text()


def move(visitor: Visitor, address: str, step: str, note: str = "", fill: Callable[[Page], object] | None = None) -> None:
    """One step of the case on its page."""
    page = visitor.page
    page.goto(address)
    steps = page.get_by_role("group", name="办哪一步")
    if not steps.get_by_text(step, exact=True).is_visible():  # what is done less often is folded
        steps.get_by_text("其他办理").click()
    steps.get_by_text(step, exact=True).click()
    if fill:
        fill(page)
    if note:
        page.locator("#id_note").fill(note)
    page.locator("#move-form").get_by_role("button", name=step, exact=True).locator("visible=true").click()
    expect(page.locator("#flash")).to_contain_text("已办好")


def assign_to(unit: str) -> Callable[[Page], object]:
    return lambda page: page.locator("#id_organisation").select_option(label=unit)


def rate(resident: Visitor, code: str, outcome: str, words: str = "") -> None:
    page = resident.page
    page.goto(f"/follow/{code.replace('-', '')}")
    page.locator("#id_outcome").get_by_text(outcome, exact=True).click()
    if words:
        page.get_by_label("想说的话").fill(words)
    page.get_by_role("button", name="提交评价").click()
    expect(page.get_by_role("heading", name="办理进度")).to_be_visible()


def follow(resident: Visitor, code: str) -> Page:
    resident.page.goto(f"/follow/{code.replace('-', '')}")
    return resident.page


def test_seven_people_from_a_report_to_a_rating(visit: Visit, product: Product, photo: Path) -> None:
    other = person(product, "other_unit")
    workday = make_up_workday(product)
    reporter, joiner = visit("phone"), visit("phone")
    staff = {login: visit("phone" if login == "deputy" else "desktop") for login in ("deputy", "town", "county", "dispatcher", "other_unit", "unit")}
    for login, visitor in staff.items():
        visitor.sign_in(login)  # on the real day: the session lasts from then
        visitor.accept_questions()
    with product.travelling() as go:
        # reported with a photo; somebody else has the same trouble and joins
        go(at(workday - dt.timedelta(days=4)))
        write(reporter.page, product, WORDS)
        reporter.page.locator("input[type=file]").first.set_input_files(photo)
        expect(reporter.page.locator(".photos img").first).to_be_visible()
        code = sent(reporter.page)
        number, _ = number_and_limit(product, code)
        address = f"/cases/{number}/"
        write(joiner.page, product, ALIKE)
        joiner.page.get_by_text(re.compile("^我也遇到")).first.click()
        joined = sent(joiner.page)
        assert joined != code and WORDS not in joiner.page.content()

        # from the deputy up to the dispatcher; the first unit gives it back, another one gets it
        deputy = staff["deputy"].page
        deputy.goto("/cases/?sort=newest")
        deputy.get_by_role("link", name=WORDS[:12]).first.click()
        expect(deputy.locator("main img").first).to_be_visible()
        town = product.facts["town"]
        move(staff["deputy"], address, f"提交{town[-1]}人大", "需要镇里协调。")
        move(staff["town"], address, "提交县人大", "归县里管的步道。")
        move(staff["county"], address, "转县政府办", "请确定承办单位。")
        move(staff["dispatcher"], address, "交办", "请尽快修复。", assign_to(other["unit"]))
        move(staff["other_unit"], address, "退回县政府办", "这段步道不归我单位管。")
        expect(follow(reporter, code).get_by_text("这段步道不归我单位管")).to_have_count(0)
        move(staff["dispatcher"], address, "交办", "按三定方案由你单位办理。", assign_to(product.facts["unit"]))
        move(staff["unit"], address, "签收")

        # the unit asks; the clock stands still over a weekend day on which offices worked
        go(at(workday - dt.timedelta(days=1)))
        _, before = number_and_limit(product, code)
        move(staff["unit"], address, "请反映人补充", QUESTION)
        go(at(workday + dt.timedelta(days=1)))
        page = follow(reporter, code)
        expect(page.get_by_text(QUESTION).first).to_be_visible()
        assert reporter.barriers() == [] and reporter.sideways() == [] and reporter.small_targets() == []
        page.get_by_label("您的补充").fill(ADDED)
        page.get_by_role("button", name="提交补充").click()
        _, after = number_and_limit(product, code)
        day = dt.timedelta(days=1)
        assert worked(product, before, after) == worked(product, workday - day, workday + day) >= worked(product, workday - day, workday) == 1

        # answered; the joiner is content, the reporter is not; answered again and closed
        move(staff["unit"], address, "答复", FIRST)
        expect(follow(joiner, joined).get_by_text(FIRST).first).to_be_visible()
        rate(joiner, joined, "满意")
        rate(reporter, code, "不满意", "只围了起来，没有修。")
        expect(follow(reporter, code).get_by_text(product.facts["unit"]).first).to_be_visible()
        staff["unit"].page.goto(address)
        expect(staff["unit"].page.get_by_text("只围了起来，没有修。").first).to_be_visible()
        go(at(workday + dt.timedelta(days=2)))
        move(staff["unit"], address, "答复", SECOND)
        rate(reporter, code, "满意")
        expect(follow(reporter, code).get_by_role("button", name="提交评价")).to_have_count(0)
    county = staff["county"].page
    county.goto(address)
    for words in ("退回", "补充", "不满意", SECOND):
        expect(county.get_by_text(re.compile(words)).first).to_be_visible()
    assert staff["county"].barriers() == [] and staff["county"].sideways() == []
    assert code.replace("-", "") not in county.content() and joined.replace("-", "") not in county.content()
    with psycopg.connect(product.database_url) as connection:
        state, reopened = connection.execute("SELECT state, reopened FROM cases_case WHERE code = %s", [number]).fetchone()
    assert (state, reopened) == ("closed", 1)
    product.manage("verify_history")


def worked(product: Product, after: dt.date, until: dt.date) -> int:
    """Working days after one day, until and with another, counted one by one in the product's calendar."""
    with psycopg.connect(product.database_url) as connection:
        said = dict(connection.execute("SELECT date, working FROM worktime_calendarday").fetchall())
    days = [after + dt.timedelta(days=count) for count in range(1, (until - after).days + 1)]
    return sum(said.get(day, day.isoweekday() < 6) for day in days)
