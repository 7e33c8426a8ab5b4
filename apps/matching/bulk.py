"""Many places at once: the same answers as `finding.find_at`, without the words. For the doorplate table and for whole-county checks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.deputies.models import Mandate
from apps.matching.engine import Day


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
    first = np.full(len(lon), None, dtype=object)
    for places, mandates in _same_districts(day, districts):
        candidates = day.candidates(mandates)
        if candidates.mandates:
            order, _, _ = candidates.rank(lon[places], lat[places])
            first[places] = _as_objects(candidates.mandates)[order[:, 0]]
    return Answers(districts, margins, first)


def _same_districts(day: Day, districts: dict[str, NDArray[np.int32]]):
    """Groups of places that share all their districts: row numbers, and the ids of those districts."""
    combined = np.column_stack(list(districts.values()))
    kinds, which = np.unique(combined, axis=0, return_inverse=True)
    order = np.argsort(which.ravel(), kind="stable")
    ends = np.cumsum(np.bincount(which.ravel(), minlength=len(kinds)))
    for kind, places in zip(kinds, np.split(order, ends[:-1]), strict=True):
        rows = (day.districts[level].rows[index] for level, index in zip(districts, kind, strict=True) if index >= 0)
        yield places, [row.pk for row in rows]


def _as_objects(mandates: tuple[Mandate, ...]) -> NDArray[np.object_]:
    array = np.empty(len(mandates), dtype=object)
    array[:] = mandates
    return array
