"""The deputy grid: what the data propose, worked out in the toy town and by a plain twin; what staff decide; what is kept and what ends."""

import datetime as dt
import random
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from apps.deputies.grid import GridMember, GridMemberEvent
from apps.deputies.models import Deputy, Home, Mandate
from apps.deputies.workflow_grid import Proposed, add, confirm_waiting, decide, propose, propose_for_fields
from apps.imports.importing import Order, bring_in
from apps.imports.models import RejectedRow
from apps.portal import tiles
from apps.record.notices import Notice
from apps.record.states import MoveRefused
from apps.territory.models import Grid, LayerVersion
from tests.portal.test_tiles import layers, url
from tests.town import at, box

AT_HOME = {("V1", "D1"), ("V1", "D6"), ("V2", "D2"), ("V3", "D4"), ("V3", "D8"), ("V4", "D3"), ("V5", "D7"), ("V6", "D5")}


def rows(town, **wanted) -> set[tuple[str, str, str]]:
    """Grid, deputy and basis of the open rows that fit."""
    names = {grid.pk: name for name, grid in town.grids.items()}
    return {(names[row.grid_id], row.deputy.code, row.basis) for row in GridMember.objects.open().filter(**wanted).select_related("deputy")}


def member(town, grid: str, deputy: str) -> GridMember:
    return GridMember.objects.open().get(grid=town.grids[grid], deputy=town.deputies[deputy])


class TestProposing:
    def test_by_village_and_workplace(self, town, county_office):
        told = propose(county_office)
        assert rows(town, state="proposed") == {(*pair, "residence") for pair in AT_HOME} | {("V3", "D5", "workplace")}
        assert told == Proposed(fresh=9), "D1 and D4 work where they live: they stand there once"
        assert set(GridMemberEvent.objects.values_list("verb", "actor")) == {("propose", county_office.pk)} and GridMemberEvent.objects.broken_chains() == []

    def test_again_changes_nothing(self, town, county_office):
        propose(county_office)
        version, events = LayerVersion.objects.get(layer="gridmember").version, GridMemberEvent.objects.count()
        assert propose(county_office) == Proposed()
        assert (LayerVersion.objects.get(layer="gridmember").version, GridMemberEvent.objects.count()) == (version, events)

    def test_every_grid_of_the_village_and_never_the_homes_own(self, town, county_office):
        """Two grids in the village, the home in one of them: he stands for both, wherever in the village the home lies."""
        Grid.objects.filter(pk=town.grids["V1"].pk).update(geom=box(0, 0, 0.5, 1))
        second = Grid.objects.create(code="339999100201002", name="溪口村第二网格", village=town.villages["V1"], geom=box(0.5, 0, 1, 1))
        propose(county_office)
        before = sorted(GridMember.objects.values_list("grid", "deputy__code", "basis"))
        assert {(grid, code) for grid, code, basis in before if basis == "residence"} >= {(g, d) for g in (town.grids["V1"].pk, second.pk) for d in ("D1", "D6")}
        Home.objects.filter(deputy__code="D1").update(point=at(0.9, 0.1))  # the other grid of the same village
        assert propose(county_office) == Proposed() and sorted(GridMember.objects.values_list("grid", "deputy__code", "basis")) == before

    def test_a_township_deputy_serves_his_own_town_only(self, town, county_office):
        Deputy.objects.filter(code="D6").update(workplace=at(2.5, 0.5))  # of 东溪镇's congress alone, works in 城关街道
        Deputy.objects.filter(code="D2").update(workplace=at(2.5, 0.5))  # of the county's too
        propose(county_office)
        assert ("V3", "D2", "workplace") in rows(town) and not {row for row in rows(town) if row[:2] == ("V3", "D6")}

    def test_what_was_decided_stays_and_who_left_ends(self, town, county_office):
        propose(county_office)
        decide(county_office, "confirm", [member(town, "V1", "D1").pk, member(town, "V4", "D3").pk])
        decide(county_office, "decline", [member(town, "V3", "D4").pk], "常年在外地")
        Mandate.objects.filter(deputy__code="D3").update(ended_on=timezone.localdate())
        assert propose(county_office) == Proposed(ended=1)
        assert rows(town, state="confirmed") == {("V1", "D1", "residence")} and rows(town, state="declined") == {("V3", "D4", "residence")}
        ended = GridMember.objects.get(state="ended")
        assert (ended.deputy.code, ended.until, ended.events.last().note) == ("D3", timezone.localdate(), "已不在任")
        Mandate.objects.filter(deputy__code="D3").update(ended_on=None)
        assert propose(county_office) == Proposed(fresh=1), "back in office: a row of its own, the old one stays as history"
        assert GridMember.objects.filter(grid=town.grids["V4"], deputy__code="D3").count() == 2

    def test_when_the_data_change(self, town, county_office):
        """A proposal that fell away ends; a confirmed one stays, is marked for a look, and is unmarked when it fits again."""
        propose(county_office)
        decide(county_office, "confirm", [member(town, "V2", "D2").pk])
        Deputy.objects.filter(code__in=["D2", "D7"]).update(residence_village=town.villages["V4"])
        assert propose(county_office) == Proposed(fresh=1, ended=1, doubtful=1), "D7 of 南山乡's congress may not serve 东溪镇, D2 may"
        assert not member(town, "V2", "D2").fits and ("V4", "D2", "residence") in rows(town) and not {row for row in rows(town) if row[1] == "D7"}
        Deputy.objects.filter(code="D2").update(workplace=at(1.5, 0.5))
        propose(county_office)
        assert member(town, "V2", "D2").fits and member(town, "V2", "D2").basis == "workplace", "the reason he stands there is another now"

    def test_for_fields_exactly_what_is_asked(self, town, county_office):
        propose(county_office)
        field = town.projects["K3"].field_id
        wanted = [(town.grids["V3"].pk, town.deputies["D3"].pk, field), (town.grids["V1"].pk, town.deputies["D1"].pk, field)]
        assert propose_for_fields(county_office, wanted) == Proposed(fresh=1), "D1 stands for V1 already"
        assert ("V3", "D3", "field") in rows(town) and propose_for_fields(county_office, wanted) == Proposed()
        assert propose(county_office) == Proposed(), "proposals by place leave those by field alone"
        decide(county_office, "confirm", [member(town, "V3", "D3").pk])
        assert propose_for_fields(county_office, []) == Proposed() and ("V3", "D3", "field") in rows(town)

    def test_as_a_plain_loop_would(self, town, county_office):
        """A scattered county: sixty grids, a hundred and twenty deputies of several congresses, some places on borders and outside."""
        chance = random.Random(11)
        villages = list(town.villages.values())
        for village, grid in zip(villages, town.grids.values(), strict=True):
            west, south, *_ = (round(100 * (edge - origin), 6) for edge, origin in zip(village.geom.extent, (120, 28, 120, 28), strict=True))
            Grid.objects.filter(pk=grid.pk).update(geom=box(west, south, west + 0.1, south + 1))
            for k in range(1, 10):
                Grid.objects.create(code=f"{village.code}{k + 1:03}", name=f"{k}", village=village, geom=box(west + k / 10, south, west + (k + 1) / 10, south + 1))
        terms = list(town.terms.values())
        for number in range(120):
            deputy = Deputy.objects.create(
                code=f"X{number:03}", name="甲", residence_village=chance.choice([*villages, None]),
                workplace=chance.choice([None, at(round(chance.uniform(-0.3, 3.3), 1), round(chance.uniform(-0.2, 2.2), 1))]),
            )  # fmt: skip
            for term in chance.sample(terms, chance.choice([0, 1, 1, 2])):
                Mandate.objects.create(deputy=deputy, term=term, elected_by="大会", ended_on=chance.choice([None, None, None, dt.date(2024, 1, 1)]))
        propose(county_office)
        assert set(GridMember.objects.values_list("grid", "deputy", "basis")) == plain_proposals(timezone.localdate())


def plain_proposals(today: dt.date) -> set[tuple[int, int, str]]:
    """Every deputy held against every grid, one by one."""
    found = {}
    for deputy in Deputy.objects.all():
        seats = [m for m in deputy.mandates.select_related("term") if m.term.starts <= today < m.term.ends and (m.ended_on is None or m.ended_on > today)]
        covering = sorted(grid.code for grid in Grid.objects.all() if deputy.workplace and grid.geom.covers(deputy.workplace))
        for grid in Grid.objects.select_related("village"):
            if not any(seat.term.level != "township" or seat.term.congress_id == grid.village.parent_id for seat in seats):
                continue
            if grid.village_id == deputy.residence_village_id:
                found[grid.pk, deputy.pk] = "residence"
            elif covering[:1] == [grid.code]:
                found[grid.pk, deputy.pk] = "workplace"
    return {(*pair, basis) for pair, basis in found.items()}


class TestDeciding:
    @pytest.fixture(autouse=True)
    def proposed(self, town, county_office):
        propose(county_office)

    def test_confirm_and_decline(self, town, town_clerk, deputy):
        told = decide(town_clerk, "confirm", [member(town, "V1", "D1").pk, member(town, "V1", "D6").pk])
        assert (told.done, told.passed) == (2, 0) and rows(town, state="confirmed") == {("V1", "D1", "residence"), ("V1", "D6", "residence")}
        row = member(town, "V1", "D1")
        assert (row.decided_by, row.events.last().verb) == (town_clerk, "confirm")
        assert Notice.objects.get(recipient=deputy).path == "/grids/mine/"
        decide(town_clerk, "decline", [row.pk], "已搬走")
        assert (member(town, "V1", "D1").state, member(town, "V1", "D1").reason) == ("declined", "已搬走")
        decide(town_clerk, "confirm", [row.pk])
        assert member(town, "V1", "D1").state == "confirmed"
        assert GridMemberEvent.objects.broken_chains() == []

    def test_only_in_ones_own_scope(self, town, town_clerk, leader, deputy):
        other, own = member(town, "V2", "D2").pk, member(town, "V1", "D1").pk
        with pytest.raises(MoveRefused, match="没有可以办理的条目"):
            decide(town_clerk, "confirm", [other])
        told = decide(town_clerk, "confirm", [own, other])
        assert (told.done, told.passed) == (1, 1) and member(town, "V2", "D2").state == "proposed"
        for user in (leader, deputy):
            with pytest.raises(MoveRefused):
                decide(user, "confirm", [other])
        assert member(town, "V2", "D2").state == "proposed"

    def test_declining_says_why(self, town, county_office):
        with pytest.raises(MoveRefused, match="写明不采用的理由"):
            decide(county_office, "decline", [member(town, "V1", "D1").pk], "  ")
        with pytest.raises(MoveRefused, match="没有这个操作"):
            decide(county_office, "end", [member(town, "V1", "D1").pk])

    def test_what_somebody_else_decided_is_passed_over_or_told(self, town, county_office, town_clerk):
        first, second = member(town, "V1", "D1").pk, member(town, "V1", "D6").pk
        decide(county_office, "confirm", [first])
        with pytest.raises(MoveRefused, match="已确认"):
            decide(town_clerk, "confirm", [first])
        assert decide(town_clerk, "confirm", [first, second]).passed == 1

    def test_all_of_an_area_as_far_as_it_was_seen(self, town, county_office, town_clerk):
        newest = GridMember.objects.order_by("pk").last().pk
        Deputy.objects.filter(code="D4").update(residence_village=town.villages["V4"])
        propose(county_office)
        told = confirm_waiting(town_clerk, "339999100000", newest)
        assert (told.done, told.passed) == (3, 1) and rows(town, state="confirmed") == {(*pair, "residence") for pair in AT_HOME if pair[0] in ("V1", "V4")}
        assert member(town, "V4", "D4").state == "proposed"
        with pytest.raises(MoveRefused, match="没有待确认"):
            confirm_waiting(town_clerk, "339999200000", newest)

    def test_a_village_alone(self, town, county_office):
        assert confirm_waiting(county_office, town.villages["V3"].code, 10**12).done == 3

    def test_adding_by_hand(self, town, county_office, town_clerk, deputy):
        row = add(town_clerk, town.grids["V4"], town.deputies["D1"], "field", "长期帮助修渠", town.projects["K1"].field)
        assert (row.state, row.origin, row.because, row.events.last().verb) == ("confirmed", "staff", f"懂{town.projects['K1'].field}", "add")
        assert Notice.objects.filter(recipient=deputy).count() == 1
        with pytest.raises(MoveRefused, match="已经是本网格的代表"):
            add(county_office, town.grids["V4"], town.deputies["D1"], "residence", "再加一次")
        assert propose(county_office) == Proposed(), "added by hand: no data speak against it"
        add(town_clerk, town.grids["V1"], town.deputies["D6"], "workplace", "在本村上班")
        assert GridMember.objects.open().filter(grid=town.grids["V1"], deputy=town.deputies["D6"]).count() == 1, "the proposal became the row"
        for arguments, words in (
            ((town.grids["V2"], town.deputies["D1"], "residence", "想加"), "不在您的管辖范围"),
            ((town.grids["V1"], town.deputies["D4"], "residence", " "), "写明添加的理由"),
            ((town.grids["V1"], town.deputies["D4"], "home", "想加"), "选择依据"),
        ):
            with pytest.raises(MoveRefused, match=words):
                add(town_clerk, *arguments)
        Mandate.objects.filter(deputy__code="D4").update(ended_on=timezone.localdate())
        with pytest.raises(MoveRefused, match="现在不在任"):
            add(town_clerk, town.grids["V1"], town.deputies["D4"], "residence", "想加")

    def test_the_database_keeps_its_rules(self, town):
        row = member(town, "V1", "D1")
        for wrong in ({"state": "ended"}, {"until": timezone.localdate()}, {"origin": "staff", "reason": ""}):
            with pytest.raises(IntegrityError), transaction.atomic():
                GridMember.objects.filter(pk=row.pk).update(**wrong)
        with pytest.raises(IntegrityError), transaction.atomic():
            GridMember.objects.create(grid=row.grid, deputy=row.deputy, basis="workplace", since=timezone.localdate())


class TestImport:
    def bring(self, tmp_path: Path, text: str, **more):
        file = tmp_path / "gridmember.csv"
        file.write_text(text, encoding="utf-8")
        return bring_in(Order("gridmember", file, **more))

    def test_a_roster_that_an_office_keeps(self, town, tmp_path, county_office):
        text = "网格编码,代表编号,依据,所需领域,状态,起始日期,理由\n339999100201001,D1,residence,,,2025-01-01,\n339999001001001,D3,工作领域,城乡建设,confirmed,,懂施工\n339999100202001,D3,residence,,declined,,外出\n"
        batch = self.bring(tmp_path, text)
        assert (batch.status, batch.inserted, batch.rejected) == ("done", 3, 0), batch.message
        assert rows(town, state="confirmed") == {("V1", "D1", "residence"), ("V3", "D3", "field")} and rows(town, state="declined") == {("V4", "D3", "residence")}
        assert member(town, "V1", "D1").since == dt.date(2025, 1, 1) and member(town, "V3", "D3").field.code == "construction"
        assert GridMemberEvent.objects.filter(verb="import").count() == 3
        again = self.bring(tmp_path, text)
        assert (again.inserted, again.updated, again.unchanged) == (0, 0, 3)
        propose(county_office)
        assert member(town, "V1", "D1").state == "confirmed" and ("V4", "D3", "residence") not in rows(town, state="proposed")

    def test_refused_rows_say_why(self, town, tmp_path):
        text = "grid,deputy,basis\n339999100201001,D1,residence\n339999100201001,D1,workplace\nX,D1,residence\n339999100201001,NOBODY,residence\n339999100201001,D6,neighbour\n"
        batch = self.bring(tmp_path, text)
        assert (batch.inserted, batch.rejected) == (1, 4)
        said = " ".join(RejectedRow.objects.filter(batch=batch).order_by("row").values_list("reason", flat=True))
        assert "重复" in said and "网格编码“X”不存在" in said and "代表编号“NOBODY”不存在" in said


def test_tiles_of_the_grid(town, county_office, town_clerk, deputy, client, tmp_path, monkeypatch):
    """Near: every grid with its numbers; far out a village with the fewest of its grids. For offices alone; renewed by every decision."""
    monkeypatch.setattr(tiles, "VERSION_SECONDS", 0.0)
    Grid.objects.create(code="339999001001002", name="城东第二网格", village=town.villages["V3"], geom=box(2.9, 0.9, 3, 1))
    propose(county_office)
    decide(county_office, "confirm", [member(town, "V3", "D4").pk, member(town, "V3", "D5").pk])
    client.force_login(town_clerk)
    near = layers(client.get(url("gridmember", 2.5, 0.5, 14)).content, "gridmember", tmp_path).set_index("id")
    assert near.loc["339999001001001", ["confirmed", "waiting"]].tolist() == [2, 1] and near.loc["339999001001002", "confirmed"] == 0
    far = layers(client.get(url("gridmember", 2.5, 0.5, 9)).content, "gridmember", tmp_path).set_index("village")
    assert far.loc["339999001001", ["confirmed", "grids"]].tolist() == [0, 2] and len(far) == 6
    etag = client.get(url("gridmember", 2.5, 0.5, 14)).headers["ETag"]
    decide(county_office, "confirm", [member(town, "V3", "D8").pk])
    assert client.get(url("gridmember", 2.5, 0.5, 14)).headers["ETag"] != etag
    client.force_login(deputy)
    assert client.get(url("gridmember", 2.5, 0.5, 14)).status_code == 403
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_function_privilege('geo_public', 'tile_gridmember(int, int, int, json)', 'execute')")
        assert cursor.fetchone() == (False,)
