"""Monthly tables of key projects, as development bureaus keep them: titles above, headings over two or three rows with merged
cells, 万元 or 亿元, percent or fraction, sections and sums between the rows. Read into texts; what a column means is proposed here
and settled by a person (apps/projects).
"""

import csv
import datetime as dt
import hashlib
import re
import unicodedata
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path

import openpyxl
from openpyxl.utils import range_boundaries

from gis_data.rows import FileRefused
from gis_data.tables import text_encoding

MOST_ROWS, MOST_COLUMNS, MOST_BLANK = 5000, 60, 200
MOST_BYTES = 300 << 20  # of a workbook unpacked
HEADING_ROWS = 30  # headings begin within so many rows
CELL = 400  # characters kept of a cell

MEANINGS = {
    "": "不用（只作参考）", "code": "项目编号", "name": "项目名称", "part": "子项目（名称或序号）", "month": "月份",
    "invested_month": "本月完成投资", "invested_year": "本年累计完成投资", "invested": "开工以来累计完成投资", "before": "上年底累计完成投资",
    "investment_year": "年度计划投资（核对）", "investment_total": "总投资（核对）", "percent": "累计完成%", "text": "形象进度（文字）",
    "problems": "存在问题", "note": "说明（作调整理由）",
}  # fmt: skip
MONEY = frozenset({"invested_month", "invested_year", "invested", "before", "investment_year", "investment_total"})
MARKS = [  # the first that is found in a heading decides
    ("", r"^序号$|序时|超序时|与.*(?:相比|差)|完成率|占.{0,8}(?:比|%)|(?:投资|计划)完成(?:比例|百分比)|开工(?:时间|日期)|竣工|工期|联系|电话"),
    ("code", r"项目(?:编号|编码|代码|赋码)|^(?:编号|编码|代码)$"),
    ("part", r"子项(?:目)?|分项|单体|标段|单位工程"),
    ("name", r"项目名称|工程名称|^名称$|^项目$"),
    ("problems", r"问题|困难|制约|需协调"),
    ("month", r"^(?:月份|报告期|填报月份?|统计月份?)$"),
    ("before", r"(?:上年|去年|至20\d\d年)(?:底|末|度)|历年(?:已)?完成|截至20\d\d年12月"),
    ("invested", r"(?:自|从)?开工.{0,4}(?:以来|至今|累计|起)|总累计|累计完成总投资"),
    ("invested_month", r"(?:本月|当月|(?<![-—~至到\d])\d{1,2}月份?)(?!底|末|累计).*(?:投资|完成|实绩)|(?:投资|完成|实绩).*(?:本月|当月)"),
    ("invested_year", r"(?:本年|今年|年初|年内|\d月?[-—~至到]\d{1,2}月|截至.{0,6}月).*(?:投资|完成|累计|实绩)|年度?累计|(?:投资|完成|实绩).*(?:本年|今年|年初|年内|\d[-—~至到]\d{1,2}月)"),
    ("investment_year", r"(?:年度|本年|今年|当年|20\d\d年).{0,4}(?:计划|目标|任务)|计划.{0,4}(?:年度|本年|当年|20\d\d年)"),
    ("investment_total", r"总投资|概算|投资(?:总额|规模)"),
    ("percent", r"(?:进度|完成|累计).{0,8}[%％]|完成百分比|进度百分比|总体进度$|工程进度$"),
    ("text", r"形象进度|进展|进度|建设情况|实施情况|目前状况|推进情况"),
    ("invested_year", r"累计.*(?:投资|完成)|(?:投资|完成).*累计|完成投资"),
    ("note", r"备注|说明|原因"),
]  # fmt: skip
UNSURE = re.compile(r"^(?!.*(?:本年|今年|年初|年内|月|年度|开工)).*累计.*$")
SUMS = re.compile(r"^(?:总计|合计|小计|累计|平均|共计|[一二三四五六七八九十]+[、.．].*|[（(][一二三四五六七八九十]+[)）].*|.*(?:合计|小计)(?:[（(]?\d+个?[)）]?)?|(?:填报|填表|制表|审核|复核|负责|联系)(?:人|单位|日期|电话)?[:：].*|[备附]?注[:：].*)$")
NOTHING = frozenset({"", "-", "--", "—", "——", "/", "\\", "无", "暂无", "/月", "n/a", "未填"})
UNITS = {"万": Decimal(1), "亿": Decimal(10000), "元": Decimal("0.0001")}


@dataclass(eq=False)
class Bulletin:
    """A table as it stands: headings joined over their rows, data rows with their number in the file, texts or None."""

    sheet: str
    title: str
    headings: list[str]
    rows: list[tuple[int, list[str | None]]]
    month: dt.date | None = None
    unit: str = "万"
    notes: list[str] = field(default_factory=list)

    @property
    def fingerprint(self) -> str:
        """The same for next month's table: years and months in headings do not count."""
        return fingerprint(self.headings)


@dataclass(frozen=True)
class Guess:
    """What a column seems to mean; `unsure`: a person should look twice."""

    means: str
    unit: str
    unsure: bool = False


def plain(text: object) -> str:
    """Text as it is compared: widths, case and blanks do not count."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", str(text or ""))).casefold()


def fingerprint(headings: list[str]) -> str:
    bare = [re.sub(r"\d+", "", plain(heading)) for heading in headings]
    return hashlib.sha256("\x1f".join(bare).encode()).hexdigest()


# --- reading -------------------------------------------------------------------------------------------------------------


def read_bulletin(path: Path, name: str) -> Bulletin:
    """The table of a workbook or CSV file; FileRefused in Chinese when there is none."""
    with path.open("rb") as file:
        start = file.read(8)
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise FileRefused("这是旧版 Excel（.xls）或加了密码的文件。请在 Excel 或 WPS 里打开，去掉密码，另存为 .xlsx 后再上传。")
    if start.startswith(b"PK"):
        found = [_bulletin(sheet, rows, merged) for sheet, rows, merged in _sheets(path)]
    elif Path(name).suffix.lower() in (".csv", ".txt"):
        with path.open(encoding=text_encoding(path), newline="") as file:
            lines = [line for _, line in zip(range(MOST_ROWS + HEADING_ROWS + 1), csv.reader(file), strict=False)]
        found = [_bulletin("", [[_short(cell) for cell in line[:MOST_COLUMNS]] for line in lines], [])]
    else:
        raise FileRefused("这不是表格文件。请上传发改部门的月报表，格式为 .xlsx（或 .csv）。")
    best = max((each for each in found if each), key=lambda each: (_score(each.headings), len(each.rows)), default=None)
    if best is None:
        raise FileRefused("表里没有找到表头。表头里至少要有“项目名称”或“项目编号”，和一列投资或进度；请检查后再上传。")
    if not best.rows:
        raise FileRefused("表里只有表头，没有项目。请检查是否上传了空表。")
    best.month = best.month or month_in(name) or month_in(best.sheet)
    return best


def _sheets(path: Path) -> Iterator[tuple[str, list[list[str | None]], list[tuple[int, int, int, int]]]]:
    with path.open("rb") as file:  # not by name: whatever the file is called, what is in it counts
        try:
            with zipfile.ZipFile(file) as archive:
                unpacked = sum(member.file_size for member in archive.infolist())
            book = openpyxl.load_workbook(file, read_only=True, data_only=True) if unpacked <= MOST_BYTES else None
        except Exception:  # whatever a broken archive raises in whatever library reads it
            raise FileRefused("这个文件打不开，可能没有传完或已经损坏。请在 Excel 或 WPS 里打开，另存为 .xlsx 后再上传。") from None
        if book is None:
            raise FileRefused("这个工作簿展开后太大。请只留下月报那一张表，另存后再上传。")
        try:
            for sheet in book.worksheets:
                if sheet.sheet_state == "visible":
                    sheet.reset_dimensions()
                    yield sheet.title, _cells(sheet), _merged(path, sheet)
        except FileRefused:
            raise
        except Exception:
            raise FileRefused("这个工作簿里有读不了的内容。请在 Excel 或 WPS 里打开，另存为 .xlsx 后再上传。") from None
        finally:
            book.close()


def _cells(sheet) -> list[list[str | None]]:
    rows: list[list[str | None]] = []
    blank = 0
    for row in sheet.iter_rows(max_col=MOST_COLUMNS):
        line = [_shown(cell) for cell in row]
        blank = 0 if any(line) else blank + 1
        if blank > MOST_BLANK:
            break
        rows.append(line)
        if len(rows) - blank > MOST_ROWS + HEADING_ROWS:
            raise FileRefused(f"表里超过 {MOST_ROWS:,} 行。月报一个项目一行；请删去多余的行，或分成几个文件上传。")
    return rows


def _shown(cell) -> str | None:
    """A cell as text; a number formatted as percent is written as one, a day as its date."""
    value = cell.value
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, (int, float)):
        if "%" in (cell.number_format or ""):
            return f"{round(value * 100, 6):.10g}%"
        return f"{round(value, 6):.15g}"
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    return _short(value)


def _short(value: object) -> str | None:
    text = "" if value is None else "".join(ch for ch in str(value) if ch.isprintable() or ch in "\n\t").strip()
    return text[:CELL] or None


def _merged(path: Path, sheet) -> list[tuple[int, int, int, int]]:
    """Merged cells (first column, first row, last column, last row), which a streaming reader does not tell."""
    found: list[tuple[int, int, int, int]] = []
    with zipfile.ZipFile(path) as archive, archive.open(sheet._worksheet_path) as file:
        kept = b""
        while block := file.read(1 << 20):
            kept += block
            for match in re.finditer(rb'<(?:\w+:)?mergeCell [^>]*ref="([A-Z]+\d+:[A-Z]+\d+)"', kept):
                found.append(range_boundaries(match.group(1).decode()))
            kept = kept[kept.rfind(b"<") :] if b"<" in kept[-200:] else kept[-200:]
    return [box for box in dict.fromkeys(found) if box[2] <= MOST_COLUMNS and box[3] - box[1] < 500]


def _bulletin(sheet: str, rows: list[list[str | None]], merged: list[tuple[int, int, int, int]]) -> Bulletin | None:
    width = max((x for row in rows for x, cell in enumerate(row, start=1) if cell), default=0)
    grid = [row[:width] + [None] * (width - len(row)) for row in rows]
    across = set()  # rows of one wide cell: titles, sections
    for left, top, right, bottom in merged:
        if top > len(grid) or left > width:
            continue
        value = grid[top - 1][left - 1]
        if top == bottom and right - left + 1 >= 0.7 * width and width > 3:
            across.add(top - 1)
            continue
        for y in range(top - 1, min(bottom, len(grid))):
            for x in range(left - 1, min(right, width)):
                grid[y][x] = value
    first = _heading_row(grid, across)
    if first is None:
        return None
    top, bottom = _heading_block(grid, first, across)
    headings = _headings(grid[top : bottom + 1], merged)
    used = [x for x in range(width) if headings[x] or any(row[x] for row in grid[bottom + 1 :])]
    above = [text for row in grid[:top] for text in dict.fromkeys(row) if text]
    data = []
    for number, row in enumerate(grid[bottom + 1 :], start=bottom + 2):
        cells = [row[x] for x in used]
        if sum(cell is not None for cell in cells) > 1 and number - 1 not in across:
            data.append((number, cells))
    title = max(above, key=len, default="")[:200]
    joined = " ".join(above)
    unit = re.search(r"单位[:：]?\s*(万|亿)?元", unicodedata.normalize("NFKC", joined))
    names = [headings[x] for x in used]
    return Bulletin(sheet, title, names, data, month_in(joined) or _month_of_headings(names, joined), (unit.group(1) or "元") if unit else "万")


def _score(row: Sequence[str | None]) -> int:
    known = {meaning_of(cell) for cell in row if cell and len(cell) <= 40} - {""}
    return len(known) + 2 * bool(known & {"name", "code"}) if known & {"name", "code"} and len(known) > 1 else 0


def _heading_row(grid: list[list[str | None]], across: set[int]) -> int | None:
    """The row that names most columns; with the row below when headings are split over two."""
    best, where = 0, None
    for y in range(min(HEADING_ROWS, len(grid))):
        if y in across:
            continue
        below = grid[y + 1] if y + 1 < len(grid) and y + 1 not in across else []
        score = max(_score(grid[y]), _score([*grid[y], *below]) - 1 if any(meaning_of(cell) in ("name", "code") for cell in grid[y] if cell) else 0)
        if score > best:
            best, where = score, y
    return where


def _heading_block(grid: list[list[str | None]], row: int, across: set[int]) -> tuple[int, int]:
    """First and last row of the headings around the row that was found."""
    key = next(x for x, cell in enumerate(grid[row]) if cell and meaning_of(cell) in ("name", "code"))
    top = bottom = row
    while bottom + 1 < len(grid) and bottom - row < 3 and bottom + 1 not in across:
        below = grid[bottom + 1]
        texts = [cell for cell in below if cell]
        section = len(set(texts)) == 1 and is_sum(texts[0])
        if below[key] not in (None, grid[row][key]) or not texts or section or any(re.fullmatch(r"[\d.,%-]+", plain(cell)) for cell in texts):
            break
        bottom += 1
    while top > 0 and top - 1 not in across and row - top < 2:
        above = grid[top - 1]
        texts = list(dict.fromkeys(cell for cell in above if cell))
        if len(texts) < 2 or any(len(cell) > 20 or re.search(r"单位[:：]|填报|制表|联系", cell) for cell in texts):
            break
        top -= 1
    return top, bottom


def _headings(block: list[list[str | None]], merged: list) -> list[str]:
    """One text a column: what stands over one another, joined. Where cells were not merged, a group's name goes on to the right."""
    filled = [list(row) for row in block]
    for y, row in enumerate(filled[:-1]):
        for x in range(1, len(row)):
            if row[x] is None and row[x - 1] and filled[y + 1][x] and filled[y + 1][x - 1] and not any(block[above][x] for above in range(y)):
                row[x] = row[x - 1]
    return ["".join(dict.fromkeys(re.sub(r"\s+", "", row[x] or "") for row in filled)) for x in range(len(block[0]))]


def month_in(text: str) -> dt.date | None:
    """The (last) month that a title or a file's name speaks of, with its year."""
    text = unicodedata.normalize("NFKC", text or "")
    match = re.search(r"(20\d{2})\s*年\s*(?:\d{1,2}\s*月?\s*[-—–~～至到]\s*)?(\d{1,2})\s*月", text) or re.search(r"(20\d{2})[-._/]?(0[1-9]|1[0-2])(?!\d)", text)
    if not match or not 1 <= int(match.group(2)) <= 12:
        return None
    return dt.date(int(match.group(1)), int(match.group(2)), 1)


def _month_of_headings(headings: list[str], title: str) -> dt.date | None:
    year = re.search(r"(20\d{2})\s*年", unicodedata.normalize("NFKC", " ".join([title, *headings])))
    months = [int(m) for heading in headings for m in re.findall(r"[-—–~～至到](\d{1,2})月", unicodedata.normalize("NFKC", heading))]
    return dt.date(int(year.group(1)), max(months), 1) if year and months and max(months) <= 12 else None


# --- meaning -------------------------------------------------------------------------------------------------------------


def meaning_of(heading: str | None) -> str:
    text = plain(heading)
    return next((means for means, pattern in MARKS if re.search(pattern, text)), "")


def guesses(headings: list[str], rows: list[tuple[int, list[str | None]]], unit: str = "万") -> list[Guess]:
    """For each column what it seems to mean, by its heading and by what stands in it. No meaning twice but the words."""
    found: list[Guess] = []
    taken: set[str] = set()
    for x, heading in enumerate(headings):
        means = meaning_of(heading)
        cells = [cell for _, row in rows if (cell := row[x]) and plain(cell) not in NOTHING]
        numeric = sum(_numeric(cell) for cell in cells)
        unsure = bool(means == "invested_year" and UNSURE.match(plain(heading)))
        if means == "text" and cells and numeric > 0.8 * len(cells):
            means, unsure = "percent", True
        if means == "percent" and cells and numeric < 0.2 * len(cells):
            means = "text"
        if means in MONEY and cells and not numeric:
            means = ""
        if means and means in taken and means not in ("text", "problems", "note"):
            means, unsure = "", True
        taken.add(means)
        own = re.search(r"(万|亿)元|[(（]元[)）]", plain(heading))
        found.append(Guess(means, (own.group(1) or "元") if own else unit, unsure))
    return found


def _numeric(cell: str) -> bool:
    try:
        return percent(cell) is not None or money(cell) is not None
    except ValueError:
        return False


def is_sum(name: str | None) -> bool:
    """Whether a row is a sum or the heading of a section, and no project."""
    return bool(SUMS.match(plain(name)))


# --- values --------------------------------------------------------------------------------------------------------------


def money(text: str | None, unit: str = "万") -> Decimal | None:
    """万元 with two decimals; None for an empty cell or a dash. ValueError for what is no amount."""
    bare = plain(text).replace(",", "").replace("，", "")
    if bare in NOTHING:
        return None
    match = re.fullmatch(r"(?:约|¥|￥)?([-+]?\d+(?:\.\d*)?(?:e[-+]?\d+)?)(万|亿)?(?:元)?", bare)
    if not match:
        raise ValueError(f"“{text}”不是金额")
    try:
        amount = Decimal(match.group(1)) * UNITS[match.group(2) or ("元" if bare.endswith("元") else unit)]
        amount = amount.quantize(Decimal("0.01"))
    except InvalidOperation:
        raise ValueError(f"“{text}”不是金额") from None
    if not 0 <= amount < Decimal(10) ** 10:
        raise ValueError(f"金额“{text}”应在 0 和一百万亿元之间" if amount >= 0 else f"金额“{text}”不能是负数")
    return amount


def percent(text: str | None, fraction: bool = False) -> float | None:
    """Percent; None for an empty cell. `fraction`: plain numbers count from 0 to 1. ValueError for what is no number."""
    bare = plain(text)
    if bare in NOTHING:
        return None
    match = re.fullmatch(r"(?:约|完成|已完成|累计|累计完成)?([-+]?\d+(?:\.\d*)?)(%)?", bare)
    if not match:
        raise ValueError(f"“{text}”不是百分比")
    value = float(match.group(1))
    return round(value * 100 if fraction and not match.group(2) else value, 4)


def are_fractions(cells: list[str | None]) -> bool:
    """Whether a column of plain numbers means 0.65 for 65 %: nothing above one, and something between."""
    values = [float(plain(cell)) for cell in cells if re.fullmatch(r"\d+(?:\.\d+)?", plain(cell))]
    return bool(values) and max(values) <= 1.0 and any(0 < value < 1 for value in values)
