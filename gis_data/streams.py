"""Tables of any layout out of a stream of bytes: CSV in whatever encoding and delimiter, Excel, JSON (a list, or one object a line).

Nothing is written to disk and no more than a few rows are held at a time, so a file may be one that only exists in memory or sealed in
pieces. A table here has headings and rows and no meaning; what the headings mean is the caller's. FileRefused says in Chinese what to do.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO
from zipfile import ZipFile

import openpyxl

from gis_data.rows import FileRefused

BLOCK = 1 << 20
LONGEST_FIELD = 64 << 20
LONGEST_CELL = 20_000  # characters; what is longer is cut
HEADING_ROWS = 15  # titles and notes may stand above the headings
FIRST_OBJECTS = 200  # of a JSON file: their names are its headings
LONGEST_OBJECT = 8 << 20  # characters
SHEETS = 40
SHEET_ROWS = 10_000_000  # a row of the third sheet is 2 * SHEET_ROWS and its own number: more than a sheet can have
PEEKED = 1 << 20  # bytes of a sheet in which formulas without values are looked for
KEPT_DIGITS = 15  # that Excel keeps of a number; zeros stand for the others
MOST_COLUMNS = 200
MOST_BROKEN = 0.05  # of the signs beyond ASCII may be unreadable: a program cut texts in the middle of a sign
UNREADABLE = "\ufffd"  # stands where such a sign was
UNPACKED, SHARED = 4 << 30, 256 << 20  # bytes of a workbook, and of the words in it that must be held
DELIMITERS = "\t,;，|"
MOST_BEGINNINGS = 1_000  # rows whose beginnings are remembered
SHORTEST_NUMBER = 6  # signs of what a row is known by; a serial number in front of it is shorter
UNCOUNTED = re.compile(  # a formula whose value nobody has saved; an empty text is one
    rb'<c (?![^>]*t="str")[^>]*>\s*<f(?:\s[^>]*)?(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v></v>)?\s*</c>'
)
DIGIT, DAY = re.compile(r"\d"), re.compile("0000[-/.年]")

OPENING = re.compile(
    r"""\s*\ufeff?(?:\{\s*(?:"[^"]*"\s*:\s*(?:"[^"]*"|[-\w.]+)\s*,\s*)*"[^"]*"\s*:\s*)?\[(?=\s*[{\]])"""
)  # of the list

Cells = list[Any]
Numbered = tuple[int, Cells]


@dataclass(frozen=True, eq=False)
class Table:
    """headings: one text a column, none twice; rows(): each with its number in the file, blank ones left out; count(): how many.
    Every call of rows() reads the file from its beginning. A row of text that has more cells than there are headings comes with all of them.
    notes: what of the file is not read, or not as it looks: a row's number and words."""

    headings: list[str]
    rows: Callable[[], Iterator[Numbered]]
    notes: tuple[tuple[int, str], ...] = ()

    def count(self) -> int:
        return sum(1 for _ in self.rows())


def open_table(file: BinaryIO, name: str, known: Callable[[str], bool]) -> Table:
    """file: seekable; name: for what is said of it. known: whether a text is a heading that the caller understands, by which the row of
    headings is found. Raises FileRefused."""
    start = _start(file)
    if not start.strip():
        raise FileRefused(f"文件“{name}”是空的。请重新导出后再传。")
    if start.startswith(b"PK\x03\x04"):
        return _excel(file, name, known)
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise FileRefused(
            "这是旧版 Excel 文件（.xls），或加了密码。请在 Excel 或 WPS 中另存为不加密码的 .xlsx 后再传。"
        )
    opening = start.removeprefix(codecs.BOM_UTF8).lstrip()
    if opening.startswith(b"%PDF"):
        raise FileRefused(f"文件“{name}”是 PDF，只改了后缀，不是表格。请从原来的系统导出 .xlsx 或 CSV 后再传。")
    if opening.startswith(b"<"):
        raise FileRefused(f"文件“{name}”是网页或 XML，不是真正的表格。请用 Excel 或 WPS 打开，另存为 .xlsx 后再传。")
    encoding = encoding_of(file, name)
    if opening[:1] in (b"[", b"{"):
        return _json(file, name, encoding)
    return _csv(file, name, encoding, known)


def encoding_of(file: BinaryIO, name: str) -> str:
    """By its BOM, else UTF-8 or GB 18030. FileRefused if too much cannot be read so, or if it is no text."""
    start = _start(file)
    if start.startswith(codecs.BOM_UTF8):
        likely: tuple[str, ...] = ("utf-8-sig",)
    elif start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        likely = ("utf-16",)
    else:
        likely = ("utf-8", "gb18030")
    for encoding in likely:
        if _broken(file, encoding) <= MOST_BROKEN:
            return encoding
    raise FileRefused(f"文件“{name}”既不是 UTF-8 也不是 GBK 文本，可能不是表格。请另存为 CSV（UTF-8）或 .xlsx 后再传。")


def _start(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read(4096)


def _broken(file: BinaryIO, encoding: str) -> float:
    """The share of its signs beyond ASCII that cannot be read so; 1 for what is no text."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    signs = unreadable = 0
    file.seek(0)
    while block := file.read(BLOCK):
        text = decoder.decode(block)
        signs += len(text) - len(text.encode("ascii", "ignore"))
        unreadable += text.count(UNREADABLE)
        if "\0" in text:
            return 1.0
    return (unreadable + decoder.decode(b"", final=True).count(UNREADABLE)) / max(signs, 1)


# --- rows and headings ---------------------------------------------------------------------------------------------------


def row_words(row: int) -> str:
    """A row's number as it is said to a person."""
    sheet, number = divmod(row, SHEET_ROWS)
    return f"第{sheet + 1}张表 {number or ''}".strip() if sheet else str(number or "整个文件")


def _table(
    records: Callable[[], Iterator[Numbered]], name: str, known: Callable[[str], bool], *, delimited: bool = False
) -> Table:
    """The headings are the row among the first ones that says most of what the caller knows, with what stands above and below it in merged
    cells. delimited: a cell beyond the headings says that a delimiter in a text was taken for one between cells."""
    first = list(islice((record for record in records() if _filled(record[1])), HEADING_ROWS))
    if not first:
        raise FileRefused(f"文件“{name}”里没有内容。请重新导出后再传。")
    wide = max(len(cells) for _, cells in first)
    texts = [[heading_text(cell) for cell in cells] + [""] * (wide - len(cells)) for _, cells in first]
    scores = [len({text for text in row if text and known(text)}) for row in texts]
    best = max(range(len(first)), key=lambda row: (scores[row], -row))
    if not scores[best]:
        best = next((row for row, cells in enumerate(texts) if len(_filled(cells)) > 1), 0)
    merged, last = texts[best], best
    for above, understood in zip(texts[:best], scores[:best], strict=True):
        if understood > 1:
            merged = [text or over for text, over in zip(merged, above, strict=True)]
    if best + 1 < len(texts) and _continues(texts[best], texts[best + 1], known):
        merged, last = [under or text for text, under in zip(merged, texts[best + 1], strict=True)], best + 1
    if not any(merged):
        raise FileRefused(f"文件“{name}”里没有表头。请在表的第一行写上各列的名称后再传。")
    while not merged[-1]:  # a sheet may be wider than what stands in it
        merged = merged[:-1]
    headings = _once(merged[:MOST_COLUMNS])
    number, width = first[last][0], len(headings)
    beyond = max(wide if not delimited else 0, *(len(cells) for _, cells in first[: last + 1]))

    def rows() -> Iterator[Numbered]:
        for at, row in records():
            if at > number and _filled(row[:width]):
                whole = delimited and _filled(row[beyond:])
                yield at, row if whole else [*row[:width], *[None] * (width - len(row))]

    return Table(headings, rows)


def _continues(headings: list[str], below: list[str], known: Callable[[str], bool]) -> bool:
    """Whether the row below says what the columns under a merged heading are, and is no data: headings alone, one of them where none stood."""
    said = [text for text in below if text]
    under = any(text and not over for text, over in zip(below, headings, strict=True))
    return under and sum(map(known, said)) * 2 > len(said) and not any(any(map(str.isdigit, text)) for text in said)


def _filled(cells: Cells) -> list[Any]:
    return [cell for cell in cells if cell is not None and str(cell).strip()]


def heading_text(cell: Any) -> str:
    return "".join(str("" if cell is None else cell).split()).strip("\ufeff*＊:：")


def _once(headings: list[str]) -> list[str]:
    """A name that stands there again gets its turn: 时间, 时间（2）; a column without one its place."""
    seen: dict[str, int] = {}
    made = []
    for place, heading in enumerate(headings, 1):
        heading = heading or f"第{place}列"
        seen[heading] = seen.get(heading, 0) + 1
        made.append(heading if seen[heading] == 1 else f"{heading}（{seen[heading]}）")
    return made


# --- formats -------------------------------------------------------------------------------------------------------------


def _csv(file: BinaryIO, name: str, encoding: str, known: Callable[[str], bool]) -> Table:
    csv.field_size_limit(LONGEST_FIELD)

    @contextmanager
    def opened() -> Iterator[io.TextIOWrapper]:
        file.seek(0)
        text = io.TextIOWrapper(file, encoding, errors="replace", newline="")
        try:
            yield text
        finally:
            text.detach()  # else it would close the file with itself

    with opened() as text:
        first = [line for line in islice(iter(lambda: text.readline(BLOCK), ""), 2 * HEADING_ROWS) if line.strip()]
    delimiter = _delimiter(first, known)

    def records() -> Iterator[Numbered]:
        with opened() as text:
            reader, beginnings = csv.reader(text, delimiter=delimiter), set[str]()
            try:
                for number, row in enumerate(reader, 1):
                    if any("\n" in cell for cell in row) and _swallowed(row, delimiter, beginnings):
                        raise FileRefused(
                            f"文件“{name}”第 {number} 行的引号没有配对，后面的行成了它的内容。请补上引号，或另存为 .xlsx 后再传。"
                        )
                    if number < MOST_BEGINNINGS:
                        beginnings.add(_beginning(row))
                    yield number, [cell[:LONGEST_CELL] for cell in row]
            except csv.Error:
                raise FileRefused(
                    f"文件“{name}”第 {reader.line_num} 行附近不是合格的 CSV。请检查引号，或另存为 .xlsx 后再传。"
                ) from None

    return _table(records, name, known, delimited=True)


def _delimiter(lines: list[str], known: Callable[[str], bool]) -> str:
    """That by which one of the first lines has most known headings; where none has any, the one that stands there most."""

    def told(delimiter: str) -> tuple[int, int]:
        rows = csv.reader(lines, delimiter=delimiter)
        return max((sum(map(known, map(heading_text, row))), len(row)) for row in rows)

    return max(DELIMITERS, key=told) if lines else ","


def _swallowed(row: list[str], delimiter: str, beginnings: set[str]) -> bool:
    """Whether a cell holds whole rows, which begin as others do: a quotation mark was opened before them and not closed."""
    lines = (line for cell in row for line in cell.split("\n")[1:])
    return any((begins := _beginning(line.split(delimiter, 2))) and begins in beginnings for line in lines)


def _beginning(row: list[str]) -> str:
    """The form of a row's number, "" where it has none: LX2026-01 -> LX0000-00. Days begin lines of notes too."""
    first = next((cell for cell in row[:2] if len(cell) >= SHORTEST_NUMBER), "")
    form = DIGIT.sub("0", first.strip('"'))
    return form if "0" in form and not DAY.match(form) else ""


def _excel(file: BinaryIO, name: str, known: Callable[[str], bool]) -> Table:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            parts = ZipFile(file)
            sizes = {part.filename: part.file_size for part in parts.infolist()}
            if sum(sizes.values()) > UNPACKED or sizes.get("xl/sharedStrings.xml", 0) > SHARED:
                raise FileRefused(f"Excel 文件“{name}”解开后太大。请分成几个文件，或另存为 CSV 后再传。")
            book = openpyxl.load_workbook(file, read_only=True, data_only=True)
        except FileRefused:
            raise
        except Exception:  # openpyxl lets whatever its zip and XML readers raise through
            raise FileRefused(f"Excel 文件“{name}”打不开：已损坏、加了密码，或不是 .xlsx。请重新另存后再传。") from None
    tables: dict[int, Table] = {}
    fault = FileRefused(f"Excel 文件“{name}”里没有工作表。")
    for place, sheet in enumerate(book.worksheets[:SHEETS]):
        try:
            if sheet.sheet_state == "visible":
                tables[place] = _table(_cells_of(sheet, name), name, known)
        except FileRefused as refusal:
            fault = refusal
    if not tables:
        raise fault
    main = max(tables, key=lambda place: sum(map(known, tables[place].headings)))
    notes = [*_unread(book.worksheets, tables, main), *_uncounted(parts, book.worksheets[main], main)]
    return _one_of(tables, main, notes)


def _alike(table: Table, main: Table) -> bool:
    return set(table.headings) == set(main.headings)


def _one_of(tables: dict[int, Table], main: int, notes: list[tuple[int, str]]) -> Table:
    """A month may have its sheet: those with the same columns, in whatever order, are read one after the other."""
    headings = tables[main].headings

    def rows() -> Iterator[Numbered]:
        for place, table in tables.items():
            if _alike(table, tables[main]):
                order = [table.headings.index(heading) for heading in headings]
                for number, cells in table.rows():
                    yield place * SHEET_ROWS + number, [cells[at] for at in order]

    return Table(headings, rows, tuple(notes))


def _unread(sheets: list[Any], tables: dict[int, Table], main: int) -> Iterator[tuple[int, str]]:
    for place, sheet in enumerate(sheets):
        if sheet.sheet_state != "visible":
            yield place * SHEET_ROWS, f"第 {place + 1} 张工作表是隐藏的，没有读"
        elif place >= SHEETS:
            yield place * SHEET_ROWS, f"第 {place + 1} 张工作表没有读：一个文件只读前 {SHEETS} 张"
        elif place in tables and not _alike(tables[place], tables[main]):
            yield (
                place * SHEET_ROWS,
                f"第 {place + 1} 张工作表的表头和第 {main + 1} 张不同，没有读；要收，请单独存成一个文件",
            )


def _uncounted(parts: ZipFile, sheet: Any, place: int) -> Iterator[tuple[int, str]]:
    with parts.open(
        sheet._worksheet_path
    ) as file:  # what openpyxl reads tells a formula without a value from an empty cell no more
        if UNCOUNTED.search(file.read(PEEKED)):
            yield place * SHEET_ROWS, "有的格是公式，没有存下算出来的值，当作空的；请用 Excel 或 WPS 打开，保存后再传"


def _cells_of(sheet: Any, name: str) -> Callable[[], Iterator[Numbered]]:
    def records() -> Iterator[Numbered]:
        sheet.reset_dimensions()  # some programs write a wrong size of the sheet
        try:
            for number, row in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS, values_only=True), 1):
                yield number, [_excel_cell(cell) for cell in row]
        except FileRefused:
            raise
        except Exception:  # the same, in the middle of a broken file
            raise FileRefused(f"Excel 文件“{name}”读到一半读不下去了：已损坏。请重新另存后再传。") from None

    return records


def _excel_cell(cell: Any) -> Any:
    """A number that lost its last digits is written so that this can be seen."""
    if isinstance(cell, int) and len(digits := str(cell)) > KEPT_DIGITS + 1 and not digits[KEPT_DIGITS:].strip("0"):
        return f"{cell:.{KEPT_DIGITS - 1}E}"
    return cell[:LONGEST_CELL] if isinstance(cell, str) else cell


def _json(file: BinaryIO, name: str, encoding: str) -> Table:
    headings: dict[str, None] = {}
    for entry in islice(_objects(file, name, encoding), FIRST_OBJECTS):
        headings.update(dict.fromkeys(entry))
    if not headings:
        raise FileRefused(f"文件“{name}”里没有记录。JSON 要是一个列表，每项是一个对象。")
    named = list(headings)[:MOST_COLUMNS]

    def rows() -> Iterator[Numbered]:
        for number, entry in enumerate(_objects(file, name, encoding), 1):
            cells = [_plain(entry.get(heading)) for heading in named]
            if _filled(cells):
                yield number, cells

    return Table(named, rows)


def _plain(value: Any) -> Any:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)[:LONGEST_CELL]
    return value[:LONGEST_CELL] if isinstance(value, str) else value


def _objects(file: BinaryIO, name: str, encoding: str) -> Iterator[dict[str, Any]]:
    """The objects of the outermost list, of a list inside an object ({"total": 2, "data": [...]}), or one after the other."""
    file.seek(0)
    decoder, reader = codecs.getincrementaldecoder(encoding)("replace"), json.JSONDecoder()
    text, over = decoder.decode(file.read(BLOCK)), False
    opening = OPENING.match(text)
    text = text[opening.end() :] if opening else text
    while True:
        text = text.lstrip(" \t\r\n,\ufeff")
        if opening and text[:1] == "]":
            return
        try:
            entry, end = reader.raw_decode(text)
        except (ValueError, RecursionError):
            if over or len(text) > LONGEST_OBJECT:
                if text or opening:
                    raise FileRefused(f"文件“{name}”不是合格的 JSON。要是一个列表，每项是一个对象。") from None
                return
            block = file.read(BLOCK)
            over = not block
            text += decoder.decode(block, final=over)
            continue
        if not isinstance(entry, dict):
            raise FileRefused(f"文件“{name}”里有不是对象的项。JSON 要是一个列表，每项是一个对象。")
        yield entry
        text = text[end:]
