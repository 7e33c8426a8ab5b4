"""Nothing outside the permission depends on where exactly a deputy lives: every residence is moved inside its village, and every
byte of every page, interface, tile and export stays what it was. Published assignments are held fixed.

The pages are found from the table of addresses (`crawl`), so a new one is in the test from its first day.
"""

import io
import random
import re
import zipfile
from collections.abc import Iterable

import numpy as np
import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client

from apps.accounts.models import Role
from apps.accounts.perms import TABLE, Permission
from apps.cases import workflow as cases
from apps.deputies.models import Deputy, Home
from apps.matching import engine as engine_module
from apps.matching.costs import price_pairs
from apps.portal import tiles
from apps.portal.api import api
from apps.supervision import views as supervision_views
from apps.supervision.instance import instance
from apps.supervision.models import AssignmentRun, TeamMember
from apps.territory.models import LayerVersion
from apps.territory.remembered import Remembered
from geo_renda.urls import OFFICE, PUBLIC
from tests.conftest import public_role
from tests.portal.conftest import Furnished, _report, tile_of
from tests.portal.crawl import Crawler, differences, patterns
from tests.town import at

BLIND = sorted(set(Role) - TABLE[Permission.SEE_HOMES])  # who may not see homes
LOGINS = {Role.DEPUTY: "deputy", Role.TOWN_OFFICE: "town_clerk", Role.DISPATCHER: "dispatcher", Role.UNIT: "unit_officer", Role.LEADER: "leader"}
OUT = {"logout"}
KEYED = "/hotline/{source}/records"  # takes in what a program with a key sends, and answers nothing else


def place(x: float, y: float) -> str:
    point = at(x, y)
    return f"lat={point.y}&lon={point.x}"


PLACES = [place(x, y) for x in (0.27, 0.98, 1.53, 2.57) for y in (0.33, 0.77, 1.43)]
QUERIES = {
    "find": [*PLACES, *(f"{where}&accuracy=200" for where in PLACES[:4]), "q=人民路12号", "q=东溪镇人民路12号", "q=方格机械厂", "q=x", "doorplate=P01", f"{PLACES[0]}&on=2025-01-01"],
    "find_suggest": ["q=人", "q=人民", "q=rm"],
    "report": [*PLACES[:3], *(f"{PLACES[0]}&to=D{number}" for number in (1, 3, 8))],
    "report_place": PLACES,
    "scan_read": ["text=东溪镇", "text=https://mp.example/q?c=33990001"],
    "boundaries_boundary_list": ["contains=28.005,120.002", "limit=0", "format=geojson"],
    "representatives": ["point=28.005,120.002", "point=28.015,120.025", "limit=0"],
    "deputy_list": ["q=陈", "level=county", "level=above", "town=339999100000"],
    "station_list": ["town=339999100000"],
    "project_list": [place(0.5, 0.5), "sort=code"],
    "project_nearby": [place(0.5, 0.5), "from=home", "sort=late", "q=人民路12号"],
    "case_list": ["q=路灯"],
    "run_detail": ["town=339999100000"],
    "grid_list": ["show=waiting", "q=陈"],
    "coverage": ["view=topics&show=", "view=deputies&show=", "view=fields", "view=grids&show="],
    "desk": ["show=assigned", "show=near"],
    "evaluation": ["by=deputy", "by=deputy&sort=coverage&period=quarter", "by=unit"],
    "notice_list": ["show=unread"],
}  # fmt: skip


def crawl(client: Client, entries: Iterable, values: dict[str, list], most: int = 500, only: tuple[str, ...] = ("",), nowhere: dict | None = None) -> Crawler:
    """only: the beginnings of the addresses that are opened, where that is enough. nowhere: answers of an earlier crawl; what was not
    found then is a guess that fits nothing, and is not tried again."""
    missing = {url: answer for url, answer in (nowhere or {}).items() if answer[0] == 404}
    crawler, start = Crawler(client, missing), ["/"]
    for written, pattern in patterns(entries):
        if pattern.name not in OUT and "openapi" not in written and written.startswith(only):
            start += crawler.open_pattern(written, values, QUERIES.get(pattern.name or "", ()))
    crawler.follow(start, most)
    return crawler


def public_answers(world: Furnished, most: int = 500, only: tuple[str, ...] = ("",)) -> dict:
    """All that anybody can get without signing in: pages, interfaces, tiles; who would answer a report; the list of doorplates."""
    crawler = crawl(Client(), PUBLIC, world.pools, most, only)
    for layer in tiles.LAYERS if "tiles/".startswith(only) else ():
        for z in (8, 11, 12, 14, 16):
            x, y = tile_of(z)
            for dx, dy in ((0, 0), (1, 0), (0, 1)):
                crawler.get(f"/tiles/{layer}/{z}/{x + dx}/{y + dy}.mvt")
    for path, methods in api.get_openapi_schema()["paths"].items():
        if path.endswith(KEYED):
            continue
        assert "{" not in path and set(methods) == {"get"}, f"{path}: say here how it is asked"
        for query in [*QUERIES["find"], *QUERIES["representatives"]] if path[1:].startswith(only) else ():
            crawler.get(f"{path}?{query}")
    return crawler.answers


def filed(world: Furnished) -> dict:
    """Who is given a report from each place."""
    found = {}
    with transaction.atomic():  # taken back: who has much to do is relieved, so both worlds are seen from the same state
        for number in range(24):
            case = cases.submit(_report(0.1 + number % 8 * 0.4, 0.15 + number // 8 * 0.7, "试一试"))
            found[f"report {number}"] = (200, f"{case.deputy_id} {case.state}".encode())
        transaction.set_rollback(True)
    return found


def exported(folder) -> dict:
    """What the command writes that may be published."""
    call_command("match_doorplates", out=str(folder / "doorplates.csv"), stdout=io.StringIO())
    return {"match_doorplates": (200, (folder / "doorplates.csv").read_bytes())}


def office_answers(world: Furnished, role: Role, most: int = 500, only: tuple[str, ...] = ("",), nowhere: dict | None = None) -> dict:
    client = Client()
    client.force_login(getattr(world.users, LOGINS[role]))
    with transaction.atomic():  # what opening leaves behind, such as a notice that was read, is taken back: both worlds are seen from the same state
        crawler = crawl(client, OFFICE, world.pools | {"*": ["1", "x", *world.pools["code"][:4]]}, most, only, nowhere)
        transaction.set_rollback(True)
    return {url: (status, _unzipped(body)) for url, (status, body) in crawler.answers.items()}


def _unzipped(body: bytes) -> bytes:
    """A workbook's content: its archive tells the time at which it was made, as a PDF does."""
    if body.startswith(b"%PDF"):
        return re.sub(rb"/CreationDate \(D:\w+\)|/ID \[[^\]]*\]", b"", body)
    if not body.startswith(b"PK"):
        return body
    with zipfile.ZipFile(io.BytesIO(body[: body.rindex(b"PK\x05\x06") + 22])) as archive:
        return b"".join(archive.read(name) for name in sorted(archive.namelist()) if name != "docProps/core.xml")


def move_homes(seed: int, but: Deputy | None = None) -> float:
    """Every residence goes elsewhere in its village. Returns the least distance, in degrees, that one was moved."""
    dice, least = random.Random(seed), 1.0
    for home in Home.objects.select_related("deputy__residence_village").exclude(deputy=but):
        west, south, east, north = home.deputy.residence_village.geom.extent
        was = home.point
        while True:
            x, y = dice.uniform(west, east), dice.uniform(south, north)
            home.point.x, home.point.y = x, y
            if home.deputy.residence_village.geom.covers(home.point) and (was := Home.objects.get(pk=home.pk).point).distance(home.point) > 0.003:
                break
        least = min(least, was.distance(home.point))
        home.save()
    LayerVersion.raise_for("deputy")  # as an import of the deputies' list does
    forget()
    return least


def forget() -> None:
    """As a process that has just been started."""
    Remembered.forget_all()
    cache.clear()
    tiles._versions, tiles._read_at = {}, 0.0


def cost_anew(runs: Iterable[AssignmentRun]) -> None:
    """The same people for the same projects, with the metres of where they live now; a published run is written past its triggers."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
    for run in runs:
        asked = instance(run, run.solved_at.date())
        table = price_pairs(asked.projects, asked.deputies, asked.rules)
        for member in TeamMember.objects.filter(team__run=run).select_related("team"):
            p, d = asked.topic_index[member.team.topic_id], asked.deputy_index[member.deputy_id]
            member.cost = int(table.cost[p, d])
            member.parts = {name: round(float(part[p, d])) for name, part in table.parts.items()}
            member.save()
        total = sum(TeamMember.objects.filter(team__run=run).values_list("cost", flat=True))
        AssignmentRun.objects.filter(pk=run.pk).update(total=total, lower_bound=total)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = origin")
    forget()


class TestWithoutSigningIn:
    def test_no_byte_depends_on_a_home(self, furnished, tmp_path):
        forget()
        with public_role():
            before = public_answers(furnished)
        before |= exported(tmp_path)
        assert move_homes(1) > 0.003
        with public_role():
            after = public_answers(furnished)
        after |= exported(tmp_path)
        assert differences(before, after) == []
        assert len(before) > 250
        assert sum(status == 200 for status, _ in before.values()) > 200
        # Nor does any answer hold a home, neither as it is stored nor to a metre. No home lies where a doorplate does.
        text = b"\n".join(body for url, (_, body) in after.items() if url.startswith("/")).decode(errors="replace")
        numbers = np.unique([float(number) for number in re.findall(r"\d{2,3}\.\d{4,}", text)])
        near = [all(np.abs(numbers - ordinate).min() < 1e-5 for ordinate in home.point.coords) for home in Home.objects.all()]
        assert len(numbers) > 15 and not any(near)

    def test_whoever_is_given_a_report(self, furnished, django_db_blocker):
        forget()
        before = filed(furnished)
        move_homes(2)
        assert differences(before, filed(furnished)) == []
        assert len({body for _, body in before.values()}) > 3

    def test_every_public_address_was_opened(self, furnished):
        forget()
        with public_role():
            crawler = Crawler(Client())
            shut = {"case_rate", "case_supply", "case_withdraw", "report_considered"}  # these take only what a form sends
            closed = [
                written for written, pattern in patterns(PUBLIC)
                if pattern.name not in shut and not crawler.open_pattern(written, furnished.pools, QUERIES.get(pattern.name or "", ()))
            ]  # fmt: skip
        assert closed == []

    def test_the_answers_are_not_blind(self, furnished):
        """A workplace is public: when one moves, pages change. So the comparison can see."""
        forget()
        asked = {"most": 0, "only": ("find", "api/")}
        before = public_answers(furnished, **asked)
        Deputy.objects.filter(code="D1").update(workplace=at(0.3, 0.3))
        forget()
        changed = differences(before, public_answers(furnished, **asked))
        assert len(changed) > 5 and any(line.startswith("/api/v1/find") for line in changed) and any(line.startswith("/find") for line in changed)


class TestAMistakeIsSeen:
    """Each of these puts a home into an answer, as somebody might some day. The comparison must find it."""

    def changes(self, furnished, *only: str) -> list[str]:
        """Among the pages that the mistake would be on: that all are compared, the tests above say."""
        forget()
        before = public_answers(furnished, 0, only)
        move_homes(3)
        return differences(before, public_answers(furnished, 0, only))

    def test_distances_from_the_home(self, furnished, monkeypatch):
        plain = engine_module.Engine._places

        def homes_too(self, deputy):
            places = plain(self, deputy)
            home = Home.objects.filter(deputy=deputy).first()
            places[2] = home.point.coords if home else places[2]
            return places

        monkeypatch.setattr(engine_module.Engine, "_places", homes_too)
        assert any(line.startswith(("/find", "/api")) for line in self.changes(furnished, "find", "api/"))

    def test_a_home_in_an_interface(self, furnished, monkeypatch):
        from apps.interop.representatives import Representative

        plain = Representative.data.func
        leaky = property(lambda self: plain(self) | {"home": str(self.mandate.deputy.home.point.coords)})
        monkeypatch.setattr(Representative, "data", leaky)
        assert any(line.startswith("/representatives/") for line in self.changes(furnished, "representatives"))

    def test_a_home_in_a_tile(self, furnished, monkeypatch):
        monkeypatch.setitem(tiles.LAYERS, "home", tiles.TileLayer(("deputy",)))
        with connection.cursor() as cursor:
            cursor.execute(
                """CREATE FUNCTION tile_home(z int, x int, y int, query json) RETURNS bytea LANGUAGE sql STABLE AS
                   $$ SELECT ST_AsMVT(t.*, 'home') FROM (SELECT ST_AsMVTGeom(ST_Transform(point, 3857), ST_TileEnvelope(z, x, y)) geom FROM deputies_home) t $$"""
            )
        assert any(line.startswith("/tiles/home/") for line in self.changes(furnished, "tiles/"))


@pytest.mark.parametrize("role", BLIND)
def test_offices_that_may_not_see_homes(furnished, role):
    """Neither metres, nor the ends of lines, nor an explanation that quotes them: with the same people on the same projects, no page
    changes when homes do. A deputy's own home is his own: it stays where it is."""
    forget()
    mine = furnished.town.deputies["D1"] if role == Role.DEPUTY else None
    before = office_answers(furnished, role)
    move_homes(4, but=mine)
    cost_anew([furnished.published, furnished.draft])
    assert differences(before, office_answers(furnished, role, nowhere=before)) == []
    assert sum(status == 200 for status, _ in before.values()) > 15


def test_who_may_see_homes_sees_them_move(furnished):
    """The same comparison for the county's office finds the change, so it is not blind."""
    LOGINS_SEEING = {Role.COUNTY_OFFICE: "county_office"}
    assert set(LOGINS_SEEING) == TABLE[Permission.SEE_HOMES]
    client = Client()
    client.force_login(furnished.users.county_office)
    forget()
    page = f"/supervision/{furnished.published.pk}/"
    before = client.get(page).content
    move_homes(5)
    cost_anew([furnished.published])
    assert client.get(page).content != before


@pytest.mark.parametrize("mistake", ["lines", "order"])
def test_a_mistake_in_the_workbench_is_seen(furnished, monkeypatch, mistake):
    if mistake == "lines":
        plain = supervision_views.lines
        monkeypatch.setattr(supervision_views, "lines", lambda run, deputies, homes: plain(run, deputies, True))
    else:
        plain_members = supervision_views._members
        monkeypatch.setattr(supervision_views, "_members", lambda teams, homes: plain_members(teams, True).order_by("cost"))
    forget()
    asked = {"most": 0, "only": ("supervision/",)}
    before = office_answers(furnished, Role.LEADER, **asked)
    found = []
    for seed in range(6, 12):
        move_homes(seed)
        cost_anew([furnished.published, furnished.draft])
        found += differences(before, office_answers(furnished, Role.LEADER, **asked, nowhere=before))
        if found:
            break
    assert any(line.startswith("/supervision/") for line in found)
