"""The list that 主任会议 signs, as a workbook and on paper: one row a topic, its team, its leader, what is still empty.

Homes and metres to homes are not in it: the list goes from hand to hand.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import BinaryIO

from django.db.models.functions import Coalesce
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.worksheet import Worksheet

from apps.supervision.models import AssignmentRun, TeamMember
from apps.supervision.paper import Column, PaperTable
from apps.supervision.standing import Standing, standing

COLUMNS = (  # heading, width in letters (workbook), in millimetres (paper)
    ("序号", 6, 10), ("事项编号", 14, 27), ("监督事项", 34, 56), ("乡镇街道", 14, 22), ("责任单位", 22, 34),
    ("组长", 10, 17), ("成员", 34, 36), ("空缺", 6, 9), ("说明", 34, 38), ("代表签字", 18, 24),
)  # fmt: skip
TOPIC = ("project__town", "project__responsible", "own_town", "own_responsible")


def heading(run: AssignmentRun, now: Standing) -> list[str]:
    """The lines under the title: where the run stands, who approved it, whether it is proven."""
    approved = ""
    if run.approved_on:
        words = f"（{run.approval_words}）" if run.approval_words else ""
        approved = f"　　{run.get_approval_body_display()}{words}{run.approved_on:%Y年%m月%d日} 批准"
    proven = "" if not run.proven else "，人工调整前已证明最优" if now.by_hand else "，已证明最优"
    empty = f"，空缺 {now.unmet} 人" if now.unmet else ""
    return [
        f"状态：{run.get_state_display()}　　{run.get_preset_display()}{approved}",
        f"监督事项 {now.topics} 项，代表 {now.used} 人，人选 {now.places} 人次{empty}，人工调整 {now.by_hand} 处{proven}",
    ]


def rows(run: AssignmentRun) -> Iterator[list[str]]:
    """A row for each topic, in the order of COLUMNS."""
    members: dict[int, list[TeamMember]] = defaultdict(list)
    for member in TeamMember.objects.filter(team__run=run).select_related("deputy").order_by("-leader", "deputy__code"):
        members[member.team_id].append(member)
    code = Coalesce("topic__project__code", "topic__own_code")
    for number, team in enumerate(run.teams.select_related(*(f"topic__{name}" for name in TOPIC)).order_by(code), start=1):
        topic, mine = team.topic, members[team.pk]
        yield [
            str(number), topic.code, topic.title, topic.town.name if topic.town else "", topic.responsible.name if topic.responsible else "",
            "、".join(member.deputy.name for member in mine if member.leader),
            "、".join(member.deputy.name for member in mine if not member.leader), str(team.unmet or ""),
            "；".join([team.unmet_reason] * bool(team.unmet) + [f"{member.deputy.name}：{member.reason}" for member in mine if member.reason]), "",
        ]  # fmt: skip


def write_workbook(run: AssignmentRun, file: BinaryIO) -> None:
    """The list as XLSX, laid out to be printed on its side."""
    book = Workbook()
    sheet: Worksheet = book.active
    sheet.title = "监督分工"
    said = heading(run, standing(run))
    for line in (run.name, *said):
        sheet.append([line])
    sheet["A1"].font = Font(size=16, bold=True)
    sheet.append([name for name, _, _ in COLUMNS])
    head = sheet.max_row
    for row in rows(run):
        sheet.append([int(row[0]), *row[1:]])
    for index, (_, width, _) in enumerate(COLUMNS):
        sheet.column_dimensions["ABCDEFGHIJ"[index]].width = width
    for row in sheet.iter_rows(min_row=head):
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if cell.data_type == "f":  # a name that begins with "=" is a text, never a formula
                cell.data_type = "s"
    for cell in sheet[head]:
        cell.font = Font(bold=True)
    for offset, line in enumerate(SIGNED, start=2):
        sheet.cell(sheet.max_row + offset // 2, 1, line)
    sheet.freeze_panes, sheet.print_title_rows = f"A{head + 1}", f"{head}:{head}"
    sheet.page_setup.orientation, sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = "landscape", 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.oddFooter.center.text = "第 &P 页，共 &N 页"
    book.save(file)


SIGNED = (
    "批准机关（盖章）：　　　　　　　　　　　　　　会议名称：　　　　　　　　　　　　　　　　　",
    "批准人（签名）：　　　　　　　　　　　　　　　日期：　　　　　年　　　月　　　日",
)


def write_paper(run: AssignmentRun, file: BinaryIO) -> int:
    """The list as PDF, A4 on its side; the number of pages. NoFont where the server has no Chinese font."""
    columns = [Column(name, width, name in ("序号", "空缺")) for name, _, width in COLUMNS]
    return PaperTable(run.name, heading(run, standing(run)), columns, SIGNED).write(rows(run), file)
