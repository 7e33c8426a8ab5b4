"""What a project-deputy pair costs and whether it is allowed, in metres, by the geodesic: for the pairs one asks for."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod

from apps.matching.problem import LARGEST_COST, Deputies, Projects, Rules, check_fields, checked_pairs

_GEOD = Geod(ellps="WGS84")

Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class PairTable:
    """The pairs asked for, every array of their shape. Where `measured` is false the distances and costs are 0 and mean nothing.

    parts: float64 metres of residence, workplace, field and town; cost: int64, rint of their sum.
    price: int64, the cost after the bonus for previous pairs; it can be negative.
    has_field: the deputy knows the project's field.
    measured: the project and at least one of the deputy's anchors have a position.
    within, recused, forbidden: what the rules say of the pair; allowed: measured, within, neither recused nor forbidden.
    """

    parts: dict[str, NDArray[np.float64]]
    cost: NDArray[np.int64]
    price: NDArray[np.int64]
    has_field: NDArray[np.bool_]
    measured: NDArray[np.bool_]
    within: NDArray[np.bool_]
    recused: NDArray[np.bool_]
    forbidden: NDArray[np.bool_]
    allowed: NDArray[np.bool_]


def price_pairs(
    projects: Projects, deputies: Deputies, rules: Rules, rows: Indices | None = None, columns: Indices | None = None
) -> PairTable:
    """The table of the pairs (rows, columns), two arrays of indices that broadcast; without them all n x m pairs.

    ValueError when a cost passes 2^40 m or a rule names a row that is not there.
    """
    check_fields(projects, deputies, rules)
    i = np.arange(len(projects))[:, None] if rows is None else np.asarray(rows)
    j = np.arange(len(deputies)) if columns is None else np.asarray(columns)
    i, j = np.broadcast_arrays(i, j)
    home = distances(projects.lon[i], projects.lat[i], deputies.residence_lon[j], deputies.residence_lat[j])
    work = distances(projects.lon[i], projects.lat[i], deputies.workplace_lon[j], deputies.workplace_lat[j])
    nearer = np.fmin(home, work)
    measured = ~np.isnan(nearer)
    residence, workplace = _anchor_parts(home, work, rules)
    town = projects.town[i]
    same = (town < 0) | (town == deputies.towns[j, 0]) | (town == deputies.towns[j, 1])
    parts = {
        "residence": residence,
        "workplace": workplace,
        "field": _field_part(projects, deputies, rules, i, j),
        "town": np.where(same, 0.0, float(rules.town_cost)),
    }
    total = np.where(measured, parts["residence"] + parts["workplace"] + parts["field"] + parts["town"], 0.0)
    if (total > LARGEST_COST).any():
        raise ValueError("费用过大：请检查 field_cost 和两项权重，单位应为米")
    cost = np.rint(total).astype(np.int64)
    previous = _among(checked_pairs("previous", rules.previous, projects, deputies), i, j, len(deputies))
    forbidden = _among(checked_pairs("forbidden", rules.forbidden, projects, deputies), i, j, len(deputies))
    within = measured & (nearer <= rules.max_distance) if rules.max_distance is not None else measured
    recused = np.zeros(i.shape, bool)
    for column in projects.organisations.T:
        recused |= (column[i] == deputies.organisation[j]) & (column[i] >= 0)
    return PairTable(
        parts, cost, cost - rules.keep_bonus * previous, _knows(projects, deputies, i, j), measured, within, recused,
        forbidden, allowed=within & ~recused & ~forbidden,
    )  # fmt: skip


def distances(
    lon: NDArray[np.float64], lat: NDArray[np.float64], to_lon: NDArray[np.float64], to_lat: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Geodesic metres on WGS 84 between two places each, arrays of one shape; NaN where either position is NaN."""
    result = np.full(np.shape(lon), np.nan)
    known = ~np.isnan(lon) & ~np.isnan(to_lon)
    if known.any():
        result[known] = _GEOD.inv(lon[known], lat[known], to_lon[known], to_lat[known])[2]
    return result


def field_costs(projects: Projects, deputies: Deputies, rules: Rules) -> NDArray[np.float64]:
    """float64[f + 1, m]: what each deputy's fields cost a project of each field; the last row, for a project without field, is 0."""
    fields = max(deputies.fields.shape[1], int(projects.field.max(initial=-1)) + 1)
    result = np.zeros((fields + 1, len(deputies)))
    if rules.field_cost is not None:
        for field, row in enumerate(rules.field_cost[:fields]):
            best = np.where(deputies.fields, row, np.inf).min(axis=1, initial=np.inf)
            result[field] = np.where(np.isinf(best), row.max(initial=0.0), best)
    return result


def known_fields(projects: Projects, deputies: Deputies) -> NDArray[np.bool_]:
    """bool[f + 1, m]: whether each deputy knows each field; the last row, for a project without field, is false."""
    fields = max(deputies.fields.shape[1], int(projects.field.max(initial=-1)) + 1)
    result = np.zeros((fields + 1, len(deputies)), bool)
    result[: deputies.fields.shape[1]] = deputies.fields.T
    return result


def _field_part(projects: Projects, deputies: Deputies, rules: Rules, i: Indices, j: Indices) -> NDArray[np.float64]:
    """What the deputy's best field costs the project, for few pairs one by one, for many by a table of all."""
    if rules.field_cost is None or i.size == 0:
        return np.zeros(i.shape)
    if i.size > len(deputies):
        return field_costs(projects, deputies, rules)[projects.field[i], j]
    row = rules.field_cost[projects.field[i]]
    best = np.where(deputies.fields[j], row, np.inf).min(axis=-1, initial=np.inf)
    return np.where(projects.field[i] < 0, 0.0, np.where(np.isinf(best), row.max(axis=-1, initial=0.0), best))


def _knows(projects: Projects, deputies: Deputies, i: Indices, j: Indices) -> NDArray[np.bool_]:
    field = projects.field[i]
    return (field >= 0) & deputies.fields[j, np.maximum(field, 0)] if deputies.fields.shape[1] else np.zeros(i.shape, bool)


def _anchor_parts(
    home: NDArray[np.float64], work: NDArray[np.float64], rules: Rules
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The shares of the residence and of the workplace; 0 for an anchor that is missing or does not count."""
    no_home, no_work = np.isnan(home), np.isnan(work)
    if rules.anchor == "nearest":
        by_home = no_work | (home <= work)
        return np.where(by_home & ~no_home, home, 0.0), np.where(by_home, 0.0, work)
    both = rules.residence_weight + rules.workplace_weight
    residence = home * np.where(no_work, both, rules.residence_weight)
    workplace = work * np.where(no_home, both, rules.workplace_weight)
    return np.where(no_home, 0.0, residence), np.where(no_work, 0.0, workplace)


def _among(pairs: Indices, i: Indices, j: Indices, deputies: int) -> NDArray[np.bool_]:
    """Which of the pairs (i, j) are in the sorted list `pairs`, int64[k, 2]."""
    if not len(pairs):
        return np.zeros(i.shape, bool)
    listed, asked = pairs[:, 0] * deputies + pairs[:, 1], i * deputies + j
    place = np.minimum(np.searchsorted(listed, asked), len(listed) - 1)
    return listed[place] == asked
