"""Months as bars, in SVG without styles or scripts, for a page, a file and paper alike. A LAB: numbers in, markup out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, FOOT, HEAD = 720, 170, 34, 18
BLUE, PALE, INK, SOFT, LINE = "#1d5fa8", "#9dbcdd", "#1f2933", "#5a6570", "#e3e6ea"


@dataclass(frozen=True)
class Bar:
    """Left, top, width and height in a drawing of WIDTH by HEIGHT, and what stands at it. `inside`: in the period of the report."""

    left: float
    top: float
    width: float
    height: float
    month: dt.date
    count: int
    inside: bool
    named: bool

    @property
    def name(self) -> str:
        return f"{self.month.year}年" if self.month.month == 1 else f"{self.month.month}月"


def bars(months: Sequence[tuple[dt.date, int]], first: dt.date, last: dt.date) -> list[Bar]:
    """The bars of months, the highest as high as there is room; those of first..last are `inside`."""
    if not months:
        return []
    step = WIDTH / max(len(months), 6)
    most = max(count for _, count in months) or 1
    room = HEIGHT - FOOT - HEAD
    every = 1 if len(months) <= 14 else 2
    return [
        Bar(
            index * step + step * 0.15, HEAD + room * (1 - count / most), step * 0.7, room * count / most, month, count,
            first.replace(day=1) <= month <= last, (len(months) - 1 - index) % every == 0,
        )
        for index, (month, count) in enumerate(months)
    ]  # fmt: skip


def months_svg(months: Sequence[tuple[dt.date, int]], first: dt.date, last: dt.date) -> str:
    """The drawing as markup; nothing of it comes from what people typed."""
    drawn = bars(months, first, last)
    if not drawn:
        return ""
    base = HEIGHT - FOOT
    said = "、".join(f"{bar.month.year}年{bar.month.month}月 {bar.count} 件" for bar in drawn)
    parts = [f'<svg class="report-months" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="逐月件数：{said}">', f'<line x1="0" x2="{WIDTH}" y1="{base}" y2="{base}" stroke="{LINE}"/>']
    for bar in drawn:
        middle = bar.left + bar.width / 2
        parts.append(
            f'<rect x="{bar.left:.1f}" y="{bar.top:.1f}" width="{bar.width:.1f}" height="{bar.height:.1f}" fill="{BLUE if bar.inside else PALE}">'
            f"<title>{bar.month.year}年{bar.month.month}月 {bar.count} 件</title></rect>"
        )
        if bar.named:
            parts.append(f'<text x="{middle:.1f}" y="{base + 15}" font-size="11" text-anchor="middle" fill="{SOFT}">{bar.name}</text>')
            parts.append(f'<text x="{middle:.1f}" y="{bar.top - 4:.1f}" font-size="11" text-anchor="middle" fill="{INK}">{bar.count}</text>')
    return "".join([*parts, "</svg>"])
