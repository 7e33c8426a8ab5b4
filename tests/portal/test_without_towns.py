"""As in 龙港市: villages hang right below the county. No page asks for a town or names an office that is not there."""

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.cases.clocks import Clock
from apps.cases.models import Case
from apps.cases.publishing import PublishedAnswer
from apps.deputies.models import Group, Mandate, Station
from apps.hotline.models import Record
from apps.insights.theme_models import Theme, ThemeMember
from apps.organisations.models import Organisation
from apps.projects.models import KeyProject
from apps.territory.models import AdminArea, Doorplate, ElectoralDistrict, LayerVersion, Term
from tests.portal.conftest import Furnished

NOT_THERE = ("乡镇", "街道", "镇人大", "None")


@pytest.fixture
def townless(furnished: Furnished) -> Furnished:
    county = furnished.town.county
    Case.objects.update(town=county, township_district=None)
    Record.objects.filter(town__isnull=False).update(town=county)
    Theme.objects.filter(town__isnull=False).update(town=county)
    ThemeMember.objects.update(town=county)
    Clock.objects.update(town=county)
    PublishedAnswer.objects.update(town=county)
    Organisation.objects.filter(code="STREET").update(name="城关片办事处", short_name="")
    KeyProject.objects.update(town=None)
    Doorplate.objects.update(town=None)
    Station.objects.update(area=county, kind="village", name="溪口片代表联络点", address="人民路12号")
    Group.objects.update(area=county)
    below = Term.objects.filter(level=Term.Level.TOWNSHIP)
    Mandate.objects.filter(term__in=below).delete()
    ElectoralDistrict.objects.filter(term__in=below).delete()
    below.delete()
    AdminArea.objects.filter(level="village").update(parent=county)
    AdminArea.objects.towns().delete()
    LayerVersion.raise_for("area", "district", "deputy", "doorplate", "station")
    return furnished


def shown(address: str, user: User | None = None) -> str:
    client = Client()
    if user:
        client.force_login(user)
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


@pytest.mark.parametrize("address", ["/", "/deputies/", "/stations/", "/follow", "/find?lat=28.005&lon=120.005", "/find?q=县人大", "/report?lat=28.005&lon=120.005"])
def test_residents_read_of_no_town(townless: Furnished, address: str) -> None:
    assert [word for word in NOT_THERE if word in shown(address)] == []


@pytest.mark.parametrize("address", ["/cases/", "/projects/", "/supervision/{run}/", "/supervision/new/", "/grids/", "/supervision/coverage/?view=fields", "/supervision/coverage/?view=topics&show=", "/groups/", "/rota/", "/cards/", "/plates/", "/terms/", "/insight/themes/"])
def test_the_office_is_asked_for_no_town(townless: Furnished, address: str) -> None:
    page = shown(address.format(run=townless.published.pk), townless.users.county_office)
    assert 'name="town"><option' not in page
    assert [word for word in NOT_THERE if word in page] == []


def test_a_follow_page_sends_to_a_station_nearby(townless: Furnished) -> None:
    page = shown(f"/follow/{townless.cases[0].follow_code}")
    assert "您附近的代表联络站" in page and [word for word in NOT_THERE if word in page] == []


def test_where_there_are_towns_they_are_asked_for(furnished: Furnished) -> None:
    office = furnished.users.county_office
    assert "乡镇人大代表" in shown("/deputies/") and "镇人大、街道工委办理中" in shown("/cases/", office)
    assert 'id="town" name="town"' in shown(f"/supervision/{furnished.published.pk}/", office) and 'id="f-town"' in shown("/projects/", office)
