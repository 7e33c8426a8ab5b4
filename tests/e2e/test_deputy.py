"""The deputy's door, on a phone: three numbers that lead to lists, the nearest projects as list and map, a project held against its plan."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.e2e.visitor import Visitor

Visit = Callable[..., Visitor]


def test_three_numbers_lead_to_their_lists(visit: Visit) -> None:
    visitor = visit("phone", "deputy")
    page, facts = visitor.page, visitor.product.facts
    page.goto("/desk/")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{facts['deputy']}代表，您好")
    for label, heading in [("待处理", "民情件"), ("快到期", "民情件")]:
        page.goto("/desk/")
        number = page.get_by_role("main").get_by_role("link", name=label)
        count = re.search(r"\d+", number.inner_text()).group()
        number.click()
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        expect(page.get_by_text(re.compile(rf"共 {count} (件|条)")).first).to_be_visible()
    page.goto("/desk/")
    number = page.get_by_role("main").get_by_role("link", name="我的监督项目").first
    assert re.search(r"\d+", number.inner_text()).group() == str(len(facts["projects"]))
    number.click()
    for project in facts["projects"]:
        expect(page.get_by_role("article").filter(has_text=project)).to_be_visible()
    expect(page.get_by_role("article")).to_have_count(len(facts["projects"]))


def test_projects_near_home_and_work(visit: Visit) -> None:
    visitor = visit("phone", "deputy")
    page = visitor.page
    page.goto("/desk/")
    cards = page.get_by_role("article")
    expect(cards.first).to_contain_text("离您")
    expect(cards.first.get_by_role("img", name=re.compile("完成 .+%，计划 .+%"))).to_be_visible()
    assert visitor.map_colours() > 10


def test_a_project_against_its_plan(visit: Visit) -> None:
    visitor = visit("phone", "deputy")
    page, project = visitor.page, visitor.product.facts["projects"][0]
    page.goto("/desk/?show=assigned")
    page.get_by_role("link", name=project, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(project)
    expect(page.get_by_text(re.compile(r"(比计划(快|慢) \d+ 个百分点|按计划|已完工|尚未开工)")).first).to_be_visible()
    parts = page.get_by_role("main").get_by_role("listitem").filter(has_text="权重")
    assert parts.count() >= 2
    for part in parts.all():
        expect(part.get_by_role("img", name=re.compile("计划"))).to_be_visible()
    curve = page.locator("#project-curve")
    curve.scroll_into_view_if_needed()
    expect(curve.locator("svg, canvas").first).to_be_visible()
    page.get_by_text("逐月数字").click()
    assert page.get_by_role("table").get_by_role("row").count() > 6
    assert visitor.map_colours() > 3
    team = page.get_by_role("heading", name="监督小组").locator("xpath=ancestor::section")
    expect(team).to_contain_text(visitor.product.facts["deputy"])


def test_list_and_map_in_step(visit: Visit) -> None:
    """Touching the only project on the map lights its card, and a card that has the focus is lit itself."""
    visitor = visit("desktop", "deputy")
    page, project = visitor.page, visitor.product.facts["projects"][0]
    page.goto("/projects/")
    visitor.map()
    first, second = page.get_by_role("article").nth(0), page.get_by_role("article").nth(1)
    second.hover()
    expect(second).to_have_class(re.compile("is-lit"))
    expect(first).not_to_have_class(re.compile("is-lit"))

    page.get_by_label("名称").fill(project)
    page.get_by_label("名称").press("Enter")
    expect(page).to_have_url(re.compile("q="))
    only = page.get_by_role("article")
    expect(only).to_have_count(1)
    expect(only).not_to_have_class(re.compile("is-lit"))
    visitor.tap_map()
    expect(only).to_have_class(re.compile("is-lit"))


def test_what_a_neighbour_tells(visit: Visit) -> None:
    """代录入: from where the deputy stands, in a few touches; the list shows it at once."""
    visitor = visit("phone", "deputy", permissions=["geolocation"])
    page, door = visitor.page, visitor.product.facts["door"]
    visitor.context.set_geolocation({"latitude": door["lat"], "longitude": door["lon"], "accuracy": 8})
    page.goto("/cases/")
    page.get_by_role("link", name="代录民情件").click()
    expect(page.get_by_text("已标在您现在的位置")).to_be_visible()  # he has allowed it before: not even a tap
    expect(page.get_by_role("radio", name="代表走访")).to_be_checked()
    page.get_by_label("什么问题").fill("老人活动室漏雨，几次报修没有人来。")
    page.get_by_role("button", name="录入").click()
    expect(page.get_by_role("heading", name="已录入")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("代表办理")
    expect(page.locator("#follow-code")).to_have_text(re.compile(r"\w{4}-"))


def test_sign_in_and_out(visit: Visit) -> None:
    visitor = visit("phone")
    page = visitor.page
    page.goto("/desk/")
    page.get_by_label("用户名").fill("deputy")
    page.get_by_label("密码").fill("not-the-password")
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("没有登录成功")
    expect(page.get_by_label("用户名")).to_have_value("deputy")
    page.get_by_label("密码").fill(visitor.product.facts["password"])
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page).to_have_url(re.compile("/desk/$"))
    visitor.map()  # tiles still on their way would be refused once the session has ended
    page.get_by_role("banner").get_by_text(visitor.product.facts["deputy"]).first.click(force=True)
    page.get_by_role("button", name="退出登录").click()
    expect(page.get_by_role("heading", name="找到您的人大代表")).to_be_visible()
    page.goto("/desk/")
    expect(page.get_by_role("button", name="登录", exact=True)).to_be_visible()
