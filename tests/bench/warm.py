"""One seat added, taken or locked in a solved assignment, against solving anew."""

import time
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from scipy.spatial import cKDTree

from apps.matching.assignment import Deputies, Projects, Rules, solve
from tests.bench import assignment, certificate, peers, supervision
from tests.bench.harness import Answer, Check, Contender, Data, Goal, Job, Measured, seconds

CHANGES = 1000
KINDS = ("place added", "place taken away", "deputy's seat taken away", "pair locked")
ADD, REMOVE, CAPACITY, LOCK = range(4)


def make(data: Data) -> None:
    n = data.size(10_000, 1_000)
    asked = supervision.instance(n, 2 * n, 3, 2.0, seed=1)
    assignment.keep(data, "warm", *asked)
    data.keep(changes=changes(*asked))


def changes(projects: Projects, deputies: Deputies, _: Rules) -> np.ndarray:
    """Kind, project and deputy of each change, int64 (n, 3), -1 for none; every one can be carried out when its turn comes."""
    random, home = np.random.default_rng(12), peers.earth_centred(deputies.residence_lon, deputies.residence_lat)
    near = cKDTree(home).query(peers.earth_centred(projects.lon, projects.lat), 20)[1]
    barred = certificate.recused(projects, deputies, np.repeat(np.arange(len(projects)), 20), near.ravel()).reshape(
        near.shape
    )
    demand, capacity = projects.demand.copy(), deputies.capacity.copy()
    locked: set[tuple[int, int]] = set()
    held, holding = np.zeros_like(demand), np.zeros_like(capacity)
    made: list[tuple[int, int, int]] = []
    while len(made) < CHANGES:
        kind, i = len(made) % 4, int(random.integers(len(projects)))
        k = int(random.integers(20))
        j = int(near[i, k])
        if kind == ADD:
            demand[i] += 1
            made.append((kind, i, -1))
        elif kind == REMOVE and demand[i] > held[i]:
            demand[i] -= 1
            made.append((kind, i, -1))
        elif kind == CAPACITY and capacity[j] > holding[j]:
            capacity[j] -= 1
            made.append((kind, -1, j))
        elif (
            kind == LOCK
            and (i, j) not in locked
            and not barred[i, k]
            and demand[i] > held[i]
            and capacity[j] > holding[j]
        ):
            held[i] += 1
            holding[j] += 1
            locked.add((i, j))
            made.append((kind, i, j))
    return np.array(made)


def changed(projects: Projects, deputies: Deputies, rules: Rules, made: np.ndarray) -> tuple[Projects, Deputies, Rules]:
    """The same problem after all changes, to be solved anew."""
    kind, project, deputy = made.T
    np.add.at(projects.demand, project[kind == ADD], 1)
    np.subtract.at(projects.demand, project[kind == REMOVE], 1)
    np.subtract.at(deputies.capacity, deputy[kind == CAPACITY], 1)
    return projects, deputies, Rules(field_cost=rules.field_cost, locked=made[kind == LOCK, 1:])


def ours(data: Data) -> Callable[[], Callable[[], Answer]]:
    """One change after another, each timed alone; the whole answer with its proof is asked for when the time is over."""
    from apps.matching.warm import WarmAssignment

    small = supervision.instance(200, 400, seed=2)
    carry_out(WarmAssignment(*small, spare=CHANGES), small[1], changes(*small)[:200])
    projects, deputies, rules = assignment.problem(data, "warm")
    warm, made = WarmAssignment(projects, deputies, rules, spare=CHANGES), data["changes"]

    def work() -> Callable[[], Answer]:
        took = carry_out(warm, deputies, made)

        def answer() -> Answer:
            solution = warm.solution
            return {
                "took": took,
                "total": solution.total,
                "bound": solution.lower_bound,
                "unmet": int(solution.unmet.sum()),
            }

        return answer

    return work


def carry_out(warm, deputies: Deputies, made: np.ndarray) -> np.ndarray:
    """Seconds of each change."""
    took, capacity = np.empty(len(made)), deputies.capacity.tolist()
    for index, (kind, project, deputy) in enumerate(made.tolist()):
        if kind == CAPACITY:
            capacity[deputy] -= 1
        began = time.perf_counter()
        if kind == ADD:
            warm.add(project)
        elif kind == REMOVE:
            warm.remove(project)
        elif kind == CAPACITY:
            warm.change(deputy, capacity[deputy])
        else:
            warm.lock(project, deputy)
        took[index] = time.perf_counter() - began
    return took


def cold(data: Data) -> Callable[[], Answer]:
    asked = changed(*assignment.problem(data, "warm"), data["changes"])
    solve(*supervision.instance(60, 100, seed=2))

    def work() -> Answer:
        solution = solve(*asked)
        return {"total": solution.total, "unmet": int(solution.unmet.sum())}

    return work


def check(data: Data) -> list[Check]:
    answer, anew = data.answer("ours"), data.answer("cold")
    if answer is None or anew is None:
        return []
    same = answer["total"] == anew["total"] == answer["bound"] and answer["unmet"] == anew["unmet"]
    told = f"{int(answer['total']):,} m and {int(anew['total']):,} m, {int(answer['unmet']):,} and {int(anew['unmet']):,} empty"
    checks = [Check(f"after {CHANGES:,} changes as solved anew, and proven", bool(same), told)]
    for kind, title in enumerate(KINDS):
        took = answer["took"][data["changes"][:, 0] == kind]
        middle, high, most = np.quantile(took, [0.5, 0.95, 1.0])
        checks.append(Check(title, True, f"p50 {seconds(middle)}, p95 {seconds(high)}, longest {seconds(most)}"))
    return checks


def _high(measured: Mapping[str, Measured], data: Data) -> float | None:
    answer = data.answer("ours")
    return None if answer is None else float(np.quantile(answer["took"], 0.95)) * 1e3


JOB = Job(
    key="warm",
    title=lambda data: f"one seat added, taken or locked, {data.size(10_000, 1_000):,} x {data.size(20_000, 2_000):,}",
    make=make,
    contenders=(
        Contender("ours", f"WarmAssignment, mean of {CHANGES:,} changes", ours, repeats=1, scale=1 / CHANGES),
        Contender("cold", "solve anew, with the proof", cold),
        Contender(
            "solver",
            f"OR-Tools anew, {assignment.NEAREST} pairs a project, graph at hand",
            partial(assignment.solver_alone, "warm"),
        ),
    ),
    goals=(Goal("ours", "p95 of one change", _high, at_most=1.0, unit="ms"),),
    check=check,
)
