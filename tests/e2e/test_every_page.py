"""What holds for every page of every door: nothing sticks out, fingers hit, axe finds no barrier, maps are drawn."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.product import Product
from tests.e2e.visitor import WIDTHS, Visitor

PAGES = {  # who, and the way there
    "home": ("", "/"),
    "result": ("", "/find?q={address}"),
    "choices": ("", "/find?q={road}"),
    "another day": ("", "/find?q={address}&on=2027-01-01"),
    "unit": ("", "/find?q={unit}"),
    "report": ("", "/report?lat={lat}&lon={lon}"),
    "scan": ("", "/scan"),
    "door": ("", "/d/{code}"),
    "report from a door": ("", "/report?code={code}&via=scan"),
    "follow": ("", "/follow"),
    "stations": ("", "/stations/"),
    "deputies": ("", "/deputies/"),
    "login": ("", "/accounts/login/"),
    "desk": ("deputy", "/desk/"),
    "own topics": ("deputy", "/desk/?show=assigned"),
    "projects near by": ("deputy", "/projects/nearby/"),
    "projects near by for staff": ("county", "/projects/nearby/?q={road}"),
    "own turns": ("deputy", "/duty/"),
    "deputy cases": ("deputy", "/cases/?state=all"),
    "enter": ("deputy", "/cases/new/"),
    "projects": ("deputy", "/projects/"),
    "projects by unit": ("county", "/projects/?by=unit"),
    "monthly reports": ("county", "/projects/reports/"),
    "clerk cases": ("town", "/cases/?state=all"),
    "runs": ("county", "/supervision/"),
    "drafting": ("county", "/supervision/new/"),
    "comparison": ("county", "/supervision/compare/"),
    "topics": ("deputy", "/supervision/topics/"),
    "a new topic": ("county", "/supervision/topics/new/"),
    "claims": ("county", "/supervision/claims/"),
    "calls": ("county", "/supervision/calls/"),
    "a nearby call": ("county", "/supervision/calls/new/?lat={lat}&lon={lon}"),
    "notices": ("deputy", "/notices/"),
    "calendar": ("county", "/calendar/"),
    "a year pasted": ("county", "/calendar/2027/change"),
    "limits": ("county", "/calendar/limits/"),
    "rules": ("dispatcher", "/cases/rules/"),
    "a new rule": ("dispatcher", "/cases/rules/new/?category=road_facility"),
    "a rule tried": ("leader", "/cases/rules/try/"),
    "what was learned": ("county", "/cases/models/"),
    "a category changed": ("county", "/cases/categories/?change=2"),
    "findings": ("county", "/supervision/findings/?state=all"),
    "units and their findings": ("dispatcher", "/supervision/findings/units"),
    "evaluation": ("leader", "/supervision/evaluation/?by=deputy"),
    "records": ("town", "/hotline/"),
    "what comes in": ("county", "/hotline/intakes/"),
    "a new source": ("county", "/hotline/sources/new/"),
    "region reports": ("county", "/insight/reports/"),
    "a region's report": ("town", "/insight/reports/now"),
    "briefings": ("county", "/insight/briefings/"),
    "deputy grid": ("town", "/grids/"),
    "own grids": ("deputy", "/grids/mine/"),
    "coverage": ("county", "/supervision/coverage/?view=grids&show="),
    "coverage by field": ("county", "/supervision/coverage/?view=fields"),
    "groups": ("town", "/groups/"),
    "rota": ("town", "/rota/"),
    "codes": ("county", "/cards/"),
    "doors' codes": ("county", "/plates/"),
    "a new code": ("town", "/plates/new/"),
    "codes of an area": ("county", "/plates/batches/"),
    "sheets": ("town", "/plates/prints/"),
    "issuers": ("county", "/plates/issuers/"),
    "cases on the map": ("county", "/cases/?state=open&view=map"),
    "reception days": ("town", "/cases/receptions/"),
    "a new reception day": ("town", "/cases/receptions/new/"),
    "answer templates": ("town", "/cases/templates/"),
    "dispatcher cases": ("dispatcher", "/cases/?state=all"),
    "imports": ("county", "/imports/"),
    "districts checked": ("county", "/imports/districts/"),
    "terms": ("county", "/terms/"),
    "voices on a map": ("town", "/insight/?by=change&level=village&period=730"),
    "hot spots": ("county", "/insight/hot-spots/"),
    "around projects": ("town", "/insight/projects/"),
    "cockpit": ("leader", "/cockpit/"),
    "dark cockpit": ("leader", "/cockpit/?wall=1"),
    "public voices": ("", "/voices/"),
    "public voices in the office": ("county", "/insight/voices/"),
}
INNER = {  # who, the list, and the link into its first entry
    "station": ("", "/stations/", "article h2 a"),
    "one deputy": ("", "/deputies/", ".deputy-name a"),
    "a grid": ("county", "/grids/", "a.list-row-title"),
    "a group": ("county", "/groups/", "a.list-row-title"),
    "month": ("county", "/rota/", "a.list-row-title"),
    "one code": ("county", "/cards/", "a.list-row-title"),
    "a door's code": ("county", "/plates/", "a.list-row-title"),
    "an issuer": ("county", "/plates/issuers/", "a.list-row-title"),
    "project": ("deputy", "/projects/", "a.project-card-title"),
    "case": ("town", "/cases/?state=all", "a.list-row-title"),
    "term": ("county", "/terms/", "a.list-row-title"),
    "workbench": ("county", "/supervision/", "a.list-row-title"),
    "topic": ("deputy", "/supervision/topics/?kind=livelihood", "a.list-row-title"),
}
WHO = {name: login for name, (login, *_) in {**PAGES, **INNER}.items()}


Visit = Callable[..., Visitor]


@pytest.fixture(params=WHO)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def phone_of(chromium: Browser, product: Product, cookies: dict[str, list]) -> Iterator[Callable[[str], Visitor]]:
    """The phone of whoever it is, the same for all pages: what they share is fetched and compiled once."""
    phones: dict[str, Visitor] = {}

    def phone(login: str) -> Visitor:
        if login not in phones:
            phones[login] = Visitor(chromium, product, "phone")
            if login:
                phones[login].enter(login, cookies)
        return phones[login]

    yield phone
    for visitor in phones.values():
        visitor.close()


def go(visitor: Visitor, name: str) -> None:
    """Open one of PAGES or INNER and wait until it stands there whole."""
    page = visitor.page
    if name in PAGES:
        page.goto(PAGES[name][1].format(code=visitor.product.facts["code"], unit=visitor.product.facts["unit"], **visitor.product.facts["door"]))
    else:
        _, address, link = INNER[name]
        page.goto(address)
        page.goto(page.locator(link).first.get_attribute("href"))
    expect(page.locator("[hx-trigger=load], .htmx-request")).to_have_count(0)
    if page.locator("[data-map]").locator("visible=true").count():
        visitor.map()


def test_phone_and_desktop(phone_of: Callable[[str], Visitor], name: str) -> None:
    """One page, opened once: on a phone, then as wide as a desktop's window, which is what its styles go by."""
    visitor = phone_of(WHO[name])
    visitor.complaints.clear()
    visitor.resize("phone")
    go(visitor, name)
    assert visitor.sideways() == []
    assert visitor.small_targets() == []
    assert visitor.barriers() == []
    visitor.resize("desktop")
    assert visitor.sideways() == []
    assert visitor.barriers() == []
    visitor.page.goto("about:blank")  # what it would go on asking for is asked for no more
    assert not visitor.complaints, "\n".join(visitor.complaints)


@pytest.mark.parametrize("name", ["result", "desk", "cockpit", "workbench"], indirect=True)
def test_tablet(visit: Visit, name: str) -> None:
    visitor = visit("tablet", WHO[name])
    go(visitor, name)
    assert visitor.sideways() == []
    assert visitor.small_targets() == []


def test_interface_description(visit: Visit) -> None:
    """The page that describes the API draws itself from our own files too."""
    visitor = visit("desktop")
    visitor.page.goto("/api/docs")
    expect(visitor.page.get_by_text("/api/v1/find").first).to_be_visible()


@pytest.mark.skipif(not os.environ.get("SCREENSHOTS"), reason="set SCREENSHOTS to a folder to have every page painted into it")
@pytest.mark.parametrize("width", WIDTHS)
def test_paint(visit: Visit, width: str) -> None:
    for name, login in WHO.items():
        visitor = visit(width, login)
        go(visitor, name)
        visitor.page.evaluate("scrollTo(0, 0)")
        visitor.page.screenshot(path=Path(os.environ["SCREENSHOTS"]) / f"{name.replace(' ', '-')}-{visitor.width}.png", full_page=True)
        visitor.context.close()
