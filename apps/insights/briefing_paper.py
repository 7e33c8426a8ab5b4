"""A briefing as PDF: the same sentences, maps and tables as in the HTML file, maps drawn as lines and areas. Django-free."""

import math
from collections.abc import Callable, Iterator
from typing import BinaryIO

from fpdf import FPDF
from shapely.geometry.base import BaseGeometry

from apps.insights.briefing_parts import UNKNOWN, Content, Drawing, Table
from apps.insights.paper import LINE, SMALL, Column, Paper
from apps.insights.report_charts import HEIGHT, WIDTH, bars
from apps.record.sheets import FRAME, GREY, INK, POINT

MAP = 140.0  # mm high
LEGEND = 66.0  # mm wide, at the right of a map
BORDER, GROUND, HATCH, OUTSIDE = (91, 102, 113), (154, 165, 177), (201, 207, 214), (238, 241, 244)
MARK, HALO = 2.6, 0.25  # height of letters on a map and the white around them, mm


def write(content: Content, out: BinaryIO) -> int:
    """The number of pages. NoFont when there is no Chinese font."""
    paper = Paper(content.title, f"{content.title}　{content.secrecy}")
    paper.text([content.caption, content.secrecy + ("　示范数据，全部为合成。" if content.synthetic else "")], small=True)
    paper.heading("要点")
    paper.text(content.points, mark="·")
    if content.figures:
        paper.heading("数字")
        width = paper.width / max(len(content.figures), 4)
        paper.table([Column(name, width) for name, _ in content.figures], [[value for _, value in content.figures]])
    if content.months:
        paper.heading("逐月", with_next=50)
        paper.figure(46, lambda *place: _months(content, *place))
    for part in content.parts:
        if isinstance(part, Drawing):
            paper.heading(part.title, with_next=MAP + 8)
            paper.figure(MAP, _map(part), part.caption)
            if part.note:
                paper.text([part.note], small=True)
        else:
            paper.heading(part.title)
            _table(paper, part)
    if content.meaning:
        paper.heading("口径")
        paper.text(content.meaning, small=True, mark="·")
    return paper.write(out)


def _table(paper: Paper, table: Table) -> None:
    wide = table.wide or tuple(1.0 for _ in table.heads)
    columns = [Column(head, paper.width * share / sum(wide), index in table.right) for index, (head, share) in enumerate(zip(table.heads, wide, strict=True))]
    paper.table(columns, table.rows)
    paper.text([text for text in (table.caption, table.note) if text], small=True)


def _map(drawing: Drawing) -> Callable[[FPDF, float, float, float, float], None]:
    def draw(pdf: FPDF, left: float, top: float, width: float, height: float) -> None:
        placed = _placing(drawing, left, top, width - LEGEND - 4, height)
        pdf.set_line_width(0.15)
        pdf.set_draw_color(*FRAME)
        pdf.set_fill_color(*OUTSIDE)
        pdf.rect(left, top, width - LEGEND - 2, height, style="DF")
        for geometry in drawing.ground:
            _outline(pdf, geometry, placed, GROUND, (255, 255, 255))
        for shape in sorted(drawing.shapes, key=lambda shape: -shape.geometry.area):  # what lies inside another is drawn over it
            _outline(pdf, shape.geometry, placed, BORDER, HATCH if shape.colour == UNKNOWN else _rgb(shape.colour))
        for shape in drawing.shapes:
            if shape.mark:
                place = shape.geometry.representative_point()
                _mark(pdf, shape.mark, *placed(place.x, place.y))
        _legend(pdf, drawing, left + width - LEGEND, top)

    return draw


def _placing(drawing: Drawing, left: float, top: float, width: float, height: float) -> Callable[[float, float], tuple[float, float]]:
    """From degrees to the paper: lengths true at the middle, as on the lattice."""
    west, south, east, north = drawing.bounds
    narrow = math.cos(math.radians((south + north) / 2))
    scale = min(width * 0.96 / max((east - west) * narrow, 1e-6), height * 0.96 / max(north - south, 1e-6))
    x0 = left + (width - (east - west) * narrow * scale) / 2
    y0 = top + (height - (north - south) * scale) / 2
    return lambda lon, lat: (x0 + (lon - west) * narrow * scale, y0 + (north - lat) * scale)


def _outline(pdf: FPDF, geometry: BaseGeometry, placed: Callable[[float, float], tuple[float, float]], line: tuple[int, int, int], fill: tuple[int, int, int]) -> None:
    pdf.set_draw_color(*line)
    pdf.set_fill_color(*fill)
    for polygon in _polygons(geometry):
        pdf.polygon([placed(x, y) for x, y in polygon.exterior.coords], style="DF")


def _polygons(geometry: BaseGeometry) -> Iterator[BaseGeometry]:
    for part in getattr(geometry, "geoms", [geometry]):
        if part.geom_type == "Polygon":
            yield part
        elif hasattr(part, "geoms"):
            yield from _polygons(part)


def _mark(pdf: FPDF, text: str, x: float, y: float) -> None:
    pdf.set_font("cjk", "B", MARK / POINT)
    width = pdf.get_string_width(text)
    for right, down, colour in (*((dx, dy, (255, 255, 255)) for dx in (-HALO, 0, HALO) for dy in (-HALO, 0, HALO)), (0.0, 0.0, INK)):
        pdf.set_text_color(*colour)
        pdf.set_xy(x - width / 2 + right, y - MARK * 0.6 + down)
        pdf.cell(w=width, h=MARK * 1.2, text=text)


def _legend(pdf: FPDF, drawing: Drawing, left: float, top: float) -> None:
    size = SMALL
    for colour, words in drawing.legend:
        pdf.set_draw_color(*BORDER)
        pdf.set_fill_color(*(HATCH if colour == UNKNOWN else _rgb(colour)))
        pdf.rect(left, top + 0.6, 6, size, style="DF")
        pdf.set_font("cjk", "", size / POINT)
        pdf.set_text_color(*INK)
        for line in _fitted(pdf, words, LEGEND - 8):
            pdf.set_xy(left + 8, top)
            pdf.cell(h=size * LINE, text=line)
            top += size * LINE
        top += 1


def _fitted(pdf: FPDF, words: str, width: float) -> list[str]:
    lines = [""]
    for letter in words:
        if pdf.get_string_width(lines[-1] + letter) > width:
            lines.append("")
        lines[-1] += letter
    return lines


def _months(content: Content, pdf: FPDF, left: float, top: float, width: float, height: float) -> None:
    across, down = width / WIDTH, height / HEIGHT
    for bar in bars(content.months, content.first, content.last):
        pdf.set_fill_color(*((29, 95, 168) if bar.inside else (157, 188, 221)))
        pdf.rect(left + bar.left * across, top + bar.top * down, bar.width * across, max(bar.height * down, 0.01), style="F")
        if bar.named:
            for text, at, colour in ((bar.name, top + (HEIGHT - 30) * down, GREY), (str(bar.count), top + (bar.top - 17) * down, INK)):
                pdf.set_font("cjk", "", 2.5 / POINT)
                pdf.set_text_color(*colour)
                wide = pdf.get_string_width(text)
                pdf.set_xy(left + (bar.left + bar.width / 2) * across - wide / 2, at)
                pdf.cell(w=wide, h=3.2, text=text)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
