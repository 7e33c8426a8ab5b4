"""python -m tests.bench [--quick] [job ...]"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.bench import report
from tests.bench.harness import carry_out, job_named

JOBS = ("locate", "nearest", "ranking", "assignment", "warm", "hotspots", "density", "insight", "addresses", "codes", "nearby", "workbench", "reports", "worklist", "suppression", "redaction", "places", "intake", "duplicates", "classification", "themes")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description="与同类工具在同一次运行、同一批数据上比较"
    )
    parser.add_argument("--quick", action="store_true", help="小规模，两分钟以内；不改写性能表")
    parser.add_argument("jobs", nargs="*", choices=[*JOBS, "growth", "province", []], help="只做这几项；不改写性能表")
    chosen = parser.parse_args()
    began = time.monotonic()
    machine = report.machine()
    print(machine, flush=True)
    outcomes = []
    for key in chosen.jobs or JOBS:
        if key not in JOBS:
            continue
        job = job_named(key)
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            print(f"\n── {key}", flush=True)
            outcomes.append(carry_out(job, Path(folder), chosen.quick, lambda line: print(line, flush=True)))
    print("\n" + report.table(outcomes))
    if not chosen.jobs or "growth" in chosen.jobs:
        from tests.bench import growth

        print("\n── growth", flush=True)
        growth.draw(chosen.quick, lambda line: print(line, flush=True))
    figures: list[tuple[str, str]] = []
    if "province" in chosen.jobs or not (chosen.jobs or chosen.quick):
        from tests.bench import province

        print("\n── province", flush=True)
        figures = province.run(chosen.quick, lambda line: print(line, flush=True))
        print("\n" + report.listed(figures))
    if not chosen.jobs and not chosen.quick:
        report.write(machine, outcomes, figures)
        print("README.md 和 BENCHMARKS.md 已更新")
    wrong = [f"{outcome.job.key}: {fault}" for outcome in outcomes for fault in outcome.faults()]
    print(
        f"\n用时 {time.monotonic() - began:.0f} 秒；"
        + ("结果全部正确" if not wrong else f"结果不对：{'；'.join(wrong)}")
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
