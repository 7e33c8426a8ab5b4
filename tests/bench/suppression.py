"""The public table of a quarter of a county of 20 towns: how long its small counts take to be protected, when it is published and when it is put
right, how much is hidden with them, and what a reader who does his sums gets out of it."""

from collections.abc import Callable

import numpy as np
from scipy.linalg import null_space

from apps.insights.public_shape import COUNTY, TOWN, VILLAGE, Key, Place, Shape, Voices
from apps.insights.suppression import Earlier, protect, proven, small_cells
from tests.bench.harness import Answer, Check, Contender, Data, Goal, Job
from tests.insights import attacks

QUARTERS = 8  # in two years
TOWNS, VILLAGES = 20, 22
PARTS = {"category": 16, "channel": 5, "told": 2, "elder": 3}
ATTACKED, QUICK_ATTACKED = 60, 15


def _shape() -> Shape:
    towns = [Place(f"339999{t:03}000", "339999000000", TOWN, f"镇{t}") for t in range(1, TOWNS + 1)]
    villages = [Place(f"{town.code[:9]}{v:03}", town.code, VILLAGE, f"村{v}") for town in towns for v in range(1, VILLAGES + 1)]
    return Shape([Place("339999000000", "", COUNTY, "县"), *towns, *villages], [Key(part, str(key), "") for part, keys in PARTS.items() for key in range(keys)])


def make(data: Data) -> None:
    """Villages and categories of very different weight, one in twenty nobody knows where; and a hundredth more, which comes in late."""
    random, many = np.random.default_rng(5), data.size(1_000_000, 100_000) // QUARTERS
    late = many // 100
    weight = random.lognormal(0.0, 2.0, TOWNS * VILLAGES)
    place = random.choice(TOWNS * VILLAGES, many + late, p=weight / weight.sum())
    place[random.random(many + late) < 0.05] = -1
    keys = [random.choice(size, many + late, p=(share := 1.0 / np.arange(1, size + 1) ** 2.5) / share.sum()) for size in PARTS.values()]
    data.keep(said=np.column_stack([place, *keys]).astype(np.int16), first=np.array(many))


def _counts(data: Data, shape: Shape, first: int | None = None) -> np.ndarray:
    villages = [place.code for place in shape.places if place.level == VILLAGE]
    rows, numbers = np.unique(data["said"][:first], axis=0, return_counts=True)
    return shape.count(
        Voices(villages[place] if place >= 0 else "", dict(zip(PARTS, map(str, keys), strict=True)), int(n)) for (place, *keys), n in zip(rows.tolist(), numbers, strict=True)
    )


def published(data: Data) -> Callable[[], Answer]:
    shape = _shape()
    table = shape.table(_counts(data, shape, int(data["first"])))

    def work() -> Answer:
        found = protect(table, seed=1)
        return {"counts": table.counts, "hidden": found.hidden, "proven": np.array(proven(table, [], found))}

    return work


def put_right(data: Data) -> Callable[[], Answer]:
    shape = _shape()
    first, table = shape.table(_counts(data, shape, int(data["first"]))), shape.table(_counts(data, shape))
    earlier = [Earlier(first.counts, protect(first, seed=1).hidden)]

    def work() -> Answer:
        found = protect(table, earlier, seed=2)
        return {"hidden": found.hidden, "proven": np.array(proven(table, earlier, found))}

    return work


def _told(shape: Shape, hidden: np.ndarray) -> np.ndarray:
    """The hidden cells that follow from the sums by algebra."""
    cells = np.flatnonzero(hidden)
    free = null_space(attacks.equations(len(hidden), shape.sums)[:, cells])
    return cells[np.abs(free).max(axis=1, initial=0.0) < 1e-9]


def check(data: Data) -> list[Check]:
    answer, again = data.answer("published"), data.answer("again")
    if answer is None:
        return []
    shape, counts, hidden = _shape(), answer["counts"], answer["hidden"]
    small = small_cells(counts, [])
    naive, ours = set(_told(shape, small)), set(_told(shape, hidden)) & set(np.flatnonzero(small))
    some = np.random.default_rng(6).choice(np.flatnonzero(small), data.size(ATTACKED, QUICK_ATTACKED), replace=False).tolist()
    unpublished = attacks.bounds(counts, shape.sums, np.ones_like(hidden), np.minimum(counts, 1), some)
    narrow = [
        cell for cell, (low, high) in attacks.bounds(counts, shape.sums, hidden, np.minimum(counts, 1), some).items() if low > unpublished[cell][0] + 1e-6 or high < 5 - 1e-6
    ]  # fmt: skip
    levels = {level: np.array([cell.place.level == level for cell in shape.cells]) for level in (COUNTY, TOWN, VILLAGE)}
    shares = "、".join(f"{level} {(hidden & of).sum() / of.sum():.0%}" for level, of in levels.items())
    checks = [
        Check("proven in whole numbers", bool(answer["proven"]), f"{len(counts):,} cells"),
        Check("hidden", True, f"{hidden.sum():,} cells for {small.sum():,} small ones ({shares})"),
        Check("small counts that algebra tells", not ours, f"{len(ours)}; were the small ones hidden alone: {len(naive):,}"),
        Check("small counts that linear programming narrows", not narrow, f"{len(narrow)} of {len(some)} attacked"),
    ]
    return checks if again is None else [*checks, Check("put right: proven together with what was public before", bool(again["proven"]), f"{again['hidden'].sum():,} cells hidden")]


JOB = Job(
    key="suppression",
    title=lambda data: f"what a quarter tells everybody: {data.size(1_000_000, 100_000):,} voices in two years, 20 towns, 440 villages",
    make=make,
    contenders=(Contender("published", "published", published, repeats=1), Contender("again", "put right, with the version before", put_right, repeats=1)),
    goals=(
        Goal("published", "seconds to protect a quarter", lambda measured, data: None if measured["published"].missing else measured["published"].wall, at_most=60.0, unit="s"),
        Goal("again", "seconds to put one right", lambda measured, data: None if measured["again"].missing else measured["again"].wall, at_most=120.0, unit="s"),
    ),
    check=check,
)
