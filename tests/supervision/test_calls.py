"""Nearby calls: the nearest free deputies of a place, told in one step; the record stays."""

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from apps.deputies.models import Mandate
from apps.record.notices import Notice
from apps.supervision.calls import NearbyCall

pytestmark = pytest.mark.django_db
AT = {"lat": "28.0052", "lon": "120.0052"}  # in V1


@pytest.fixture
def asked(client, county_office, deputy, town) -> dict:
    client.force_login(county_office)
    return {**AT, "text": "河堤渗水，请到场看看", "deputy": [town.deputies["D1"].pk, town.deputies["D3"].pk]}


def test_the_nearest_free_are_listed_for_a_place(client, county_office, town):
    client.force_login(county_office)
    page = client.get(reverse("call_new"), AT)
    names = [one["deputy"].name for one in page.context["near"]]
    assert names[0] == "陈安" and "蓝天" not in names  # who sits in a township only is not asked by the county
    assert client.get(reverse("call_new"), AT | {"field": "education"}).context["near"][0]["deputy"].name == "林秀"
    assert "先定地点" in client.get(reverse("call_new")).content.decode()


def test_an_address_will_do_and_one_that_is_not_found_is_said(client, county_office, town):
    client.force_login(county_office)
    assert client.get(reverse("call_new"), {"q": "东溪镇人民路1号"}).context["near"]
    page = client.get(reverse("call_new"), {"q": "火星路99号"})
    assert not page.context["near"] and page.context["origin"].problem


def test_a_place_outside_the_county_is_said(client, county_office, town):
    client.force_login(county_office)
    page = client.get(reverse("call_new"), {"lat": "30", "lon": "121"})
    assert "不在本县范围内" in page.content.decode() and not page.context["near"]
    client.post(reverse("call_new"), {"lat": "30", "lon": "121", "text": "试", "deputy": town.deputies["D1"].pk})
    assert not NearbyCall.objects.exists()


def test_those_who_are_ticked_are_told_and_the_record_stays(client, asked, deputy, town):
    answer = client.post(reverse("call_new"), asked, follow=True)
    made = NearbyCall.objects.get()
    assert {one.name for one in made.deputies.all()} == {"陈安", "黄杰"}
    assert Notice.objects.filter(recipient=deputy, title__contains="请就近到场").count() == 1
    assert "黄杰没有账号，请打电话" in answer.content.decode()
    with pytest.raises(DatabaseError, match="只能追加"), transaction.atomic():
        NearbyCall.objects.update(text="别的")
    client.force_login(deputy)
    assert "河堤渗水" in client.get(reverse("call_detail", args=[made.pk])).content.decode()


def test_a_button_pressed_twice_calls_once_and_who_has_left_is_not_called(client, asked, deputy, town):
    for _ in range(2):
        assert client.post(reverse("call_new"), asked).url == reverse("call_detail", args=[NearbyCall.objects.get().pk])
    assert Notice.objects.filter(recipient=deputy, title__contains="请就近到场").count() == 1
    client.post(reverse("call_new"), asked | {"deputy": town.deputies["D1"].pk})  # of another one it is another call
    assert NearbyCall.objects.count() == 2
    Mandate.objects.filter(deputy=town.deputies["D3"]).update(ended_on=timezone.localdate())
    answer = client.post(reverse("call_new"), asked | {"text": "请再到场"})
    assert answer.status_code == 422 and "黄杰已不是在任" in answer.content.decode() and NearbyCall.objects.count() == 2


@pytest.mark.parametrize(("wrong", "words"), [({"text": " "}, "请写明什么事"), ({"deputy": []}, "请至少勾选一位")])
def test_what_is_missing_is_said_and_nothing_typed_is_lost(client, asked, wrong, words):
    answer = client.post(reverse("call_new"), asked | wrong)
    assert answer.status_code == 422 and words in answer.content.decode()
    assert (asked | wrong)["text"].strip() in answer.content.decode() and not NearbyCall.objects.exists()


def test_others_neither_call_nor_read(client, asked, town_clerk, stranger, town):
    client.post(reverse("call_new"), asked)
    made = NearbyCall.objects.get()
    for user in (town_clerk, stranger):
        client.force_login(user)
        assert client.post(reverse("call_new"), asked).status_code in (302, 403) and NearbyCall.objects.count() == 1
        assert client.get(reverse("call_detail", args=[made.pk])).status_code in (302, 403, 404)
