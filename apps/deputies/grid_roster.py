"""The roster of the deputy grid as a workbook: a row for every grid and deputy, grids without anybody too, and room to sign."""

import datetime as dt
from collections import defaultdict
from typing import BinaryIO

from django.utils import timezone
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from apps.accounts.models import User
from apps.deputies.grid import GridMember, area_prefix
from apps.territory.models import Grid

COLUMNS = (
    ("乡镇街道", 14),
    ("村社", 16),
    ("网格编码", 20),
    ("网格名称", 26),
    ("代表", 10),
    ("代表编号", 16),
    ("依据", 16),
    ("代表小组", 22),
    ("确认日期", 12),
    ("代表签名", 14),
)


def write_roster(user: User, area: str, name: str, today: dt.date, file: BinaryIO) -> None:
    """area: the code of a town or village, "" for all of the user's scope. Neither homes nor telephones are in it: it goes from hand to hand."""
    members: dict[int, list[GridMember]] = defaultdict(list)
    confirmed = GridMember.objects.visible_to(user).under(area).confirmed()
    for member in confirmed.in_order().select_related("deputy__group", "field").iterator(chunk_size=5000):
        members[member.grid_id].append(member)
    book = Workbook(write_only=True)
    sheet = book.create_sheet("代表网格名册")
    for index, (_, width) in enumerate(COLUMNS):
        sheet.column_dimensions["ABCDEFGHIJ"[index]].width = width
    sheet.freeze_panes, sheet.print_title_rows = "A4", "3:3"
    (
        sheet.page_setup.orientation,
        sheet.page_setup.paperSize,
        sheet.page_setup.fitToWidth,
        sheet.page_setup.fitToHeight,
    ) = "landscape", Worksheet.PAPERSIZE_A4, 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    grids = Grid.objects.filter(village__code__startswith=user.scope) if user.scope else Grid.objects.none()
    if area:
        grids = grids.filter(village__code__startswith=area_prefix(area))
    rows = list(grids.order_by("code").values_list("pk", "code", "name", "village__name", "village__parent__name"))
    empty = sum(pk not in members for pk, *_ in rows)
    sheet.append([_cell(sheet, f"{name}代表网格名册", 16)])
    sheet.append(
        [f"{today:%Y年%-m月%-d日}　　网格 {len(rows)} 个，{len(rows) - empty} 个已有代表，{empty} 个还没有代表"]
    )
    sheet.append([_cell(sheet, heading) for heading, _ in COLUMNS])
    for pk, code, grid, village, town in rows:
        for member in members.get(pk) or [None]:
            told = (
                (member.deputy.name, member.deputy.code, member.because, member.deputy.group.name if member.deputy.group else "",
                 timezone.localdate(member.decided_at) if member.decided_at else member.since)
                if member else ("还没有代表", "", "", "", None)
            )  # fmt: skip
            sheet.append([_plain(sheet, cell) for cell in (town or "", village, code, grid, *told, "")])
    sheet.append([])
    sheet.append(["审核人（签名）：", "", "", "", "单位（盖章）：", "", "", "日期：　　　　年　　月　　日"])
    book.save(file)


def _cell(sheet, text: str, size: int = 11) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, value=text)
    cell.font = Font(size=size, bold=True)
    return cell


def _plain(sheet, value):
    """The value as it is: a cell of its own for each would cost a minute for a hundred thousand rows."""
    if not isinstance(value, str) or not value.startswith("="):
        return value
    cell = WriteOnlyCell(sheet, value=value)
    cell.data_type = "s"  # a name that begins with "=" is a text, never a formula
    return cell
