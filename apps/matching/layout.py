"""An assignment problem laid out as the arrays of the compiled `network`."""

from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.matching import network
from apps.matching.boxes import Boxes, earth_centred
from apps.matching.costs import field_costs, known_fields
from apps.matching.network import ANYONE, EXPERTS, INFINITE, LEAF, OTHERS, Net
from apps.matching.problem import LARGEST_COST, Deputies, Projects, Rules

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_LARGEST_WEIGHT = 1e8  # times the nanometres by which a chord is rounded: still less than the metre that searches allow for
_LARGEST_SUM = 2**61  # of prices; keeps every sum of the proof inside int64


def laid_out(p: Projects, d: Deputies, rules: Rules, locked: Ints, previous: Ints, closed: Ints, spare: int = 0) -> Net:
    """The arrays of a problem in which nothing but the locked pairs is chosen; pairs are sorted int64[k, 2].

    spare: how many more places may come to be wanted.
    """
    n, m = len(p), len(d)
    gated = np.flatnonzero((p.experts > 0) & (p.demand > 0))
    gate = np.full(n, -1)
    gate[gated] = n + np.arange(len(gated))
    project = np.concatenate((np.arange(n), gated))
    b = len(project)
    whom = np.where(np.arange(b) >= n, OTHERS, np.where(gate[project] >= 0, EXPERTS, ANYONE))
    at = earth_centred(p.lon, p.lat)
    home, work = earth_centred(d.residence_lon, d.residence_lat), earth_centred(d.workplace_lon, d.workplace_lat)
    has_home, has_work = ~np.isnan(home[:, 0]), ~np.isnan(work[:, 0])
    both = rules.residence_weight + rules.workplace_weight
    home_weight = np.where(has_work, rules.residence_weight, both) * has_home
    work_weight = np.where(has_home, rules.workplace_weight, both) * has_work
    nearest = rules.anchor == "nearest"
    if nearest:
        entry, anchor = np.concatenate((np.flatnonzero(has_home), np.flatnonzero(has_work))), np.repeat([1, 2], [has_home.sum(), has_work.sum()])
        points = np.concatenate((home[has_home], work[has_work]))
    else:
        entry = np.flatnonzero(has_home | has_work)
        anchor = np.zeros(len(entry), np.int64)
        points = _middle(home, work, home_weight, work_weight)[entry]
    field_cost, known = field_costs(p, d, rules), known_fields(p, d)
    tree, back = Boxes.of(points, LEAF), Boxes.of(np.nan_to_num(at[project]), LEAF)
    entry_of = np.full((m, 2), -1)
    entry_of[entry, np.maximum(anchor - 1, 0)] = tree.place
    b, nodes, places = len(project), len(project) + m, int(np.minimum(p.demand, m).sum()) + spare
    load = np.bincount(locked[:, 1], minlength=m)
    left = p.demand - np.bincount(locked[:, 0], minlength=n)
    outside = ~known[p.field[locked[:, 0]], locked[:, 1]]
    # A pair counts once: nobody can fill more places than there are deputies, and one more stands for all that must stay empty.
    gate_room = np.minimum(p.demand - p.experts - np.bincount(locked[outside, 0], minlength=n), np.minimum(left, m + 1))
    count = np.zeros(15, np.int64)
    count[network.CEILING], count[network.EMPTY_PRICE] = INFINITE, _empty_price(at, home, work, field_cost, places, d, rules)
    count[network.SPARE], count[network.BALANCE], count[network.BONUS], count[network.LOGGED] = places + 1, rules.balance, rules.keep_bonus, network.UNLOGGED
    lists = np.zeros((b, 5), np.int64)
    lists[:, network.REACH] = -INFINITE
    kept = previous[np.lexsort((previous[:, 0], previous[:, 1]))]
    return Net(
        project_at=at,
        deputy_at=np.column_stack((home, work, home_weight, work_weight)),
        project_is=np.column_stack((np.where(p.field < 0, len(field_cost) - 1, p.field), p.town, p.organisations)).astype(np.int64),
        deputy_is=np.column_stack((d.organisation, d.towns)).astype(np.int64),
        field_cost=field_cost, fields=known, least_field=field_cost.min(axis=1, initial=np.inf),
        amounts=np.array([nearest, 1.0 if nearest else both, rules.town_cost, np.inf if rules.max_distance is None else rules.max_distance], float),
        closed_start=np.searchsorted(closed[:, 0], np.arange(n + 1)), closed=closed[:, 1].copy(),
        entry=np.column_stack((entry, anchor))[tree.order].astype(np.int64).reshape(-1, 2), entry_of=entry_of, box=tree.boxes,
        box_price=tree.gathered(np.minimum, np.zeros(len(entry), np.int64), INFINITE, LEAF),
        box_fields=tree.gathered(np.bitwise_or, _bits(known)[entry], 0, LEAF),
        back_entry=back.order, back_of=back.place, back_box=back.boxes, back_price=np.full(len(back.boxes), -INFINITE),
        kept_start=np.searchsorted(kept[:, 1], np.arange(m + 1)), kept=kept[:, 0].copy(),
        bidder=np.column_stack((project, whom)).astype(np.int64),
        places=np.column_stack((gate, gate_room, np.zeros((n, 2)))).astype(np.int64),
        seats=np.column_stack((load, np.zeros(m, np.int64), d.capacity)).astype(np.int64),
        price=np.concatenate((np.full(b, -INFINITE // 4), np.zeros(m, np.int64))),
        lists=lists, pool=np.zeros((2 * network.FIRST * b + 4 * len(kept) + 64, 2), np.int64),
        head=np.full(m, -1), links=np.zeros((places + 1, 3), np.int64), spare=np.arange(places + 1),
        falls=np.zeros((256, 8)), log=np.zeros((4096, 3), np.int64), counts=count, seen=np.zeros(m, np.int64), seen_back=np.zeros((m, 2), np.int64), found=np.zeros((max(b, m) + 1, 4), np.int64), stack=np.zeros(128, np.int64), stack_bound=np.zeros(128),
        heap=np.zeros((4 * nodes + 64, 2), np.int64), visits=np.zeros((nodes, 4), np.int64), order=np.zeros(nodes, np.int64), ready=np.zeros(nodes + 1, np.int64),
    )  # fmt: skip


def project_order(projects: Projects) -> Ints:
    """Rows of projects so that neighbours follow one another; those without a place come last."""
    return _along_curve(earth_centred(projects.lon, projects.lat))


def deputy_order(deputies: Deputies) -> Ints:
    """Rows of deputies so that those whom the tree keeps together follow one another."""
    home, work = earth_centred(deputies.residence_lon, deputies.residence_lat), earth_centred(deputies.workplace_lon, deputies.workplace_lat)
    return _along_curve(np.where(np.isnan(home), work, np.where(np.isnan(work), home, 0.6 * home + 0.4 * work)))


def in_order(record: Any, order: Ints) -> Any:
    """Projects or deputies with their rows in another order."""
    return type(record)(**{each.name: getattr(record, each.name)[order] for each in fields(record)})


def _along_curve(points: Floats) -> Ints:
    known = ~np.isnan(points[:, 0])
    return np.concatenate((np.flatnonzero(known)[Boxes.of(points[known], LEAF).order], np.flatnonzero(~known)))


def _middle(home: Floats, work: Floats, home_weight: Floats, work_weight: Floats) -> Floats:
    """A point from which the cost is bounded: w |p - h| + u |p - a| >= (w + u) |p - (w h + u a) / (w + u)|, the norm being convex."""
    both = home_weight + work_weight
    share = np.divide(work_weight, both, out=np.where(np.isnan(home[:, 0]), 1.0, 0.0), where=both > 0)[:, None]
    return np.where(share < 1, home, 0.0) * (1 - share) + np.where(share > 0, work, 0.0) * share


def _bits(fields: NDArray[np.bool_]) -> Ints:
    """The fields each deputy knows as bits, modulo 64; fields: bool[f + 1, m]."""
    bits = np.zeros(fields.shape[1], np.int64)
    for field, known in enumerate(fields):
        bits |= known.astype(np.int64) << (field & 63)
    return bits


def _empty_price(at: Floats, home: Floats, work: Floats, field_cost: Floats, places: int, d: Deputies, rules: Rules) -> int:
    """More than any rearrangement can save: the dearest filling of all places, each as far as the places lie apart at most."""
    known = np.concatenate([a[~np.isnan(a[:, 0])] for a in (at, home, work)])
    straight = float(np.linalg.norm(np.ptp(known, axis=0))) if len(known) else 0.0
    weight = 1.0 if rules.anchor == "nearest" else rules.residence_weight + rules.workplace_weight
    # A geodesic is at most pi/2 times its chord on a sphere; the ellipsoid adds less than a hundredth.
    dearest = weight * 1.6 * straight + float(field_cost.max(initial=0.0)) + rules.town_cost + 2.0
    if places and (dearest > LARGEST_COST or weight > _LARGEST_WEIGHT):
        raise ValueError("费用过大：请检查 field_cost 和两项权重，单位应为米")
    seat = rules.balance * min(max(1, int(d.capacity.max(initial=0))), places)  # one, as a deputy may come to have seats later
    price = (int(dearest if places else 0) + rules.keep_bonus + seat) * places + 1
    if price * (places + 1) > _LARGEST_SUM:
        raise ValueError("费用或数量过大，无法精确求解：请检查各项费用的单位是否为米")
    return price
