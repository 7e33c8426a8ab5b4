"""How sure a weighed answer is: what share of answers with such a weight were right among made-up addresses with all kinds of noise.

The tables are fitted by `python -m tests.territory.calibrate` on seeds of their own; the tests hold them to other seeds and another county.
"""

import numpy as np

# weight of the houses among all that may be meant, and the share that was right
_CLEAN = ((0.0, 0.0), (0.6773, 0.9569), (0.9843, 0.9858), (0.9929, 0.9998), (1.0, 0.9998))
_LOOSE = (
    (0.0, 0.0), (0.0019, 0.0215), (0.0342, 0.1316), (0.0899, 0.3351), (0.1607, 0.3351), (0.2699, 0.89), (0.3502, 0.89),
    (0.5942, 0.9824), (0.6666, 0.9824), (0.731, 0.985), (1.0, 0.985),
)  # fmt: skip


def confidence(among: float, weight: float, clean: bool) -> float:
    """From the share of a house in the weight of all houses, and of the houses in all that may be meant: another house, one that the table
    lacks, a place that it does not know. `clean`: nothing in the text had to be explained away."""
    weights, shares = np.array(_CLEAN if clean else _LOOSE).T
    return round(among * float(np.interp(weight, weights, shares)), 4)
