"""Assignment problems: small ones written one row per project and deputy, larger ones by seed."""

from dataclasses import replace

import numpy as np

from apps.matching.assignment import Deputies, Projects, Rules
from apps.matching.costs import price_pairs

NOWHERE = (np.nan, np.nan)


def project(at=(0.0, 0.0), field=-1, demand=1, experts=0, town=-1, organisations=()):
    return {
        "at": at,
        "field": field,
        "demand": demand,
        "experts": experts,
        "town": town,
        "organisations": organisations,
    }


def deputy(home=(0.0, 0.0), work=NOWHERE, fields=(), capacity=1, organisation=-1, towns=(-1, -1)):
    return {
        "home": home,
        "work": work,
        "fields": fields,
        "capacity": capacity,
        "organisation": organisation,
        "towns": towns,
    }


def projects(*rows):
    width = max([1, *(len(row["organisations"]) for row in rows)])
    organisations = np.full((len(rows), width), -1, np.int32)
    for target, row in zip(organisations, rows, strict=True):
        target[: len(row["organisations"])] = row["organisations"]
    at = np.array([row["at"] for row in rows], float).reshape(-1, 2)
    numbers = {name: np.array([row[name] for row in rows], np.int32) for name in ("field", "demand", "experts", "town")}
    return Projects(lon=at[:, 0], lat=at[:, 1], organisations=organisations, **numbers)


def deputies(*rows, fields=3):
    home = np.array([row["home"] for row in rows], float).reshape(-1, 2)
    work = np.array([row["work"] for row in rows], float).reshape(-1, 2)
    known = np.zeros((len(rows), fields), bool)
    for target, row in zip(known, rows, strict=True):
        target[list(row["fields"])] = True
    return Deputies(
        residence_lon=home[:, 0],
        residence_lat=home[:, 1],
        workplace_lon=work[:, 0],
        workplace_lat=work[:, 1],
        fields=known,
        capacity=np.array([row["capacity"] for row in rows], np.int32),
        organisation=np.array([row["organisation"] for row in rows], np.int32),
        towns=np.array([row["towns"] for row in rows], np.int32).reshape(-1, 2),
    )


def county(n, m, seed):
    """A random county of any size under random rules of every kind, scarce or not; deputies share homes, so that many pairs cost the same."""
    random = np.random.default_rng([seed, n, m])
    demand = random.integers(0, 5, n)
    lon, lat = _places(random, n, random.choice([0.0, 0.05]))
    asked = Projects(
        lon, lat, random.integers(-1, 4, n), demand, np.minimum(demand, random.integers(0, random.choice([1, 4]), n)),
        random.integers(-1, 4, n), random.integers(-1, 12, (n, 2)),
    )  # fmt: skip
    most = int(random.choice([2, 3, 6]))
    missing = random.choice([0.0, 0.2])
    people = Deputies(
        *_places(random, m, missing), *_places(random, m, missing), random.random((m, 4)) < 0.3, random.integers(0, most, m),
        random.integers(-1, 12, m), random.integers(-1, 4, (m, 2)),
    )  # fmt: skip
    return asked, people, rules(random, n, m)


def rules(random, n, m):
    """Random rules for n projects and m deputies; nothing is locked."""
    pairs = random.permutation(np.stack(np.divmod(np.arange(n * m), m), axis=1))[: n * m // 20 + n]
    return Rules(
        residence_weight=float(random.choice([0.6, 0.5, 1.0, 0.0])),
        workplace_weight=float(random.choice([0.4, 0.5, 1.0, 0.0])),
        anchor=str(random.choice(["weighted", "nearest"])),
        field_cost=random.integers(0, 9000, (4, 4)).astype(float) if random.random() < 0.7 else None,
        town_cost=int(random.choice([0, 2500])),
        max_distance=[None, None, 9000.0, 20000.0][random.integers(4)],
        forbidden=pairs[: n * m // 20],
        previous=pairs[-n:],
        keep_bonus=int(random.choice([0, 3000, 40_000])),
        balance=int(random.choice([0, 0, 800, 20_000])),
        fair=bool(random.integers(2)),
    )


def with_locks(asked, people, rules, random, most=5):
    """The same rules with a few pairs locked that can be, one a deputy and a project, also forbidden and distant ones."""
    table = price_pairs(asked, people, rules)
    may = table.measured & ~table.recused & (people.capacity > 0)
    may &= (asked.demand > 0)[:, None] & (table.has_field | (asked.experts < asked.demand)[:, None])
    pairs = random.permutation(np.argwhere(may))
    _, first = np.unique(pairs[:, 0], return_index=True)
    pairs = pairs[first]
    _, first = np.unique(pairs[:, 1], return_index=True)
    return replace(rules, locked=random.permutation(pairs[first])[: random.integers(most + 1)])


def renamed(asked, people, rules, by_project, by_deputy):
    """The same problem with its rows in another order: row i is what was row by_project[i]."""
    new_project, new_deputy = np.argsort(by_project), np.argsort(by_deputy)

    def rows(pairs):
        return None if pairs is None else np.column_stack((new_project[pairs[:, 0]], new_deputy[pairs[:, 1]]))

    return (
        Projects(**{name: values[by_project] for name, values in vars(asked).items()}),
        Deputies(**{name: values[by_deputy] for name, values in vars(people).items()}),
        replace(rules, **{name: rows(getattr(rules, name)) for name in ("forbidden", "locked", "previous")}),
    )


def _places(random, count, missing, west=120.0, south=27.0, degrees=0.4):
    at = np.round(np.array([west, south]) + random.random((count, 2)) * degrees, 2)
    at[random.random(count) < missing] = np.nan
    return at.T
