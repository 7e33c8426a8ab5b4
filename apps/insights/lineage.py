"""LAB. Which group of this run is which theme of the runs before: a theme keeps its id as long as most of what it was is in one group.

Voices that both runs know decide. A theme goes on in the group that most of its voices went to, if no other theme has more there. What became of the
others is said: merged into another, split from one, new, or dissolved.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

KEEPS = 0.3  # of its known voices a theme must bring along to go on as itself
PART = 0.2  # of a theme's voices are a part of it, not strays
MOST = 0.5


@dataclass(frozen=True, eq=False)
class Lineage:
    """kept: group -> the id that it goes on as; split: new group -> the id that it was a part of; merged: id -> the group that it is now in;
    dissolved: ids that are nowhere. Groups that stand in neither of the first two are new."""

    kept: dict[int, int] = field(default_factory=dict)
    split: dict[int, int] = field(default_factory=dict)
    merged: dict[int, int] = field(default_factory=dict)
    dissolved: list[int] = field(default_factory=list)


def inherited(before: NDArray, now: NDArray) -> Lineage:
    """before: the id of each voice's theme in the last run; now: its group in this one; -1: in none, or not known then."""
    before, now = np.asarray(before, np.int64), np.asarray(now, np.int64)
    both = (before >= 0) & (now >= 0)
    pairs, shared = np.unique(np.stack([before[both], now[both]]), axis=1, return_counts=True)
    ids, sizes = np.unique(before[before >= 0], return_counts=True)
    known = dict(zip(ids.tolist(), sizes.tolist(), strict=True))
    groups, brought = np.unique(now[both], return_counts=True)
    in_group = dict(zip(groups.tolist(), brought.tolist(), strict=True))
    links = sorted(
        zip(pairs[0].tolist(), pairs[1].tolist(), shared.tolist(), strict=True),
        key=lambda link: (-link[2], link[0], link[1]),
    )

    found = Lineage()
    going_on: set[int] = set()
    for theme, group, voices in links:
        if group not in found.kept and theme not in going_on and voices >= max(2, KEEPS * known[theme]):
            found.kept[group] = theme
            going_on.add(theme)
    told: set[int] = set()
    for theme, group, voices in links:
        if (
            group not in found.kept
            and group not in found.split
            and voices >= max(2, PART * known[theme], MOST * in_group[group])
        ):
            found.split[group] = theme
        if theme not in going_on and theme not in told:  # the group that has most of it
            told.add(theme)
            if voices >= MOST * known[theme]:
                found.merged[theme] = group
    found.dissolved.extend(sorted(theme for theme in known if theme not in going_on and theme not in found.merged))
    return found
