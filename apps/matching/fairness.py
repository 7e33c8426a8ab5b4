"""The worst pair made as small as it can be, without leaving one more place empty."""

import numpy as np
from numpy.typing import NDArray

from apps.matching.filling import Filling


def least_worst(filling: Filling, settled: int = -1) -> tuple[int | None, NDArray[np.int64]]:
    """The smallest metres t such that pairs of cost <= t (before the bonus) fill as many places as all pairs do; None without pairs.

    filling: filled; it is left with the cheapest flow of such pairs. settled: the dearest locked pair, below which nothing need go.
    Also the rows of the projects that prove it: with cheaper pairs alone they cannot all be served as well; none when a locked pair is
    the worst. Found by bisection: pairs above a ceiling let go and look for others, and whoever then stays empty shows that it is too low.
    """
    worst = filling.worst()
    if worst is None or worst <= settled:
        if settled >= 0:
            filling.set_ceiling(settled)  # moves nothing, but dearer pairs must not raise the prices
        return (settled if settled >= 0 else None), np.empty(0, np.int64)
    empty = int(filling.unmet.sum())
    low, high, best = max(settled, 0), worst, filling.copy()
    # Pairs up to `high` suffice, and `best` is the cheapest flow of such pairs that was found last.
    span = max(high - low, 1)
    while low < high:
        filling.told("fair", 1 - (high - low) / span)
        middle = (low + high) // 2
        filling.set_ceiling(middle)
        if int(filling.unmet.sum()) == empty:
            high, best = max(filling.worst() or 0, settled), filling.copy()
        else:
            low = middle + 1
            filling.restore(best)
            best = filling.copy()
    filling.restore(best)
    filling.set_ceiling(high)
    if high <= settled:
        return settled, np.empty(0, np.int64)
    best = filling.copy()
    filling.set_ceiling(high - 1)
    proof = filling.shut_in()
    filling.restore(best)
    return high, proof
