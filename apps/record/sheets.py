"""Codes on paper: plates, stickers and cards as PDF, in vectors, with the Chinese font embedded. Django-free.

Sizes of plates follow GB 17733 as cities print them: 大 570×370 mm with a QR of 120 mm, 中 270×170 (75), 小 150×90 (40).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import segno
from fpdf import FPDF

DOT = 0.508  # mm: whole dots of printers and screens of 150, 200, 300 and 600 dpi; codes begin on one
QUIET = 4  # modules of white around a QR code (ISO/IEC 18004)
FRAME, INK, BLUE, GREY = (196, 203, 212), (31, 41, 51), (29, 95, 168), (90, 101, 112)
FONTS = (  # folder, regular, bold, number in the collection
    (Path("/usr/share/fonts/opentype/noto"), "NotoSansCJK-Regular.ttc", "NotoSansCJK-Bold.ttc", 2),  # 2: SC
    (Path("/usr/share/fonts/truetype/wqy"), "wqy-microhei.ttc", "wqy-microhei.ttc", 0),
)
POINT = 25.4 / 72  # millimetres
PIECES = re.compile(r"[0-9A-Za-z.-]+\s?[号幢栋弄室]?|.", re.DOTALL)  # what a line end does not part


class NoFont(Exception):
    """No Chinese font on this machine. The message is Chinese and says what to install."""


@dataclass(frozen=True)
class Layout:
    """One way to put signs on pages. Lengths in millimetres; `cell` is one sign, `qr` its code without the quiet zone."""

    name: str
    label: str
    page: tuple[float, float]
    cell: tuple[float, float]
    qr: float
    columns: int = 1
    rows: int = 1
    margin: tuple[float, float] = (0, 0)  # left, top
    gap: tuple[float, float] = (0, 0)
    error: str = "q"  # 25 % of a code on a wall may be scratched or covered
    corner: float = 0  # radius of the frame

    @property
    def per_page(self) -> int:
        return self.columns * self.rows

    def place(self, number: int) -> tuple[float, float]:
        """Left and top of the number-th cell of a page."""
        row, column = divmod(number, self.columns)
        return self.margin[0] + column * (self.cell[0] + self.gap[0]), self.margin[1] + row * (self.cell[1] + self.gap[1])


A4 = (210, 297)
LAYOUTS = {
    layout.name: layout
    for layout in (
        # More codes on a page than these, and readers that look at the whole page begin to miss some.
        Layout("sticker18", "A4 不干胶 18 枚（63.5×46.6 毫米）", A4, (63.5, 46.6), 33 * 0.762, 3, 6, (7.25, 8.7), (2.5, 0), "m", 1.5),
        Layout("sticker10", "A4 不干胶 10 枚（99.1×57 毫米）", A4, (99.1, 57), 33 * 1.016, 2, 5, (5.9, 6), (0, 0), "q", 2),
        Layout("small", "小牌 150×90 毫米（二维码 40 毫米）", (150, 90), (150, 90), 40, corner=5),
        Layout("medium", "中牌 270×170 毫米（二维码 75 毫米）", (270, 170), (270, 170), 75, corner=8),
        Layout("large", "大牌 570×370 毫米（二维码 120 毫米）", (570, 370), (570, 370), 120, corner=14),
    )
}


@dataclass(frozen=True)
class Sign:
    """What stands on one plate: a QR code that says `link`, and around it what people read."""

    link: str
    code: str  # grouped, as people type it
    title: str
    words: str  # the address, or what the code is for
    foot: str = ""


def write_sheets(signs: Iterable[Sign], layout: Layout, out: BinaryIO, title: str = "") -> int:
    """Write the signs, in their order, as one PDF; the number of pages. NoFont when there is no Chinese font."""
    pdf = _Sheets(layout, title)
    for number, sign in enumerate(signs):
        if number % layout.per_page == 0:
            pdf.add_page()
        pdf.put(sign, *layout.place(number % layout.per_page))
    out.write(pdf.output())
    return pdf.page


class _Sheets(FPDF):
    def __init__(self, layout: Layout, title: str) -> None:
        super().__init__(unit="mm", format=layout.page)
        self.layout = layout
        self.set_auto_page_break(False)
        self.set_margin(0)
        self.c_margin = 0
        self.set_title(title or layout.label)
        self.set_lang("zh-CN")
        regular, bold, number = fonts()
        self.add_font("cjk", "", regular, collection_font_number=number)
        self.add_font("cjk", "B", bold, collection_font_number=number)

    def put(self, sign: Sign, left: float, top: float) -> None:
        width, height = self.layout.cell
        matrix = segno.make(sign.link, error=self.layout.error, micro=False).matrix
        quiet = self.layout.qr / len(matrix) * QUIET
        border = height / 40
        self.set_draw_color(*FRAME)
        self.set_line_width(max(0.15, height / 400))
        inset = border / 2
        self.rect(left + inset, top + inset, width - border, height - border, round_corners=bool(self.layout.corner), corner_radius=self.layout.corner)
        edge = border + quiet
        self._qr(matrix, left + edge, top + (height - self.layout.qr) / 2)
        text_left = left + edge + self.layout.qr + max(quiet * 1.1, border)
        self._words(sign, text_left, top + border * 2.5, left + width - border * 2 - text_left, height - border * 5)

    def _qr(self, matrix, left: float, top: float) -> None:
        """All dark modules as one path: drawn one by one they would show seams, and a reader stumbles over those."""
        scale, module = self.k, self.layout.qr / len(matrix)
        left, top = round(left / DOT) * DOT, round(top / DOT) * DOT
        path = []
        for number, row in enumerate(matrix):
            start = None
            for column, dark in enumerate([*row, 0]):
                if dark and start is None:
                    start = column
                elif not dark and start is not None:
                    x, y = left + start * module, self.h - top - (number + 1) * module
                    path.append(f"{x * scale:.4f} {y * scale:.4f} {(column - start) * module * scale:.4f} {module * scale:.4f} re")
                    start = None
        self._out(f"0 g {' '.join(path)} f")

    def _words(self, sign: Sign, left: float, top: float, width: float, height: float) -> None:
        """Title on top, the words as large as they fit in the middle, the code to be typed and the foot below."""
        title, code, foot = height * 0.13, height * 0.13, height * 0.075 if sign.foot else 0
        title = self._fitting(sign.title, "B", title, width)
        self._line(sign.title, "B", title, left, top, BLUE)
        bottom = top + height
        if sign.foot:
            foot = self._fitting(sign.foot, "", foot, width)
            self._line(sign.foot, "", foot, left, bottom - foot * 1.25, GREY)
        code = self._fitting(sign.code, "B", code, width)
        self._line(sign.code, "B", code, left, bottom - foot * 1.4 - code * 1.25, INK)
        room = height - title * 1.6 - foot * 1.4 - code * 1.6
        size, lines = self._broken(sign.words, width, room, height * 0.2)
        begin = top + title * 1.5 + (room - len(lines) * size * 1.3) / 2
        for number, line in enumerate(lines):
            self._line(line, "B", size, left, begin + number * size * 1.3, INK)

    def _line(self, text: str, style: str, size: float, left: float, top: float, colour: tuple[int, int, int]) -> None:
        if not text:
            return
        self.set_font("cjk", style, size / POINT)
        self.set_text_color(*colour)
        self.set_xy(left, top)
        self.cell(h=size * 1.2, text=text)

    def _fitting(self, text: str, style: str, size: float, width: float) -> float:
        """The size, or so much less that the text fits on one line."""
        self.set_font("cjk", style, size / POINT)
        return size * min(1.0, width / max(self.get_string_width(text), 1e-6))

    def _broken(self, text: str, width: float, height: float, size: float) -> tuple[float, list[str]]:
        """The largest size from `size` down at which the text fits, and its lines; numbers are kept whole."""
        pieces = PIECES.findall(text)
        while True:
            self.set_font("cjk", "B", size / POINT)
            lines = [""]
            for piece in pieces:
                if lines[-1] and self.get_string_width(lines[-1] + piece) > width:
                    lines.append("")
                lines[-1] += piece if lines[-1] else piece.lstrip()
            if (len(lines) * size * 1.3 <= height and max(map(self.get_string_width, lines)) <= width) or size < 0.5:
                return size, lines
            size *= 0.93


def fonts() -> tuple[Path, Path, int]:
    """The Chinese font's regular and bold file and its number in the collection; NoFont when there is none."""
    for folder, regular, bold, number in FONTS:
        if (folder / regular).is_file() and (folder / bold).is_file():
            return folder / regular, folder / bold, number
    raise NoFont("服务器上没有中文字体，做不了印制文件。请管理员安装：apt-get install fonts-noto-cjk")
