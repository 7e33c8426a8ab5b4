"""Coverage of the deputy grid: needs, who is proposed for them, who is near; each held against a plain twin. Pages and workbook."""

import io
import random

import numpy as np
import pyproj
import pytest
import shapely
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook
from procrastinate.contrib.django.models import ProcrastinateJob

from apps.accounts.models import User
from apps.deputies.grid import GridMember
from apps.deputies.models import Deputy, Field, Home, Mandate
from apps.deputies.workflow_grid import Proposed, confirm_waiting, decide, propose
from apps.organisations.models import Organisation
from apps.projects.models import KeyProject
from apps.record.notices import Notice
from apps.supervision import grid_needs, workflow_grids
from apps.supervision.coverage import Coverage, loads
from apps.supervision.grid_needs import needs, propose_all
from apps.supervision.nearness import Sites, crowd, ground
from apps.supervision.topics import Topic
from apps.territory.models import Grid, LayerVersion
from tests.deputies.test_grid import rows
from tests.town import at, box

GEOD = pyproj.Geod(ellps="WGS84")


@pytest.fixture
def today():
    return timezone.localdate()


def renewed() -> None:
    LayerVersion.raise_for("deputy", "grid", "area")


class TestNeeds:
    def test_of_projects_matters_and_employers(self, town, today):
        Organisation.objects.create(code="SCHOOL", name="岭头小学", kind="school", point=at(1.5, 1.5))
        Organisation.objects.create(code="GONE", name="旧医院", kind="hospital", point=at(1.5, 1.5), closed_on=today)
        Topic.objects.create(kind="livelihood", own_code="M1", own_title="村卫生室改造", own_site=at(0.5, 1.5), own_demand=2, own_experts=1, year=today.year,
                             own_field=Field.objects.get(code="health"))
        Topic.objects.create(kind="livelihood", own_code="M2", own_title="去年的事", own_site=at(0.5, 1.5), own_demand=2, own_experts=1, year=today.year - 1,
                             own_field=Field.objects.get(code="law"))
        names, fields = {grid.pk: name for name, grid in town.grids.items()}, dict(Field.objects.values_list("pk", "code"))
        assert {(names[grid], fields[field]): asked for (grid, field), asked in needs(today).items()} == {
            ("V1", "water"): ["东溪防洪堤"], ("V2", "education"): ["南山中心小学迁建"], ("V3", "construction"): ["城关老旧小区改造"],
            ("V5", "education"): ["岭头小学"], ("V4", "health"): ["村卫生室改造"],
        }  # fmt: skip

    def test_whoever_knows_the_field_and_is_nearest(self, town, county_office):
        told = propose_all(county_office)
        assert rows(town, basis="field") == {("V3", "D3", "field")} and told == Proposed(fresh=10), "V1 has D1, V2 has D2 by residence"
        assert propose_all(county_office) == Proposed()
        row = GridMember.objects.get(basis="field")
        decide(county_office, "decline", [row.pk], "忙不过来")
        assert propose_all(county_office) == Proposed() and rows(town, basis="field", state="proposed") == set()

    def test_not_too_many_grids_for_one(self, town, county_office, monkeypatch):
        monkeypatch.setattr(grid_needs, "MOST", 2)
        for number, (x, y) in enumerate([(0.5, 0.5), (0.5, 1.5), (1.5, 1.5), (2.5, 1.5)]):
            Organisation.objects.create(code=f"H{number}", name=f"卫生院{number}", kind="hospital", point=at(x, y))
        Deputy.objects.get(code="D4").fields.add(Field.objects.get(code="health"))  # lives in V3
        Deputy.objects.get(code="D7").fields.add(Field.objects.get(code="health"))  # of a township alone: for V5, where he lives, and no other
        Deputy.objects.get(code="D8").fields.add(Field.objects.get(code="health"))
        Deputy.objects.filter(code="D8").update(county_leader=True)
        propose_all(county_office)
        found = {row for row in rows(town, basis="field") if row[1] != "D3"}
        assert len(found) == 2 and {code for _, code, _ in found} == {"D4"} and ("V6", "D4", "field") in found

    def test_far_away_nobody_is_proposed(self, town, county_office, monkeypatch):
        monkeypatch.setattr(grid_needs, "REACH", 1000.0)
        propose_all(county_office)
        assert rows(town, basis="field") == set()


@pytest.fixture
def scattered(town):
    """Forty deputies of all congresses, thirty matters, and a village that lies far from everybody."""
    chance = random.Random(5)
    villages, fields, terms = list(town.villages.values()), list(Field.objects.all()[:5]), list(town.terms.values())
    bodies = [town.organisations[name] for name in ("water", "construction", "town_a", "factory")]
    for number in range(40):
        deputy = Deputy.objects.create(
            code=f"X{number:03}", name=f"甲{number}", residence_village=chance.choice([*villages[:5], None]), organisation=chance.choice([None, *bodies]),
            workplace=chance.choice([None, at(chance.uniform(0, 3), chance.uniform(0, 2))]), county_leader=chance.random() < 0.1,
        )  # fmt: skip
        deputy.fields.set(chance.sample(fields, chance.choice([0, 1, 2])))
        for term in chance.sample(terms, chance.choice([0, 1, 1, 2])):
            Mandate.objects.create(deputy=deputy, term=term, elected_by="大会")
    for number in range(30):
        site = at(chance.uniform(0, 3), chance.uniform(0, 2))
        KeyProject.objects.create(
            code=f"P{number:03}", name=f"工程{number}", field=chance.choice([None, *fields]), kind="new", level="county", owner=chance.choice([None, *bodies]),
            responsible=chance.choice(bodies), town=town.towns["A"], geom=site, site=site, starts="2025-01-01", ends="2027-01-01",
        )  # fmt: skip
    renewed()
    return town


def places(deputy: Deputy) -> list[tuple[float, float]]:
    found = [deputy.workplace.coords] if deputy.workplace else []
    if deputy.residence_village:
        inside = shapely.point_on_surface(shapely.from_wkb(bytes(deputy.residence_village.geom.wkb)))
        found.append((inside.x, inside.y))
    return found


def metres(deputy: Deputy, lon: float, lat: float) -> float:
    return min((GEOD.inv(lon, lat, *place)[2] for place in places(deputy)), default=np.inf)


def seats(deputy: Deputy, today) -> list[Mandate]:
    return [m for m in deputy.mandates.select_related("term") if m.term.starts <= today < m.term.ends and (m.ended_on is None or m.ended_on > today)]


class TestNearness:
    def test_of_grids_as_a_plain_loop_finds_it(self, scattered, today):
        land, people = ground(today), crowd(today)
        assert {deputy.code for deputy in people.deputies} == {d.code for d in Deputy.objects.all() if seats(d, today)}
        for row, grid in enumerate(land.grids):
            parent = grid.village.parent_id
            able = [d for d in Deputy.objects.all() if any(s.term.level != "township" or s.term.congress_id == parent for s in seats(d, today))]
            best = min(metres(deputy, land.lon[row], land.lat[row]) for deputy in able)
            assert land.metres[row] == pytest.approx(best, abs=1e-5)
            assert metres(Deputy.objects.get(pk=people.deputies[land.who[row]].pk), land.lon[row], land.lat[row]) == pytest.approx(best, abs=1e-5)

    def test_of_matters_as_a_plain_loop_finds_it(self, scattered, today, county_office):
        lines = Coverage(county_office, "", today).topic_lines()
        assert len(lines) == KeyProject.objects.count()
        for line in lines:
            bodies = {line.topic.project.owner_id, line.topic.project.responsible_id} - {None}
            able = [d for d in Deputy.objects.prefetch_related("fields") if not d.county_leader and d.organisation_id not in bodies
                    and any(seat.term.level != "township" for seat in seats(d, today))]
            for found, who in ((line.metres, able), (line.expert_metres, [d for d in able if line.topic.field in d.fields.all()] if line.topic.field else [])):
                assert found == pytest.approx(min((metres(d, *line.topic.site.coords) for d in who), default=np.inf), abs=1e-5)
        assert [line.metres for line in lines] == sorted((line.metres for line in lines), reverse=True)

    def test_each_deputy_once_among_the_nearest(self, scattered, today):
        people = crowd(today)
        every = people.sites(np.ones(len(people.deputies), bool))
        who, far = every.nearest(np.array([120.01]), np.array([28.01]), 10)
        assert len(set(who[0].tolist())) == 10 and (np.diff(far[0]) >= 0).all()
        nobody: Sites = people.sites(np.zeros(len(people.deputies), bool))
        assert nobody.nearest(np.array([120.0]), np.array([28.0]), 2)[0].tolist() == [[-1, -1]]

    def test_homes_change_nothing(self, scattered, today, county_office):
        before = [(line.topic.title, line.metres, line.expert_metres) for line in Coverage(county_office, "", today).topic_lines()], ground(today).metres.tolist()
        Home.objects.all().update(point=at(0.01, 0.01))
        renewed()
        assert before == ([(line.topic.title, line.metres, line.expert_metres) for line in Coverage(county_office, "", today).topic_lines()], ground(today).metres.tolist())


class TestCoverage:
    def test_sums_and_lists(self, town, county_office, town_clerk, today):
        propose(county_office)
        confirm_waiting(county_office, "339999100000", 10**12)
        seen = Coverage(county_office, "", today)
        sums = seen.summary()
        assert (sums.grids, sums.covered, sums.waiting, sums.empty, sums.share, sums.needed, sums.met) == (6, 2, 4, 4, 33, 3, 1)
        assert [line.village.name for line in seen.grid_lines(seen.grid_rows("none"))] != [] and {line.confirmed for line in seen.grid_lines(seen.grid_rows("none"))} == {0}
        assert {line.code: [label for label, _ in line.lacking] for line in seen.grid_lines(seen.grid_rows("lacking"))} == {
            "339999200201001": ["教育"], "339999001001001": ["城乡建设"],
        }  # fmt: skip
        own = Coverage(town_clerk, "339999200000", today)
        assert len(own.rows) == 0 and Coverage(town_clerk, "", today).summary().grids == 2, "a clerk sees his town, whatever he asks for"

    def test_matrix_by_town_and_by_grid(self, town, county_office, today):
        propose(county_office)
        confirm_waiting(county_office, "339999000000", 10**12)
        fields, lines = Coverage(county_office, "", today).matrix(False)
        told = {name: {field.code: (cell.met, cell.needed, cell.tone) for field, cell in zip(fields, cells, strict=True) if cell.needed} for _, name, cells in lines}
        assert told == {"东溪镇": {"water": (1, 1, "good")}, "南山乡": {"education": (1, 1, "good")}, "城关街道": {"construction": (0, 1, "late")}}
        assert [code for code, _, _ in Coverage(county_office, "339999001000", today).matrix(True)[1]] == ["339999001001001"]

    def test_too_much_and_nothing(self, town, county_office, town_clerk, today):
        for number in range(12):
            Grid.objects.create(code=f"3399991002020{number + 10}", name="小网格", village=town.villages["V4"], geom=box(0.9, 1.9, 1, 2))
        propose(county_office)
        confirm_waiting(county_office, town.villages["V4"].code, 10**12)
        assert [(row.code, row.held, row.teams) for row in loads(county_office, "", today, "much")] == [("D3", 13, 0)]
        assert {row.code for row in loads(county_office, "", today, "nothing")} == {"D1", "D2", "D4", "D5", "D6", "D7", "D8"}
        assert {row.code for row in loads(town_clerk, "", today, "")} == {"D1", "D3", "D6"}


class TestPages:
    @pytest.fixture
    def office(self, county_office) -> Client:
        client = Client()
        client.force_login(county_office)
        return client

    def test_views(self, office, town, today):
        propose_all(User.objects.get(username="county_office"))
        for query, words in (
            ("", "最近的代表"), ("view=grids&show=far&far=1", "没有这样的条目"), ("view=fields", "0/1"), ("view=fields&town=339999100000", "溪口村第一网格"),
            ("view=topics&show=", "东溪防洪堤"), ("view=deputies&show=nothing", "还没有任务"), ("view=x&show=y&far=-1&town=%00&page=x", "覆盖情况"),
        ):
            page = office.get(f"/supervision/coverage/?{query}")
            assert page.status_code == 200 and words in page.content.decode(), query
        assert "城乡建设" in office.get(f"/supervision/coverage/grids/{town.grids['V3'].code}").content.decode()

    def test_proposed_in_the_background_once_and_told(self, office, county_office, town_clerk):
        """Two press: one job. The page says that it waits, that it is done and what came of it; who asked gets a notice; done twice, it is told once."""
        looks = "/supervision/coverage/proposing"
        assert "hx-get" not in office.get(looks).content.decode()
        back = office.post("/supervision/coverage/propose", {"query": "town=339999100000&next=//evil"})
        assert back["Location"] == "/grids/?town=339999100000"
        assert "不用再点一次" in office.post("/supervision/coverage/propose", follow=True).content.decode()
        (job,) = ProcrastinateJob.objects.filter(task_name=workflow_grids.TASK)
        assert "排队中" in (waits := office.get(looks).content.decode()) and f"{looks}?job={job.pk}" in waits and not GridMember.objects.exists()
        other = Client()
        other.force_login(town_clerk)
        assert "发起的人" in other.get(looks).content.decode()
        assert workflow_grids.propose_and_tell(county_office.pk, job.pk) == Proposed(fresh=10)
        assert workflow_grids.propose_and_tell(county_office.pk, job.pk) == Proposed()  # a worker killed at the last moment
        with connection.cursor() as cursor:
            cursor.execute("UPDATE procrastinate_jobs SET status = 'succeeded' WHERE id = %s", [job.pk])
        notice = Notice.objects.visible_to(county_office).get(kind="grid")
        assert notice.body == "新推荐 10 条。" and "新推荐 10 条" in office.get(f"{looks}?job={job.pk}").content.decode()
        assert "已按资料推荐完" in other.get(f"{looks}?job={job.pk}").content.decode() and "hx-get" not in office.get(looks).content.decode()
        assert office.get(f"{looks}?job={'9' * 30}").status_code == 200
        assert workflow_grids.ask(county_office) != job.pk

    def test_a_proposal_that_failed_says_so(self, office, county_office):
        job = workflow_grids.ask(county_office)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE procrastinate_jobs SET status = 'failed' WHERE id = %s", [job])
        assert "没有推荐成" in office.get(f"/supervision/coverage/proposing?job={job}").content.decode()

    def test_workbook(self, office, town, today):
        Deputy.objects.filter(code="D1").update(name="=1+1")
        renewed()
        book = load_workbook(io.BytesIO(office.get("/supervision/coverage/list.xlsx?far=5").content))
        assert book.sheetnames == ["网格", "领域", "监督事项", "代表"] and "超过 5 公里" in book["网格"]["A1"].value
        assert book["网格"].max_row == 8 and book["监督事项"].max_row == 5 and book["代表"].max_row == 10
        assert not [cell for sheet in book for line in sheet.iter_rows() for cell in line if cell.data_type == "f"]

    def test_who_may(self, town, town_clerk, deputy, leader, unit_officer):
        told = {}
        for user in (town_clerk, leader, deputy, unit_officer):
            client = Client()
            client.force_login(user)
            told[user.username] = client.get("/supervision/coverage/").status_code
        assert told == {"town_clerk": 200, "leader": 200, "deputy": 403, "unit_officer": 403}

    @pytest.mark.parametrize("query", ["view=grids&show=", "view=topics&show=", "view=deputies&show=", "view=fields"])
    def test_queries_do_not_grow(self, query, office, town, county_office):
        path = f"/supervision/coverage/?{query}"
        office.get(path)
        with CaptureQueriesContext(connection) as few:
            office.get(path)
        for number in range(6):
            site = at(0.1 + number / 3, 0.3)
            KeyProject.objects.create(code=f"P{number}", name="工程", field=Field.objects.all()[number], kind="new", level="county", responsible=town.organisations["water"],
                                      town=town.towns["A"], geom=site, site=site, starts="2025-01-01", ends="2027-01-01")
            more = Deputy.objects.create(code=f"X{number}", name="甲乙", residence_village=town.villages["V1"])
            Mandate.objects.create(deputy=more, term=town.terms["county"], district=town.districts["C1"])
        renewed()
        propose_all(county_office)
        office.get(path)
        with CaptureQueriesContext(connection) as many:
            office.get(path)
        assert len(many) <= len(few) + 1, [found["sql"][:150] for found in many]
