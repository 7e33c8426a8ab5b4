"""Who answers at a station on a day, and who takes over; the rule that fills a month; what saving refuses. Worked out in the toy town."""

import datetime as dt

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from apps.deputies.models import Mandate
from apps.deputies.rota import DutyTurn, Rota, RotaEvent, answering, on_duty, standing
from apps.deputies.rotation import MOST, Rule, filled, following, month_days
from apps.deputies.sheet import Sheet
from apps.deputies.workflow import RotaChanged, Turn, arrange
from apps.record.states import MoveRefused
from apps.territory.models import LayerVersion

DAY = dt.date(2030, 3, 12)  # a Tuesday to come
MONTH = dt.date(2030, 3, 1)


def names(deputies) -> list[str]:
    return [deputy.code for deputy in deputies]


def write(town, user, table: dict[dt.date, list[str]], *, version=0, absent=()) -> Rota:
    turns = {day: [Turn(town.deputies[code], code in absent) for code in codes] for day, codes in table.items()}
    return arrange(user, town.stations["SA"], MONTH, turns, version=version)


class TestAnswering:
    def test_by_turn_then_by_standing_order(self, town, county_office):
        write(town, county_office, {DAY: ["D3", "D6"]})
        assert names(answering(town.stations["SA"], DAY)) == ["D3", "D6", "D1"]

    def test_whoever_is_absent_is_taken_over_by_name(self, town, county_office):
        write(town, county_office, {DAY: ["D3", "D6"]}, absent={"D3"})
        duty = on_duty([town.stations["SA"]], DAY)[town.stations["SA"].pk]
        assert (duty.first.code, duty.then.code, names(duty.absent), duty.by_rota) == ("D6", "D1", ["D3"], True)

    def test_everybody_absent_leaves_the_others(self, town, county_office):
        write(town, county_office, {DAY: ["D3"]}, absent={"D3"})
        duty = on_duty([town.stations["SA"]], DAY)[town.stations["SA"].pk]
        assert set(names(duty.deputies)) == {"D1", "D6"} and not duty.by_rota

    def test_without_a_rota_the_standing_order_moves_on_every_monday(self, town):
        first = [names(answering(town.stations["SA"], dt.date(2030, 3, day)))[0] for day in (9, 10, 11, 17, 18, 25)]
        assert first == [first[0], first[0], first[2], first[2], first[4], first[0]], "Monday is the 11th, the 18th, the 25th"
        assert set(first) == {"D1", "D3", "D6"}

    def test_who_has_left_does_not_answer(self, town, county_office):
        write(town, county_office, {DAY: ["D3", "D6"]})
        Mandate.objects.filter(deputy=town.deputies["D3"]).update(ended_on=DAY)
        assert names(answering(town.stations["SA"], DAY)) == ["D6", "D1"]
        Mandate.objects.update(ended_on=DAY)
        assert answering(town.stations["SA"], DAY) == []

    def test_a_guest_of_another_station_may_have_a_turn(self, town, county_office):
        write(town, county_office, {DAY: ["D2"]})
        assert names(answering(town.stations["SA"], DAY))[0] == "D2"
        assert "D2" not in names(answering(town.stations["SS"], DAY))

    def test_two_queries_for_any_number_of_stations(self, town, county_office):
        write(town, county_office, {DAY: ["D3"]})
        with CaptureQueriesContext(connection) as queries:
            duty = on_duty(town.stations.values(), DAY)
        assert len(queries) == 2 and len(duty) == 2

    @given(st.integers(0, 9), st.dates(dt.date(2025, 1, 1), dt.date(2040, 1, 1)))
    def test_standing_order_is_a_turning_ring(self, count, day):
        members = list(range(count))
        order = standing(members, day)
        assert sorted(order) == members
        if count:
            assert standing(members, day + dt.timedelta(days=7))[0] == members[(order[0] + 1) % count]


class TestFilling:
    DAYS = [dt.date(2030, 3, day) for day in (4, 5, 6, 7, 8, 11, 12)]

    def test_each_day_the_next(self):
        turns = filled(self.DAYS, "abc", Rule("working", "day", 2))
        assert ["".join(turns[day]) for day in self.DAYS] == ["ab", "bc", "ca", "ab", "bc", "ca", "ab"]

    def test_a_week_each(self):
        turns = filled(self.DAYS, "abc", Rule("working", "week", 3), begin=2)
        assert ["".join(turns[day]) for day in self.DAYS] == ["cab"] * 5 + ["abc"] * 2

    def test_who_is_away_is_passed_over(self):
        turns = filled(self.DAYS[:3], "abc", Rule("working", "day", 2), away=lambda who, day: who == "b" and day.day == 5)
        assert ["".join(turns[day]) for day in self.DAYS[:3]] == ["ab", "ca", "ca"]

    def test_nobody_and_fewer_than_wanted(self):
        assert filled(self.DAYS, "", Rule("daily", "day", 3)) == {day: [] for day in self.DAYS}
        assert set(map(len, filled(self.DAYS, "ab", Rule("daily", "day", 3)).values())) == {2}

    def test_a_new_month_goes_on(self):
        assert [following(["a", "b", "c"], last) for last in ("a", "c", "x", None)] == [1, 0, 0, 0]

    @given(st.integers(1, 12), st.integers(0, 30), st.sampled_from(["day", "week"]), st.integers(1, MOST))
    def test_fair(self, count, begin, pace, a_day):
        """Over a whole number of rounds everybody answers equally often, and nobody stands twice on one day."""
        first = dt.date(2030, 1, 7)  # a Monday
        days = [first + dt.timedelta(days=step) for step in range(7 * count)]
        turns = filled(days, list(range(count)), Rule("daily", pace, a_day), begin % count)
        assert all(len(set(who)) == len(who) == min(a_day, count) for who in turns.values())
        answered = [who[0] for who in turns.values()]
        assert {answered.count(member) for member in range(count)} == {7}

    def test_months(self):
        assert [len(month_days(dt.date(2028, month, 17))) for month in (1, 2, 4)] == [31, 29, 30]

    def test_rules_from_forms_cannot_be_wrong(self):
        assert Rule.read({"days": "x", "pace": "<", "a_day": "99"}) == Rule()
        assert Rule.read(vars(Rule("daily", "week", 3))) == Rule("daily", "week", 3)


class TestArranging:
    def test_history_and_version(self, town, county_office):
        before = LayerVersion.objects.get_or_create(layer="rota")[0].version
        rota = write(town, county_office, {DAY: ["D3", "D6"]})
        again = write(town, county_office, {DAY: ["D6"]}, version=rota.version)
        assert again.version == 2 and list(DutyTurn.objects.values_list("deputy__code", "order")) == [("D6", 1)]
        event = RotaEvent.objects.order_by("-pk").first()
        assert event.data == {"was": {"2030-03-12": [["D3", False], ["D6", False]]}, "now": {"2030-03-12": [["D6", False]]}}
        assert RotaEvent.objects.broken_chains() == [] and LayerVersion.objects.get(layer="rota").version == before + 2

    def test_nothing_changed_is_no_event(self, town, county_office):
        rota = write(town, county_office, {DAY: ["D3"]})
        write(town, county_office, {DAY: ["D3"]}, version=rota.version)
        assert RotaEvent.objects.count() == 1 and Rota.objects.get().version == 1

    def test_nobody_saves_over_what_he_has_not_seen(self, town, county_office, town_clerk):
        write(town, county_office, {DAY: ["D3"]})
        with pytest.raises(RotaChanged, match="由县人大常委会工委改过了"):
            write(town, town_clerk, {DAY: ["D6"]}, version=0)
        assert names(answering(town.stations["SA"], DAY))[0] == "D3"

    @pytest.mark.parametrize(("table", "words"), [
        ({DAY: ["D3", "D3"]}, "同一位代表排了两次"),
        ({dt.date(2030, 4, 1): ["D3"]}, "只能填写本月"),
    ])  # fmt: skip
    def test_refused_with_a_reason(self, town, county_office, table, words):
        with pytest.raises(MoveRefused, match=words):
            write(town, county_office, table)
        assert not DutyTurn.objects.exists()

    def test_what_was_was(self, town, county_office):
        yesterday = timezone.localdate() - dt.timedelta(days=1)
        with pytest.raises(MoveRefused, match="已经过去"):
            arrange(county_office, town.stations["SA"], yesterday, {yesterday: [Turn(town.deputies["D1"])]}, version=0)

    def test_only_in_scope(self, town, town_clerk):
        with pytest.raises(MoveRefused, match="管辖范围"):
            arrange(town_clerk, town.stations["SS"], MONTH, {DAY: [Turn(town.deputies["D4"])]}, version=0)
        assert not Rota.objects.exists()

    def test_the_database_holds_order_and_history(self, town, county_office):
        rota = write(town, county_office, {DAY: ["D3"]})
        with pytest.raises(IntegrityError), transaction.atomic():
            DutyTurn.objects.create(rota=rota, day=DAY, order=1, deputy=town.deputies["D6"])
            connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(Exception, match="只能追加"), transaction.atomic():
            RotaEvent.objects.update(note="x")


class TestSheet:
    def test_fills_reception_days_going_on_after_the_last(self, town, county_office):
        arrange(county_office, town.stations["SA"], dt.date(2030, 2, 1), {dt.date(2030, 2, 15): [Turn(town.deputies["D1"])]}, version=0)
        sheet = Sheet.open(town.stations["SA"], MONTH)
        sheet.write({"days": "working", "pace": "day", "a_day": "2"})
        assert sheet.fill("", over=False) == 21
        assert [cell.code for cell in sheet.rows[0].cells] == ["D3", "D6", ""]
        assert not sheet.rows[1].cells[0].code, "2 March 2030 is a Saturday"
        assert [turn.deputy.code for turn in sheet.turns()[dt.date(2030, 3, 4)]] == ["D6", "D1"] and not sheet.errors

    def test_filling_spares_what_is_filled(self, town, county_office):
        write(town, county_office, {dt.date(2030, 3, 15): ["D6"]})
        sheet = Sheet.open(town.stations["SA"], MONTH)
        sheet.rule = Rule("reception", "day", 1)
        assert sheet.fill("D1", over=False) == 0
        assert sheet.fill("D1", over=True) == 1 and sheet.rows[14].cells[0].code == "D1"

    def test_swap(self, town, county_office):
        write(town, county_office, {DAY: ["D3"], dt.date(2030, 3, 13): ["D6"]}, absent={"D3"})
        sheet = Sheet.open(town.stations["SA"], MONTH)
        assert sheet.swap("t12-1", "t13-1") == ""
        turns = sheet.turns()
        assert [turns[dt.date(2030, 3, day)] for day in (12, 13)] == [[Turn(town.deputies["D6"])], [Turn(town.deputies["D3"])]]
        assert "两个不同" in sheet.swap("t12-1", "t12-1") and "两个不同" in sheet.swap("t12-1", "t20-1")

    def test_wrong_rows_are_told_at_their_day(self, town):
        Mandate.objects.filter(deputy=town.deputies["D6"]).update(ended_on=dt.date(2030, 3, 13))
        sheet = Sheet.open(town.stations["SA"], MONTH)
        sheet.write({"t12-1": "D6", "t13-1": "D6", "t14-1": "D1", "t14-2": "D1", "t15-1": "NOBODY", "t16-2": "D3"})
        table = sheet.turns()
        assert [sheet.rows[day - 1].error for day in (12, 13, 14, 15, 16)] == [
            "", "蓝天当天不在任，请改选。", "同一位代表排了两次，请改选另一位。", "有一位代表不在本站名单里，请重新选择。", ""]  # fmt: skip
        assert table[dt.date(2030, 3, 16)] == [Turn(town.deputies["D3"])], "an empty first place is no reason to refuse"
        assert len(sheet.errors) == 3

    def test_six_queries(self, town, county_office):
        write(town, county_office, {day: ["D3", "D6", "D1"] for day in month_days(MONTH)})
        with CaptureQueriesContext(connection) as queries:
            Sheet.open(town.stations["SA"], MONTH)
        assert len(queries) <= 6


def test_reception_in_words(town):
    station = town.stations["SA"]
    station.duty_days = "D15;WWED;LFRI;X9;"
    assert station.reception == "每月15日、每周三、每月最后一个周五"
    assert [station.receives_on(dt.date(2030, 3, day)) for day in (15, 13, 29, 22, 14)] == [True, True, True, False, False]
    assert station.next_duty(dt.date(2030, 3, 14)) == dt.date(2030, 3, 15)
