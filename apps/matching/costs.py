"""What each project-deputy pair costs and whether it is allowed: all n x m pairs at once, in metres."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod

from apps.matching.problem import LARGEST_COST, Deputies, Projects, Rules, check_fields, checked_pairs

_GEOD = Geod(ellps="WGS84")


@dataclass(frozen=True, eq=False)
class PairTable:
    """Every pair, [n, m]. Where `measured` is false the distances and costs are 0 and mean nothing.

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


def price_pairs(projects: Projects, deputies: Deputies, rules: Rules) -> PairTable:
    """The table of all pairs. ValueError when a cost passes 2^40 m or a rule names a row that is not there."""
    check_fields(projects, deputies, rules)
    home = distances(projects.lon, projects.lat, deputies.residence_lon, deputies.residence_lat)
    work = distances(projects.lon, projects.lat, deputies.workplace_lon, deputies.workplace_lat)
    nearer = np.fmin(home, work)
    measured = ~np.isnan(nearer)
    residence, workplace = _anchor_parts(home, work, rules)
    parts = {
        "residence": residence,
        "workplace": workplace,
        "field": _field_part(projects, deputies, rules),
        "town": _town_part(projects, deputies, rules),
    }
    total = np.where(measured, parts["residence"] + parts["workplace"] + parts["field"] + parts["town"], 0.0)
    if (total > LARGEST_COST).any():
        raise ValueError("费用过大：请检查 field_cost 和两项权重，单位应为米")
    cost = np.rint(total).astype(np.int64)
    price = cost.copy()
    previous = checked_pairs("previous", rules.previous, projects, deputies)
    price[previous[:, 0], previous[:, 1]] -= rules.keep_bonus
    forbidden = np.zeros(cost.shape, bool)
    excluded = checked_pairs("forbidden", rules.forbidden, projects, deputies)
    forbidden[excluded[:, 0], excluded[:, 1]] = True
    within = measured & (nearer <= rules.max_distance) if rules.max_distance is not None else measured
    recused = _recused(projects, deputies)
    return PairTable(
        parts, cost, price, _has_field(projects, deputies), measured, within, recused, forbidden,
        allowed=within & ~recused & ~forbidden,
    )  # fmt: skip


def distances(
    lon: NDArray[np.float64], lat: NDArray[np.float64], to_lon: NDArray[np.float64], to_lat: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Geodesic metres on WGS 84 from each of n points to each of m, float64[n, m]; NaN where either position is NaN."""
    result = np.full((len(lon), len(to_lon)), np.nan)
    rows, columns = np.flatnonzero(~np.isnan(lon)), np.flatnonzero(~np.isnan(to_lon))
    if len(rows) and len(columns):
        repeats, tiles = len(columns), len(rows)
        metres = _GEOD.inv(
            np.repeat(lon[rows], repeats), np.repeat(lat[rows], repeats), np.tile(to_lon[columns], tiles), np.tile(to_lat[columns], tiles)
        )[2]  # fmt: skip
        result[np.ix_(rows, columns)] = metres.reshape(tiles, repeats)
    return result


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


def _field_part(projects: Projects, deputies: Deputies, rules: Rules) -> NDArray[np.float64]:
    part = np.zeros((len(projects), len(deputies)))
    if rules.field_cost is None or part.size == 0:
        return part
    for field in np.unique(projects.field[projects.field >= 0]):
        row = rules.field_cost[field]
        best = np.where(deputies.fields, row, np.inf).min(axis=1)
        part[projects.field == field] = np.where(np.isinf(best), row.max(), best)
    return part


def _town_part(projects: Projects, deputies: Deputies, rules: Rules) -> NDArray[np.float64]:
    town = projects.town[:, None]
    same = (town == deputies.towns[:, 0]) | (town == deputies.towns[:, 1])
    return np.where(same | (town < 0), 0.0, float(rules.town_cost))


def _has_field(projects: Projects, deputies: Deputies) -> NDArray[np.bool_]:
    result = np.zeros((len(projects), len(deputies)), bool)
    if result.size:
        rows = projects.field >= 0
        result[rows] = deputies.fields.T[projects.field[rows]]
    return result


def _recused(projects: Projects, deputies: Deputies) -> NDArray[np.bool_]:
    result = np.zeros((len(projects), len(deputies)), bool)
    for column in projects.organisations.T:
        result |= (column[:, None] == deputies.organisation) & (column >= 0)[:, None]
    return result
