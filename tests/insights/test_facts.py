"""Facts are what cases and records are, whoever changed them and however; nothing is lost when two refresh at once."""

import datetime as dt
import threading

import pytest
from django.core.management import call_command
from django.db import connection, connections, transaction

from apps.cases.models import Case, Category, Rating
from apps.insights import facts, held
from apps.insights.facts import CHANNELS, Fact, FactState, Touched
from apps.territory.county_lattice import county_lattice
from apps.territory.remembered import Remembered
from tests.conftest import public_role
from tests.insights.voices import case, moment, record, source
from tests.town import TODAY, at

pytestmark = pytest.mark.django_db


def fact(voice) -> Fact:
    facts.refresh()
    return Fact.objects.get(kind=facts.CASE if isinstance(voice, Case) else facts.RECORD, ref=voice.pk)


def test_every_channel_of_cases_has_its_place():
    assert set(CHANNELS) == set(Case.Channel.values) and len(CHANNELS) < facts.FIRST_RECORD_SOURCE


def test_a_case_is_counted_where_and_when_it_was_told(town, users):
    third = Category.objects.filter(level=3).first()
    voice = case(
        town,
        "V1",
        ago=3,
        hour=0,
        channel="visit",
        entered_by=users.town_clerk,
        subcategory=third,
        category=None,
        due_on=TODAY,
        organisation=town.organisations["water"],
    )
    found = fact(voice)
    col, row = county_lattice().cells([voice.point.x], [voice.point.y])
    assert (found.day, found.hour) == (
        TODAY - dt.timedelta(days=3),
        0,
    )  # half past midnight here is the day before in UTC
    assert (found.col, found.row) == (col[0], row[0])
    assert (found.town, found.village, found.grid) == (town.towns["A"].pk, town.villages["V1"].pk, town.grids["V1"].pk)
    assert (found.category, found.source, found.told_for, found.elder) == (
        third.pk,
        CHANNELS.index("visit") + 1,
        True,
        None,
    )
    assert (found.state, found.due_on, found.met_late, found.satisfied) == (0, TODAY, None, None)
    assert (found.organisation, found.again, found.counted) == (town.organisations["water"].pk, False, True)


def test_cells_are_those_of_the_laboratory(town):
    """PostGIS and numpy put every place into the same cell, on borders too."""
    lattice = county_lattice()
    spots = [(x / 3.7, y / 4.1) for x in range(11) for y in range(8)] + [(0.0, 0.0), (2.0, 1.0)]
    voices = [case(town, "V1", point=at(x, y)) for x, y in spots]
    for col, row in ((3, -4), (0, 0), (-17, 25)):  # corners, exactly
        voices.append(
            case(
                town,
                "V1",
                point=voices[0].point.__class__(
                    lattice.lon0 + col * lattice.lon_step, lattice.lat0 + row * lattice.lat_step, srid=4326
                ),
            )
        )
    facts.refresh()
    found = {ref: (col, row) for ref, col, row in Fact.objects.values_list("ref", "col", "row")}
    col, row = lattice.cells([voice.point.x for voice in voices], [voice.point.y for voice in voices])
    assert [found[voice.pk] for voice in voices] == list(zip(col.tolist(), row.tolist(), strict=True))


def test_a_change_by_whatever_hand_is_seen(town):
    voice = case(town, "V1")
    assert fact(voice).state == 0
    Case.objects.filter(pk=voice.pk).update(state=Case.State.ANSWERED, answered_at=moment(TODAY), answered_late=True)
    assert (fact(voice).state, fact(voice).met_late) == (1, True)
    Rating.objects.create(case=voice, by="reporter", part="service", score="satisfied")
    Rating.objects.create(case=voice, by="deputy", part="handling", score="satisfied")
    assert fact(voice).satisfied is None  # neither is the reporter's word on the outcome
    Rating.objects.create(case=voice, by="reporter", part="outcome", score="unsatisfied")
    assert fact(voice).satisfied == Fact.Content.UNSATISFIED
    with connection.cursor() as cursor:
        cursor.execute("UPDATE cases_case SET reopened = 1, state = 'with_town' WHERE id = %s", [voice.pk])
    again = fact(voice)
    assert (again.satisfied, again.again, again.met_late, again.state) == (None, True, None, 0)  # a new round


@pytest.mark.parametrize(
    ("state", "counted"),
    [("merged", False), ("split", False), ("withdrawn", False), ("closed", True), ("answered", True)],
)
def test_every_matter_counts_once(town, state, counted):
    other = case(town, "V1")
    voice = case(town, "V1", state=state, merged_into=other if state == "merged" else None)
    assert fact(voice).counted == counted
    assert Case.objects.counted().filter(pk=voice.pk).exists() == counted


def test_a_record_is_counted_unless_it_is_a_case_already(town):
    voice = record(
        town,
        "V2",
        hour=23,
        told_for=True,
        elder=True,
        state="answered",
        answered_at=moment(TODAY),
        due_on=TODAY - dt.timedelta(days=1),
        satisfied="plain",
    )
    found = fact(voice)
    assert (found.day, found.hour, found.source) == (
        TODAY - dt.timedelta(days=1),
        23,
        facts.FIRST_RECORD_SOURCE + source().pk,
    )
    assert (found.town, found.village, found.grid) == (town.towns["B"].pk, town.villages["V2"].pk, town.grids["V2"].pk)
    assert (found.told_for, found.elder, found.state, found.met_late, found.satisfied, found.again, found.counted) == (
        True,
        True,
        1,
        True,
        2,
        False,
        True,
    )
    voice.case, voice.reason = case(town, "V2"), "工单号写在民情件里"
    voice.save()
    assert not fact(voice).counted
    voice.case.state = "withdrawn"  # nobody counts it there any more
    voice.case.save()
    assert fact(voice).counted
    voice.case = None
    voice.save()
    assert fact(voice).counted


def test_a_record_without_a_time_or_a_place_has_none(town):
    assert fact(record(town, "V2", timed=False)).hour == -1
    nowhere = fact(record(town, None))
    assert (nowhere.town, nowhere.village, nowhere.grid, nowhere.col, nowhere.row) == (None,) * 5
    first = record(town, "V2")
    assert fact(record(town, "V2", like=first)).again


def test_what_is_gone_counts_no_more_and_is_swept_away(town):
    voice, other = record(town, "V2"), record(town, "V1")
    facts.refresh()
    epoch, ref = FactState.objects.get().epoch, voice.pk
    voice.delete()
    facts.refresh()
    assert not Fact.objects.get(ref=ref, kind=facts.RECORD).counted
    assert held.current().where().sum() == 1
    facts.rebuild()
    assert list(Fact.objects.values_list("ref", flat=True)) == [other.pk] and FactState.objects.get().epoch != epoch
    assert len(held.current()) == 1


def test_nothing_new_writes_nothing(town):
    voice = case(town, "V1")
    assert facts.refresh() == 1
    version = FactState.objects.get().version
    Case.objects.filter(pk=voice.pk).update(reminded=1)  # touched, yet the same in all that is counted
    assert Touched.objects.count() == 1
    assert facts.refresh() == 0 and facts.refresh() == 0
    assert FactState.objects.get().version == version and not Touched.objects.exists()


def test_rebuilding_puts_right_what_is_wrong_and_says_how_far_it_is(town, capsys, monkeypatch):
    for n in range(5):
        case(town, "V1", ago=n)
    record(town, "V3")
    facts.refresh()
    Fact.objects.filter(kind=facts.CASE).update(town=1, hour=3)
    Fact.objects.filter(kind=facts.RECORD).delete()
    monkeypatch.setattr(facts, "AT_ONCE", 2)
    told = []
    assert facts.rebuild(lambda done, of: told.append((done, of))) == 6
    assert told == [(2, 6), (4, 6), (5, 6), (6, 6)]
    assert set(Fact.objects.filter(kind=facts.CASE).values_list("town", "hour")) == {(town.towns["A"].pk, 9)}
    call_command("rebuild_facts")
    assert "改正 0 条" in capsys.readouterr().out


def test_many_are_written_some_at_a_time(town, monkeypatch):
    monkeypatch.setattr(facts, "AT_ONCE", 3)
    voices = [case(town, "V1", ago=n) for n in range(8)]
    Case.objects.update(reminded=1)
    assert facts.refresh() == 8 == Fact.objects.count() == len(voices)
    assert not Touched.objects.exists()


def test_what_was_broken_off_is_done_again(town, monkeypatch):
    """A worker killed in the middle of a batch: nothing of it is kept, and nothing is forgotten."""
    voices = [case(town, "V1", ago=n) for n in range(5)]
    monkeypatch.setattr(facts, "AT_ONCE", 2)
    note, noted = facts._noted, []

    def killed(cursor, version):
        noted.append(version)
        if len(noted) == 2:
            raise KeyboardInterrupt
        note(cursor, version)

    monkeypatch.setattr(facts, "_noted", killed)
    with pytest.raises(KeyboardInterrupt):
        facts.refresh()
    assert Fact.objects.count() == 2 and Touched.objects.count() == 3 and FactState.objects.get().version == 1
    assert facts.refresh() == 3
    assert sorted(Fact.objects.values_list("ref", flat=True)) == [voice.pk for voice in voices]


def test_the_public_role_leaves_its_note_and_reads_none(town):
    voice = case(town, "V1")
    facts.refresh()
    with public_role():
        Case.objects.filter(pk=voice.pk).update(state="closed")
        with pytest.raises(Exception, match="permission denied"), transaction.atomic():
            list(Touched.objects.all())
        with pytest.raises(Exception, match="permission denied"), transaction.atomic():
            list(Fact.objects.all())
    assert fact(voice).state == 2


def test_the_cube_is_renewed_by_what_has_changed(town, django_assert_num_queries):
    first = case(town, "V1")
    facts.refresh()
    assert held.current().where(villages=[town.villages["V1"].pk]).sum() == 1
    case(town, "V1")
    Case.objects.filter(pk=first.pk).update(village=town.villages["V4"])
    facts.refresh()
    with django_assert_num_queries(2):  # which version; what is newer
        cube = held.current()
    assert cube.counts(cube.where(), "village")[0].tolist() == sorted(town.villages[name].pk for name in ("V1", "V4"))
    with django_assert_num_queries(1):
        assert held.current() is cube


def test_a_process_reads_the_cube_before_it_is_asked_for(town, monkeypatch, django_assert_num_queries):
    """In a thread of its own, on a connection that it gives back."""
    monkeypatch.setattr(Remembered, "check_seconds", 60.0)
    held.warm().join(timeout=30)
    with django_assert_num_queries(0):
        assert len(held.current()) == 0 and held.areas("town") is not None


def test_what_the_cube_reads_is_what_is_stored(town):
    """Every column through PostgreSQL's packing, those without a value too."""
    record(town, None, category="", elder=False, due_on=dt.date(2026, 4, 1))
    record(town, "V5")
    case(town, "V6", hour=17, due_on=TODAY, organisation=town.organisations["water"])
    facts.refresh()
    rows = [piece for pieces in held._pieces() for piece in pieces.tolist()]
    stored = {found.pk: found for found in Fact.objects.all()}
    assert len(rows) == len(stored) == 3
    for row in rows:
        values = dict(zip(held.ROW.names, row, strict=True))
        found = stored[values["id"]]
        assert (values["ref"], values["hour"], values["source"]) == (found.ref, found.hour, found.source)
        assert values["day"] == (found.day - dt.date(2000, 1, 1)).days
        assert values["due"] == (held.NO_DAY if found.due_on is None else (found.due_on - dt.date(2000, 1, 1)).days)
        assert values["flags"] & 1 == found.kind and values["flags"] & 2
        for name in ("town", "village", "grid", "category", "organisation"):
            assert values[name] == (getattr(found, name) or -1)
        assert values["col"] == (held.NOWHERE if found.col is None else found.col)


@pytest.mark.django_db(transaction=True)
def test_two_who_refresh_at_once_lose_nothing_and_do_not_wait(town):
    facts.refresh()
    voices = [case(town, "V1", ago=n) for n in range(30)]
    with transaction.atomic(), connection.cursor() as cursor:
        facts._held(cursor, wait=True)
        other: list[int] = []
        thread = threading.Thread(target=lambda: (other.append(facts.refresh()), connections.close_all()))
        thread.start()
        thread.join(10)
        assert other == [0]  # it did not wait for who holds the facts
    threads = [threading.Thread(target=lambda: (facts.refresh(), connections.close_all())) for _ in range(4)]
    for thread in threads:
        thread.start()
    Case.objects.filter(pk=voices[0].pk).update(state="closed")
    for thread in threads:
        thread.join(10)
    facts.refresh()
    assert Fact.objects.count() == 30 and Fact.objects.get(ref=voices[0].pk).state == 2
    assert held.current().where().sum() == 30
