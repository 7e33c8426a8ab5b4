"""Pages of records: who sees which, narrowed by the address, files settled and watched by the county's office."""

import pytest
from django.urls import reverse

from apps.cases import workflow as cases
from apps.hotline import workflow, workflow_links
from apps.hotline.models import Intake, IntakePiece, Record, Source
from apps.hotline.tasks import run_intake
from tests.hotline.conftest import HEADINGS, MAPPING, as_csv, as_xlsx, row, upload
from tests.portal.conftest import _report


@pytest.fixture
def records(receive, town) -> list[Record]:
    """One in 东溪镇, one in 南山乡, one of which nobody knows where."""
    receive(as_csv([row(1), row(2, 诉求地址="南山乡南山街8号", 诉求标题="井盖松动", 诉求内容="井盖翘起来了，夜里很危险"), row(3, 诉求地址="", 诉求标题="咨询社保", 诉求内容="请问医保怎么转", 办理状态="已办结", 满意度="不满意")]))
    return list(Record.objects.order_by("number"))


def listed(client, query: str = "") -> list[str]:
    answer = client.get(f"/hotline/?{query}")
    assert answer.status_code == 200, answer.headers
    return sorted(record.number[-1] for record in answer.context["page_obj"].object_list)


def test_offices_see_their_places(records, client, users):
    for user, seen in ((users.county_office, "123"), (users.leader, "123"), (users.dispatcher, "123"), (users.town_clerk, "1")):
        client.force_login(user)
        assert "".join(listed(client)) == seen
    assert client.get(reverse("record", args=[records[1].pk])).status_code == 404
    for user in (users.deputy, users.unit_officer):
        client.force_login(user)
        assert client.get("/hotline/").status_code == 403


NARROWED = {
    "state=open": "12", "state=closed": "3", "state=unsatisfied": "3", "state=late&q=井": "2", "state=late&q=医": "", "q=井盖": "2", "q=LX20": "123", "place=none": "3", "place=located": "12",
    "source=12345": "123", "source=nobody": "123", "town=339999200000": "2", "village=339999200201": "2", "since=2026-03-04": "3", "until=2026-03-02": "1", "hour=9": "123", "hour=10": "",
    "weekday=0": "1", "link=none": "123", "link=linked": "", "bbox=120,28,120.01,28.02": "1", "bbox=1,2": "123", "grid=339999200201001": "2", "grid=x": "", "page=99": "123",
    "category=nonsense&intake=0&since=x": "123",
}  # fmt: skip


def test_the_address_narrows(records, office):
    assert {query: "".join(listed(office, query)) for query in NARROWED} == NARROWED


def test_a_number_leads_to_its_record(records, office):
    assert office.get(f"/hotline/?q={records[1].number}").headers["Location"] == reverse("record", args=[records[1].pk])


def test_the_list_asks_little_of_the_database(records, office, django_assert_max_num_queries):
    listed(office, "state=closed")  # the shell knows the county
    with django_assert_max_num_queries(16):
        listed(office, "state=all")


def test_export_has_what_the_list_has_and_runs_no_formula(records, office):
    Record.objects.filter(pk=records[0].pk).update(title="=1+1")
    lines = b"".join(office.get("/hotline/records.csv?state=open").streaming_content).decode()
    assert lines.count("LX2026030") == 2
    assert "'=1+1" in lines and "王小明" not in lines


def test_a_record_and_its_case_point_at_each_other(records, office, users):
    case = cases.submit(_report(0.5, 0.5, "人民路的路灯坏了"))
    page = office.get(reverse("record", args=[records[0].pk])).content.decode()
    assert "原文没有保存" in page and "还在办理这一张" in page
    answer = office.post(reverse("record_act", args=[records[0].pk, "link"]), {"case": "没有这一件", "reason": "同一盏灯"})
    assert answer.status_code == 422 and "同一盏灯" in answer.content.decode()
    assert office.post(reverse("record_act", args=[records[0].pk, "link"]), {"case": case.code, "reason": "同一盏灯"}).status_code == 302
    assert case.code in office.get(reverse("record", args=[records[0].pk])).content.decode()
    beside = office.get(reverse("case_detail", args=[case.code])).content.decode()
    assert records[0].number in beside and "关联外部工单" in beside
    assert office.post(reverse("record_act", args=[records[0].pk, "open"]), {"text": "再开一件"}).status_code == 409
    assert office.post(reverse("record_act", args=[records[0].pk, "unlink"]), {"reason": ""}).status_code == 422
    assert office.post(reverse("record_act", args=[records[0].pk, "unlink"]), {"reason": "看错了"}).status_code == 302
    assert office.post(reverse("record_act", args=[records[0].pk, "nonsense"])).status_code == 404
    workflow_links.link(records[0], case, users.county_office, "还是")
    assert listed(office, "link=linked") == ["1"]


def test_the_first_of_a_matter_is_shown_to_those_who_may_see_it(records, client, users):
    Record.objects.filter(pk=records[0].pk).update(like=records[1])
    for user, seen in ((users.county_office, True), (users.town_clerk, False)):
        client.force_login(user)
        assert ("井盖松动" in client.get(reverse("record", args=[records[0].pk])).content.decode()) is seen


def test_a_file_that_breaks_the_program_is_said_on_its_page(office, source, monkeypatch):
    def broken(*given):
        raise ValueError("王小明 13800000001")

    monkeypatch.setattr(workflow, "open_table", broken)
    answer = office.post("/hotline/intakes/", {"source": "12345", "file": upload("三月.csv", as_csv([row(1)]))}, follow=True)
    assert "程序出了意外（ValueError" in answer.content.decode() and "王小明" not in answer.content.decode()
    assert Intake.objects.get().state == "failed"


def test_taken_up_from_its_page(records, office):
    answer = office.post(reverse("record_act", args=[records[2].pk, "open"]), {"text": "医保"})
    assert answer.status_code == 409 and "没有定位" in answer.content.decode()
    Record.objects.filter(pk=records[0].pk).update(state="answered")
    assert office.post(reverse("record_act", args=[records[0].pk, "open"]), {"text": "还是不亮"}).status_code == 302
    assert Record.objects.get(pk=records[0].pk).case is not None


def test_a_file_is_settled_on_its_page_and_watched(town, users, office):
    made = office.post("/hotline/sources/new/", {"code": "12345", "name": "12345热线", "kind": "hotline", "crs": "wgs84", "is_open": "on"})
    assert made.status_code == 302, made.context["form"].errors
    content = as_xlsx([row(1), row(2, 办理状态="搁置"), row(3, 受理时间="不知道")], above=[["导出"]])
    answer = office.post("/hotline/intakes/", {"source": "12345", "file": upload("三月.xlsx", content)})
    intake = Intake.objects.get()
    assert answer.headers["Location"] == reverse("intake", args=[intake.pk])
    page = office.get(answer.headers["Location"])
    said = {column["heading"]: column["field"] for column in page.context["columns"]}
    assert said == MAPPING
    shown = page.content.decode()
    assert "王小明" not in shown and "13800000001" not in shown and "路灯坏了" in shown and "搁置" in shown
    columns = {f"field-{place}": MAPPING[heading] for place, heading in enumerate(HEADINGS)}
    wrong = office.post(reverse("intake_columns", args=[intake.pk]), {**columns, "field-0": "", "start": "1"})
    assert wrong.status_code == 422 and "工单号" in wrong.content.decode()
    states = {f"state-{at}": "closed" if word == "搁置" else "open" for at, (word, _) in page.context["states"]}
    assert office.post(reverse("intake_columns", args=[intake.pk]), {**columns, **states, "start": "1"}).status_code == 302
    watched = office.get(reverse("intake_progress", args=[intake.pk]))
    assert "every 1s" in watched.content.decode() and "HX-Refresh" not in watched.headers
    run_intake.func(type("Context", (), {"job": type("Job", (), {"attempts": 0})})(), intake.pk)
    assert office.get(reverse("intake_progress", args=[intake.pk])).headers["HX-Refresh"] == "true"
    assert Record.objects.get(number=row(2)[0]).state == "closed"
    assert "读不出是哪一天" in office.get(reverse("intake", args=[intake.pk])).content.decode()
    report = b"".join(office.get(reverse("intake_problems", args=[intake.pk])).streaming_content).decode()
    assert "受理时间,读不出是哪一天,是" in report and "不知道" not in report
    source = Source.objects.get()
    assert source.mapping == MAPPING and source.state_words["搁置"] == "closed"
    again = office.post("/hotline/intakes/", {"source": "12345", "file": upload("四月.xlsx", as_xlsx([row(4)]))})
    assert "以前对应过" in office.get(again.headers["Location"]).content.decode()


def test_a_file_whose_columns_were_settled_wrongly_is_taken_in_once_more(office, source, receive):
    Source.objects.update(mapping={**MAPPING, "诉求标题": "text", "诉求内容": ""})
    source.refresh_from_db()
    content = as_csv([row(1)])
    first = receive(content)
    assert "路灯坏了" not in Record.objects.get().text
    said = {"source": "12345", "file": upload("工单.csv", content)}
    assert office.post("/hotline/intakes/", said).headers["Location"] == reverse("intake", args=[first.pk])
    again = office.post("/hotline/intakes/", {**said, "file": upload("工单.csv", content), "again": "on"})
    second = Intake.objects.exclude(pk=first.pk).get()
    assert again.headers["Location"] == reverse("intake", args=[second.pk])
    office.post(reverse("intake_columns", args=[second.pk]), {f"field-{place}": MAPPING[heading] for place, heading in enumerate(HEADINGS)} | {"start": "1"})
    done = workflow.run(second.pk)
    assert (done.taken, done.changed, Record.objects.count()) == (0, 1, 1) and "路灯坏了" in Record.objects.get().text


@pytest.mark.parametrize(("name", "content"), [("空.csv", b""), ("图.csv", b"\xff\xd8\xff\xe0" + bytes(200)), ("旧.xls", b"\xd0\xcf\x11\xe0" + bytes(99)), ("坏.xlsx", b"PK\x03\x04" + bytes(99))])
def test_a_file_that_cannot_be_read_is_said(office, source, name, content):
    answer = office.post("/hotline/intakes/", {"source": "12345", "file": upload(name, content)}, follow=True)
    assert answer.status_code in (200, 422)
    assert not Intake.objects.filter(state__in=("waiting", "running")).exists()
    assert "请" in (Intake.objects.first().fault if Intake.objects.exists() else answer.context["refused"])


def test_data_is_not_taken_for_headings(office, source):
    content = as_csv([["LX2", "13800001112", "2026-03-02", "又坏了"]], ["LX1", "13800001111", "2026-03-01", "人民路12号的路灯坏了三天没有人来修"])
    office.post("/hotline/intakes/", {"source": "12345", "file": upload("无表头.csv", content)}, follow=True)
    assert "不是表头" in Intake.objects.get().fault
    assert Source.objects.get().mapping == MAPPING


def test_forms_without_a_file_or_source(office, source):
    assert "选文件" in office.post("/hotline/intakes/", {"source": "12345"}).context["refused"]
    assert "选来源" in office.post("/hotline/intakes/", {"source": "x", "file": upload("a.csv", b"a")}).context["refused"]
    office.handler.enforce_csrf_checks = True
    assert office.post("/hotline/intakes/", {"source": "12345", "file": upload("a.csv", as_csv([row(1)]))}).status_code == 403
    assert not IntakePiece.objects.exists()


def test_stopping_and_going_on(office, source, receive):
    intake = receive(as_csv([row(1)]), run=False)
    assert office.post(reverse("intake_act", args=[intake.pk, "cancel"])).status_code == 302
    assert Intake.objects.get().state == "cancelled"
    assert "不能再开始" in office.post(reverse("intake_act", args=[intake.pk, "go-on"]), follow=True).content.decode()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"code": "Ä B"}, "小写字母"), ({"code": "12345"}, "已经有来源用这个代码"), ({"name": ""}, "请填名称"), ({"folder": "../etc"}, "只写一个文件夹名")],
)
def test_a_source_is_checked(office, source, wrong, words):
    answer = office.post("/hotline/sources/new/", {"code": "board", "name": "留言板", "kind": "board", "crs": "wgs84", "is_open": "on", **wrong})
    assert answer.status_code == 422 and words in answer.content.decode()


def test_a_source_renamed_is_renamed_on_cases_too(office, source, receive, users):
    receive(as_csv([row(1)]))
    case = cases.submit(_report(0.5, 0.5, "人民路的路灯坏了"))
    workflow_links.link(Record.objects.get(), case, users.county_office, "同一件")
    answer = office.post(reverse("source", args=[source.pk]), {"name": "县12345热线", "crs": "gcj02", "pushers": "县热线平台、备用", "is_open": "on"})
    assert answer.status_code == 302, answer.context["form"].errors
    source.refresh_from_db()
    assert (source.code, source.kind, source.crs, source.pushers) == ("12345", "hotline", "gcj02", ["县热线平台", "备用"])
    assert case.linked_orders.get().source == "县12345热线"
    assert source.mapping == MAPPING
