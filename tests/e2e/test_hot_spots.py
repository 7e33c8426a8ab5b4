"""What a hot spot and a theme lead to: cases are overseen, supervision has a topic. Once, with the keyboard and by a finger."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.e2e.visitor import Visitor

Visit = Callable[..., Visitor]
TOPIC = re.compile(r"/supervision/topics/\d+/$")
# The grown county of two towns is too small for a hot spot: one is kept as the nightly run would, around the youngest open case.
PLANT = """
import datetime as dt
from apps.cases.models import OPEN_STATES, Case
from apps.insights.finding_spots import centre_of, shape_of
from apps.insights.ground import county_ground
from apps.insights.spots import HotSpot
from apps.insights.workflow_spots import last_whole_day, work_out
work_out()
ground, day = county_ground(), last_whole_day()
case = Case.objects.filter(state__in=OPEN_STATES, submitted_at__date__lte=day).select_related('town').latest('submitted_at')
(col,), (row,) = (axis.tolist() for axis in ground.lattice.cells([case.point.x], [case.point.y]))
first = day - dt.timedelta(days=359)
steps = [{'since': str(first + dt.timedelta(days=30 * n)), 'until': str(first + dt.timedelta(days=30 * n + 29)), 'count': n, 'expected': 2.5, 'hot': True} for n in range(12)]
spot = HotSpot.objects.create(
    state='growing', name=case.town.name + '路口一带', town=case.town, point=centre_of(ground.lattice, (col, row)), shape=shape_of(ground, [(col, row)]), cells=[[col, row]],
    since=first, last_hot=day, months=12, count=66, expected=30.0, z=6.1, q=0.0004, steps=steps, weight=10**6, day=day,
)
spot.towns.set([case.town])
"""


def test_a_leader_oversees_what_lies_behind_a_hot_spot_and_proposes_a_topic(visit: Visit) -> None:
    visitor = visit("desktop", "leader")
    visitor.product.manage("shell", "-c", PLANT)
    visitor.accept_questions()
    page = visitor.page
    page.goto("/insight/hot-spots/")
    card = page.locator(".spot-card").filter(has=page.get_by_role("link", name="列为督办")).first
    name = card.get_by_role("heading").get_by_role("link").inner_text()
    assert visitor.barriers() == [] and visitor.sideways() == []
    card.get_by_role("link", name="列为督办").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    visitor.map()
    assert visitor.barriers() == [] and visitor.sideways() == []

    # What was forgotten is said at its field; what was written stays.
    page.get_by_label("督办意见").fill("请按期答复，并到现场看一次。")
    with visitor.expecting(422):
        page.get_by_role("button", name="列为督办").click()
        expect(page.get_by_text("请选是哪个机构决定督办的。").first).to_be_visible()
    expect(page.get_by_label("督办意见")).to_have_value("请按期答复，并到现场看一次。")
    page.get_by_label("由谁决定").select_option(label="主任会议")
    page.get_by_role("button", name="列为督办").click()
    expect(page.get_by_text(re.compile(r"已对 \d+ 件登记督办"))).to_be_visible()

    page.get_by_role("button", name="作为监督议题").press("Enter")
    expect(page).to_have_url(TOPIC)
    topic = page.url
    expect(page.get_by_role("main")).to_contain_text(name)
    page.go_back()
    page.reload()
    page.get_by_role("link", name="议题草稿").click()
    expect(page).to_have_url(topic)


def test_the_office_drafts_a_topic_from_a_theme_on_a_phone(visit: Visit) -> None:
    visitor = visit("phone", "county")
    visitor.product.manage("group_themes")
    page = visitor.page
    page.goto("/insight/themes/")
    first = page.locator("[data-work-list] .list-row-title").first
    name = first.inner_text()
    assert visitor.barriers() == [] and visitor.sideways() == [] and visitor.small_targets() == []
    first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    visitor.map()
    assert visitor.barriers() == [] and visitor.sideways() == [] and visitor.small_targets() == []
    page.get_by_role("button", name="起草监督议题").click()
    expect(page).to_have_url(TOPIC)
    topic = page.url
    page.go_back()
    page.reload()
    page.get_by_role("link", name="看监督议题").click()
    expect(page).to_have_url(topic)
