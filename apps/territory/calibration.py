"""How sure a weighed answer is: what share of answers with such a weight were right among made-up addresses with all kinds of noise.

The tables are fitted by `python -m tests.territory.calibrate` on seeds of their own; the tests hold them to other seeds and another county.
"""

import numpy as np

# weight of the houses among all that may be meant, and the share that was right
_CLEAN = ((0.0, 0.0), (0.6732, 0.9468), (0.9467, 0.9468), (0.9855, 0.9971), (0.9928, 0.9998), (1.0, 0.9998))
_LOOSE = (
    (0.0, 0.0), (0.0021, 0.0209), (0.0342, 0.1544), (0.088, 0.3056), (0.1621, 0.3056), (0.2674, 0.88), (0.4364, 0.89),
    (0.5933, 0.9752), (0.6401, 0.976), (0.7314, 0.985), (1.0, 0.985),
)  # fmt: skip


def confidence(among: float, weight: float, clean: bool) -> float:
    """From the share of a house in the weight of all houses, and of the houses in all that may be meant: another house, one that the table
    lacks, a place that it does not know. `clean`: nothing in the text had to be explained away."""
    weights, shares = np.array(_CLEAN if clean else _LOOSE).T
    return round(among * float(np.interp(weight, weights, shares)), 4)
