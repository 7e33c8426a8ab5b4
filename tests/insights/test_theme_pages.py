"""Themes of the toy county: runs and what they write, who sees what, and what is decided once."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.cases.models import Case
from apps.insights import facts, theme_runs, workflow_themes
from apps.insights.theme_models import Theme, ThemeEvent, ThemeMember, ThemeRun
from apps.record.notices import Notice
from apps.record.states import MoveRefused
from apps.supervision.topics import Topic
from tests.insights.test_themes import OTHERS, PLANT, WATER
from tests.insights.voices import case, record
from tests.town import TODAY

pytestmark = pytest.mark.django_db


def run(today: dt.date = TODAY, *, whole: bool = True) -> ThemeRun:
    return theme_runs.carry_out(ThemeRun.objects.create(whole=whole).pk, today)


@pytest.fixture
def voices(town):
    """Water in V1 (two cases, eight records of the last three weeks), a plant in V3 half a year ago, and a year of other things."""
    for at, text in enumerate(WATER):
        record(town, "V1", ago=3 + 2 * at, text=text, title="自来水发黄")
        record(town, "V1", ago=4 + 4 * at, text=f"{text}，请尽快处理", title="翡翠湾自来水")
    for at, text in enumerate(WATER[:2]):
        case(town, "V1", ago=2 + at, text=f"{text}，谢谢代表")
    for at, text in enumerate(PLANT):
        record(town, "V3", ago=170 + at, text=text)
    for at, text in enumerate(OTHERS * 6):
        record(town, f"V{1 + at % 6}", ago=1 + 4 * at, text=text + str(at))
        case(town, f"V{1 + at % 6}", ago=2 + 4 * at, text=text + str(at))


@pytest.fixture
def water(voices) -> Theme:
    run()
    return Theme.objects.get(name__contains="翡翠湾")


def test_a_run_makes_themes_and_says_what_rises(water, county_office):
    assert water.voices == 10
    assert water.town.name and water.village.name
    assert water.point is not None
    assert (water.first_on, water.last_on) == (TODAY - dt.timedelta(days=16), TODAY - dt.timedelta(days=2))
    assert water.rising_since and water.rise["now"] >= 5
    assert [event.verb for event in water.events.all()] == ["find", "rise"]
    plant = Theme.objects.get(town__name="城关街道", name__contains="搅拌站")
    assert plant.state == Theme.State.QUIET
    assert plant.rising_since is None
    assert ThemeEvent.objects.broken_chains() == []


def test_the_office_is_told_once(county_office, leader, water):
    told = Notice.objects.filter(recipient=county_office, kind="insight")
    assert told.count() == 1
    assert told.get().path == reverse("theme", args=[water.pk])
    assert not Notice.objects.filter(recipient=leader).exists()
    run()
    assert told.count() == 1


def test_another_run_changes_nothing(water):
    before = list(ThemeMember.objects.order_by("pk").values_list("pk", "theme", "kind", "ref"))
    events = ThemeEvent.objects.count()
    figures = run().figures
    assert list(ThemeMember.objects.order_by("pk").values_list("pk", "theme", "kind", "ref")) == before
    assert ThemeEvent.objects.count() == events
    assert (figures["new"], figures["split"], figures["merged"], figures["dissolved"]) == (0, 0, 0, 0)


def test_a_run_that_was_killed_is_done_again(voices):
    left = ThemeRun.objects.create(state=ThemeRun.State.RUNNING, progress=40)
    theme_runs.carry_out(left.pk, TODAY)
    left.refresh_from_db()
    assert left.state == ThemeRun.State.DONE
    assert Theme.objects.filter(name__contains="翡翠湾").count() == 1
    assert theme_runs.carry_out(left.pk, TODAY).finished_at == left.finished_at  # nothing a second time


def test_a_run_that_fails_leaves_the_themes(water, monkeypatch):
    monkeypatch.setattr(theme_runs, "adopt", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run()
    assert ThemeRun.objects.order_by("-pk")[0].state == ThemeRun.State.FAILED
    assert ThemeMember.objects.filter(theme=water).count() == 10


def test_newcomers_join_and_what_does_not_count_leaves(town, water):
    new = record(town, "V1", ago=1, text="翡翠湾的自来水还是发黄，沉淀物烧开一层")
    strange = record(town, "V1", ago=1, text="图书馆周末几点开门")
    case_in = ThemeMember.objects.filter(theme=water, kind=facts.CASE).first()
    other = Case.objects.exclude(pk=case_in.ref).first()
    Case.objects.filter(pk=case_in.ref).update(state=Case.State.MERGED, merged_into=other)
    done = run(whole=False)
    water.refresh_from_db()
    assert done.figures["joined"] == 1
    assert ThemeMember.objects.get(kind=facts.RECORD, ref=new.pk).theme == water
    assert not ThemeMember.objects.filter(kind=facts.RECORD, ref=strange.pk).exists()
    assert not ThemeMember.objects.filter(pk=case_in.pk).exists()
    assert water.voices == 10
    assert water.last_on == TODAY - dt.timedelta(days=1)


def test_a_rise_is_over_when_it_is(town, water):
    later = TODAY + dt.timedelta(days=60)
    for at, text in enumerate(OTHERS * 4):
        record(town, f"V{1 + at % 6}", ago=-at, text=text + str(at))
    run(later)
    water.refresh_from_db()
    assert water.rising_since is None
    assert water.events.last().verb == "ease"


def test_a_run_is_asked_for_once(county_office, client):
    client.force_login(county_office)
    for _ in range(2):
        client.post(reverse("theme_regroup"))
    assert ThemeRun.objects.count() == 1
    assert "排队中" in client.get(reverse("theme_list")).content.decode()


def test_the_list_and_its_filters(water, county_office, client):
    client.force_login(county_office)
    page = client.get(reverse("theme_list"))
    assert [theme.pk for theme, _ in page.context["warnings"]] == [water.pk]
    asked = {
        "q=翡翠湾": True,
        "q=没有这样的": False,
        f"town={water.town.code}": True,
        "state=quiet": False,
        "sort=largest": True,
        "state=gone": False,
        "town=x&category=x&state=x&sort=x&page=x": False,
    }
    for query, there in asked.items():
        listed = client.get(f"{reverse('theme_list')}?{query}").context["page_obj"]
        assert (water.pk in [theme.pk for theme in listed]) == there, query


def test_a_town_sees_its_own(town, water, users, client):
    client.force_login(users.town_clerk)  # of 东溪镇: V1 and V4
    page = client.get(reverse("theme_list")).content.decode()
    assert water.name in page
    assert "搅拌站" not in page
    plant = Theme.objects.get(name__contains="搅拌站")
    assert client.get(reverse("theme", args=[plant.pk])).status_code == 404
    record(town, "V3", ago=1, text=WATER[0])
    run()
    seen = client.get(reverse("theme", args=[water.pk]))
    assert seen.context["behind"].total == 10
    assert client.get(reverse("theme", args=[10**12])).status_code == 404


@pytest.mark.parametrize("who", ["deputy", "unit_officer", "dispatcher"])
def test_others_do_not(who, water, users, client):
    client.force_login(getattr(users, who))
    assert client.get(reverse("theme_list")).status_code == 403
    assert client.get(reverse("theme", args=[water.pk])).status_code == 403


def test_one_theme_with_what_lies_behind(water, county_office, client):
    client.force_login(county_office)
    page = client.get(reverse("theme", args=[water.pk]))
    behind = page.context["behind"]
    assert (behind.total, behind.cases, behind.records, behind.located) == (10, 2, 8, 10)
    assert sum(count for *_, count in behind.cells) == 10
    assert len(behind.weeks) == 53
    assert sum(count for _, count in behind.sources) == 10
    text = page.content.decode()
    assert "正在上升" in text
    assert text.count("自来水发黄") >= 4


def test_pages_ask_few_questions(water, county_office, client, django_assert_max_num_queries):
    client.force_login(county_office)
    for url, most in ((reverse("theme_list"), 14), (reverse("theme", args=[water.pk]), 24)):
        client.get(url)
        with CaptureQueriesContext(connection) as asked:
            client.get(url)
        assert len(asked) <= most, [query["sql"][:90] for query in asked]


def test_a_topic_is_drafted_once(water, county_office, leader, client):
    client.force_login(county_office)
    first = client.post(reverse("theme_topic", args=[water.pk]))
    second = client.post(reverse("theme_topic", args=[water.pk]))
    topic = Topic.objects.get()
    assert first.url == second.url == topic.url
    assert topic.draft
    assert water.name in topic.title
    assert "条诉求" in topic.text
    assert topic.origin_url == reverse("theme", args=[water.pk])
    water.refresh_from_db()
    assert water.topic == topic
    assert [event.verb for event in water.events.all()].count("draft") == 1
    client.force_login(leader)
    assert client.post(reverse("theme_topic", args=[water.pk])).status_code == 403


def test_a_theme_of_no_place_is_put_in_its_town(water, county_office):
    Theme.objects.filter(pk=water.pk).update(point=None, village=None)
    topic, _ = workflow_themes.make_topic(county_office, water.pk)
    assert topic.own_town == water.town
    assert "请核对" in topic.text


def test_a_name_of_ones_own_stays(town, water, county_office, client):
    client.force_login(county_office)
    client.post(reverse("theme_rename", args=[water.pk]), {"name": "翡翠湾水质", "seen": water.name})
    late = client.post(reverse("theme_rename", args=[water.pk]), {"name": "别的", "seen": water.name})
    assert late.status_code == 409
    assert "别的" in late.content.decode()
    record(town, "V1", ago=1, text=WATER[0])
    run()
    water.refresh_from_db()
    assert water.name == "翡翠湾水质"
    assert (
        client.post(reverse("theme_rename", args=[water.pk]), {"name": "长" * 61, "seen": water.name}).status_code
        == 409
    )


def test_a_warning_is_noted(water, county_office, client):
    client.force_login(county_office)
    for _ in range(2):
        client.post(reverse("theme_note", args=[water.pk]), {"words": "请水务局说明"})
    water.refresh_from_db()
    assert water.noted_by == county_office
    assert [event.note for event in water.events.filter(verb="note")] == ["请水务局说明"]
    with pytest.raises(MoveRefused):
        workflow_themes.note(county_office, Theme.objects.get(name__contains="搅拌站").pk, "")


def test_what_was_merged_says_where_it_went(water, county_office, client):
    client.force_login(county_office)
    gone = Theme.objects.create(
        name="水发黄", state=Theme.State.MERGED, merged_into=water, first_on=TODAY, last_on=TODAY, profile=b""
    )
    page = client.get(reverse("theme", args=[gone.pk])).content.decode()
    assert water.name in page
    assert client.post(reverse("theme_topic", args=[gone.pk])).status_code == 409
    assert Topic.objects.count() == 0


def test_pages_stand_before_anything_was_grouped(town, county_office, client):
    client.force_login(county_office)
    assert "还没有归并过的" in client.get(reverse("theme_list")).content.decode()
    assert client.get(reverse("theme_progress")).headers["HX-Refresh"] == "true"
