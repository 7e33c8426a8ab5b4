"""Files taken in: sealed while they wait, redacted before they are kept, gone on with after a kill, the same file and the same order once."""

import io
import itertools
import json

import openpyxl
import pytest
from django.core import serializers
from django.db import OperationalError, connection

from apps.cases.models import Case, CaseEvent
from apps.hotline import workflow
from apps.hotline.models import Intake, IntakePiece, Record, RecordEvent, Source
from apps.hotline.pieces import PIECE, Opened
from apps.record.notices import Notice
from apps.record.states import MoveRefused
from gis_data.rows import FileRefused
from tests.hotline.conftest import HEADINGS, as_csv, as_xlsx, row, sealed


def in_the_clear(*words: str) -> list[str]:
    """Tables in which a word stands anywhere, as text or as bytes."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'")
        for (table,) in cursor.fetchall():
            if table.startswith("deputies_"):
                continue  # deputies have names and telephones of their own
            for word in words:
                cursor.execute(f"SELECT count(*) FROM {table} t WHERE t::text LIKE %s OR t::text LIKE %s", [f"%{word}%", f"%{word.encode().hex()}%"])
                if cursor.fetchone()[0]:
                    found.append(f"{table}: {word}")
    return found


@pytest.mark.parametrize("name", ["工单.csv", "工单.xlsx"])
def test_a_file_is_taken_in(receive, name):
    rows = [row(number, 办理状态=("办理中", "已办结", "待回访")[number % 3], 满意度=("", "满意", "不满意")[number % 3]) for number in range(1, 8)]
    done = receive(as_csv(rows, encoding="gb18030") if name.endswith("csv") else as_xlsx(rows, above=[["方格县12345工单"]]), name)
    assert (done.state, done.read, done.taken, done.refused, done.cursor, done.total) == ("done", 7, 7, 0, 7, 7)
    first = Record.objects.get(number="LX2026030" + "00001")
    assert "1380000" not in first.text and "王小明" not in first.text and "路灯坏了" in first.text
    assert {"电话", "姓名"} <= set(first.marks)
    assert (first.state, first.satisfied, first.channel, first.told_for, first.elder) == ("closed", "satisfied", "电话", True, True)
    assert (str(first.received_at.date()), str(first.due_on), first.organisation.short_name) == ("2026-03-02", "2026-03-15", "县住建局")
    assert (first.town.name, first.located_by) == ("东溪镇", "doorplate")
    assert not IntakePiece.objects.exists()


def test_nothing_unredacted_is_kept_while_it_waits_runs_or_is_done(source, users, receive):
    content = as_csv([row(number, 诉求内容=f"我叫赵铁柱，电话13900007777，住人民路12号3幢502室，身份证11010519491231002X，路灯第{number}次坏了") for number in range(1, 4)])
    words = ("赵铁柱", "13900007777", "11010519491231002X", "王小明")
    intake, _ = workflow.receive_upload(source, sealed("工单.csv", content), users.county_office)
    assert in_the_clear(*words) == []
    assert b"13900007777" in Opened.of(intake).read()
    workflow.start(intake, users.county_office)
    workflow.run(intake.pk)
    assert Record.objects.count() == 3
    assert in_the_clear(*words) == []


def test_what_cannot_be_read_is_reported_without_its_words(receive):
    rows = [row(1), row(2, 受理时间="昨天下午"), row(3, 工单编号=""), row(4, 办理状态="搁浅了"), row(5, 诉求内容="", 诉求标题=""), row(6, 受理时间="2099-01-01"), row(1, 诉求内容="后来补的话，路灯还是不亮")]
    done = receive(as_csv(rows))
    assert (done.read, done.taken, done.refused) == (7, 2, 4)
    said = list(done.problems.values_list("row", "field", "refused"))
    assert said == [(3, "受理时间", True), (4, "工单号", True), (5, "办理状态", False), (6, "内容", True), (7, "受理时间", True), (8, "工单号", False)]
    assert "后来补的话" in Record.objects.get(number=row(1)[0]).text
    assert not any(word in json.dumps(list(done.problems.values_list("reason", flat=True)), ensure_ascii=False) for word in ("昨天", "搁浅"))


def test_sheets_that_are_not_read_and_rows_that_run_over_are_said(receive, office):
    book, kept = openpyxl.Workbook(), io.BytesIO()
    for sheet, rows in ((book.active, [HEADINGS, row(1)]), (book.create_sheet(), [HEADINGS, row(2), row(3, 受理时间="昨天")]), (book.create_sheet(), [["填表说明"]])):
        for each in rows:
            sheet.append(each)
    book.save(kept)
    done = receive(kept.getvalue(), "两个月.xlsx")
    assert (done.read, done.taken, done.refused) == (3, 2, 1)
    assert [(each.place, each.field) for each in done.problems.order_by("row")] == [("第2张表 3", "受理时间"), ("第3张表", "文件")]
    page = office.get(f"/hotline/intakes/{done.pk}/").content.decode()
    assert "第 3 张工作表的表头和第 1 张不同，没有读" in page and "第2张表 3" in page
    assert "第2张表 3,受理时间" in b"".join(office.get(f"/hotline/intakes/{done.pk}/problems.csv").streaming_content).decode()
    waiting, _ = workflow.receive_upload(done.source, sealed("再来.xlsx", kept.getvalue() + b"\0"), done.by)
    page = office.get(f"/hotline/intakes/{waiting.pk}/").content.decode()
    assert "第 2 行 ·" in page and "第2张表 3 行<" in page and "第 3 张工作表的表头和第 1 张不同，没有读" in page
    spilled = as_csv([row(4), row(5)]).replace("路灯不亮,市民".encode(), "路灯,不亮,市民".encode(), 1)
    done = receive(spilled, "没有引号.csv")
    assert (done.taken, done.refused) == (1, 1) and "比表头多出几格" in done.problems.get().reason


def test_the_same_orders_again_are_updates(receive):
    receive(as_csv([row(1), row(2)]))
    before = list(Record.objects.order_by("pk").values_list("pk", "town", "category", "created"))
    again = receive(as_csv([row(1), row(2, 办理状态="已办结", 满意度="不满意"), row(3)]), "第二天.csv")
    assert (again.taken, again.changed, again.unchanged) == (1, 1, 1)
    changed = Record.objects.get(number=row(2)[0])
    assert (changed.state, changed.satisfied) == ("closed", "unsatisfied")
    event = RecordEvent.objects.get(subject=changed)
    assert (event.verb, event.data["state"]) == ("update", ["open", "closed"])
    assert list(Record.objects.order_by("pk").values_list("pk", "town", "category", "created"))[:2] == before
    assert RecordEvent.objects.broken_chains() == []


def test_numbers_that_come_twice_are_said_however_far_apart(receive, monkeypatch):
    monkeypatch.setattr(workflow, "BATCH", 2)
    done = receive(as_csv([row(1), row(2), row(3), row(1, 办理状态="已办结")]))
    assert (done.taken, done.changed, list(done.problems.values_list("row", "reason"))) == (3, 1, [(5, "同一工单号前面已经有一行，以这一行为准")])


def test_what_an_update_does_not_say_stays(receive, source, users):
    receive(as_csv([row(1)]))
    before = Record.objects.get()
    receive(as_csv([[row(1)[0], "2026-03-02", "催办"]], ["工单编号", "受理时间", "诉求标题"]), "催办.csv")
    receive(as_csv([[row(1)[0], "2026-03-02", "市民再次来电，路灯还是不亮"]], ["工单编号", "受理时间", "诉求内容"]), "再来.csv")
    after = Record.objects.get()
    assert (after.title, after.text) == ("催办", "市民再次来电，路灯还是不亮")
    assert (after.point, after.located_by, after.town_id, after.channel) == (before.point, "doorplate", before.town_id, "电话")


def test_a_channel_is_redacted_before_it_is_cut(receive):
    receive(as_csv([row(1, 受理渠道="李师傅打来的，他的号码是13800000001")]))
    assert "1380" not in Record.objects.get().channel


def test_a_table_of_states_alone_renews_known_orders_and_refuses_others(receive, source, users):
    receive(as_csv([row(1), row(2)]))
    workflow.settle(source, {"单号": "number", "状态": "state", "办结时间": "answered_at"}, {}, users.county_office)
    done = receive(as_csv([[row(2)[0], "已办结", "2026-03-09 10:00"], ["LX-unknown", "已办结", ""]], ["单号", "状态", "办结时间"]), "状态.csv")
    assert (done.changed, done.refused) == (1, 1)
    renewed = Record.objects.get(number=row(2)[0])
    assert renewed.state == "closed" and renewed.answered_at and "路灯" in renewed.text


def test_it_goes_on_where_it_was_killed(source, users, receive, monkeypatch):
    """Killed in the middle of a batch, what is committed stays, the rest comes, and nothing comes twice."""
    monkeypatch.setattr(workflow, "BATCH", 4)
    content = as_csv([row(number) if number % 5 else row(number, 受理时间="？") for number in range(1, 31)])
    intake = receive(content, run=False)
    plain, batches = workflow.write, []

    def killed(*given):
        batches.append(1)
        if len(batches) == 4:
            raise KeyboardInterrupt
        return plain(*given)

    monkeypatch.setattr(workflow, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        workflow.run(intake.pk)
    intake.refresh_from_db()
    assert (intake.state, intake.cursor, intake.taken + intake.refused) == ("running", 12, 12)
    done = workflow.run(intake.pk)
    assert (done.state, done.read, done.taken, done.refused) == ("done", 30, 24, 6)
    assert Record.objects.count() == 24
    assert done.problems.count() == 6


def test_a_large_file_lets_others_go_first(receive, monkeypatch):
    monkeypatch.setattr(workflow, "BATCH", 2)
    clock = itertools.count()
    monkeypatch.setattr(workflow, "monotonic", lambda: 10 ** next(clock))
    intake = receive(as_csv([row(number) for number in range(1, 6)]), run=False)
    queued = []
    monkeypatch.setattr(workflow, "_queue", queued.append)
    states = [workflow.run(intake.pk, seconds=0).state]
    while queued:
        states.append(workflow.run(queued.pop(), seconds=0).state)
    assert states[-1] == "done" and set(states[:-1]) == {"running"} and Record.objects.count() == 5


def test_a_database_that_is_away_is_waited_for(receive, monkeypatch):
    """The queue tries again for as long as it does for every job: it must see what it was."""

    def gone(*given):
        raise OperationalError("server closed the connection unexpectedly")

    intake = receive(as_csv([row(1)]), run=False)
    monkeypatch.setattr(workflow, "write", gone)
    with pytest.raises(OperationalError):
        workflow.run(intake.pk)
    intake.refresh_from_db()
    assert (intake.state, intake.cursor) == ("running", 0)


def test_what_lost_its_job_is_queued_again(receive):
    intake = receive(as_csv([row(1)]), run=False)
    assert workflow.take_up_lost() == 0
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'failed' WHERE task_name = 'hotline.run_intake'")
    assert (workflow.take_up_lost(), workflow.take_up_lost()) == (1, 0)
    workflow.run(intake.pk)
    assert workflow.take_up_lost() == 0


def test_two_workers_at_one_file_do_not_harm_each_other(receive, monkeypatch):
    """Another one has taken the batch in while this one was reading it."""
    monkeypatch.setattr(workflow, "BATCH", 2)
    intake = receive(as_csv([row(number) for number in range(1, 7)]), run=False)
    plain = workflow.read
    monkeypatch.setattr(workflow, "read", lambda rows, known: (Intake.objects.filter(pk=intake.pk).update(cursor=2), plain(rows, known))[1])
    assert workflow.run(intake.pk).state == "running"
    assert Record.objects.count() == 0


def test_cancelled_while_its_file_is_read_it_ends_quietly(receive, users, monkeypatch):
    intake = receive(as_csv([row(number) for number in range(1, 7)]), run=False)
    monkeypatch.setattr(workflow, "Known", lambda *given: workflow.cancel(intake, users.county_office) and 1 / 0)
    assert workflow.run(intake.pk).state == "cancelled"


def test_notes_are_numbered_through_a_restart(town, users, monkeypatch):
    """Told twice in one table they are two, whichever batches they stand in and wherever it was killed."""
    monkeypatch.setattr(workflow, "BATCH", 2)
    notes = Source.objects.create(code="notes", name="东溪站记录", kind="station", mapping={"日期": "received_at", "反映问题": "text"})
    said = ["水沟堵了", "路灯不亮", "井盖松动", "水沟堵了", "水沟堵了"]
    intake, _ = workflow.receive_upload(notes, sealed("记录.csv", as_csv([["2026-03-02", words] for words in said], ["日期", "反映问题"])), users.county_office)
    workflow.start(intake, users.county_office)
    plain = workflow.write

    def killed(*given):
        if Record.objects.count() == 2:
            raise KeyboardInterrupt
        return plain(*given)

    monkeypatch.setattr(workflow, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        workflow.run(intake.pk)
    monkeypatch.setattr(workflow, "write", plain)
    assert workflow.run(intake.pk).taken == 5
    assert Record.objects.count() == 5


def test_cancelled_it_stops_and_the_file_is_gone(receive, users, monkeypatch):
    monkeypatch.setattr(workflow, "BATCH", 2)
    intake = receive(as_csv([row(number) for number in range(1, 7)]), run=False)
    plain = workflow.read
    monkeypatch.setattr(workflow, "read", lambda rows, known: (workflow.cancel(intake, users.county_office), plain(rows, known))[1])
    assert workflow.run(intake.pk).state == "cancelled"
    assert (Record.objects.count(), IntakePiece.objects.count()) == (0, 0)
    with pytest.raises(MoveRefused):
        workflow.start(intake, users.county_office)


def test_one_row_that_the_database_refuses_holds_up_nothing(receive, monkeypatch):
    plain = workflow.read

    def too_long(rows, known):
        for one in (found := plain(rows, known)):
            if one.number == row(2)[0]:
                object.__setattr__(one.place, "located_by", "x" * 40)
        return found

    monkeypatch.setattr(workflow, "read", too_long)
    done = receive(as_csv([row(1), row(2), row(3)]))
    assert (done.state, done.taken, done.refused) == ("done", 2, 1)
    assert done.problems.get().row == 3


def test_an_unexpected_fault_says_nothing_of_the_rows(receive, monkeypatch, caplog):
    def broken(rows, known):
        raise ValueError(f"cannot read {rows[0].text}")

    monkeypatch.setattr(workflow, "read", broken)
    intake = receive(as_csv([row(1)]), run=False)
    with pytest.raises(workflow.Interrupted) as trouble:
        workflow.run(intake.pk)
    shown = f"{trouble.value} {trouble.value.__cause__} {trouble.getrepr(style='short')}"
    assert "王小明" not in shown and "ValueError" in str(trouble.value)
    assert trouble.value.__suppress_context__
    workflow.fail(intake.pk, "程序出了意外，没有收完。")
    assert Intake.objects.get().state == "failed"
    assert Notice.objects.filter(path=f"/hotline/intakes/{intake.pk}/").count() == 1


def test_the_same_file_is_the_same_intake(source, users):
    content = as_csv([row(1)])
    first, fresh = workflow.receive_upload(source, sealed("工单.csv", content), users.county_office)
    again, second = workflow.receive_upload(source, sealed("改了名.csv", content), users.county_office)
    assert (fresh, second, again.pk) == (True, False, first.pk)
    workflow.cancel(first, users.county_office)
    assert workflow.receive_upload(source, sealed("工单.csv", content), users.county_office)[1]


def test_a_closed_source_takes_nothing(source, users):
    Source.objects.update(is_open=False)
    with pytest.raises(FileRefused):
        workflow.receive_upload(source, sealed("工单.csv", b"x"), users.county_office)


def test_files_nobody_settles_are_not_kept(source, users):
    intake, _ = workflow.receive_upload(source, sealed("工单.csv", as_csv([row(1)])), users.county_office)
    assert workflow.drop_forgotten() == 0
    Intake.objects.update(made_at=intake.made_at - workflow.KEPT_WAITING * 1.01)
    assert workflow.drop_forgotten() == 1
    assert not IntakePiece.objects.exists()


def test_a_file_sealed_for_another_key_is_said(source, users, settings):
    intake, _ = workflow.receive_upload(source, sealed("工单.csv", as_csv([row(1)])), users.county_office)
    workflow.start(intake, users.county_office)
    settings.CONTACT_KEY = "MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTE="
    assert workflow.run(intake.pk).state == "failed"
    assert "密钥换过了" in Intake.objects.get().fault


def test_a_sealed_file_is_read_from_any_position(source, users):
    content = bytes(range(256)) * (PIECE // 256 * 2 + 100)
    intake, _ = workflow.receive_upload(source, sealed("大.bin", content), users.county_office)
    assert IntakePiece.objects.filter(intake=intake).count() == 3
    assert not any(content[:64] in bytes(piece.sealed) for piece in IntakePiece.objects.all())
    opened = Opened.of(intake)
    assert opened.read() == content
    for at in (0, PIECE - 3, 2 * PIECE + 5, len(content) - 2, len(content) + 5):
        opened.seek(at)
        assert opened.read(10) == content[at : at + 10]
    opened.seek(-4, 2)
    assert opened.read() == content[-4:]


def test_notes_without_numbers_come_once(town, users, receive):
    notes = Source.objects.create(code="notes", name="东溪站记录", kind="station", channel="接待", mapping={"日期": "received_at", "反映人": "private", "反映问题": "text"})
    table = as_csv([["2026-03-02", "李大妈", "人民路12号旁边的水沟堵了，下雨天漫水"], ["2026-03-03", "匿名", "路口没有红绿灯"]], ["日期", "反映人", "反映问题"])
    assert receive(table, of=notes).taken == 2
    assert receive(table + b"\r\n", of=notes).unchanged == 2
    kept = Record.objects.filter(source=notes).order_by("received_at")
    assert [(each.timed, each.channel, each.told_for) for each in kept] == [(False, "接待", True)] * 2


def test_a_case_that_names_the_order_is_linked(receive, users, town):
    from tests.portal.conftest import _report

    case = workflow_case(_report(0.4, 0.5, f"路灯不亮，已经打过12345，工单号{row(1)[0]}，没有解决"))
    done = receive(as_csv([row(1), row(2)]))
    linked = Record.objects.get(number=row(1)[0])
    assert (done.linked, linked.case_id) == (1, case.pk)
    order = case.linked_orders.get()
    assert (order.source, order.number, order.state) == ("12345热线", row(1)[0], "办理中")
    assert CaseEvent.objects.filter(subject=case, verb="link_order").count() == 1
    receive(as_csv([row(1, 办理状态="已办结")]), "第二天.csv")
    assert case.linked_orders.get().state == "已办结"
    assert CaseEvent.objects.broken_chains() == [] and CaseEvent.objects.cut_off() == []


def test_an_order_known_before_the_case_that_names_it_is_linked_when_it_comes_again(receive, town):
    from tests.portal.conftest import _report

    receive(as_csv([row(1)]))
    case = workflow_case(_report(0.4, 0.5, f"路灯不亮，打过12345，工单号{row(1)[0]}，没有结果"))
    again = receive(as_csv([row(1, 办理状态="已办结")]), "第二天.csv")
    assert (again.linked, Record.objects.get().case_id) == (1, case.pk)


def workflow_case(report) -> Case:
    from apps.cases import workflow as cases

    return cases.submit(report)


def test_the_number_of_queries_does_not_grow_with_the_rows(receive, source, django_assert_max_num_queries, monkeypatch):
    """A batch takes as many as a few rows do."""
    few = receive(as_csv([row(number) for number in range(1, 4)]), run=False)
    with django_assert_max_num_queries(70) as asked:
        workflow.run(few.pk)
    many = receive(as_csv([row(number) for number in range(10, 90)]), "多.csv", run=False)
    with django_assert_max_num_queries(len(asked) + 25):
        workflow.run(many.pk)
    assert Record.objects.count() == 83


def test_rows_serialised_show_no_text(receive):
    """What stands in the job's arguments is a number."""
    intake = receive(as_csv([row(1)]), run=False)
    with connection.cursor() as cursor:
        cursor.execute("SELECT args FROM procrastinate_jobs WHERE task_name = 'hotline.run_intake' ORDER BY id DESC LIMIT 1")
        (args,) = cursor.fetchone()
    assert (json.loads(args) if isinstance(args, str) else args) == {"intake": intake.pk}
    assert "王小明" not in serializers.serialize("json", Intake.objects.all())
    assert len(HEADINGS) == len(row(1))
