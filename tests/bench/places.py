"""A record's running text → its place: how many are located, how many in the right village, and how far off the points are.

Two counties, as in `addresses`: one that `gis_data.county` grows and one made up. No peer reads running Chinese text for the places of a county.
"""

from collections.abc import Callable

import numpy as np

from apps.hotline.places import Places
from apps.territory.gazetteer import Gazetteer
from tests.bench.addresses import _grown
from tests.bench.harness import Answer, Check, Contender, Data, Goal, Job
from tests.hotline.told_places import told_places
from tests.territory.counties import County, made_up

SEED = 31
COUNTIES: dict[str, Callable[[int], County]] = {"grown": _grown, "made-up": lambda doors: made_up(doors, SEED)}
POINTS, VILLAGES, WRONG, NEAR = 0.5, 0.9, 0.03, 150.0


def _county(data: Data, name: str) -> County:
    return COUNTIES[name](data.size(300_000, 20_000))


def _ours(data: Data) -> Callable[[], Answer]:
    asked = {}
    for name in COUNTIES:
        county = _county(data, name)
        asked[name] = (
            county,
            Places(Gazetteer(county.doorplates, county.areas)),
            list(told_places(county, data.size(5_000, 500), SEED)),
        )

    def work() -> Callable[[], Answer]:
        found = {
            name: [places.find([one.title, one.text], town=one.town) for one in told]
            for name, (_, places, told) in asked.items()
        }

        def answer() -> Answer:
            columns: dict[str, list] = {"county": [], "point": [], "village": [], "right": [], "metres": []}
            for name, (county, places, told) in asked.items():
                plates = county.doorplates
                for one, where in zip(told, found[name], strict=True):
                    at = plates["lon"][one.row], plates["lat"][one.row]
                    east, north = (
                        ((where.lon - at[0]) * np.cos(np.radians(at[1])), where.lat - at[1])
                        if where.lon is not None and where.lat is not None
                        else (np.nan, np.nan)
                    )
                    columns["county"].append(name)
                    columns["point"].append(bool(where.by))
                    columns["village"].append(where.village >= 0)
                    columns["right"].append(places.code(where.village) == plates["village"][one.row])
                    columns["metres"].append(float(np.hypot(east, north)) * 111_320)
            return {key: np.array(values) for key, values in columns.items()}

        return answer

    return work


def _check(data: Data) -> list[Check]:
    answer = data.answer("ours")
    if answer is None:
        return []
    checks = []
    for name in COUNTIES:
        own = answer["county"] == name
        point, village, right, metres = (answer[key][own] for key in ("point", "village", "right", "metres"))
        wrong, near = float((village & ~right).mean()), float((metres[point] <= NEAR).mean())
        words = f"a point {point.mean():.1%}, of these within {NEAR:.0f} m {near:.1%}; a village {village.mean():.1%}, a wrong one {wrong:.1%}"
        checks.append(
            Check(
                f"located ({name})",
                bool(point.mean() >= POINTS and village.mean() >= VILLAGES * 0.8 and wrong <= WRONG and near >= 0.9),
                words,
            )
        )
    return checks


JOB = Job(
    "places",
    lambda data: f"{2 * data.size(5_000, 500):,} records' places, from running text",
    lambda data: None,
    (Contender("ours", "Places.find: mentions, then the gazetteer", _ours, repeats=1),),
    (
        Goal(
            "ours",
            "a record, processor time",
            lambda measured, data: measured["ours"].cpu / (2 * data.size(5_000, 500)) * 1e3,
            at_most=3.0,
            unit="ms",
        ),
    ),
    _check,
)
