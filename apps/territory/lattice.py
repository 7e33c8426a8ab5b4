"""The county's lattice of cells: squares of 100 m on the ground, and hexagons laid over them, always in the same place.

A LAB: arrays in, arrays out. Cells follow meridians and parallels, so that a cell is a box of longitudes and latitudes; its sides are true
at `lat0` and off by tan(latitude) times the angle from there: 0.5 % at 30° N half a degree away. Coarser cells are whole blocks of cells
(`coarser`), counted from the same corner, so that counts add up exactly from one size to the next.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

CELL_METRES = 100

_A, _E2 = 6378137.0, 0.0066943799901413165  # WGS 84: semi-major axis in metres, squared eccentricity
NOWHERE = np.iinfo(np.int32).min


@dataclass(frozen=True)
class Lattice:
    """`lon0`, `lat0`: the corner that cell (0, 0) lies north-east of, degrees; `metres`: a cell's side."""

    lon0: float
    lat0: float
    metres: float = CELL_METRES

    def __post_init__(self) -> None:
        if not (abs(self.lon0) <= 180 and abs(self.lat0) <= 80 and 0 < self.metres < 1e6):
            raise ValueError(f"no lattice of {self.metres} m at ({self.lon0}, {self.lat0})")

    @property
    def lon_step(self) -> float:
        """Degrees of longitude that a cell is wide."""
        sine = math.sin(math.radians(self.lat0))
        radius = _A / math.sqrt(1 - _E2 * sine * sine) * math.cos(math.radians(self.lat0))
        return math.degrees(self.metres / radius)

    @property
    def lat_step(self) -> float:
        """Degrees of latitude that a cell is high."""
        sine = math.sin(math.radians(self.lat0))
        return math.degrees(self.metres / (_A * (1 - _E2) / (1 - _E2 * sine * sine) ** 1.5))

    def cells(self, lon: ArrayLike, lat: ArrayLike) -> tuple[Ints, Ints]:
        """(col, row) of the cell that each place lies in, int32; a border belongs to the cell east and north of it. A coordinate that is
        not finite: NOWHERE in both."""
        col = np.floor((np.asarray(lon, np.float64) - self.lon0) / self.lon_step)
        row = np.floor((np.asarray(lat, np.float64) - self.lat0) / self.lat_step)
        known = np.isfinite(col) & np.isfinite(row)
        return tuple(np.where(known, part, NOWHERE).astype(np.int32) for part in (col, row))  # type: ignore[return-value]

    def centres(self, col: ArrayLike, row: ArrayLike) -> tuple[Floats, Floats]:
        """(lon, lat) of the cells' centres, degrees."""
        return (
            self.lon0 + (np.asarray(col, np.float64) + 0.5) * self.lon_step,
            self.lat0 + (np.asarray(row, np.float64) + 0.5) * self.lat_step,
        )

    def metric(self, lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
        """(x, y) in metres east and north of the corner, on the lattice's own plane: cell (0, 0) is the square from 0 to `metres`."""
        return (
            (np.asarray(lon, np.float64) - self.lon0) * (self.metres / self.lon_step),
            (np.asarray(lat, np.float64) - self.lat0) * (self.metres / self.lat_step),
        )

    def degrees(self, x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
        """The way back from `metric`."""
        return (
            self.lon0 + np.asarray(x, np.float64) * (self.lon_step / self.metres),
            self.lat0 + np.asarray(y, np.float64) * (self.lat_step / self.metres),
        )

    def outline(self, col: ArrayLike, row: ArrayLike) -> Floats:
        """float64 (n, 5, 2): the closed ring of each cell, counter-clockwise from its south-west corner."""
        west, south = np.atleast_1d(np.asarray(col, np.float64)), np.atleast_1d(np.asarray(row, np.float64))
        x = np.stack([west, west + 1, west + 1, west, west], axis=1)
        y = np.stack([south, south, south + 1, south + 1, south], axis=1)
        return np.stack([self.lon0 + x * self.lon_step, self.lat0 + y * self.lat_step], axis=2)

    def coarser(self, times: int) -> Lattice:
        """The lattice of blocks of `times` x `times` cells; its cell of a cell is (col // times, row // times)."""
        return Lattice(self.lon0, self.lat0, self.metres * times)

    def hexes(self, col: ArrayLike, row: ArrayLike, size: float) -> tuple[Ints, Ints]:
        """(q, r) of the hexagon that each cell's centre lies in, int32, axial coordinates; pointed to the north, `size` metres from flat
        side to flat side. Counted from cells, so that a hexagon tells no more than they do."""
        x = (np.asarray(col, np.float64) + 0.5) * self.metres
        y = (np.asarray(row, np.float64) + 0.5) * self.metres
        return _nearest_hexes(x / size - y / (size * math.sqrt(3)), 2 * y / (size * math.sqrt(3)))

    def cells_of_hex(self, q: int, r: int, size: float) -> tuple[Ints, Ints]:
        """(col, row) of the cells that `hexes` counts into one hexagon, by row and column."""
        x, y, reach = (q + r / 2) * size, r * (size * math.sqrt(3) / 2), size / math.sqrt(3)
        (west, east), (south, north) = (
            (int((at - reach) // self.metres), int((at + reach) // self.metres)) for at in (x, y)
        )
        row, col = (axis.ravel() for axis in np.mgrid[south : north + 1, west : east + 1])
        found_q, found_r = self.hexes(col, row, size)
        inside = (found_q == q) & (found_r == r)
        return col[inside].astype(np.int32), row[inside].astype(np.int32)

    def hex_centres(self, q: ArrayLike, r: ArrayLike, size: float) -> tuple[Floats, Floats]:
        """(lon, lat) of the hexagons' centres."""
        qs, rs = np.asarray(q, np.float64), np.asarray(r, np.float64)
        return self.degrees((qs + rs / 2) * size, rs * (size * math.sqrt(3) / 2))

    def hex_outline(self, q: ArrayLike, r: ArrayLike, size: float) -> Floats:
        """float64 (n, 7, 2): the closed ring of each hexagon, counter-clockwise from its north-eastern corner."""
        qs, rs = np.atleast_1d(np.asarray(q, np.float64)), np.atleast_1d(np.asarray(r, np.float64))
        turn = np.radians(30.0 + 60.0 * np.arange(7))
        x = ((qs + rs / 2) * size)[:, None] + size / math.sqrt(3) * np.cos(turn)
        y = (rs * (size * math.sqrt(3) / 2))[:, None] + size / math.sqrt(3) * np.sin(turn)
        return np.stack(self.degrees(x, y), axis=2)


def _nearest_hexes(q: Floats, r: Floats) -> tuple[Ints, Ints]:
    """Fractional axial coordinates to the hexagon they lie in: of the three that sum to 0 the one that was rounded most is put right."""
    s = -q - r
    rounded_q, rounded_r, rounded_s = np.rint(q), np.rint(r), np.rint(s)
    off_q, off_r, off_s = abs(rounded_q - q), abs(rounded_r - r), abs(rounded_s - s)
    from_others = (off_q > off_r) & (off_q > off_s)
    fixed_q = np.where(from_others, -rounded_r - rounded_s, rounded_q)
    fixed_r = np.where(~from_others & (off_r > off_s), -rounded_q - rounded_s, rounded_r)
    return fixed_q.astype(np.int32), fixed_r.astype(np.int32)


def laid_over(west: float, south: float, east: float, north: float, metres: float = CELL_METRES) -> Lattice:
    """The lattice for an area of these bounds, its corner near the middle, where cells are truest; to a hundredth of a degree, so that
    the same county, read from another file, is given the same one."""
    return Lattice(round((west + east) / 2, 2), round((south + north) / 2, 2), metres)
