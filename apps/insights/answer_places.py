"""Answers that are places on a map: cells, hexagons, the density surface, and what changed between two periods."""

import base64
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from apps.insights import held, rates
from apps.insights.density import density
from apps.territory.lattice import Lattice

if TYPE_CHECKING:
    from apps.insights.answers import Answer

MOST_CELLS = 5000  # of one picture: coarser cells beyond
MOST_HEXES = 4000
MOST_COMPARED = 4000
DENSITY_CELLS = 128  # along the longer side
SIGNIFICANT = 0.05


def numbers(values: np.ndarray, digits: int) -> list:
    """As JSON has them: null where there is no number."""
    return [round(value, digits) if math.isfinite(value) else None for value in values.tolist()]


def changes(before: np.ndarray, now: np.ndarray, answer: "Answer") -> list[dict]:
    """For each count what became of it: the ratio of rates by day with its bounds, p, q over all of them, and the mark of a change that is
    more than chance. Places without a voice in both periods are not tested, and so cost the others nothing; periods that share days are not
    tested at all."""
    question, clumped = answer.question, answer.clumping
    first, last = question.before or (question.first, question.last)
    longer = question.days / ((last - first).days + 1)
    ratio, low, high = rates.ratio(before, now, longer, dispersion=clumped)
    p = np.where((before + now > 0) & (not question.overlaps), rates.changed(before, now, longer, clumped), np.nan)
    q = rates.false_discoveries(p)
    marks = np.where(q < SIGNIFICANT, np.where(ratio > 1, "more", "less"), "")
    return [
        {"before": earlier, "ratio": r, "ratio_low": least, "ratio_high": most, "p": one, "q": all_, "mark": mark}
        for earlier, r, least, most, one, all_, mark in zip(
            before.tolist(), *(numbers(each, 2) for each in (ratio, low, high)), *(numbers(each, 4) for each in (p, q)), marks.tolist(), strict=True
        )
    ]  # fmt: skip


def cells(answer: "Answer", notes: list[str]) -> dict:
    size, (col, row, many) = fitting(answer, notes, MOST_CELLS, lambda blocks: answer.cube.cells(answer.mask, blocks))
    return {**grid(answer, size), "col": col.tolist(), "row": row.tolist(), "n": many.tolist()}


def fitting(answer: "Answer", notes: list[str], most: int, count: Callable[[int], tuple]) -> tuple[int, tuple]:
    """Metres and cells of the size asked for, or of the next coarser that is no more than `most` cells."""
    size = answer.question.size
    while len((found := count(size // 100))[0]) > most:
        size *= 2
    if size != answer.question.size:
        note = f"范围大，按 {size} 米统计"
        notes += [note] if note not in notes else []
    return size, found


def grid(answer: "Answer", size: int) -> dict:
    lattice = answer.lattice or Lattice(0.0, 0.0)
    blocks = size // 100
    return {
        "size": size,
        "lon0": lattice.lon0,
        "lat0": lattice.lat0,
        "lon_step": lattice.lon_step * blocks,
        "lat_step": lattice.lat_step * blocks,
    }


def hexes(answer: "Answer", notes: list[str]) -> dict:
    lattice, size = answer.lattice or Lattice(0.0, 0.0), answer.question.size
    while len((found := answer.cube.hexes(answer.mask, lattice, size))[0]) > MOST_HEXES:
        size *= 2
    if size != answer.question.size:
        notes.append(f"范围大，按 {size} 米的六边形统计")
    q, r, many = found
    lon, lat = lattice.hex_centres(q, r, size)
    corners = lattice.hex_outline([0], [0], size)[0, :6] - [lattice.lon0, lattice.lat0]
    return {
        "size": size,
        "q": q.tolist(),
        "r": r.tolist(),
        "lon": lon.round(5).tolist(),
        "lat": lat.round(5).tolist(),
        "n": many.tolist(),
        "corners": corners.round(7).tolist(),
    }


def surface(answer: "Answer", notes: list[str]) -> dict | None:
    """The Gaussian density over all that the user may count, so that the picture stands still while filters change."""
    lattice = answer.lattice
    bounds = answer.cube.bounds(held.scope(answer.cube, answer.user))
    if lattice is None or bounds is None:
        return None
    beyond = 3 * answer.question.size // 100  # so far the surface reaches
    west, south, east, north = (edge + beyond * sign for edge, sign in zip(bounds, (-1, -1, 1, 1), strict=True))
    step = max(east - west, north - south) / DENSITY_CELLS
    columns, rows = math.ceil((east - west) / step), math.ceil((north - south) / step)
    col, row, many = answer.cube.cells(answer.mask)
    metres = lattice.metres
    extent = (west * metres, south * metres, (west + columns * step) * metres, (south + rows * step) * metres)
    x, y = (col + 0.5) * metres, (row + 0.5) * metres
    found = density(x, y, many, extent, (rows, columns), max(float(answer.question.size), step * metres))
    most = float(found.max())
    shades = np.rint(np.sqrt(found.clip(0) / most) * 255) if most > 0 else np.zeros_like(found)
    corners = lattice.degrees([extent[0], extent[2]], [extent[1], extent[3]])
    return {
        "west": corners[0][0], "south": corners[1][0], "east": corners[0][1], "north": corners[1][1], "rows": rows, "cols": columns,
        "most": round(most, 2), "unit": "件/平方公里", "bandwidth": round(max(answer.question.size, step * metres)),
        "data": base64.b64encode(shades[::-1].astype(np.uint8).tobytes()).decode(),
    }  # fmt: skip


def change(answer: "Answer", notes: list[str]) -> dict | None:
    """Both periods cell by cell; None where nothing is compared."""
    if not answer.question.before:
        return None
    size, (col, row, _) = fitting(
        answer, notes, MOST_COMPARED, lambda blocks: answer.cube.cells(answer.mask | answer.mask_before, blocks)
    )
    place = {pair: at for at, pair in enumerate(zip(col.tolist(), row.tolist(), strict=True))}
    counts = []
    for mask in (answer.mask_before, answer.mask):
        counts.append(many := np.zeros(len(col), np.int64))
        for x, y, n in zip(*(each.tolist() for each in answer.cube.cells(mask, size // 100)), strict=True):
            many[place[x, y]] = n
    tested = changes(counts[0], counts[1], answer)
    return {
        **grid(answer, size), "col": col.tolist(), "row": row.tolist(), "now": counts[1].tolist(), "before": counts[0].tolist(),
        **{name: [each[name] for each in tested] for name in ("ratio", "p", "q", "mark")},
    }  # fmt: skip
