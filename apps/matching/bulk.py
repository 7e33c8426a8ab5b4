"""Many places at once: the same answers as `finding.find_at`, without the words. For the doorplate table and for whole-county checks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.matching.engine import Day
from apps.matching.ranking import DistrictRanking


@dataclass(frozen=True, eq=False)
class Answers:
    """One row a place. Districts are indices into `day.districts[level].rows`, -1 for none; margins are metres, NaN outside."""

    districts: dict[str, NDArray[np.int32]]
    margins: dict[str, NDArray[np.float64]]
    first: NDArray[np.object_]  # the Mandate of the deputy who answers first, None where nobody serves

    def found(self) -> NDArray[np.bool_]:
        """Places that lie in a district of any level."""
        return np.any([indices >= 0 for indices in self.districts.values()], axis=0)

    def near_border(self, metres: float) -> NDArray[np.bool_]:
        """Places no farther than so many metres from the border of any of their districts."""
        return np.any([margin <= metres for margin in self.margins.values()], axis=0)


def answer_many(day: Day, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> Answers:
    """lon, lat: degrees, arrays of one length n."""
    districts = {level: shapes.locator.locate(lon, lat) for level, shapes in day.districts.items()}
    margins = {level: shapes.locator.margin(lon, lat) for level, shapes in day.districts.items()}
    return Answers(districts, margins, _first(day, districts, lon, lat))


def _first(day: Day, districts: dict[str, NDArray[np.int32]], lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.object_]:
    """Places that share all their districts share their candidates: to `DistrictRanking` they lie in one district."""
    combined, sizes = np.zeros(len(lon), dtype=np.int64), [len(shapes.rows) + 1 for shapes in day.districts.values()]
    for size, indices in zip(sizes, districts.values(), strict=True):
        combined = combined * size + indices + 1
    kinds, which = np.unique(combined, return_inverse=True)
    groups = [day.candidates(_ids(day, kind)) for kind in np.column_stack(np.unravel_index(kinds, sizes)) - 1]
    mandates = [mandate for group in groups for mandate in group.mandates]
    if not mandates:
        return np.full(len(lon), None, dtype=object)
    ends = np.cumsum([len(group.mandates) for group in groups])
    places = [np.concatenate([getattr(group, axis) for group in groups]) for axis in ("lon", "lat")]
    first, _, _ = DistrictRanking((ends, np.arange(len(mandates))), *places).rank(which, lon, lat, 1)
    return np.array([*mandates, None], dtype=object)[first[:, 0]]


def _ids(day: Day, kind: NDArray[np.int64]) -> list[int]:
    return [shapes.rows[index].pk for shapes, index in zip(day.districts.values(), kind, strict=True) if index >= 0]
