"""The list that 主任会议 signs, as a workbook: one row a topic, its team, its leader, what is still empty."""

from typing import BinaryIO

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.worksheet import Worksheet

from apps.supervision.models import AssignmentRun, TeamMember

COLUMNS = [("序号", 6), ("事项编号", 14), ("事项名称", 34), ("乡镇街道", 14), ("责任单位", 22), ("组长", 10), ("成员", 34), ("空缺", 6), ("说明", 34)]


def write_workbook(run: AssignmentRun, members: list[TeamMember], file: BinaryIO) -> None:
    """Homes and metres to homes are not in it: the list goes from hand to hand."""
    book = Workbook()
    sheet: Worksheet = book.active
    sheet.title = "监督分工"
    sheet.append([run.name])
    sheet.append([f"状态：{run.get_state_display()}　　{'已证明最优' if run.proven else ''}　　人选 {len(members)} 人次"])
    sheet["A1"].font = Font(size=16, bold=True)
    sheet.append([heading for heading, _ in COLUMNS])
    for number, team in enumerate(run.teams.select_related(*(f"topic__{name}" for name in ("project__town", "project__responsible", "own_town", "own_responsible"))), start=1):
        mine = [member for member in members if member.team_id == team.pk]
        sheet.append([
            number, team.topic.code, team.topic.title, team.topic.town.name if team.topic.town else "", team.topic.responsible.name if team.topic.responsible else "",
            next((member.deputy.name for member in mine if member.leader), ""),
            "、".join(member.deputy.name for member in mine if not member.leader), team.unmet or "",
            "；".join([team.unmet_reason] * bool(team.unmet) + [f"{member.deputy.name}：{member.reason}" for member in mine if member.reason]),
        ])
    for index, (_, width) in enumerate(COLUMNS):
        sheet.column_dimensions["ABCDEFGHI"[index]].width = width
    for row in sheet.iter_rows(min_row=3):
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if cell.data_type == "f":  # a name that begins with "=" is a text, never a formula
                cell.data_type = "s"
    for cell in sheet[3]:
        cell.font = Font(bold=True)
    end = sheet.max_row + 2
    sheet.cell(end, 1, "批准人（签名）：")
    sheet.cell(end, 7, "日期：　　　　年　　月　　日")
    sheet.freeze_panes, sheet.print_title_rows = "A4", "3:3"
    sheet.page_setup.orientation, sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = "landscape", 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    book.save(file)

