"""The benchmark's own judgement: a certificate that is wrong in any part is refused, and a table says what was measured."""

from dataclasses import replace

import numpy as np
import pytest

from apps.matching.assignment import solve
from ops import bench
from ops.options import Refused
from tests.bench import report
from tests.bench.certificate import faults
from tests.bench.harness import Check, Contender, Data, Job, Measured, Outcome, Row, carry_out, faster
from tests.bench.supervision import instance


@pytest.fixture(scope="module", params=[(2.0, False), (1.25, True), (0.8, True)], ids=["ample", "short", "too few"])
def solved(request):
    asked = instance(40, 60, 3, *request.param, seed=4)
    return asked, solve(*asked)


def test_a_proven_solution_is_accepted(solved):
    asked, solution = solved
    assert faults(*asked, solution) == []
    assert (solution.unmet.sum() > 0) == (asked[1].capacity.sum() < asked[0].demand.sum())


def test_wrong_prices_prove_nothing(solved):
    asked, solution = solved
    free = np.flatnonzero(np.bincount(solution.pairs[:, 1], minlength=60) < asked[1].capacity)
    prices = solution.deputy_price.copy()
    prices[free[:1] if len(free) else [0]] += 100_000
    assert any("prices prove" in fault for fault in faults(*asked, replace(solution, deputy_price=prices)))


def test_a_dearer_assignment_is_not_proven(solved):
    asked, solution = solved
    claimed = replace(solution, total=solution.total - 1, lower_bound=solution.total - 1)
    assert len(faults(*asked, claimed)) == 2  # neither its costs nor its prices come to that


def test_a_pair_that_may_not_be_is_seen(solved):
    (projects, deputies, rules), solution = solved
    row, column = solution.pairs[0]
    deputies = replace(deputies, organisation=deputies.organisation.copy())
    projects = replace(projects, organisations=projects.organisations.copy())
    projects.organisations[row, 0] = deputies.organisation[column]
    assert "a recused pair" in faults(projects, deputies, rules, solution)


def test_empty_places_and_capacity_are_counted(solved):
    (projects, deputies, rules), solution = solved
    fewer = replace(solution, pairs=solution.pairs[1:], cost=solution.cost[1:])
    assert "places and empty places are not the demand" in faults(projects, deputies, rules, fewer)
    nobody = replace(deputies, capacity=np.zeros_like(deputies.capacity))
    assert "more than a deputy's capacity" in faults(projects, nobody, rules, solution)


# --- the harness ---------------------------------------------------------------------------------------------------------

JOB = Job(
    key="test_bench",
    title=lambda data: f"adding {len(data['numbers'])} numbers",
    make=lambda data: data.keep(numbers=np.arange(1_000_000.0)),
    contenders=(
        Contender("ours", "numpy", lambda data: lambda: {"sum": data["numbers"].sum()}),
        Contender("peer", "python", lambda data: lambda: {"sum": sum(data["numbers"].tolist())}, repeats=1),
        Contender("absent", "nobody", lambda data: __import__("no_such_peer"), repeats=1),
        Contender("broken", "breaks", lambda data: lambda: 1 // 0, repeats=1),
    ),
    goals=(faster("ours", "peer", "against python", 1.0), faster("ours", "absent", "against nobody", 1.0)),
    check=lambda data: [Check("sums", bool(data.answer("ours")["sum"] == data.answer("peer")["sum"]), "equal")],
)


def test_each_contender_is_measured_apart_and_an_absent_one_is_told(tmp_path, capfd):
    said: list[str] = []
    outcome = carry_out(JOB, tmp_path, False, said.append)
    assert outcome.measured["peer"].wall > outcome.measured["ours"].wall > 0
    assert outcome.measured["peer"].peak > 20  # a list of a million floats
    assert "no_such_peer" in outcome.measured["absent"].missing
    assert "exit code" in outcome.measured["broken"].missing
    assert [row.met for row in outcome.rows] == [True, None]
    assert outcome.checks[0].right and outcome.faults() == []
    assert Data(tmp_path, False).answer("absent") is None
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_faults_are_wrong_answers_and_what_ours_cannot_do():
    outcome = Outcome(
        JOB, "", {"ours": Measured(missing="failed"), "peer": Measured(1.0)}, [], [Check("sums", False, "0")]
    )
    assert outcome.faults() == ["ours: failed", "sums"]


def test_what_came_of_a_run_is_written_down(tmp_path, monkeypatch):
    assert report.README.read_text().count(report.START) == report.README.read_text().count(report.END) == 1
    assert report.FIRST in report.WHOLE.read_text()
    readme, whole = tmp_path / "README.md", tmp_path / "BENCHMARKS.md"
    readme.write_text(f"before\n{report.START}\nold\n{report.END}\nafter\n")
    whole.write_text("# words\nof it\n\n| old | table |\n")
    monkeypatch.setattr(report, "README", readme)
    monkeypatch.setattr(report, "WHOLE", whole)
    outcome = Outcome(JOB, "adding", {"ours": Measured(0.5, 0.4, 3.0), "peer": Measured(2.0, 2.0, 30.0)}, [Row("against peer", "", 4.0, "≥ 2x", True, "x")])
    for _ in range(2):  # again comes to the same
        report.write("2 cores", [outcome], [("province", "3 counties")])
    text, page = readme.read_text(), whole.read_text()
    assert text.startswith("before\n") and text.endswith("after\n") and "old" not in text and "On 2 cores." in text
    assert "| **adding** | | | |\n| against peer | 4x | ≥ 2x | ✓ |" in text and "30 |" not in text
    assert page.startswith("# words\nof it\n\n| | wall") and "| python | 2 s | 2 s | 30 | 4x | | |" in page and "old" not in page and "3 counties" in page


def test_what_the_run_was_asked():
    assert bench.arguments({}) == [] == bench.arguments({"QUICK": " ", "JOBS": ""})
    assert bench.arguments({"QUICK": "yes", "JOBS": "locate nearest"}) == ["--quick", "locate", "nearest"]
    with pytest.raises(Refused, match="QUICK=yes"):
        bench.arguments({"QUICK": "1"})
