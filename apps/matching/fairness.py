"""The worst pair made as small as it can be, without leaving one more place empty."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from apps.matching.flow import Network, most_filled


def least_worst(network: Network, cost: NDArray[np.int64]) -> tuple[int, NDArray[np.int64]] | None:
    """The smallest metres t such that pairs of `cost` <= t fill as many places as all open pairs do; None when none can be filled.

    Also the rows of the projects that prove it: with cheaper pairs alone they cannot all be served as well.
    cost: int64[n, m], without bonus. Found by bisection over the costs that occur.
    """
    full, _ = most_filled(network)
    if full == 0:
        return None
    levels = np.unique(cost[network.open])
    low, high = 0, len(levels) - 1
    while low < high:
        middle = (low + high) // 2
        filled, _ = most_filled(replace(network, open=network.open & (cost <= levels[middle])))
        low, high = (low, middle) if filled == full else (middle + 1, high)
    _, proof = most_filled(replace(network, open=network.open & (cost < levels[low])))
    return int(levels[low]), proof
