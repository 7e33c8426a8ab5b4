"""How sure a weighed answer is: what share of answers with such a weight were right among made-up addresses with all kinds of noise.

The tables are fitted by `python -m tests.territory.calibrate` on seeds of their own; the tests hold them to other seeds and another county.
"""

import numpy as np

# weight of the houses among all that may be meant, and the share that was right
_CLEAN = ((0.0, 0.0), (0.6776, 0.9468), (0.9478, 0.9468), (0.9842, 0.989), (0.9994, 0.9999), (1.0, 0.9999))
_LOOSE = (
    (0.0, 0.0), (0.0033, 0.0233), (0.0366, 0.1), (0.0817, 0.2062), (0.1677, 0.3938), (0.2482, 0.4104), (0.3351, 0.5104),
    (0.447, 0.8512), (0.5922, 0.9681), (0.6446, 0.985), (1.0, 0.985),
)  # fmt: skip


def confidence(among: float, weight: float, clean: bool) -> float:
    """From the share of a house in the weight of all houses, and of the houses in all that may be meant: another house, one that the table
    lacks, a place that it does not know. `clean`: nothing in the text had to be explained away."""
    weights, shares = np.array(_CLEAN if clean else _LOOSE).T
    return round(among * float(np.interp(weight, weights, shares)), 4)
