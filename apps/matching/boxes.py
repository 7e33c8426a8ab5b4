"""A tree of boxes over places on earth, as plain arrays: what compiled searches walk through."""

from dataclasses import dataclass

import numpy as np
import pyproj
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_GEOD = pyproj.Geod(ellps="WGS84")


@dataclass(frozen=True, eq=False)
class Boxes:
    """Node 1 is the root, node t has the children 2t and 2t + 1, the leaves are the second half of the nodes.

    order: int64[e], the places as the leaves hold them, `leaf` in each. place: int64[e], where each place stands in `order`.
    boxes: float64[2 * leaves, 6], least x, y, z and largest x, y, z; an empty one is nowhere (inf, -inf).
    """

    order: NDArray[np.int64]
    place: NDArray[np.int64]
    boxes: Floats

    @classmethod
    def of(cls, points: Floats, leaf: int) -> "Boxes":
        """points: float64[e, 3], earth-centred metres. Neighbours along a Z-order curve share a leaf (Morton 1966)."""
        order = np.argsort(_z_order(points), kind="stable")
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        leaves = 1 << max(0, -(-len(points) // leaf) - 1).bit_length()
        boxes = np.empty((2 * leaves, 6))
        boxes[:, :3], boxes[:, 3:] = np.inf, -np.inf
        starts = np.arange(0, len(points), leaf)
        if len(points):
            boxes[leaves : leaves + len(starts), :3] = np.minimum.reduceat(points[order], starts, axis=0)
            boxes[leaves : leaves + len(starts), 3:] = np.maximum.reduceat(points[order], starts, axis=0)
        return cls(order, place, boxes).over(np.minimum, boxes[:, :3]).over(np.maximum, boxes[:, 3:])

    def over(self, reduction: np.ufunc, values: NDArray) -> "Boxes":
        """Fills the inner nodes of an array over nodes from its leaves."""
        nodes = len(values) // 2
        while nodes > 1:
            reduction(values[nodes : 2 * nodes : 2], values[nodes + 1 : 2 * nodes : 2], out=values[nodes // 2 : nodes])
            nodes //= 2
        return self

    def gathered(self, reduction: np.ufunc, of_place: NDArray, nothing: float, leaf: int) -> NDArray:
        """An array over nodes: the reduction of a value each place has, `nothing` for an empty node."""
        values = np.full(len(self.boxes), nothing, dtype=of_place.dtype)
        starts = np.arange(0, len(of_place), leaf)
        if len(of_place):
            leaves = len(values) // 2
            values[leaves : leaves + len(starts)] = reduction.reduceat(of_place[self.order], starts)
        self.over(reduction, values)
        return values


def earth_centred(lon: Floats, lat: Floats) -> Floats:
    """float64[n, 3] metres on the WGS 84 ellipsoid, of degrees; NaN stays NaN."""
    east, north = np.radians(lon), np.radians(lat)
    vertical = _GEOD.a / np.sqrt(1.0 - _GEOD.es * np.sin(north) ** 2)
    flat = vertical * np.cos(north)
    return np.column_stack((flat * np.cos(east), flat * np.sin(east), vertical * (1.0 - _GEOD.es) * np.sin(north)))


def _z_order(points: Floats) -> NDArray[np.uint64]:
    """Longitude and latitude, interleaved bit by bit; only speed depends on it."""
    east = np.arctan2(points[:, 1], points[:, 0])
    north = np.arctan2(points[:, 2], np.hypot(points[:, 0], points[:, 1]))
    code = np.zeros(len(points), np.uint64)
    if not len(points):
        return code
    east = east * np.cos(north.mean())
    span = max(np.ptp(east), np.ptp(north), 1e-12)
    for shift, angle in ((0, east), (1, north)):
        bits = np.minimum((angle - angle.min()) / span * 2.0**21, 2.0**21 - 1).astype(np.uint64)
        for gap, mask in ((16, 0x0000FFFF0000FFFF), (8, 0x00FF00FF00FF00FF), (4, 0x0F0F0F0F0F0F0F0F), (2, 0x3333333333333333), (1, 0x5555555555555555)):
            bits = (bits | (bits << np.uint64(gap))) & np.uint64(mask)
        code |= bits << np.uint64(shift)
    return code
