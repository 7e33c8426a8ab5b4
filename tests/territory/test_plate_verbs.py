"""What staff do to codes: every verb with its history, in their own area only, one code in use for one door."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pypdfium2
import pytest
from django.db import connection

from apps.record import issuing
from apps.record.states import MoveRefused
from apps.territory import workflow
from apps.territory.models import (
    CodeBatch,
    Doorplate,
    IssuedPlate,
    Issuer,
    IssuerEvent,
    PlateCode,
    PlateCodeEvent,
    PrintRun,
)
from apps.territory.print_files import PrintFiles
from apps.territory.workflow import Place
from tests import town as toy

SITE = "https://renda.example.gov.cn"


@pytest.fixture
def doors(town: toy.Town) -> list[Doorplate]:
    return list(Doorplate.objects.active().filter(town=town.towns["A"]).order_by("code"))


@pytest.fixture
def data(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    return tmp_path


def verbs(code: PlateCode) -> list[str]:
    return [event.verb for event in code.events.all()]


def test_a_door_gets_one_code(county_office, doors):
    code = workflow.register(county_office, Place(doors[0]), "补发")
    assert (code.doorplate, code.town, code.village, verbs(code)) == (doors[0], doors[0].town, doors[0].village, ["issue"])
    with pytest.raises(MoveRefused, match=code.spelled):
        workflow.register(county_office, Place(doors[0]))
    doors[1].status = "retired"
    doors[1].save()
    with pytest.raises(MoveRefused, match="停用"):
        workflow.register(county_office, Place(doors[1]))


def test_a_house_without_a_plate_gets_one_too(county_office, town):
    code = workflow.register(county_office, Place(words="  后山脚\n黄色平房 ", point=toy.at(0.5, 0.5)))
    assert (code.words, code.village, code.town) == ("后山脚 黄色平房", town.villages["V1"], town.towns["A"])
    for place, says in (
        (Place(words="没有位置"), "地图"), (Place(point=toy.at(0.5, 0.5)), "写明"), (Place(words="县外", point=toy.at(50, 50)), "本县"), (Place(), "写明"),
    ):  # fmt: skip
        with pytest.raises(MoveRefused, match=says):
            workflow.register(county_office, place)


def test_a_clerk_reaches_the_own_town_only(town_clerk, county_office, town, doors):
    other = next(door for door in Doorplate.objects.active() if not town_clerk.reaches(door.town.code))
    inside = next(door for door in Doorplate.objects.active() if town_clerk.reaches(door.town.code))
    mine, theirs = workflow.register(town_clerk, Place(inside)), workflow.register(county_office, Place(other))
    for act in (
        lambda: workflow.register(town_clerk, Place(words="邻镇", point=other.point)),
        lambda: workflow.correct(town_clerk, mine, Place(words="邻镇", point=other.point), "搬"),
        lambda: workflow.correct(town_clerk, theirs, Place(words="本镇", point=inside.point), "搬"),
        lambda: workflow.renew(town_clerk, theirs, "旧"),
        lambda: workflow.lead_on(town_clerk, mine, theirs.code, "并"),
        lambda: workflow.change_status(town_clerk, "void", theirs, "删"),
        lambda: workflow.reprint(town_clerk, theirs, "small", SITE, ""),
        lambda: workflow.split(town_clerk, mine, [Place(inside), Place(words="邻镇", point=other.point)], "拆"),
        lambda: workflow.start_batch(town_clerk, other.town),
        lambda: workflow.start_print(town_clerk, other.town, "small", "all", SITE),
    ):
        with pytest.raises(MoveRefused, match="管辖"):
            act()
    assert set(PlateCode.objects.visible_to(town_clerk)) == {mine}
    assert set(PlateCode.objects.visible_to(county_office)) == {mine, theirs}


def test_correct_keeps_the_code_and_tells_what_was(county_office, doors):
    code = workflow.register(county_office, Place(doors[0]))
    workflow.correct(county_office, code, Place(doors[1]), "贴错了门")
    assert PlateCode.objects.leading_to(code.code).doorplate == doors[1]
    told = code.events.last()
    assert (told.verb, told.note, told.data) == ("correct", "贴错了门", {"was": doors[0].address, "now": doors[1].address})
    other = workflow.register(county_office, Place(doors[0]))
    with pytest.raises(MoveRefused, match="已有在用的码"):
        workflow.correct(county_office, other, Place(doors[1]), "也贴错")
    with pytest.raises(MoveRefused, match="原因"):
        workflow.correct(county_office, code, Place(doors[1]), "")


def test_split_keeps_the_code_at_the_first_and_gives_the_others_their_own(county_office, doors):
    code = workflow.register(county_office, Place(doors[0]))
    first, second, third = workflow.split(county_office, code, [Place(doors[1]), Place(doors[0]), Place(words="后间", point=doors[0].point)], "分户")
    assert (first.code, first.doorplate, second.doorplate, third.words) == (code.code, doors[1], doors[0], "后间")
    assert verbs(code) == ["issue", "correct", "split"] and second.events.get().data == {"split_from": code.code}
    with pytest.raises(MoveRefused, match="重复"):
        workflow.split(county_office, code, [Place(doors[0]), Place(doors[0])], "分户")
    with pytest.raises(MoveRefused, match="两处"):
        workflow.split(county_office, code, [Place(doors[0])], "分户")


def test_a_split_that_leaves_the_code_where_it_was_corrects_nothing(county_office, doors):
    code = workflow.register(county_office, Place(doors[0]))
    kept, other = workflow.split(county_office, code, [Place(doors[0]), Place(doors[1])], "分户")
    assert (kept.pk, kept.doorplate, other.doorplate) == (code.pk, doors[0], doors[1])
    assert verbs(code) == ["issue", "split"]
    for reason, code in (("", kept), ("分户", workflow.change_status(county_office, "void", other, "印错"))):
        with pytest.raises(MoveRefused):
            workflow.split(county_office, code, [Place(code.doorplate), Place(doors[2])], reason)


def test_a_split_that_fails_changes_nothing(county_office, doors):
    code, taken = workflow.register(county_office, Place(doors[0])), workflow.register(county_office, Place(doors[2]))
    with pytest.raises(MoveRefused, match=taken.spelled):
        workflow.split(county_office, code, [Place(doors[1]), Place(doors[2])], "分户")
    assert PlateCode.objects.get(pk=code.pk).doorplate == doors[0] and verbs(code) == ["issue"]


def test_a_worn_plate_is_renewed_and_the_old_one_leads_on(county_office, doors):
    code = workflow.register(county_office, Place(doors[0]))
    fresh = workflow.renew(county_office, code, "磨损")
    assert PlateCode.objects.leading_to(code.code) == fresh != code and fresh.doorplate == doors[0]
    assert verbs(code) == ["issue", "replace"] and verbs(fresh) == ["issue", "succeed"]
    with pytest.raises(MoveRefused, match="已换发"):
        workflow.renew(county_office, code, "再来")
    with pytest.raises(MoveRefused, match="已有在用的码"):
        workflow.change_status(county_office, "restore", code, "找到了")


def test_two_houses_become_one(county_office, doors):
    one, two = (workflow.register(county_office, Place(door)) for door in doors[:2])
    workflow.lead_on(county_office, one, f" {two.spelled.lower()} ", "合户")
    assert PlateCode.objects.leading_to(one.code) == two
    for typed, says in (("2222", "没有这个码"), (one.code, "不能换发")):
        with pytest.raises(MoveRefused, match=says):
            workflow.lead_on(county_office, one, typed, "合户")


def test_reprint_is_told_and_counted(county_office, doors):
    code = workflow.register(county_office, Place(doors[0]))
    assert workflow.reprint(county_office, code, "small", SITE, "丢失").startswith(b"%PDF")
    code.refresh_from_db()
    assert (code.prints, code.events.last().verb, code.events.last().note) == (1, "print", "丢失")


# -- batches -----------------------------------------------------------------------------------------------------------------


def test_a_batch_gives_a_code_to_every_door_that_has_none(county_office, town, doors):
    had = workflow.register(county_office, Place(doors[0]))
    police = Issuer.objects.create(slug="police", name="公安", pattern=r"(?P<id>\d+)", example="1")
    IssuedPlate.objects.create(issuer=police, external_id="1", doorplate=doors[1])
    ids = Issuer.objects.create(slug="dzbm", name="标准地址", pattern=r"S(?P<id>\d+)", example="S1", hung=False)  # ids, and no plate on any door
    IssuedPlate.objects.bulk_create(IssuedPlate(issuer=ids, external_id=str(door.pk), doorplate=door) for door in Doorplate.objects.all())
    batch = workflow.start_batch(county_office, town.county, queue=False)
    workflow.issue_batch(batch.pk)
    batch.refresh_from_db()
    wanted = Doorplate.objects.active().exclude(pk__in=[doors[0].pk, doors[1].pk])
    assert (batch.state, batch.done, batch.total) == ("done", wanted.count(), wanted.count())
    assert {code.doorplate_id for code in batch.codes.all()} == {door.pk for door in wanted}
    assert had.batch is None and PlateCodeEvent.objects.broken_chains() == []
    with pytest.raises(MoveRefused, match="都已经有码"):
        workflow.start_batch(county_office, town.county, queue=False)


def test_a_batch_that_was_interrupted_goes_on_where_it_stopped(county_office, town, monkeypatch):
    monkeypatch.setattr(workflow, "CHUNK", 3)
    total = Doorplate.objects.active().count()
    batch = workflow.start_batch(county_office, town.county, queue=False)

    class Killed(Exception):
        pass

    def killed(batch: CodeBatch) -> None:
        raise Killed

    with pytest.raises(Killed):
        workflow.issue_batch(batch.pk, killed)
    assert PlateCode.objects.count() == 3
    workflow.issue_batch(batch.pk, lambda now: workflow.cancel(county_office, now))
    batch.refresh_from_db()
    assert (batch.state, batch.done, PlateCode.objects.count()) == ("cancelled", 6, 6)
    workflow.resume(county_office, batch)
    for _ in range(2):  # a task may be run twice
        batch = workflow.issue_batch(batch.pk)
    assert (batch.state, batch.done) == ("done", total)
    assert PlateCode.objects.values("doorplate").distinct().count() == PlateCode.objects.count() == total
    with pytest.raises(MoveRefused, match="不用再停止"):
        workflow.cancel(county_office, batch)


@pytest.mark.django_db(transaction=True)
def test_two_workers_and_a_clerk_at_once_give_no_door_two_codes(monkeypatch):
    town = toy.build()
    office = toy.build_users(town).county_office
    monkeypatch.setattr(workflow, "CHUNK", 2)
    batch = workflow.start_batch(office, town.county, queue=False)
    start, seen = Barrier(3), Event()

    def work() -> None:
        try:
            start.wait()
            workflow.issue_batch(batch.pk)
        finally:
            connection.close()

    def register() -> None:
        try:
            start.wait()
            for door in Doorplate.objects.active().order_by("-code"):
                try:
                    workflow.register(office, Place(door))
                except MoveRefused:
                    seen.set()
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(work), pool.submit(work), pool.submit(register)]:
            done.result()
    assert PlateCode.objects.count() == PlateCode.objects.values("doorplate").distinct().count() == Doorplate.objects.active().count()
    assert PlateCodeEvent.objects.broken_chains() == []


@pytest.mark.django_db(transaction=True)
def test_renewing_one_code_twice_at_once_makes_one_new_code():
    town = toy.build()
    office = toy.build_users(town).county_office
    code = workflow.register(office, Place(Doorplate.objects.active().first()))
    start = Barrier(2)

    def renew(_: int) -> str:
        try:
            start.wait()
            return workflow.renew(office, code, "磨损").code
        except MoveRefused as refusal:
            return str(refusal)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(renew, range(2)))
    assert len([words for words in said if "不能换发" in words]) == 1
    assert PlateCode.objects.active().count() == 1 and PlateCode.objects.count() == 2


# -- sheets ------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def issued(county_office, town) -> CodeBatch:
    batch = workflow.start_batch(county_office, town.county, queue=False)
    return workflow.issue_batch(batch.pk)


def test_sheets_of_an_area_are_made_in_parts(county_office, town, issued, data, monkeypatch):
    monkeypatch.setattr(workflow, "PART", 4)
    run = workflow.start_print(county_office, town.county, "sticker18", "new", SITE)
    run = workflow.print_sheets(run.pk)
    files = PrintFiles(run.pk)
    assert (run.state, run.done, run.total) == ("done", issued.done, issued.done)
    assert len(files.parts()) == -(-issued.done // 4) and files.file("all.zip") and files.file("../../env") is None
    assert set(PlateCode.objects.values_list("prints", flat=True)) == {1}
    assert verbs(PlateCode.objects.first()) == ["issue", "print"]
    with pytest.raises(MoveRefused, match="都已经印过"):
        workflow.start_print(county_office, town.county, "sticker18", "new", SITE)
    again = workflow.print_sheets(workflow.start_print(county_office, town.county, "small", "all", SITE, issued).pk)
    assert again.done == issued.done and set(PlateCode.objects.values_list("prints", flat=True)) == {2}


def test_printing_that_was_stopped_goes_on(county_office, town, issued, data, monkeypatch):
    monkeypatch.setattr(workflow, "PART", 4)
    run = workflow.start_print(county_office, town.county, "sticker18", "all", SITE)
    workflow._print_some(run.pk)
    workflow.cancel(county_office, run)
    assert workflow.print_sheets(run.pk).done == 4
    workflow.resume(county_office, run)
    run = workflow.print_sheets(run.pk)
    assert (run.state, run.done) == ("done", issued.done)
    assert set(PlateCode.objects.values_list("prints", flat=True)) == {1}
    assert len(PrintFiles(run.pk).parts()) == -(-issued.done // 4)


def test_a_code_voided_while_it_is_printed_is_not_among_the_printed(county_office, town, issued, data, monkeypatch):
    plain, voided = workflow.write_sheets, []

    def meanwhile(signs, *arguments, **options):
        pages = plain(signs, *arguments, **options)
        if not voided:
            voided.append(workflow.change_status(county_office, "void", PlateCode.objects.first(), "泄露"))
        return pages

    monkeypatch.setattr(workflow, "write_sheets", meanwhile)
    run = workflow.print_sheets(workflow.start_print(county_office, town.county, "sticker18", "all", SITE).pk)
    assert (run.state, run.done) == ("done", issued.done - 1)
    assert PlateCode.objects.get(pk=voided[0].pk).prints == 0
    page = pypdfium2.PdfDocument(PrintFiles(run.pk).parts()[0].read_bytes())[0].get_textpage().get_text_range()
    assert voided[0].spelled not in page and PlateCode.objects.active().first().spelled in page
    assert [file.name for file in PrintFiles(run.pk).folder.iterdir() if file.suffix == ".new"] == []


def test_parts_end_with_whole_pages():
    assert all(workflow.PART % layout.per_page == 0 for layout in workflow.LAYOUTS.values())


def test_without_a_font_the_run_says_so(county_office, town, issued, data, monkeypatch):
    from apps.record import sheets

    monkeypatch.setattr(sheets, "FONTS", ())
    run = workflow.print_sheets(workflow.start_print(county_office, town.county, "small", "new", SITE).pk)
    assert run.state == "failed" and "fonts-noto-cjk" in run.note
    assert set(PlateCode.objects.values_list("prints", flat=True)) == {0}
    code = PlateCode.objects.first()
    with pytest.raises(MoveRefused, match="fonts-noto-cjk"):
        workflow.reprint(county_office, code, "small", SITE, "")
    assert verbs(code) == ["issue"]


def test_issuers_are_kept_with_their_history(county_office, db):
    issuer = workflow.keep_issuer(county_office, Issuer(slug="police", name="公安", pattern=r"(?P<id>\d+)", example="1"))
    issuer.pattern = r"No(?P<id>\d+)"
    workflow.keep_issuer(county_office, issuer)
    assert list(IssuerEvent.objects.filter(subject=issuer).values_list("verb", flat=True)) == ["register", "change"]
    assert IssuerEvent.objects.broken_chains() == [] and PrintRun.objects.count() == 0
    assert issuing.possible(PlateCode(status="void")) == []
