"""What a reporter answers when he is asked: on his page, about a part too, with photos; and photos of answers, each beside its own."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client

from apps.cases import answer_photos, arrivals, departures, workflow, workflow_limits, workflow_parts, workflow_ratings
from apps.cases.answer_photos import AnswerPhoto
from apps.cases.models import Case, CaseEvent, Joiner
from apps.cases.reports import ReportPhoto
from apps.record.files import Photo
from gis_data.county import scenes
from tests.cases.conftest import brought_to
from tests.conftest import public_role


def picture(name: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(f"{name}.jpg", scenes.drawn(name), content_type="image/jpeg")


@pytest.fixture
def split(town, people) -> Case:
    case = brought_to("with_town", town, people, text="路灯坏了，水管也漏。")
    first, _ = workflow_parts.split(case, people.town_clerk, ["路灯坏了两个月。", "水管漏水。"])
    workflow_limits.pause(first, people.town_clerk, "是哪一根灯杆？")
    return Case.objects.get(pk=case.pk)


def test_a_question_about_a_part_is_answered_on_the_page_of_the_whole(split, people, client):
    address, (part, other_part) = f"/follow/{split.follow_code}", split.parts.order_by("pk")
    with public_role():
        page = client.get(address).content.decode()
        assert "是哪一根灯杆？" in page and "关于“路灯坏了两个月。”" in page
        wrong = client.post(f"{address}/supply", {"of": part.pk, "words": ""})
        assert wrong.status_code == 422 and "请写下补充的内容，或选一张照片。" in wrong.content.decode()
        other = client.post(f"{address}/supply", {"of": other_part.pk, "words": "七号"})
        assert other.status_code == 409 and "没有等您补充的问题" in other.content.decode()
        assert client.post(f"{address}/supply", {"of": part.pk, "words": "七号灯杆"}).status_code == 302
        assert "是哪一根灯杆？" not in client.get(address).content.decode()
    part.refresh_from_db()
    assert part.paused_at is None and part.due_on is not None and part.events.last().note == "七号灯杆"


def test_photos_come_with_what_is_added_and_only_while_somebody_asks(town, people, client):
    case = brought_to("with_unit", town, people)
    workflow_limits.pause(case, people.unit_officer, "能拍一张照片吗？")
    address = f"/follow/{case.follow_code}"
    with public_role():
        assert client.post(f"{address}/supply", {"words": "", "photos": [picture("a"), picture("b")]}).status_code == 302
        again = client.post(f"{address}/supply", {"words": "再发一次", "photos": [picture("c")]})
        assert again.status_code == 409 and Photo.objects.count() == 2
        photo = ReportPhoto.objects.values_list("photo", flat=True).first()
        assert client.get(f"{address}/photos/{photo}/small").status_code == 200
        assert "您提交的第 2 张照片" in client.get(address).content.decode()
    said = CaseEvent.objects.get(subject=case.pk, verb="supply")
    assert said.note == "（照片）" and len(said.data["photos"]) == 2 and CaseEvent.objects.broken_chains() == []
    officer = Client()
    officer.force_login(people.unit_officer)
    assert f"/cases/{case.code}/photos/{photo}/small" in officer.get(f"/cases/{case.code}/").content.decode()


def test_what_the_office_notes_down_may_have_photos_too(town, people):
    case, officer = brought_to("with_unit", town, people), Client()
    workflow_limits.pause(case, people.unit_officer, "能拍一张照片吗？")
    officer.force_login(people.unit_officer)
    page = officer.get(f"/cases/{case.code}/?do=supply").content.decode()
    assert "反映人补充的照片" in page
    done = officer.post(f"/cases/{case.code}/", {"verb": "supply", "note": "村里转来", "photos": [picture("a")]})
    assert done.status_code == 302 and ReportPhoto.objects.filter(case=case).count() == 1


def test_each_answer_shows_its_own_photos(split, people, client):
    workflow_limits.resume(split.parts.order_by("pk").first(), people.town_clerk, "已查明")
    parts = list(split.parts.order_by("pk"))
    for part, name in zip(parts, ("lamp", "pipe"), strict=True):
        done = workflow.answer_as_town(part, people.town_clerk, "修好了。")
        answer_photos.keep(done, [Photo.objects.accept(picture(name), by=people.town_clerk)])
    address, shown = f"/follow/{split.follow_code}", list(AnswerPhoto.objects.order_by("pk").values_list("photo", flat=True))
    with public_role():
        page = client.get(address).content.decode()
        assert [page.index(f"/answer/{photo}/small") for photo in shown] == sorted(page.index(f"/answer/{photo}/small") for photo in shown)
        assert client.get(f"{address}/answer/{shown[1]}/small").status_code == 200


def test_photos_of_an_answer_that_did_not_help_are_not_shown_beside_the_next(town, people, client):
    case = brought_to("answered", town, people)
    answer_photos.keep(case, [Photo.objects.accept(picture("first"), by=people.unit_officer)])
    old, address = AnswerPhoto.objects.get().photo_id, f"/follow/{case.follow_code}"
    workflow_ratings.rate(Case.objects.followed(case.follow_code).get(), "unsatisfied", words="还没好")
    assert f"/answer/{old}/" in client.get(address).content.decode()  # beside the answer before
    workflow.answer_as_unit(Case.objects.get(pk=case.pk), people.unit_officer, "这次修好了。")
    assert f"/answer/{old}/" not in client.get(address).content.decode()
    assert client.get(f"{address}/answer/{old}/small").status_code == 404


def test_the_demo_has_questions_photos_and_joiners_once(town, people):
    for state in ("with_unit", "with_unit", "with_unit", "with_unit", "with_unit", "with_town", "answered"):
        brought_to(state, town, people)
    call_command("demo_loop")
    assert not Joiner.objects.exists()  # without the demo's own logins nobody is spoken for
    call_command("demo_logins", verbosity=0)
    counts = []
    for _ in range(2):
        call_command("demo_loop")
        cases = Case.objects.all()
        counts.append((Joiner.objects.count(), ReportPhoto.objects.count(), AnswerPhoto.objects.count(), cases.filter(joint=True).count(), cases.exclude(overseen_on=None).count()))
    assert counts[0] == counts[1] and all(counts[0]) and CaseEvent.objects.broken_chains() == []
    assert Case.objects.exclude(paused_at=None).exists()


def test_photos_cross_between_the_zones_and_bear_being_told_twice(town, people):
    case = brought_to("with_unit", town, people)
    workflow_limits.pause(case, people.unit_officer, "能拍一张照片吗？")
    workflow_limits.supply(Case.objects.get(pk=case.pk), "看照片", photos=[Photo.objects.accept(picture("a"), by=None)])
    said = departures.fill_words({"event": CaseEvent.objects.get(subject=case.pk, verb="supply").pk})
    workflow_limits.pause(case, people.unit_officer, "再拍一张？")
    arrivals.supplied(said)
    assert len(said["photos"]) == 1 and ReportPhoto.objects.filter(case=case).count() == 2
    done = workflow.answer_as_unit(Case.objects.get(pk=case.pk), people.unit_officer, "修好了。")
    answer_photos.keep(done, [Photo.objects.accept(picture("b"), by=people.unit_officer)])
    told = departures.fill_moved({"case": case.pk, "event": CaseEvent.objects.get(subject=case.pk, verb="answer_as_unit").pk})
    AnswerPhoto.objects.all().delete()
    for _ in range(2):
        arrivals.moved(told)
    assert AnswerPhoto.objects.get(case=case).photo.by is None
