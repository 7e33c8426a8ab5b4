"""An evaluation as a workbook: the rows, their sum, and a sheet that says what each column counts."""

import io

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from apps.supervision.evaluation import BY, LEAST, Asked, Evaluation, Row, table

WHO = [("编号", 16), ("名称", 34), ("所在", 16)]
SEEN = [("分到（人次）", 12), ("去过（人次）", 12), ("走访覆盖率%", 12), ("走访查看", 10), ("视察", 8)]
FOUND = [("发现问题", 10), ("已转交", 10), ("不予转交", 10), ("已办结", 10), ("按期办结", 10), ("逾期办结", 10), ("超期未结", 10), ("办理中未到期", 14), ("按期整改率%", 12)]
RATED = [("评分次数", 10), ("平均分", 10)]
MEANING = (
    "覆盖率：期末生效的监督分工里分到的人次中，本期内到过现场的占比。单位一栏按事项计。",
    "走访、视察：本期内已记录的；视察以代表签到为准。",
    "发现问题：本期内提出的，不含已合并和代表撤回的；状态是导出当天的。",
    "按期整改率：按期办结 ÷（已办结 + 超期未结）。超期未结计为没有按期；还没有到期的不计入，另列。",
    f"样本不足 {LEAST} 的，不算百分比和平均分，只列次数。",
)


def write(asked: Asked, found: Evaluation) -> bytes:
    columns = WHO + ([] if asked.government else SEEN) + FOUND + ([] if asked.government else RATED)
    book = Workbook()
    sheet = book.active
    sheet.title = "监督成效"
    sheet.append([f"监督成效评估（按{BY[asked.by]}）　{asked.period.label}"])
    sheet.append([f"{asked.period.first} 至 {asked.period.last}　监督分工：{found.run or '期末没有发布的分工'}　共 {found.count} 行"])
    sheet.append([heading for heading, _ in columns])
    total = Row(**{name: getattr(found.total, name) for name in found.total.__dataclass_fields__}, name="合计")
    for values in table([total, *found.rows], asked.government):
        sheet.append(values)
        for cell in sheet[sheet.max_row]:
            if isinstance(cell.value, str):  # a name that begins with "=" is a text, never a formula
                cell.data_type = "s"
    sheet["A1"].font = Font(size=15, bold=True)
    for number, (_, width) in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(number)].width = width
        sheet.cell(3, number).font = sheet.cell(4, number).font = Font(bold=True)
        sheet.cell(3, number).alignment = Alignment(wrap_text=True, vertical="top")
    sheet.freeze_panes, sheet.print_title_rows = "C5", "3:3"
    sheet.page_setup.orientation, sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = "landscape", 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    meaning = book.create_sheet("口径")
    meaning.column_dimensions["A"].width = 100
    for line in MEANING:
        meaning.append([line])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()
