"""Chinese text in lines on paper: what a line end does not part, and what no line begins with. Django-free."""

from fpdf import FPDF

from apps.record.sheets import PIECES, POINT, fonts

NEVER_FIRST = frozenset("，。、；：！？）》】”’…")


def blank(title: str, width: float, height: float) -> FPDF:
    """A PDF without pages and margins, its pages `width` by `height` mm, with the Chinese font as "cjk". NoFont when there is none."""
    pdf = FPDF(unit="mm", format=(min(width, height), max(width, height)), orientation="landscape" if width > height else "portrait")
    pdf.set_auto_page_break(False)
    pdf.set_margin(0)
    pdf.c_margin = 0
    pdf.set_title(title)
    pdf.set_lang("zh-CN")
    regular, bold, number = fonts()
    pdf.add_font("cjk", "", regular, collection_font_number=number)
    pdf.add_font("cjk", "B", bold, collection_font_number=number)
    return pdf


class Lines:
    """Breaks text for letters of one height, mm."""

    def __init__(self, pdf: FPDF, size: float) -> None:
        self._pdf, self.size = pdf, size
        self._widths: dict[str, float] = {}

    def broken(self, text: str, width: float) -> list[str]:
        """Lines no wider than `width` mm; numbers and words of Latin letters are kept whole where they fit."""
        lines: list[str] = []
        for said in text.split("\n"):
            line, at = "", 0.0
            for piece in PIECES.findall("".join(letter for letter in said if letter.isprintable() or letter == "\u3000")):
                wide = self.measured(piece)
                if at + wide > width and line:
                    carried = line[-1] if piece in NEVER_FIRST and len(line) > 1 else ""
                    lines.append(line.removesuffix(carried))
                    line = carried
                    piece = piece.lstrip(" ")
                    at, wide = self.measured(carried) if carried else 0.0, self.measured(piece)
                for part in piece if wide > width else [piece]:  # a code longer than its column is parted anywhere
                    if at + self.measured(part) > width and line:
                        lines.append(line)
                        line, at = "", 0.0
                    line, at = line + part, at + self.measured(part)
            lines.append(line)
        return lines

    def measured(self, piece: str) -> float:
        """Bold is the wider: what fits so fits in both."""
        width = self._widths.get(piece)
        if width is None:
            self._pdf.set_font("cjk", "B", self.size / POINT)
            width = self._widths[piece] = self._pdf.get_string_width(piece)
        return width
