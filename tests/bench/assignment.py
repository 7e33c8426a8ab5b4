"""Supervision: who supervises what, proven over all pairs, against OR-Tools on a graph of 64 pairs a project, which proves nothing."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import partial
from types import SimpleNamespace

import numpy as np
from scipy.spatial import cKDTree

from apps.matching.assignment import Deputies, Projects, Rules, solve
from tests.bench import certificate, peers, supervision
from tests.bench.harness import Answer, Check, Contender, Data, Goal, Job, Measured

NEAREST = 64
CASES = {
    "ample": (2.0, False),
    "short": (1.25, True),
}  # places to hold for each wanted, and whether demand lies where few live
SHORT, LARGE = 3_000, 100_000  # projects where places are short; where everybody has one
KEPT = (
    "pairs",
    "cost",
    "unmet",
    "total",
    "lower_bound",
    "empty_price",
    "project_price",
    "deputy_price",
    "rounds",
    "arcs",
)


def make(data: Data) -> None:
    for case, (ratio, displaced) in CASES.items():
        n = data.size(10_000 if case == "ample" else SHORT, 1_000)
        keep(data, case, *supervision.instance(n, 2 * n, 3, ratio, displaced, seed=1))
    if not data.quick:
        keep(data, "large", *supervision.instance(LARGE, LARGE, 1, 3.0, seed=1))


def keep(data: Data, case: str, projects: Projects, deputies: Deputies, rules: Rules) -> None:
    for side in (projects, deputies):
        data.keep(**{f"{case}_{type(side).__name__}_{f.name}": getattr(side, f.name) for f in fields(side)})
    data.keep(**{f"{case}_field_cost": rules.field_cost})


def problem(data: Data, case: str) -> tuple[Projects, Deputies, Rules]:
    sides = [
        kind(**{f.name: data[f"{case}_{kind.__name__}_{f.name}"] for f in fields(kind)})
        for kind in (Projects, Deputies)
    ]
    return sides[0], sides[1], Rules(field_cost=data[f"{case}_field_cost"])


def ours(case: str, data: Data) -> Callable[[], Answer]:
    asked = problem(data, case)
    solve(*supervision.instance(60, 100, seed=2))

    def work() -> Answer:
        solution = solve(*asked)
        return {name: getattr(solution, name) for name in KEPT}

    return work


def nearest_graph(projects: Projects, deputies: Deputies, rules: Rules) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Projects, deputies and whole metres of each project's 64 cheapest pairs among 256 with a home near and 64 with a workplace near."""
    site = peers.earth_centred(projects.lon, projects.lat)
    home = peers.earth_centred(deputies.residence_lon, deputies.residence_lat)
    work = peers.earth_centred(deputies.workplace_lon, deputies.workplace_lat)
    near = [
        cKDTree(anchor).query(site, min(k, len(deputies)), workers=-1)[1]
        for anchor, k in ((home, 4 * NEAREST), (work, NEAREST))
    ]
    key = np.unique((np.arange(len(projects))[:, None] * len(deputies) + np.hstack(near)).ravel())
    row, column = np.divmod(key, len(deputies))
    free = ~certificate.recused(projects, deputies, row, column)
    row, column = row[free], column[free]
    # Straight lines choose, which errs by metres at most; the pairs chosen are measured on the ellipsoid.
    guess = rules.residence_weight * np.linalg.norm(home[column] - site[row], axis=1)
    guess += rules.workplace_weight * np.linalg.norm(work[column] - site[row], axis=1)
    guess += certificate.field_costs(deputies, rules)[projects.field[row], column]
    order = np.lexsort((guess, row))
    rank = np.arange(len(row)) - np.searchsorted(row, row)
    row, column = row[order][rank < NEAREST], column[order][rank < NEAREST]
    return row, column, certificate.costs(projects, deputies, rules, row, column)


def flow(projects: Projects, deputies: Deputies, row: np.ndarray, column: np.ndarray, cost: np.ndarray) -> Answer:
    """OR-Tools' min-cost flow; an empty place costs more than any pair saves."""
    from ortools.graph.python import min_cost_flow

    n, m = len(projects), len(deputies)
    source, sink, empty = n + m, n + m + 1, 10 * int(cost.max(initial=1))
    solver = min_cost_flow.SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(row, n + column, np.ones(len(row), np.int64), cost)
    solver.add_arcs_with_capacity_and_unit_cost(
        np.full(n, source), np.arange(n), projects.demand, np.zeros(n, np.int64)
    )
    solver.add_arcs_with_capacity_and_unit_cost(
        n + np.arange(m), np.full(m, sink), deputies.capacity, np.zeros(m, np.int64)
    )
    solver.add_arcs_with_capacity_and_unit_cost(np.arange(n), np.full(n, sink), projects.demand, np.full(n, empty))
    wanted = int(projects.demand.sum())
    solver.set_nodes_supplies(np.array([source, sink]), np.array([wanted, -wanted]))
    if solver.solve() != solver.OPTIMAL:
        raise RuntimeError("OR-Tools found no optimum")
    chosen = solver.flows(arcs) > 0
    return {"total": int(cost[chosen].sum()), "unmet": wanted - int(chosen.sum())}


def solver_alone(case: str, data: Data) -> Callable[[], Answer]:
    projects, deputies, rules = problem(data, case)
    graph = nearest_graph(projects, deputies, rules)
    return lambda: flow(projects, deputies, *graph)


def solver_and_graph(case: str, data: Data) -> Callable[[], Answer]:
    projects, deputies, rules = problem(data, case)
    return lambda: flow(projects, deputies, *nearest_graph(projects, deputies, rules))


def check(data: Data) -> list[Check]:
    return [
        found
        for case in (*CASES, "large")
        if (answer := data.answer(f"{case}-ours")) is not None
        for found in _checked(data, case, answer)
    ]


def _checked(data: Data, case: str, answer: Mapping[str, np.ndarray]) -> list[Check]:
    asked = problem(data, case)
    numbers = {name: value.item() if value.ndim == 0 else value for name, value in answer.items()}
    faults = certificate.faults(*asked, SimpleNamespace(**numbers))
    pairs = len(asked[0]) * len(asked[1])
    told = f"total {numbers['total']:,} m, {int(numbers['unmet'].sum()):,} empty, {numbers['rounds']} rounds, {numbers['arcs']:,} arcs"
    checks = [Check(f"{case}: certificate over all {pairs:,} pairs", not faults, "; ".join(faults) or told)]
    peer = data.answer(f"{case}-solver")
    if peer is not None:
        empty = int(peer["unmet"]) - int(numbers["unmet"].sum())
        worse = f"{peer['total'] / numbers['total'] - 1.0:+.4%} in cost"
        missed = f"{empty:,} of {int(asked[0].demand.sum()):,} places left empty that can be filled" if empty else worse
        checks.append(Check(f"{case}: what {NEAREST} pairs a project miss", True, missed))
    return checks


def _time(case: str) -> Goal:
    def ratio(measured: Mapping[str, Measured], _: Data) -> float | None:
        own, peer = measured[f"{case}-ours"], measured[f"{case}-solver"]
        return None if own.missing or peer.missing else own.wall / peer.wall

    return Goal(f"{case}-ours", f"{case}: time, with the proof, against OR-Tools alone", ratio, at_most=1.5)


def _memory(measured: Mapping[str, Measured], _: Data) -> float | None:
    return measured["large-ours"].peak if "large-ours" in measured and not measured["large-ours"].missing else None


def _against_the_graph(case: str) -> list[Contender]:
    ours_too, peer = f"{case}-ours", f"{case}: OR-Tools on {NEAREST} pairs a project"
    return [
        Contender(
            ours_too,
            f"{case}{f', {SHORT:,} x {2 * SHORT:,}' if case == 'short' else ''}: solve, proven over all pairs",
            partial(ours, case),
            1 if case == "short" else 5,
            versus=ours_too,
        ),
        Contender(f"{case}-solver", f"{peer}, the solver alone", partial(solver_alone, case), versus=ours_too),
        Contender(
            f"{case}-graph", f"{peer}, making the graph counted", partial(solver_and_graph, case), versus=ours_too
        ),
    ]


LARGEST = Contender(
    "large-ours",
    f"{LARGE:,} x {LARGE:,}, one each: solve, proven over all pairs",
    partial(ours, "large"),
    1,
    only_full=True,
    versus="large-ours",
)

JOB = Job(
    key="assignment",
    title=lambda data: f"supervision, {data.size(10_000, 1_000):,} x {data.size(20_000, 2_000):,}, up to 3 each",
    make=make,
    contenders=(*_against_the_graph("ample"), *_against_the_graph("short"), LARGEST),
    goals=(
        _time("ample"),
        Goal("large-ours", f"{LARGE:,} x {LARGE:,}: peak memory", _memory, at_most=1024.0, unit="MB"),
    ),
    check=check,
)
