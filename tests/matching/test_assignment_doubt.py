"""Where the straight line leaves a cost in doubt: far apart, at the poles, a hair beside half a metre, under weights of any size."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.matching import network
from apps.matching.assignment import Deputies, Projects, Rules, solve
from apps.matching.boxes import earth_centred
from apps.matching.costs import distances, price_pairs
from apps.matching.filling import Filling
from tests.matching.instances import deputies, deputy, project, projects, rules
from tests.matching.reference import Reference
from tests.matching.test_assignment_dense import check

# west, south, east, north: a village, a county, the country, the Earth, both sides of the antimeridian, the poles
REGIONS = [
    (120.0, 27.0, 120.001, 27.001), (120.0, 27.0, 120.5, 27.5), (73.0, 18.0, 135.0, 53.5), (-180.0, -90.0, 180.0, 90.0), (179.0, -1.0, 181.0, 1.0),
    (-180.0, 89.99, 180.0, 90.0), (-180.0, -90.0, 180.0, -89.0), (0.0, -0.5, 180.0, 0.5),
]  # fmt: skip
CORNERS = np.array([(0, 90), (0, -90), (180, 0), (-180, 0), (0, 0), (180, 90), (-180, 90), (90, 0), (-90, 0)], float)


def places(random, count, region):
    west, south, east, north = region
    lon, lat = random.uniform(west, east, count), random.uniform(south, north, count)
    return (lon + 180) % 360 - 180, lat


def spread(random, n, m, region):
    """Projects and deputies anywhere in a region, some of them in its few outstanding places."""
    asked, home, work = (np.array(places(random, count, region)) for count in (n, m, m))
    if region == REGIONS[3]:
        for points in (asked, home, work):
            at = random.random(points.shape[1]) < 0.4
            points[:, at] = CORNERS[random.integers(len(CORNERS), size=int(at.sum()))].T
    work[:, random.random(m) < 0.3] = np.nan
    demand = random.integers(0, 4, n)
    return (
        Projects(*asked, random.integers(-1, 4, n), demand, np.minimum(demand, random.integers(0, 2, n)), random.integers(-1, 4, n), np.full((n, 1), -1)),
        Deputies(*home, *work, random.random((m, 4)) < 0.3, random.integers(0, 3, m), np.full(m, -1), random.integers(-1, 4, (m, 2))),
    )  # fmt: skip


@pytest.mark.parametrize("region", REGIONS)
def test_the_geodesic_lies_between_the_bounds_of_its_chord(region):
    """And so does every distance of which the search believes it: 30,000 pairs a region, the shortest a few metres."""
    random = np.random.default_rng(1)
    start, end = np.array(places(random, 30_000, region)), np.array(places(random, 30_000, region))
    near = random.random(30_000) < 0.5
    step = 10.0 ** random.uniform(-5, 1, 30_000)
    end[:, near] = np.clip(start + random.normal(size=(2, 30_000)) * step, -180, 180)[:, near]
    end[1] = np.clip(end[1], -90, 90)
    exact = distances(*start, *end)
    chord = np.linalg.norm(earth_centred(*start) - earth_centred(*end), axis=1)
    for i in range(len(exact)):
        assert network._arc(chord[i], network._LARGEST) - network._SLACK <= exact[i]
        assert exact[i] <= network._arc(chord[i], network._SMALLEST) + network._SLACK


@settings(max_examples=1000, deadline=None)
@given(st.integers(1, 7), st.integers(1, 10), st.sampled_from(REGIONS), st.integers(0, 2**32))
def test_equals_the_flow_over_all_pairs_anywhere(n, m, region, seed):
    random = np.random.default_rng(seed)
    check(*spread(random, n, m, region), rules(random, n, m))


@pytest.mark.parametrize("fair", [False, True])
def test_a_country_of_doubtful_pairs(fair):
    """1,000 km leave metres in doubt: nearly every pair that is listed has to be measured."""
    random = np.random.default_rng(4)
    asked, people = spread(random, 120, 200, REGIONS[2])
    solution = check(asked, people, Rules(fair=fair))
    assert np.median(solution.cost) > 100_000


# -- beside half a metre -----------------------------------------------------------------------------------------------------


def beside_half_metres(random, size):
    """Everybody has a field of his own, and every pair costs a whole number of metres and a half, give or take less than 2 µm."""
    lon, lat = 120 + random.random((3, size)) * 0.05, 27 + random.random((3, size)) * 0.05
    asked = Projects(
        lon[0],
        lat[0],
        np.arange(size),
        random.integers(1, 3, size),
        np.zeros(size, int),
        np.full(size, -1),
        np.full((size, 1), -1),
    )
    people = Deputies(
        lon[1],
        lat[1],
        lon[2],
        lat[2],
        np.eye(size, dtype=bool),
        random.integers(1, 3, size),
        np.full(size, -1),
        np.full((size, 2), -1),
    )
    way = sum(
        part for name, part in price_pairs(asked, people, Rules()).parts.items() if name in ("residence", "workplace")
    )
    beside = random.choice([0.0, 1e-12, 1e-9, 1e-7, 1e-6, 1.9e-6], (size, size)) * random.choice([-1, 1], (size, size))
    return asked, people, Rules(field_cost=np.floor(way) + 3.5 + beside - way, fair=bool(random.integers(2)))


@settings(max_examples=1000, deadline=None)
@given(st.integers(1, 8), st.integers(0, 2**32))
def test_a_hair_beside_half_a_metre_the_geodesic_decides(size, seed):
    check(*beside_half_metres(np.random.default_rng(seed), size))


def test_pairs_beside_half_a_metre_are_measured(monkeypatch):
    """Else the test above would show nothing: the chord alone would round half of them to the wrong side."""
    asked, people, rules = beside_half_metres(np.random.default_rng(0), 40)
    beside = np.abs(sum(price_pairs(asked, people, rules).parts.values()) % 1 - 0.5)
    assert beside.max() < 3e-6
    plain, measured = Filling.decide, []

    def counted(self, bidder, deputy):
        measured.extend(bidder)
        plain(self, bidder, deputy)

    monkeypatch.setattr(Filling, "decide", counted)
    check(asked, people, rules)
    assert len(measured) > 1000


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["weighted", "nearest"]), st.booleans(), st.integers(0, 2**32))
def test_the_largest_distance_is_that_of_the_geodesic(anchor, inside, seed):
    """It is set to one of the distances there are, or to the number just below."""
    random = np.random.default_rng(seed)
    asked, people = spread(random, 5, 6, REGIONS[random.choice([1, 2])])
    near = np.fmin(
        distances(
            asked.lon[:, None] + np.zeros(6),
            asked.lat[:, None] + np.zeros(6),
            *np.broadcast_arrays(people.residence_lon, people.residence_lat, np.empty((5, 1)))[:2],
        ),
        distances(
            asked.lon[:, None] + np.zeros(6),
            asked.lat[:, None] + np.zeros(6),
            *np.broadcast_arrays(people.workplace_lon, people.workplace_lat, np.empty((5, 1)))[:2],
        ),
    )
    limit = random.choice(near.ravel())
    check(asked, people, Rules(anchor=anchor, max_distance=limit if inside else np.nextafter(limit, 0)))


# -- weights ------------------------------------------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(st.integers(1, 8), st.integers(1, 12), st.integers(0, 7), st.integers(0, 2**32))
def test_weights_of_any_size(n, m, exponent, seed):
    """The heavier, the smaller the region must be, and the more a nanometre counts."""
    random = np.random.default_rng(seed)
    size = min(0.5, 10.0 ** (5 - exponent) * random.choice([1.0, 0.1]))
    asked, people = spread(random, n, m, (120.0, 27.0, 120.0 + size, 27.0 + size))
    home, work = 10.0**exponent * random.random(2)
    check(
        asked,
        people,
        Rules(
            residence_weight=home,
            workplace_weight=work,
            fair=bool(random.integers(2)),
            balance=int(random.choice([0, 1000])),
        ),
    )


def test_weights_beyond_what_a_chord_can_bear_are_refused():
    """Everybody within a centimetre, so that the costs alone would do."""
    asked, people = spread(np.random.default_rng(1), 4, 5, (120.0, 27.0, 120.0 + 1e-7, 27.0 + 1e-7))
    with pytest.raises(ValueError, match="两项权重"):
        solve(asked, people, Rules(residence_weight=6e8, workplace_weight=4e8))


@pytest.mark.parametrize("anchor", ["weighted", "nearest"])
def test_distance_that_does_not_count(anchor):
    """Only fields, towns and the balance are left; without those nobody costs anything."""
    random = np.random.default_rng(2)
    asked, people = spread(random, 60, 90, REGIONS[1])
    nothing = Rules(residence_weight=0, workplace_weight=0, anchor=anchor)
    check(asked, people, nothing)
    table = random.integers(0, 3, (4, 4)) * 500.0
    check(
        asked,
        people,
        Rules(
            residence_weight=0,
            workplace_weight=0,
            anchor=anchor,
            field_cost=table,
            town_cost=300,
            balance=50,
            max_distance=15_000.0,
        ),
    )


# -- many at one place --------------------------------------------------------------------------------------------------------


def test_many_at_one_place():
    """300 deputies at one point, 150 more 10 km off; 400 projects at the point: 100 deputies come those 10 km."""
    here, there = (120.0, 27.0), (120.1, 27.0)
    metres = int(np.rint(distances(*(np.array([number]) for number in here + there))[0]))
    people = deputies(*[deputy(here)] * 300, *[deputy(there)] * 150)
    for fair in (False, True):
        solution = solve(projects(*[project(here)] * 400), people, Rules(fair=fair))
        assert solution.total == solution.lower_bound == 100 * metres and solution.unmet.sum() == 0
        assert solution.deputy_price.tolist() == [metres] * 300 + [0] * 150
        assert solution.worst == (metres if fair else None)
    short = solve(projects(*[project(here, demand=2)] * 250), people)
    assert (short.total, int(short.unmet.sum())) == (150 * metres, 50)


def test_thousands_at_one_place():
    solution = solve(projects(*[project()] * 1500), deputies(*[deputy(capacity=2)] * 750))
    assert solution.total == solution.lower_bound == 0 and len(solution.pairs) == 1500
    assert not solution.deputy_price.any() and not solution.project_price.any()


def test_costs_of_poles_and_antimeridian_are_those_of_a_second_writing():
    random = np.random.default_rng(3)
    for region in REGIONS[3:]:
        asked, people = spread(random, 6, 8, region)
        given = rules(random, 6, 8)
        reference, solution = Reference(asked, people, given), solve(asked, people, given)
        assert reference.keeps_rules(solution.pairs) and solution.total == reference.objective(solution.pairs)
        left = reference.certificate(solution.deputy_price, solution.empty_price, solution.worst)
        assert left == solution.total + solution.empty_price * int(solution.unmet.sum())
