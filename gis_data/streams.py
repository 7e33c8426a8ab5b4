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
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO

import openpyxl

from gis_data.rows import FileRefused

BLOCK = 1 << 20
LONGEST_FIELD = 64 << 20
LONGEST_CELL = 20_000  # characters; what is longer is cut
HEADING_ROWS = 15  # titles and notes may stand above the headings
FIRST_OBJECTS = 200  # of a JSON file: their names are its headings
SHEETS = 3
MOST_COLUMNS = 200

OPENING = re.compile(
    r"""\s*\ufeff?(?:\{\s*(?:"[^"]*"\s*:\s*(?:"[^"]*"|[-\w.]+)\s*,\s*)*"[^"]*"\s*:\s*)?\[(?=\s*[{\]])"""
)  # of the list

Cells = list[Any]
Numbered = tuple[int, Cells]


@dataclass(frozen=True, eq=False)
class Table:
    """headings: one text a column, none twice; rows(): each with its number in the file, blank ones left out; count(): how many.
    Every call of rows() reads the file from its beginning."""

    headings: list[str]
    rows: Callable[[], Iterator[Numbered]]

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
    encoding = encoding_of(file, name)
    if start.removeprefix(codecs.BOM_UTF8).lstrip()[:1] in (b"[", b"{"):
        return _json(file, name, encoding)
    return _csv(file, name, encoding, known)


def encoding_of(file: BinaryIO, name: str) -> str:
    """BOM, else strict UTF-8 over the whole file, else GB 18030. FileRefused if neither."""
    start = _start(file)
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for encoding in ("utf-8", "gb18030"):
        if _decodes(file, encoding):
            return encoding
    raise FileRefused(f"文件“{name}”既不是 UTF-8 也不是 GBK 文本，可能不是表格。请另存为 CSV（UTF-8）或 .xlsx 后再传。")


def _start(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read(4096)


def _decodes(file: BinaryIO, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    file.seek(0)
    try:
        while block := file.read(BLOCK):
            if "\0" in decoder.decode(block):
                return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


# --- rows and headings ---------------------------------------------------------------------------------------------------


def _table(records: Callable[[], Iterator[Numbered]], name: str, known: Callable[[str], bool]) -> Table:
    """The headings are the row among the first ones that says most of what the caller knows."""
    first = list(islice((record for record in records() if _filled(record[1])), HEADING_ROWS))
    scores = [len({text for cell in cells if (text := heading_text(cell)) and known(text)}) for _, cells in first]
    if not first:
        raise FileRefused(f"文件“{name}”里没有内容。请重新导出后再传。")
    best = max(range(len(first)), key=lambda row: (scores[row], -row))
    if not scores[best]:
        best = next((row for row, (_, cells) in enumerate(first) if len(_filled(cells)) > 1), 0)
    number, cells = first[best]
    while not heading_text(cells[-1]):  # a sheet may be wider than what stands in it
        cells = cells[:-1]
    headings = _once([heading_text(cell) for cell in cells[:MOST_COLUMNS]])
    width = len(headings)

    def rows() -> Iterator[Numbered]:
        for at, row in records():
            if at > number and _filled(row[:width]):
                yield at, [*row[:width], *[None] * (width - len(row))]

    return Table(headings, rows)


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

    def records() -> Iterator[Numbered]:
        file.seek(0)
        text = io.TextIOWrapper(file, encoding, newline="")
        try:
            first = next((line for line in iter(lambda: text.readline(BLOCK), "") if line.strip()), "")
            text.seek(0)
            reader = csv.reader(text, delimiter=max("\t,;，|", key=first.count))
            yield from ((number, [cell[:LONGEST_CELL] for cell in row]) for number, row in enumerate(reader, 1))
        except csv.Error:
            raise FileRefused(
                f"文件“{name}”第 {reader.line_num} 行附近不是合格的 CSV。请检查引号，或另存为 .xlsx 后再传。"
            ) from None
        finally:
            text.detach()  # else it would close the file with itself

    return _table(records, name, known)


def _excel(file: BinaryIO, name: str, known: Callable[[str], bool]) -> Table:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            book = openpyxl.load_workbook(file, read_only=True, data_only=True)
        except Exception:  # openpyxl lets whatever its zip and XML readers raise through
            raise FileRefused(f"Excel 文件“{name}”打不开：已损坏、加了密码，或不是 .xlsx。请重新另存后再传。") from None
    sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"][:SHEETS]
    tables = []
    for sheet in sheets:
        try:
            tables.append(_table(_cells_of(sheet, name), name, known))
        except FileRefused as refusal:
            fault = refusal
    if not tables:
        raise fault if sheets else FileRefused(f"Excel 文件“{name}”里没有工作表。")
    return max(tables, key=lambda table: sum(map(known, table.headings)))


def _cells_of(sheet: Any, name: str) -> Callable[[], Iterator[Numbered]]:
    def records() -> Iterator[Numbered]:
        sheet.reset_dimensions()  # some programs write a wrong size of the sheet
        try:
            for number, row in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS, values_only=True), 1):
                yield number, [cell[:LONGEST_CELL] if isinstance(cell, str) else cell for cell in row]
        except FileRefused:
            raise
        except Exception:  # the same, in the middle of a broken file
            raise FileRefused(f"Excel 文件“{name}”读到一半读不下去了：已损坏。请重新另存后再传。") from None

    return records


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
    decoder, reader = codecs.getincrementaldecoder(encoding)("strict"), json.JSONDecoder()
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
            if over:
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
