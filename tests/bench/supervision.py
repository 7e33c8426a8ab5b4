"""A city that must find supervisors for its projects, of any size, by seed: the same numbers give the same city."""

import numpy as np
from numpy.typing import NDArray

from apps.matching.assignment import Deputies, Projects, Rules

WEST, SOUTH, WIDTH, HEIGHT = 119.0, 29.0, 2.5, 2.0  # degrees
FIELDS = 8
CENTRES = 40
DEPUTIES_PER_ORGANISATION = 40


def instance(
    n: int, m: int, most: int = 3, ratio: float = 2.0, displaced: bool = False, seed: int = 0
) -> tuple[Projects, Deputies, Rules]:
    """n projects wanting 1..most deputies each, m deputies who can hold `ratio` times as many places as are wanted.

    Seven in ten homes and projects lie around the same centres, the rest anywhere; half work near home, half in a centre. With
    `displaced`, four in five projects lie in the eastern fifth, where few live. Cost: 0.6 home + 0.4 work + 0, 5 or 15 km for the same, a
    neighbouring or another field; a project is recused from one to three organisations.
    """
    rng = np.random.default_rng([seed, n, m, most, round(ratio * 1000), displaced])
    centres, weights = rng.random((CENTRES, 2)), rng.dirichlet(np.ones(CENTRES))
    if displaced:
        centres[:, 0] *= 0.8
    home = _places(rng, centres, weights, m)
    work = np.where(
        rng.random((m, 1)) < 0.5, home + rng.normal(0, 0.03, (m, 2)), _places(rng, centres, weights, m, around=1.0)
    )
    site = _places(rng, centres, weights, n)
    if displaced:
        moved = rng.random(n) < 0.8
        site[moved] = _places(rng, rng.random((CENTRES, 2)) * [0.2, 1.0] + [0.8, 0.0], weights, int(moved.sum()))
    demand = rng.integers(1, most + 1, n)
    organisations = max(10, m // DEPUTIES_PER_ORGANISATION)
    recused = rng.integers(0, organisations, (n, 3))
    recused[np.arange(3) >= rng.integers(1, 4, n)[:, None]] = -1
    fields = np.zeros((m, FIELDS), bool)
    fields[np.arange(m), rng.integers(0, FIELDS, m)] = True
    fields[np.arange(m), rng.integers(0, FIELDS, m)] = True
    projects = Projects(
        **_degrees(site),
        field=rng.integers(0, FIELDS, n),
        demand=demand,
        experts=np.zeros(n, np.int32),
        town=np.full(n, -1, np.int32),
        organisations=recused,
    )
    deputies = Deputies(
        **_degrees(home, "residence_"),
        **_degrees(work, "workplace_"),
        fields=fields,
        capacity=_capacity(rng, m, round(ratio * int(demand.sum()))),
        organisation=rng.integers(0, organisations, m),
        towns=np.full((m, 2), -1, np.int32),
    )
    apart = np.abs(np.subtract.outer(np.arange(FIELDS), np.arange(FIELDS)))
    return projects, deputies, Rules(field_cost=np.select([apart == 0, apart == 1], [0.0, 5_000.0], 15_000.0))


def _places(
    rng: np.random.Generator,
    centres: NDArray[np.float64],
    weights: NDArray[np.float64],
    count: int,
    around: float = 0.7,
) -> NDArray[np.float64]:
    """Places in the unit square, float64[count, 2]: a share of them around the centres, the rest anywhere."""
    near = centres[rng.choice(len(centres), count, p=weights)] + rng.normal(0, 0.03, (count, 2))
    return np.where(rng.random((count, 1)) < around, near, rng.random((count, 2)))


def _degrees(places: NDArray[np.float64], prefix: str = "") -> dict[str, NDArray[np.float64]]:
    """Longitudes and latitudes; what has strayed over the edge is folded back."""
    inside = 1.0 - np.abs(1.0 - np.abs(places))
    return {f"{prefix}lon": WEST + WIDTH * inside[:, 0], f"{prefix}lat": SOUTH + HEIGHT * inside[:, 1]}


def _capacity(rng: np.random.Generator, m: int, total: int) -> NDArray[np.int64]:
    """How many places each of m can hold, `total` together: everybody one where that is enough, the rest by chance."""
    everybody = min(1, total // m)
    return everybody + rng.multinomial(total - everybody * m, np.full(m, 1 / m))
