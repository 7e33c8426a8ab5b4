"""Open311 GeoReport v2 as a client meets it: raw HTTP, JSON and XML, held to the specification's own examples. As the public role."""

import datetime as dt
import http.client
import json
import threading
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from django.utils import timezone

from apps.cases.models import Case, ReporterContact
from apps.cases.publishing import AnswersPage, Publication, PublishedAnswer
from apps.cases.taxonomy import Category
from apps.interop import keys
from apps.interop.keys import ApiKey, PostedRequest
from apps.record.messages import Outgoing
from apps.record.states import MoveRefused
from tests import town as toy
from tests.conftest import public_role

BASE = "/open311/v2"
# The fields of each answer in the specification (GeoReport v2, "Response Format"), which clients read by name.
SERVICE = {"service_code", "service_name", "description", "metadata", "type", "keywords", "group"}
REQUEST = {
    "service_request_id", "status", "status_notes", "service_name", "service_code", "description", "agency_responsible", "service_notice",
    "requested_datetime", "updated_datetime", "expected_datetime", "address", "address_id", "zipcode", "lat", "long", "media_url",
}  # fmt: skip


@pytest.fixture
def key(users) -> str:
    _, secret = keys.give_out(users.county_office, "县融媒体中心", "小李 0577-1", 120)
    return secret


@pytest.fixture
def ask(client):
    def get(path: str, status: int = 200, /, **parameters):
        with public_role():
            response = client.get(f"{BASE}/{path}", parameters)
        assert response.status_code == status, response.content.decode()
        assert response["Access-Control-Allow-Origin"] == "*"
        return ElementTree.fromstring(response.content) if path.split("?")[0].endswith(".xml") else response.json()

    return get


@pytest.fixture
def file(client, key):
    def post(form: str = "json", headers: dict | None = None, **said):
        point = toy.at(0.4, 0.5)
        body = {"api_key": key, "service_code": "lighting", "lat": point.y, "long": point.x, "description": "人民路路灯不亮", **said}
        with public_role():
            return client.post(f"{BASE}/requests.{form}", {name: value for name, value in body.items() if value is not None}, headers=headers or {})

    return post


@pytest.fixture(autouse=True)
def service(town) -> str:
    """A category that is offered, under the code that the tests file with."""
    Category.objects.filter(pk=Category.objects.offered().exclude(congress_only=True).first().pk).update(code="lighting", label="路灯照明")
    return "lighting"


# --- what there is ----------------------------------------------------------------------------------------------------------------


def test_discovery_leads_to_the_rest(client, town):
    with public_role():
        said = client.get("/open311/discovery.json").json()
        xml = ElementTree.fromstring(client.get("/open311/discovery.xml").content)
    assert set(said) == {"changeset", "contact", "key_service", "endpoints"}
    endpoint = said["endpoints"][0]
    assert set(endpoint) == {"specification", "url", "changeset", "type", "formats"} and endpoint["type"] == "production"
    assert endpoint["url"] == f"http://testserver{BASE}" and xml.find("endpoints/endpoint/url").text == endpoint["url"]
    assert [each.text for each in xml.findall("endpoints/endpoint/formats/format")] == ["application/json", "text/xml"]


def test_services_and_their_definition_say_the_same_in_both_forms(ask):
    listed, xml = ask("services.json"), ask("services.xml", jurisdiction_id=toy.COUNTY)
    assert all(set(each) == SERVICE for each in listed) and len(listed) == Category.objects.offered().count()
    assert xml.tag == "services" and [each.find("service_code").text for each in xml] == [each["service_code"] for each in listed]
    assert {each["metadata"] for each in listed} == {True} and xml[0].find("metadata").text == "true"
    defined, drawn = ask("services/lighting.json"), ask("services/lighting.xml")
    assert defined["service_code"] == drawn.find("service_code").text == "lighting"
    assert [each["code"] for each in defined["attributes"]] == [each.find("code").text for each in drawn.findall("attributes/attribute")] == ["PLACE", "HIDE_NAME"]
    assert [each.text for each in drawn.findall("attributes/attribute/values/value/key")] == ["yes", "no"]


@pytest.mark.parametrize(
    ("path", "parameters", "status"),
    [
        ("services/nonsense", {}, 404), ("services", {"jurisdiction_id": "boston.gov"}, 404), ("requests/nonsense", {}, 404), ("requests/999999", {}, 404),
        ("tokens/nonsense", {}, 404), ("requests", {"status": "late"}, 400), ("requests", {"start_date": "yesterday"}, 400), ("requests", {"page_size": "0"}, 400),
        ("requests", {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-12-01T00:00:00Z"}, 400), ("requests", {"api_key": "nobody's"}, 403),
        ("requests", {"page": "9" * 30}, 400), ("requests", {"start_date": "2026-13-45"}, 400),
    ],
)  # fmt: skip
def test_refusals_have_the_shape_of_the_specification(ask, path, parameters, status):
    said, xml = ask(f"{path}.json", status, **parameters), ask(f"{path}.xml", status, **parameters)
    assert [set(each) for each in said] == [{"code", "description"}] and said[0]["code"] == str(status)
    assert xml.tag == "errors" and xml.find("error/code").text == str(status) and xml.find("error/description").text


def test_without_a_format_the_client_says_what_it_likes(client, town):
    with public_role():
        kinds = [client.get(f"{BASE}/services", headers={"Accept": accept})["Content-Type"] for accept in ("text/xml", "application/json", "*/*")]
        assert client.get(f"{BASE}/services.html").status_code == 404
    assert kinds == ["text/xml; charset=utf-8", "application/json; charset=utf-8", "application/json; charset=utf-8"]


# --- filing -----------------------------------------------------------------------------------------------------------------------


def test_what_a_program_files_is_a_case_like_any_other(file, town):
    said = file(last_name="王", first_name="小明", phone="13912345678", media_url="https://example.org/p.jpg", **{"attribute[PLACE]": "3 幢楼下", "attribute[HIDE_NAME]": "no"})
    assert said.status_code == 200
    (answer,) = said.json()
    assert set(answer) == {"service_request_id", "service_notice", "account_id"}
    case = Case.objects.get()
    posted = PostedRequest.objects.get(case=case)
    assert answer["service_request_id"] == posted.code
    assert (case.deputy, case.category.code, case.hide_name, case.place) == (town.deputies["D1"], "lighting", False, "3 幢楼下")
    assert case.text == "人民路路灯不亮\n（附图：https://example.org/p.jpg）"
    reporter = ReporterContact.objects.get(case=case).opened()
    assert (reporter.name, reporter.phone) == ("王小明", "13912345678")
    assert [event.verb for event in case.events.all()][:1] == ["submit"]
    assert case.code not in said.content.decode() and case.follow_code in said.content.decode().replace("-", "")
    assert posted.code not in (case.code, case.follow_code)


def test_sent_again_it_is_the_same(file):
    first = file(device_id="phone-1").json()[0]["service_request_id"]
    assert file(device_id="phone-1").json()[0]["service_request_id"] == first
    assert file(device_id="phone-2").json()[0]["service_request_id"] != first
    once = {"Idempotency-Key": "a-1"}
    numbers = {file(headers=once, description="井盖松动").json()[0]["service_request_id"] for _ in range(3)}
    assert len(numbers) == 1 and Case.objects.count() == 3
    other = file(headers=once, description="另一件事")
    assert other.status_code == 409 and other.json()[0]["code"] == "409" and Case.objects.count() == 3


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"api_key": "wrong"}, 403), ({"api_key": None}, 403), ({"service_code": "nothing"}, 400), ({"service_code": None}, 400), ({"description": None}, 400),
        ({"description": "x" * 100_000}, 400), ({"lat": None}, 400), ({"lat": "north"}, 400), ({"lat": 52.5, "long": 13.4}, 400), ({"lat": 120.0, "long": 28.0}, 400),
        ({"media_url": "javascript:alert(1)"}, 400), ({"jurisdiction_id": "boston.gov"}, 404), ({"lat": None, "address_string": "没有的路 1 号"}, 400),
        ({"lat": None, "address_id": "nothing"}, 400), ({"description": "着火了，快来人！"}, 400), ({"phone": "1" * 500}, 200),
    ],
)  # fmt: skip
def test_bad_input_is_refused_whole(file, said, status):
    response = file(**said)
    assert response.status_code == status, response.content.decode()
    assert Case.objects.count() == PostedRequest.objects.count() == (status == 200)
    if status != 200:
        assert response.json()[0]["description"]


@pytest.mark.parametrize("where", [{"address_id": "P02"}, {"address_string": "东溪镇人民路100号"}])
def test_a_door_is_as_good_as_a_position(file, where, town):
    assert file(lat=None, long=None, **where).status_code == 200
    assert Case.objects.get().doorplate.code == ("P02" if "address_id" in where else "P04")


@pytest.mark.parametrize("text", ["<b>路灯</b>' OR 1=1 --", "路灯😀不亮\x00\x0b", "\u202e颠倒", "]]>&<!--"])
def test_odd_text_comes_back_as_text(file, ask, key, text):
    said = file(description=text)
    number = said.json()[0]["service_request_id"]
    held = Case.objects.get().text
    assert ask(f"requests/{number}.json", api_key=key)[0]["description"] == held
    assert ask(f"requests/{number}.xml", api_key=key).find("request/description").text == held


def test_a_token_first_if_the_key_is_so(client, users, ask, file):
    _, secret = keys.give_out(users.county_office, "浙里办", "小陈", 10, by_token=True)
    (answer,) = file(api_key=secret).json()
    assert set(answer) == {"token", "service_notice", "account_id"}
    (told,) = ask(f"tokens/{answer['token']}.json")
    assert told == {"service_request_id": PostedRequest.objects.get().code, "token": answer["token"]}
    xml = ask(f"tokens/{answer['token']}.xml")
    assert xml.find("request/service_request_id").text == told["service_request_id"]


def test_each_key_has_its_own_limit(file, users):
    _, narrow = keys.give_out(users.county_office, "试用", "小周", 2)
    assert [file(api_key=narrow, description=f"第{n}件").status_code for n in range(3)] == [200, 200, 429]
    late = file(api_key=narrow, description="又一件")
    assert int(late["Retry-After"]) > 0 and late.json()[0]["code"] == "429"
    assert file().status_code == 200


def test_a_stopped_key_counts_no_more(file, users):
    key = ApiKey.objects.get()
    with pytest.raises(MoveRefused):
        keys.stop(key.pk, users.county_office, " ")
    keys.stop(key.pk, users.county_office, "合同到期")
    assert file().status_code == 403 and not Case.objects.exists()
    assert [event.verb for event in key.events.order_by("pk")] == ["give_out", "stop"]
    with pytest.raises(MoveRefused):
        keys.stop(key.pk, users.county_office, "再停一次")


# --- reading ----------------------------------------------------------------------------------------------------------------------


def publish(case: Case, user, words: str = "已经修好。", *, on: dt.date | None = None) -> PublishedAnswer:
    AnswersPage.objects.update_or_create(pk=1, defaults={"is_open": True})
    on = on or timezone.localdate()
    row = Publication.objects.create(case=case, state="published", title="路灯不亮", question="〔地点〕路灯不亮", answer=words, source="", edited_by=user, confirmed_by=user, confirmed_at=timezone.now())
    return PublishedAnswer.objects.create(
        publication=row, title=row.title, question=row.question, answer=words, category=case.category, town=case.town, village=case.village,
        answered_by="县住建局", asked_on=on, answered_on=on,
    )  # fmt: skip


def test_only_what_a_person_has_reviewed_is_read(file, ask, users, client):
    assert file().status_code == file(description="一件没有公开的").status_code == 200
    assert ask("requests.json") == [] and len(ask("requests.xml")) == 0
    case = Case.objects.order_by("pk").first()
    publish(case, users.county_office)
    (row,) = ask("requests.json")
    assert set(row) == REQUEST and (row["status"], row["description"], row["status_notes"]) == ("closed", "〔地点〕路灯不亮", "已经修好。")
    xml = ask("requests.xml")[0]
    assert {each.tag for each in xml} == REQUEST and xml.find("lat").text == str(row["lat"])
    said = json.dumps(row, ensure_ascii=False)
    assert case.code not in said and case.follow_code not in said and case.text not in said
    assert abs(row["lat"] - case.point.y) + abs(row["long"] - case.point.x) > 1e-4  # at its village, not at its door
    number = case.posted_request.code
    assert row["service_request_id"] == number and ask(f"requests/{number}.json") == ask(f"request/{number}.json") == [row]
    hidden = Case.objects.order_by("pk").last().posted_request.code
    assert ask(f"requests/{hidden}.json", 404)
    assert ask("requests.json", service_request_id=f"{number},{hidden},nothing") == [row]
    AnswersPage.objects.update(is_open=False)
    assert ask("requests.json") == [] and ask(f"requests/{number}.json", 404)


def test_who_filed_it_follows_it_with_his_key(file, ask, key, users):
    number = file().json()[0]["service_request_id"]
    (row,) = ask(f"requests/{number}.json", api_key=key)
    assert (row["status"], row["description"], row["agency_responsible"]) == ("open", "人民路路灯不亮", "陈安代表")
    assert dt.datetime.fromisoformat(row["requested_datetime"]).tzinfo and row["lat"] == pytest.approx(toy.at(0.4, 0.5).y, abs=1e-6)
    _, other = keys.give_out(users.county_office, "别家", "小吴", 10)
    assert ask(f"requests/{number}.json", 404) and ask(f"requests/{number}.json", 404, api_key=other) and ask("requests.json", api_key=other) == []
    assert [each["service_request_id"] for each in ask("requests.json", api_key=key)] == [number]
    assert ask("requests.json", api_key=key, status="closed") == []
    Case.objects.update(state="answered", answer="已换灯泡。", answered_at=timezone.now())
    (row,) = ask("requests.json", api_key=key, status="closed")
    assert row["status_notes"] == "已换灯泡。"
    publish(Case.objects.get(), users.county_office)
    assert len(ask("requests.json", api_key=key)) == 1  # once, though it is both


def test_spans_services_and_pages(file, ask, users, django_assert_max_num_queries):
    today = timezone.localdate()
    file()
    case = Case.objects.get()
    made = Case.objects.filter(pk=case.pk).values()[0]
    for day in range(1, 130):
        fields = {**made, "id": None, "code": f"X{day}", "follow_code": f"F{day}", "submission": f"00000000-0000-0000-0000-{day:012}"}
        fields.pop("point_3857")
        publish(Case.objects.create(**fields), users.county_office, on=today - dt.timedelta(days=day))
    assert len(ask("requests.json")) == 90  # days 1 to 90
    with django_assert_max_num_queries(12):
        assert len(ask("requests.json", page_size=50, page=2)) == 40
    pages = [row["service_request_id"] for page in (1, 2) for row in ask("requests.json", page_size=50, page=page)]
    assert len(set(pages)) == 90
    first = today - dt.timedelta(days=129)
    assert len(ask("requests.json", start_date=first.isoformat(), end_date=f"{first + dt.timedelta(days=9)}T12:00:00+08:00")) == 10
    assert len(ask("requests.json", service_code="lighting,other")) == 90 and ask("requests.json", service_code="other") == []
    assert ask("requests.json", status="open") == []


# --- a real client, two zones, the office's page ------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_over_the_wire_a_form_sent_ten_times_at_once_is_one_case(live_server, users):
    _, secret = keys.give_out(users.county_office, "真客户端", "小郑", 120)
    point, host = toy.at(0.4, 0.5), live_server.url.removeprefix("http://")
    body = urlencode({"api_key": secret, "service_code": "lighting", "lat": point.y, "long": point.x, "description": "路灯不亮", "attribute[PLACE]": "东门"})
    answers = []

    def send():
        connection = http.client.HTTPConnection(host, timeout=30)
        connection.request("POST", f"{BASE}/requests.xml", body, {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8", "Idempotency-Key": "once"})
        response = connection.getresponse()
        answers.append((response.status, response.getheader("Content-Type"), response.read()))
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert {(status, kind) for status, kind, _ in answers} == {(200, "text/xml; charset=utf-8")}
    assert len({ElementTree.fromstring(text).find("request/service_request_id").text for *_, text in answers}) == 1
    assert Case.objects.count() == PostedRequest.objects.count() == 1


def test_keys_given_out_in_the_office_count_in_the_public_zone(users, settings, file):
    settings.ZONE = "office"
    key, secret = keys.give_out(users.county_office, "省平台", "小何", 50)
    keys.stop(key.pk, users.county_office, "换新的")
    given, stopped = [message.body for message in Outgoing.objects.order_by("pk")]
    assert secret not in json.dumps(given) and "小何" not in json.dumps(given)
    settings.ZONE = "all"
    ApiKey.objects.filter(pk=key.pk).update(digest="0" * 64, name="旧")
    keys._take_in(given)
    assert file(api_key=secret).status_code == 200
    keys._take_in(stopped)
    assert file(api_key=secret, description="又一件").status_code == 403


def test_the_offices_page(users, client):
    client.force_login(users.county_office)
    said = client.post("/keys/", {"name": "小程序", "contact": "小高 1", "per_hour": 60}).content.decode()
    key = ApiKey.objects.get()
    secret = said.split('<p class="code">')[1].split("<")[0]
    assert ApiKey.objects.holder_of(secret) == key and secret not in client.get("/keys/").content.decode()
    twice = client.post("/keys/", {"name": "小程序", "contact": "小高 2", "per_hour": 60})
    assert twice.status_code == 422 and "小高 2" in twice.content.decode() and ApiKey.objects.count() == 1
    assert client.post("/keys/", {"name": "x", "contact": "y", "per_hour": "0"}).status_code == 422
    assert client.post(f"/keys/{key.pk}/stop", {"reason": ""}).status_code == 422
    client.post(f"/keys/{key.pk}/stop", {"reason": "到期"})
    assert ApiKey.objects.holder_of(secret) is None
    for other in (users.leader, users.town_clerk, users.unit_officer, users.deputy):
        client.force_login(other)
        assert client.get("/keys/").status_code == 403 and client.post("/keys/", {}).status_code == 403
