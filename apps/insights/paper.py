"""A report on paper: headings, sentences, tables whose head stands on every page, drawings; numbered pages. Django-free."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from fpdf import FPDF

from apps.record.lines import Lines, blank
from apps.record.sheets import FRAME, GREY, INK, POINT

PAGE = (297.0, 210.0)  # mm, A4 on its side
MARGIN, FOOT = 12.0, 8.0
TITLE, HEADING, TEXT, SMALL = 6.2, 4.4, 3.4, 2.9  # heights of letters, mm
LINE, PAD = 1.42, 1.1
HEAD_GROUND = (241, 243, 246)
TONES = {"up": (194, 65, 12), "down": (47, 125, 79)}  # as on the screen, always with the word


@dataclass(frozen=True)
class Column:
    """A column of a table; millimetres."""

    heading: str
    width: float
    right: bool = False


class Paper:
    """Written from top to bottom. `foot` stands on every page beside its number."""

    width = PAGE[0] - 2 * MARGIN

    def __init__(self, title: str, foot: str) -> None:
        """NoFont when there is no Chinese font."""
        self.pdf = blank(title, *PAGE)
        self.foot = foot
        self._lines = {size: Lines(self.pdf, size) for size in (TITLE, HEADING, TEXT, SMALL)}
        self._top = PAGE[1]
        self._page()
        for line in self._lines[TITLE].broken(title, self.width):
            self._put(line, MARGIN, TITLE, "B")

    @property
    def room(self) -> float:
        return PAGE[1] - MARGIN - FOOT - self._top

    def heading(self, text: str, with_next: float = 30.0) -> None:
        """with_next: mm that what follows needs at least on the same page."""
        if self.room < HEADING * 3 + with_next:
            self._page()
        self._top += HEADING * 0.8
        self._put(text, MARGIN, HEADING, "B")
        self._top += 1

    def text(self, said: Iterable[str], small: bool = False, mark: str = "") -> None:
        """Paragraphs. mark: what each begins with."""
        size = SMALL if small else TEXT
        for paragraph in said:
            for index, line in enumerate(self._lines[size].broken(paragraph, self.width - (4 if mark else 0))):
                if self.room < size * LINE:
                    self._page()
                if mark and index == 0:
                    self._put(mark, MARGIN, size, colour=GREY, stay=True)
                self._put(line, MARGIN + (4 if mark else 0), size, colour=GREY if small else INK)

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[str]], tones: Iterable[Sequence[str]] = (), bold: Callable[[int], bool] = lambda row: False) -> None:
        """tones: of each cell of each row, "" or a key of TONES. bold: which rows stand out."""
        toned = iter(tones)
        head = self._cells([column.heading for column in columns], columns)
        first = True
        for number, row in enumerate(rows):
            cells = self._cells(row, columns)
            height, tone = self._height(cells), next(toned, ())
            if first or self.room < height:
                if not first or self.room < self._height(head) + height:
                    self._page()
                self._row(head, columns, "B", ground=True)
                first = False
            self._row(cells, columns, "B" if bold(number) else "", tone=tone)
        self._top += 1.5

    def figure(self, height: float, draw: Callable[[FPDF, float, float, float, float], None], caption: str = "") -> None:
        """A drawing as wide as the page: draw(pdf, left, top, width, height)."""
        if self.room < height + (SMALL * LINE if caption else 0):
            self._page()
        draw(self.pdf, MARGIN, self._top, self.width, height)
        self._top += height
        if caption:
            self.text([caption], small=True)

    def write(self, out: BinaryIO) -> int:
        """Write it; the number of pages."""
        pages = self.pdf.page
        for number in range(1, pages + 1):
            self.pdf.page = number
            self.pdf.set_font("cjk", "B", TITLE / POINT)  # another one first: a font that is set already is not written into the page again
            self._put(f"{self.foot}　第 {number} 页，共 {pages} 页", MARGIN, SMALL, colour=GREY, top=PAGE[1] - MARGIN - SMALL)
        out.write(self.pdf.output())
        return pages

    def _page(self) -> None:
        self.pdf.add_page()
        self.pdf.set_draw_color(*FRAME)
        self.pdf.set_line_width(0.2)
        self._top = MARGIN

    def _cells(self, row: Sequence[str], columns: Sequence[Column]) -> list[list[str]]:
        return [self._lines[TEXT].broken(text, column.width - 2 * PAD) for text, column in zip(row, columns, strict=True)]

    @staticmethod
    def _height(cells: list[list[str]]) -> float:
        return max(map(len, cells), default=1) * TEXT * LINE + 2 * PAD

    def _row(self, cells: list[list[str]], columns: Sequence[Column], style: str = "", ground: bool = False, tone: Sequence[str] = ()) -> None:
        left, height, top = MARGIN, self._height(cells), self._top
        if ground:
            self.pdf.set_fill_color(*HEAD_GROUND)
        for index, (column, lines) in enumerate(zip(columns, cells, strict=True)):
            self.pdf.rect(left, top, column.width, height, style="FD" if ground else "D")
            colour = TONES.get(tone[index], INK) if index < len(tone) else INK
            for number, line in enumerate(lines):
                self._put(line, left + PAD, TEXT, style, colour, top=top + PAD + number * TEXT * LINE, width=column.width - 2 * PAD if column.right else 0)
            left += column.width
        self._top = top + height

    def _put(
        self, text: str, left: float, size: float, style: str = "", colour: tuple[int, int, int] = INK, top: float | None = None, width: float = 0, stay: bool = False
    ) -> None:
        """A line of text: at `top`, or where the page has come to, which then moves on unless it is to `stay`."""
        if text:
            self.pdf.set_font("cjk", style, size / POINT)
            self.pdf.set_text_color(*colour)
            self.pdf.set_xy(left, self._top if top is None else top)
            self.pdf.cell(w=width or None, h=size * LINE, text=text, align="R" if width else "L")
        if top is None and not stay:
            self._top += size * LINE
