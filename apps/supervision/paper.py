"""A table on paper: A4 landscape, its head on every page, numbered pages, room for signatures at the end. Django-free."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO

from apps.record.lines import Lines, blank
from apps.record.sheets import FRAME, GREY, INK, POINT

PAGE = (297.0, 210.0)  # mm, A4 on its side
MARGIN, FOOT = 12.0, 10.0
TITLE, TEXT, SMALL = 6.2, 3.3, 2.9  # heights of letters, mm
LINE = 1.42  # of a line, in letters
PAD = 1.3
HEAD_GROUND = (241, 243, 246)


@dataclass(frozen=True)
class Column:
    """A column of the table; millimetres. All columns together should be `PaperTable.width` wide."""

    heading: str
    width: float
    right: bool = False


@dataclass(frozen=True)
class _Part:
    """A row, or what of it stands on one page."""

    cells: list[list[str]]

    @cached_property
    def height(self) -> float:
        return max(map(len, self.cells), default=1) * TEXT * LINE + 2 * PAD


class PaperTable:
    """Laid out first, so that every page can say how many there are; then drawn."""

    width = PAGE[0] - 2 * MARGIN

    def __init__(self, title: str, said: Sequence[str], columns: Sequence[Column], closing: Sequence[str]) -> None:
        """said: lines under the title. closing: lines at the end, for signatures. NoFont when there is no Chinese font."""
        self.title, self.columns = title, columns
        self._pdf = blank(title, *PAGE)
        self._broken = Lines(self._pdf, TEXT).broken
        self.said = [line for text in said for line in self._broken(text, self.width)]
        self.closing = [line for text in closing for line in self._broken(text, self.width)]

    def write(self, rows: Iterable[Sequence[str]], out: BinaryIO) -> int:
        """Write the table; the number of pages."""
        pages, left = self._laid_out(rows)
        if left < len(self.closing) * TEXT * 3:
            pages.append([])
        for number, parts in enumerate(pages, start=1):
            self._page(number, len(pages), parts)
        out.write(self._pdf.output())
        return len(pages)

    # -- where things stand ----------------------------------------------------------------------------------------------------

    @cached_property
    def _head(self) -> _Part:
        return _Part([self._broken(column.heading, column.width - 2 * PAD) for column in self.columns])

    def _room(self, first: bool) -> float:
        """Millimetres for rows on a page."""
        title = TITLE * 1.6 + len(self.said) * TEXT * LINE + 2 if first else 0
        return PAGE[1] - 2 * MARGIN - FOOT - title - self._head.height

    def _laid_out(self, rows: Iterable[Sequence[str]]) -> tuple[list[list[_Part]], float]:
        """The parts of each page, and what is left of the last one."""
        pages: list[list[_Part]] = [[]]
        left = self._room(first=True)
        for row in rows:
            part = _Part(
                [self._broken(text, column.width - 2 * PAD) for text, column in zip(row, self.columns, strict=True)]
            )
            while part.height > left:
                if part.height > self._room(first=False):  # taller than any page: what fits stays here
                    part, rest = self._split(part, left)
                    if part.cells:
                        pages[-1].append(part)
                    part = rest
                pages.append([])
                left = self._room(first=False)
            pages[-1].append(part)
            left -= part.height
        return pages, left

    def _split(self, part: _Part, room: float) -> tuple[_Part, _Part]:
        lines = int((room - 2 * PAD) / (TEXT * LINE))
        if lines < 1:
            return _Part([]), part
        return _Part([cell[:lines] for cell in part.cells]), _Part([cell[lines:] for cell in part.cells])

    # -- drawing ---------------------------------------------------------------------------------------------------------------

    def _page(self, number: int, of: int, parts: list[_Part]) -> None:
        pdf = self._pdf
        pdf.add_page()
        pdf.set_draw_color(*FRAME)
        pdf.set_line_width(0.2)
        top = MARGIN
        if number == 1:
            self._text(self.title, MARGIN, top, TITLE, "B")
            top += TITLE * 1.6
            for line in self.said:
                self._text(line, MARGIN, top, TEXT, colour=GREY)
                top += TEXT * LINE
            top += 2
        if parts:
            top = self._row(self._head, top, "B")
            for part in parts:
                top = self._row(part, top)
        if number == of:
            top += TEXT
            for line in self.closing:
                self._text(line, MARGIN, top + TEXT, TEXT)
                top += TEXT * 3
        self._text(f"{self.title}　第 {number} 页，共 {of} 页", MARGIN, PAGE[1] - MARGIN - SMALL, SMALL, colour=GREY)

    def _row(self, part: _Part, top: float, style: str = "") -> float:
        left = MARGIN
        for column, lines in zip(self.columns, part.cells, strict=True):
            if style:
                self._pdf.set_fill_color(*HEAD_GROUND)
            self._pdf.rect(left, top, column.width, part.height, style="FD" if style else "D")
            for index, line in enumerate(lines):
                if line:
                    self._text(
                        line,
                        left + PAD,
                        top + PAD + index * TEXT * LINE,
                        TEXT,
                        style,
                        width=column.width - 2 * PAD if column.right else 0,
                    )
            left += column.width
        return top + part.height

    def _text(
        self,
        text: str,
        left: float,
        top: float,
        size: float,
        style: str = "",
        colour: tuple[int, int, int] = INK,
        width: float = 0,
    ) -> None:
        pdf = self._pdf
        pdf.set_font("cjk", style, size / POINT)
        pdf.set_text_color(*colour)
        pdf.set_xy(left, top)
        pdf.cell(w=width or None, h=size * LINE, text=text, align="R" if width else "L")
