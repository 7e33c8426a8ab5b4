"""Odd addresses and ends of sessions lead somewhere, never to an error page."""

import pytest
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "path",
    [
        "/stations/%00/",
        "/deputies/%00",
        "/p/%00",
        "/d/%00",
        "/d/police/%00",
        "/rota/%00/2030-03/",
        "/projects/%00/",
        "/follow/%00",
        "/boundaries/%00/x/",
    ],
)
def test_a_nul_in_an_address_is_not_found(client, county_office, path):
    client.force_login(county_office)
    assert client.get(path).status_code == 404


def test_a_form_sent_after_the_session_ended_leads_back_to_its_page(client: Client, town):
    form = "/plates/batches/?page=2"
    action = reverse("work_act", args=["batch", 1, "cancel"])
    assert (
        client.post(action, headers={"Referer": f"http://testserver{form}"})["Location"]
        == "/accounts/login/?next=/plates/batches/%3Fpage%3D2"
    )
    for elsewhere in ("https://evil.example/plates/", "", "//evil.example"):
        assert (
            client.post(reverse("plate_new"), headers={"Referer": elsewhere})["Location"]
            == "/accounts/login/?next=/plates/new/"
        )
