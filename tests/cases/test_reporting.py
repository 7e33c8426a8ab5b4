"""What comes with a report and what is said before it is sent, with no more than the rights of `geo_public`: photos, what belongs
elsewhere, open cases like it and joining them; and the page behind a code of his own."""

import io
import math
import re
import uuid

import pytest
from django.contrib.gis.geos import Point
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from apps.cases import workflow, workflow_limits, workflow_parts
from apps.cases.joining import join
from apps.cases.models import Case, CaseEvent, Joiner, Rating, Reporter, ReporterContact
from apps.cases.reports import Overruled, ReportPhoto
from apps.cases.similar import CELL, open_cases, similar_cases, similar_reports
from apps.record.files import Photo
from apps.record.states import MoveRefused
from tests import town as toy
from tests.cases.conftest import a_report, brought_to
from tests.cases.test_public_pages import HERE, filled, page, words  # noqa: F401
from tests.conftest import public_role
from tests.record import cameras

LAMPS = "人民路口的路灯坏了两个月，晚上看不见。"
NEARBY = toy.at(0.62, 0.6)


@pytest.fixture(autouse=True)
def fresh_index() -> None:
    open_cases.forget()


def a_photo(colour: str = "red", name: str = "路灯.jpg") -> SimpleUploadedFile:
    file = io.BytesIO()
    picture = cameras.scene()
    picture.putpixel((0, 0), {"red": (1, 2, 3), "blue": (4, 5, 6)}.get(colour, (7, 8, hash(colour) % 256)))
    picture.save(file, "JPEG", exif=cameras.exif(6), comment=cameras.SECRET)
    return SimpleUploadedFile(name, file.getvalue(), content_type="image/jpeg")


def considered(page, text: str, at=HERE, **more):  # noqa: F811
    return page.post("/report/considered", {"text": text, "lat": f"{at.y:.6f}", "lon": f"{at.x:.6f}", **more})


def token(response) -> str:
    return re.search(r'name="join" value="([^"]+)"', response.content.decode())[1]


# --- photos -------------------------------------------------------------------------------------------------------------------


def test_photos_come_with_a_report_without_place_and_device(town, people, page):  # noqa: F811
    form = filled(photos=[a_photo(), a_photo("blue", "2.jpg"), a_photo()])
    sent = page.post("/report", form)
    case = Case.objects.get()
    assert sent.status_code == 302 and case.photos.count() == 2  # the same one twice is one
    photo = Photo.objects.first()
    assert photo.by is None and photo.taken_point is None and photo.taken_at is None
    whole = page.get(f"/follow/{case.follow_code}/photos/{photo.pk}/full")
    assert whole.status_code == 200 and whole["X-Robots-Tag"] == "noindex, nofollow"
    assert cameras.SECRET not in whole.content and b"Exif" not in whole.content
    assert Image.open(io.BytesIO(whole.content)).size == (32, 64)  # turned upright
    assert f"/follow/{case.follow_code}/photos/{photo.pk}/small" in page.get(f"/follow/{case.follow_code}").content.decode()
    other = workflow.submit(a_report())
    assert page.get(f"/follow/{other.follow_code}/photos/{photo.pk}/full").status_code == 404
    assert page.get(f"/follow/{case.follow_code}/photos/{photo.pk}/huge").status_code == 404


def test_the_office_sees_the_photos_of_cases_it_may_see(town, people, page):  # noqa: F811
    page.post("/report", filled(photos=[a_photo()]))
    case, photo = Case.objects.get(), Photo.objects.get()
    for user, status in ((people.deputy, 200), (people.town_clerk, 200), (people.other_clerk, 404), (people.unit_officer, 404)):
        client = Client()
        client.force_login(user)
        assert client.get(f"/cases/{case.code}/photos/{photo.pk}/small").status_code == status, user
    assert Client().get(f"/cases/{case.code}/photos/{photo.pk}/small").status_code in (302, 403)


@pytest.mark.parametrize(
    ("uploads", "said"),
    [
        (lambda: [SimpleUploadedFile("a.jpg", b"<html><script>alert(1)</script>")], "不是能读的照片"),
        (lambda: [a_photo(), SimpleUploadedFile("b.png", b"\x89PNG\r\n\x1a\n" + b"%PDF-1.7" * 40)], "不是能读的照片"),
        (lambda: [SimpleUploadedFile("c.jpg", b"GIF89a" + b"\x00" * 40 + b"<?php system($_GET[0]) ?>")], "不是能读的照片"),
        (lambda: [SimpleUploadedFile("d.jpg", b"")], "空文件"),
        (lambda: [a_photo(str(number), f"{number}.jpg") for number in range(7)], "一次最多 6 张"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_photo_stops_the_report_and_nothing_typed_is_lost(uploads, said, town, people, page):  # noqa: F811
    response = page.post("/report", filled(photos=uploads()))
    assert response.status_code == 422 and said in words(response) and "人民路口的路灯坏了两个月。" in words(response)
    assert not Case.objects.exists() and not ReportPhoto.objects.exists()


def test_sent_twice_with_photos_it_is_one_case_with_each_photo_once(town, people, page):  # noqa: F811
    form = filled()
    answers = {page.post("/report", {**form, "photos": [a_photo()]})["Location"] for _ in range(3)}
    assert len(answers) == 1 and Case.objects.count() == Photo.objects.count() == ReportPhoto.objects.count() == 1


# --- what belongs elsewhere ---------------------------------------------------------------------------------------------------


def test_an_emergency_is_led_to_its_number_and_can_be_insisted_on(town, people, page):  # noqa: F811
    fire = "3幢现在着火了，浓烟很大，快来人！"
    said = considered(page, fire)
    assert 'href="tel:119"' in said.content.decode() and "不是正在发生的紧急情况，仍要反映" in words(said)
    refused = page.post("/report", filled(text=fire))
    assert refused.status_code == 422 and 'href="tel:119"' in refused.content.decode() and fire in words(refused)
    assert not Case.objects.exists()
    assert page.post("/report", filled(text=fire, not_urgent="on")).status_code == 302
    kept = Overruled.objects.get()
    assert (kept.kind, kept.found, kept.by, kept.reason) == ("fire", "着火", None, "") and "照常受理" in kept.words


@pytest.mark.parametrize(
    ("text", "number"),
    [("我的案子法院一审判决不公，我要上诉", "12368"), ("实名举报村书记贪污征地补偿款", "12388"), ("我妈妈被诈骗了八万元积蓄", "110"), ("12345已经受理，工单号为20260310001234", "12345")],
)  # fmt: skip
def test_what_is_not_ours_is_not_taken_whatever_is_ticked(text, number, town, people, page):  # noqa: F811
    response = page.post("/report", filled(text=text, not_urgent="on"))
    assert response.status_code == 422 and f'href="tel:{number}"' in response.content.decode() and text in words(response)
    assert "仍要反映" not in words(response) and not Case.objects.exists()


def test_an_office_takes_it_with_a_reason(town, people):
    client = Client()
    client.force_login(people.town_clerk)
    form = filled(text="我的案子法院一审判决不公，我要上诉", channel="station")
    assert client.post("/cases/new/", form).status_code == 422
    assert client.post("/cases/new/", {**form, "overrule": "反映的是法院门口的台阶"}).status_code == 302
    kept = Overruled.objects.get()
    assert (kept.kind, kept.by, kept.reason) == ("court", people.town_clerk, "反映的是法院门口的台阶") and "代录入时写明" in kept.words


# --- open cases like it -------------------------------------------------------------------------------------------------------


def test_an_open_case_like_it_nearby_is_offered_without_a_stranger_s_words(town, people, page):  # noqa: F811
    case = workflow.submit(a_report(text="人民路口路灯不亮，我叫王小明，电话13911112222，住3幢502室", photos=()))
    html = considered(page, "路口的路灯坏了，晚上不亮，王小明也知道，502室", NEARBY).content.decode()
    assert "我也遇到" in html and "都提到：路口、路灯、不亮" in re.sub(r"\s+", "", html).replace("都提到:", "都提到：")
    assert "就在这附近" in html and "现在由陈安代表办理" in html and "3月10日反映" in html
    for secret in ("王小明", "13911112222", "502", case.code, case.follow_code, f'value="{case.pk}"'):
        assert secret not in html, secret


@pytest.mark.parametrize(
    ("text", "at"),
    [("校门口接送时太堵", NEARBY), ("村口的路灯坏了，晚上不亮", toy.at(2.5, 2.5)), ("", NEARBY), ("您好，请尽快解决，谢谢", NEARBY), ("很" * 100_000, NEARBY)],
)  # fmt: skip
def test_nothing_is_offered_where_nothing_is_like_it(text, at, town, people, page):  # noqa: F811
    workflow.submit(a_report(text=LAMPS))
    assert "我也遇到" not in words(considered(page, text, at))


@pytest.mark.parametrize("place", [{"lat": "", "lon": ""}, {"lat": "x", "lon": "nan"}, {"lat": "0", "lon": "999"}])
def test_without_a_place_only_the_words_are_considered(place, town, people, page):  # noqa: F811
    workflow.submit(a_report(text=LAMPS))
    answer = page.post("/report/considered", {"text": LAMPS, **place})
    assert answer.status_code == 200 and "我也遇到" not in words(answer)


def test_the_index_follows_what_becomes_of_cases(town, people, page):  # noqa: F811
    assert similar_reports(LAMPS, HERE.x, HERE.y) == []
    case = workflow.submit(a_report(text=LAMPS))
    assert [each.case.pk for each in similar_reports(LAMPS, HERE.x, HERE.y)] == [case.pk]
    with CaptureQueriesContext(connection, ) as asked:
        similar_reports(LAMPS, HERE.x, HERE.y)
    assert len(asked) == 2
    workflow.answer_as_deputy(case, people.deputy, "路灯已经修好。")
    assert similar_reports(LAMPS, HERE.x, HERE.y) == []


def test_asking_from_many_places_does_not_find_the_house(town, people):
    """Wherever in a cell of a hundred metres it is: the same answer to whoever asks from anywhere."""
    workflow.submit(a_report(text=LAMPS))
    lon, lat = (math.floor(degrees / CELL) * CELL for degrees in (HERE.x, HERE.y))
    answers = set()
    for aside in (0.00001, 0.0005, 0.00099):
        Case.objects.update(point=Point(lon + aside, lat + aside, srid=4326))
        open_cases.forget()
        answers.add(tuple((found.metres, found.score) for east in range(-5, 6) for found in similar_reports(LAMPS, lon + east * 0.0011, lat)))
    assert len(answers) == 1 and len(answers.pop()) > 5


def test_who_works_on_a_case_sees_others_like_it_that_he_may_see(town, people):
    case, other = workflow.submit(a_report(text=LAMPS)), workflow.submit(a_report(text="人民路口路灯还是坏的"))
    assert [each.case for each in similar_cases(case, people.town_clerk)] == [other]
    assert similar_cases(case, people.other_clerk) == similar_cases(case, people.unit_officer) == []


# --- joining ------------------------------------------------------------------------------------------------------------------


def joined(page, town, people, **changes) -> tuple[Case, Joiner]:  # noqa: F811
    case = workflow.submit(a_report(text=LAMPS))
    key = token(considered(page, "人民路口路灯不亮", NEARBY))
    sent = page.post("/report", filled(text="人民路口路灯不亮", join=key, phone="13800001111", **changes))
    joiner = Joiner.objects.get()
    assert sent["Location"] == f"/report/sent/{joiner.follow_code}"
    return case, joiner


def merged(case: Case, people) -> Case:
    """The case that this one goes on in from now on."""
    main = workflow.submit(a_report(text="人民路口路灯还是坏的"))
    workflow_parts.merge(workflow.pass_to_town(case, people.deputy), people.town_clerk, main)
    return main


def test_joining_gives_a_code_of_one_s_own_and_no_second_case(town, people, page):  # noqa: F811
    case, joiner = joined(page, town, people, photos=[a_photo()])
    assert Case.objects.count() == 1 and joiner.case == case and joiner.words == "人民路口路灯不亮"
    assert ReporterContact(sealed=joiner.contact).opened() == Reporter("李梅", "13800001111")
    assert "已加入正在办理的一件" in words(page.get(f"/report/sent/{joiner.follow_code}"))
    said = words(page.get(f"/follow/{joiner.follow_code}"))
    assert "与先前反映的一件一并办理" in said and "人民路口路灯不亮" in said and "现在由陈安代表办理" in said
    assert LAMPS not in said and "撤回" not in said
    photo = Photo.objects.get()
    assert page.get(f"/follow/{joiner.follow_code}/photos/{photo.pk}/small").status_code == 200
    assert page.get(f"/follow/{case.follow_code}/photos/{photo.pk}/small").status_code == 404
    assert "又有一位群众遇到同样的问题" in words(page.get(f"/follow/{case.follow_code}"))
    assert CaseEvent.objects.broken_chains() == []


def test_joining_twice_with_one_number_is_once(town, people, page):  # noqa: F811
    workflow.submit(a_report(text=LAMPS))
    form = filled(text="路灯不亮", join=token(considered(page, LAMPS)))
    assert {page.post("/report", form)["Location"] for _ in range(3)} == {f"/report/sent/{Joiner.objects.get().follow_code}"}


def test_a_joiner_is_told_and_may_rate_and_the_reporter_s_rating_is_not_his(town, people, page):  # noqa: F811
    case, joiner = joined(page, town, people)
    workflow.answer_as_deputy(case, people.deputy, "路灯已经修好。")
    assert "路灯已经修好。" in words(page.get(f"/follow/{joiner.follow_code}"))
    assert page.post(f"/follow/{case.follow_code}/rate", {"outcome": "satisfied"}).status_code == 302
    said = words(page.get(f"/follow/{joiner.follow_code}"))
    assert "您的评价" not in said and "办理结果满意吗" in said
    assert page.post(f"/follow/{joiner.follow_code}/rate", {"outcome": "unsatisfied", "words": "又坏了"}).status_code == 302
    assert "您已评价，谢谢" in words(page.get(f"/follow/{joiner.follow_code}"))
    assert page.post(f"/follow/{joiner.follow_code}/rate", {"outcome": "satisfied"}).status_code == 409
    assert sorted(Rating.objects.filter(part="outcome").values_list("by", "score")) == [("joiner", "unsatisfied"), ("reporter", "satisfied")]
    assert "您的评价：满意" in words(page.get(f"/follow/{case.follow_code}")) and Case.objects.get().state == "closed"


def test_what_was_answered_meanwhile_is_not_joined_and_nothing_is_lost(town, people, page):  # noqa: F811
    case = workflow.submit(a_report(text=LAMPS))
    key = token(considered(page, LAMPS))
    workflow.answer_as_deputy(case, people.deputy, "路灯已经修好。")
    refused = page.post("/report", filled(text="路灯不亮", join=key))
    assert refused.status_code == 422 and "不能再加入" in words(refused) and "路灯不亮" in words(refused)
    assert page.post("/report", filled(text="路灯不亮", join="")).status_code == 302
    with pytest.raises(MoveRefused), public_role():
        join(case, uuid.uuid4())


@pytest.mark.parametrize("forged", ["1", "x" * 500, "eyJ:1:2", "\x00"])
def test_a_token_that_is_not_ours_joins_nothing(forged, town, people, page):  # noqa: F811
    workflow.submit(a_report(text=LAMPS))
    refused = page.post("/report", filled(join=forged))
    assert refused.status_code == 422 and not Joiner.objects.exists() and "人民路口的路灯坏了两个月。" in words(refused)


def test_too_long_a_word_more_is_said_at_its_field(town, people, page):  # noqa: F811
    workflow.submit(a_report(text=LAMPS))
    long = "路灯不亮" * 200
    refused = page.post("/report", filled(text=long, join=token(considered(page, LAMPS))))
    assert refused.status_code == 422 and "最多 500 个字，现在有 800 个" in words(refused) and long in words(refused)


def test_who_joins_a_case_that_was_merged_joins_the_one_it_goes_on_in(town, people, page):  # noqa: F811
    other = workflow.submit(a_report(text=LAMPS))
    key = token(considered(page, LAMPS))
    main = merged(other, people)
    page.post("/report", filled(text="路灯不亮", join=key))
    assert Joiner.objects.get().case == main


# --- the page behind a code ---------------------------------------------------------------------------------------------------


def test_a_merged_report_shows_where_it_goes_on_and_is_rated_there(town, people, page, clock):  # noqa: F811
    other = workflow.submit(a_report(text=LAMPS))
    main = merged(other, people)
    said = words(page.get(f"/follow/{other.follow_code}"))
    assert "与另一件相同的一并办理" in said and LAMPS in said and "还是坏的" not in said and f"现在由{main.holder()}办理" in said
    clock.pass_days(9)  # whoever it was given to
    workflow.answer_as_town(workflow.take_over(main, people.town_clerk, "已经超过期限"), people.town_clerk, "路灯已经修好。")
    assert "路灯已经修好。" in words(page.get(f"/follow/{other.follow_code}"))
    assert page.post(f"/follow/{other.follow_code}/rate", {"outcome": "satisfied"}).status_code == 302
    assert "您已评价，谢谢" in words(page.get(f"/follow/{other.follow_code}"))


def test_the_question_is_answered_on_the_page(town, people, page):  # noqa: F811
    case, joiner = joined(page, town, people)
    workflow_limits.pause(case, people.deputy, "是哪一根灯杆？请告诉编号。")
    said = words(page.get(f"/follow/{case.follow_code}"))
    assert "请您补充" in said and "是哪一根灯杆？" in said and "期限暂停" in said
    assert "是哪一根灯杆" not in words(page.get(f"/follow/{joiner.follow_code}"))
    assert page.post(f"/follow/{joiner.follow_code}/supply", {"words": "七号"}).status_code == 409
    empty = page.post(f"/follow/{case.follow_code}/supply", {"words": " "})
    assert empty.status_code == 422 and "请写下补充的内容，或选一张照片。" in words(empty)
    assert page.post(f"/follow/{case.follow_code}/supply", {"words": "七号灯杆"}).status_code == 302
    assert "您补充了情况" in words(page.get(f"/follow/{case.follow_code}")) and Case.objects.get().paused_at is None
    again = page.post(f"/follow/{case.follow_code}/supply", {"words": "还有八号"})
    assert again.status_code == 409 and "没有等您补充的问题" in words(again)


def test_unsatisfied_is_done_again_and_in_the_end_told_the_way_on(town, people, page):  # noqa: F811
    case = workflow.submit(a_report(text=LAMPS))
    rate = f"/follow/{case.follow_code}/rate"
    workflow.answer_as_deputy(case, people.deputy, "已经修好。")
    assert "会退回重新办理" in words(page.get(f"/follow/{case.follow_code}"))
    assert page.post(rate, {"outcome": "unsatisfied", "words": "还是不亮"}).status_code == 302
    said = words(page.get(f"/follow/{case.follow_code}"))
    assert "现在由陈安代表办理" in said and "上一次的答复 已经修好。" in said and "请您评价" not in said
    workflow.answer_as_deputy(case, people.deputy, "换了灯泡。")
    assert "答复 换了灯泡。" in (said := words(page.get(f"/follow/{case.follow_code}"))) and "上一次" not in said
    unsaid = page.post(rate, {"words": "灯还是不亮"})
    assert unsaid.status_code == 422 and "还没有提交：请选一项。" in words(unsaid) and "灯还是不亮" in words(unsaid)
    page.post(rate, {"outcome": "unsatisfied"})
    assert "现在由县人大常委会工委办理" in words(page.get(f"/follow/{case.follow_code}"))
    workflow.answer_as_county(Case.objects.get(), people.county_office, "已列入改造计划。")
    page.post(rate, {"outcome": "unsatisfied"})
    said = words(page.get(f"/follow/{case.follow_code}"))
    assert Case.objects.get().state == "closed" and "还可以怎么办" in said and "12345" in said


def test_parts_stand_on_one_page(town, people, page):  # noqa: F811
    case = brought_to("with_dispatcher", town, people)
    parts = workflow_parts.split(case, people.dispatcher, ["修路灯", "补路面"])
    said = words(page.get(f"/follow/{case.follow_code}"))
    assert "分成了 2 件办理" in said and "修路灯" in said and "补路面" in said
    for part in parts:
        workflow.assign_to_unit(part, people.dispatcher, town.organisations["construction"])
        workflow.answer_as_unit(Case.objects.get(pk=part.pk), people.unit_officer, "做好了。")
    assert "1. 做好了。" in words(page.get(f"/follow/{case.follow_code}")) and "请您评价" in words(page.get(f"/follow/{case.follow_code}"))


def test_taken_back_while_nobody_has_joined(town, people, page):  # noqa: F811
    alone = workflow.submit(a_report(text="井盖松动"))
    assert "撤回这件事" in words(page.get(f"/follow/{alone.follow_code}"))
    assert page.post(f"/follow/{alone.follow_code}/withdraw", {"words": "已经好了"}).status_code == 302
    assert "您撤回了这件事" in words(page.get(f"/follow/{alone.follow_code}")) and Case.objects.get().state == "withdrawn"
    case, _ = joined(page, town, people)
    assert "撤回这件事" not in words(page.get(f"/follow/{case.follow_code}"))
    refused = page.post(f"/follow/{case.follow_code}/withdraw", {"words": ""})
    assert refused.status_code == 409 and "不能撤回" in words(refused)
