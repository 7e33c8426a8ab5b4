"""Many counties from a folder of GeoParquet: every doorplate's districts and deputies, every project's supervisors."""

import fcntl
import json
import secrets
import sys
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.matching.counties import Asked
from apps.matching.county_files import FILES
from apps.matching.presets import PRESETS
from apps.matching.province import Losses, NoCluster, Outcome, Work, ended_by_one_signal, local_workers, workers_of
from gis_data.compiled import cores

REPORT = "report.json"
SOME_FAILED, INTERRUPTED = 2, 130
LEAST_MEMORY, LARGEST_MEMORY = 600e6, 1e15  # a worker that has only begun holds 300 MB


@dataclass
class Progress:
    """What is done so far."""

    counties: int
    began: float = 0.0
    ended: float = 0.0  # when the last one was done
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    losses: Losses = field(default_factory=Losses)

    def add(self, outcome: Outcome) -> None:
        self.outcomes[outcome.code] = outcome
        self.ended = time.perf_counter()

    def done(self) -> list[dict[str, Any]]:
        return [outcome.summary for _, outcome in sorted(self.outcomes.items()) if outcome.summary]

    def made(self) -> list[dict[str, Any]]:
        """Done in this run, not kept from an earlier one."""
        return [summary for summary in self.done() if not summary["kept"]]

    def failed(self) -> dict[str, str]:
        return {code: outcome.reason for code, outcome in sorted(self.outcomes.items()) if not outcome.summary}

    def seconds(self) -> float:
        return self.ended - self.began

    def rate(self) -> float:
        """Doorplates a second, by the clock."""
        return sum(summary["doorplates"]["rows"] for summary in self.made()) / max(self.seconds(), 1e-9)

    def rate_of_a_core(self) -> float:
        """Doorplates a second of computing."""
        spent = sum(sum(summary["cpu_seconds"].values()) for summary in self.made())
        return sum(summary["doorplates"]["rows"] for summary in self.made()) / spent if spent else 0.0


class Command(BaseCommand):
    help = (
        "按县批量匹配：SOURCE/六位代码/{districts,deputies,doorplates,projects}.parquet → TARGET/六位代码/{doorplates,assignments}.parquet。"
        "可随时中断，再次运行同一命令会接着做。监督分工要用到代表居住地，assignments.parquet 只供人大机关内部使用；"
        "doorplates.parquet 不含任何由居住地推出的内容。"
    )  # fmt: skip
    requires_system_checks = []  # neither pages nor a database are needed

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", type=Path, metavar="SOURCE", help="每个县一个文件夹，以六位区划代码命名")
        parser.add_argument("target", type=Path, metavar="TARGET", help="结果写到这里；没有就新建")
        parser.add_argument(
            "--scheduler",
            metavar="tcp://…",
            help="用现有的 Dask 调度器（tcp:// 或 tls://），各台计算机要能看到同样路径的 SOURCE、TARGET",
        )
        parser.add_argument(
            "--workers", type=int, metavar="N", help="本机计算进程数，默认每核一个；0：不用 Dask，就在本进程里逐县计算"
        )
        parser.add_argument("--memory", metavar="2GB", help="本机每个计算进程的内存上限，默认 2GB")
        parser.add_argument("--first", type=int, default=3, metavar="K", help="每个门牌列出最近的几名代表，默认 3")
        parser.add_argument("--margins", action="store_true", help="同时量出门牌到选区边界的米数")
        parser.add_argument(
            "--preset", choices=list(PRESETS), default="nearest", help="监督分工的预设：就近优先、均衡、延续去年"
        )
        parser.add_argument("--again", action="store_true", help="已完成且数据未变的县也重新计算")

    def handle(self, *args, source: Path, target: Path, **options) -> None:
        work, codes = self._work(source, target, options)
        progress, interrupted = Progress(len(codes)), False
        with _alone(work.target), ended_by_one_signal():
            try:
                self._match(work, codes, options, progress)
            except KeyboardInterrupt:
                interrupted = True
            except NoCluster as error:
                raise CommandError(str(error)) from None
            _sweep(work)
            self._report(work, progress, interrupted, codes)
        if interrupted:
            raise CommandError("已中断，完成的县已经写好。再次运行同一命令会接着做。", returncode=INTERRUPTED)
        if failed := progress.failed():
            raise CommandError(
                f"{len(failed)} 个县未完成，原因见上。改好数据后再次运行同一命令，只会计算这些县。",
                returncode=SOME_FAILED,
            )

    def _work(self, source: Path, target: Path, options: dict[str, Any]) -> tuple[Work, list[str]]:
        if options["scheduler"] and (options["workers"] is not None or options["memory"]):
            raise CommandError("--workers 和 --memory 只管本机的计算进程，不能与 --scheduler 同用。")
        if (options["workers"] or 0) < 0 or not 1 <= options["first"] <= 50:
            raise CommandError("--workers 应不小于 0，--first 应在 1 到 50 之间。")
        if not source.is_dir():
            raise CommandError(f"没有文件夹 {source}。它下面应是每县一个以六位区划代码命名的文件夹。")
        folders = sorted(
            folder
            for folder in source.iterdir()
            if folder.is_dir() and folder.name.isdecimal() and len(folder.name) == 6
        )
        if not folders:
            raise CommandError(
                f"{source} 下没有县：应是以六位区划代码命名的文件夹，各有 {'、'.join(f'{name}.parquet' for name in FILES)}。"
            )
        if target.resolve() in (source.resolve(), *(folder.resolve() for folder in folders)):
            raise CommandError("结果不能写进数据所在的文件夹：同名文件会被覆盖。请另选 TARGET。")
        try:
            target.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CommandError(f"不能新建 {target}：{error.strerror}。请检查路径和权限。") from None
        asked = Asked(options["first"], options["margins"], options["preset"])
        # The largest first, so that the last worker is not left alone with one.
        folders.sort(key=lambda folder: -_size(folder / "doorplates.parquet"))
        work = Work(source.resolve(), target.resolve(), asked, secrets.token_hex(4), options["again"])
        return work, [folder.name for folder in folders]

    def _match(self, work: Work, codes: list[str], options: dict[str, Any], progress: Progress) -> None:
        with ExitStack() as stack:
            outcomes, where, progress.losses = self._started(work, codes, options, stack)
            self.stdout.write(f"{len(codes)} 个县，{where}。")
            progress.began = progress.ended = time.perf_counter()
            for outcome in outcomes:
                progress.add(outcome)
                self._tell(progress, outcome)

    def _started(
        self, work: Work, codes: list[str], options: dict[str, Any], stack: ExitStack
    ) -> tuple[Iterator[Outcome], str, Losses]:
        if options["scheduler"]:
            client, threads = stack.enter_context(workers_of(options["scheduler"], work.source, work.target))
            return work.on(client, codes), f"调度器 {options['scheduler']} 上有 {threads} 个计算线程", Losses()
        if options["workers"] == 0:
            return work.one_after_another(codes), "在本进程里逐县计算", Losses()
        count, memory = min(options["workers"] or cores(), len(codes)), _memory(options["memory"] or "2GB")
        client, losses = stack.enter_context(local_workers(count, memory))
        return work.on(client, codes), f"本机 {count} 个计算进程，每个内存不超过 {memory / 1e9:.1f} GB", losses

    def _tell(self, progress: Progress, outcome: Outcome) -> None:
        done, terminal = len(progress.outcomes), sys.stderr.isatty()
        start = "\r\x1b[K" if terminal else ""
        if outcome.reason:
            self.stderr.write(f"{start}{outcome.code} 未完成：{outcome.reason}")
        last = done == progress.counties
        if terminal or last or done % max(1, progress.counties // 10) == 0:
            line = f"完成 {len(progress.done())}/{progress.counties} 个县，未完成 {len(progress.failed())}，每秒 {progress.rate():,.0f} 个门牌"
            self.stderr.write(start + line, ending="" if terminal and not last else "\n")

    def _report(self, work: Work, progress: Progress, interrupted: bool, codes: list[str]) -> None:
        done, failed = progress.done(), progress.failed()
        plates: Counter[str] = Counter()
        teams: Counter[str] = Counter()
        for summary in done:
            plates.update(summary["doorplates"])
            numbers = summary["supervision"]
            teams.update({name: int(numbers[name]) for name in ("projects", "pairs", "proven")})
            teams["empty"] += sum(item["places"] for item in numbers["empty"])
        peak = max((outcome.peak for outcome in progress.outcomes.values()), default=0)
        report = {
            "source": str(work.source), "asked": asdict(work.asked), "interrupted": interrupted,
            "counties": {"all": len(codes), "done": len(done), "kept": len(done) - len(progress.made()), "failed": len(failed)},
            "doorplates": plates, "supervision": teams,
            "seconds": round(progress.seconds(), 2), "doorplates_per_second": round(progress.rate()), "per_core_second": round(progress.rate_of_a_core()),
            "peak_bytes": peak, "workers_lost": progress.losses.count,
            "failures": failed, "left": sorted(set(codes) - set(progress.outcomes)),
            "by_county": {summary["code"]: {name: summary[name] for name in ("doorplates", "supervision", "cpu_seconds", "kept")} for summary in done},
        }  # fmt: skip
        (work.target / REPORT).write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        self.stdout.write("\n".join(self._lines(report, work)))

    def _lines(self, report: dict[str, Any], work: Work) -> Iterator[str]:
        counties, plates, teams = report["counties"], report["doorplates"], report["supervision"]
        yield f"县      {counties['done']}/{counties['all']} 个完成" + (
            f"，其中 {counties['kept']} 个数据未变，沿用上次结果" if counties["kept"] else ""
        )
        yield (
            f"门牌    {plates['rows']:,} 个：在县级选区内 {plates['county']:,}，在乡级选区内 {plates['township']:,}，"
            f"不在任何选区 {plates['in no district']:,}，选区无代表 {plates['without deputy']:,}"
        )
        yield f"监督    {teams['projects']:,} 个项目，{teams['pairs']:,} 人次，空缺 {teams['empty']:,}；{teams['proven']} 个县已证明最优"
        if report["per_core_second"]:
            yield f"用时    {report['seconds']:.1f} 秒，每秒 {report['doorplates_per_second']:,} 个门牌；每核每秒 {report['per_core_second']:,} 个"
        yield f"内存    每个计算进程最多 {report['peak_bytes'] / 1e6:,.0f} MB"
        if report["workers_lost"]:
            yield f"        {report['workers_lost']} 个计算进程中途退出，它们的县已重新计算"
        for code, reason in report["failures"].items():
            yield f"未完成  {code}：{reason}" + (
                "（文件夹里仍是上次的结果）" if (work.target / code / "summary.json").exists() else ""
            )
        if report["left"]:
            yield f"未轮到  {len(report['left'])} 个县"
        yield f"明细    {work.target / REPORT}"
        yield "assignments.parquet 含与代表居住地有关的距离，只供人大机关内部使用。"


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """One run at a time writes into a folder."""
    with (target / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CommandError(f"另一个 match_counties 正在写 {target}。请等它结束，或另选 TARGET。") from None
        yield


def _sweep(work: Work) -> None:
    """Files that a killed process left half written; a scheduler's workers may still be writing theirs."""
    for part in work.target.glob("[0-9]*/.*.part"):
        part.unlink(missing_ok=True)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _memory(text: str) -> int:
    from dask.utils import parse_bytes

    try:
        found = parse_bytes(text)
    except ValueError:
        found = 0
    if not LEAST_MEMORY <= found <= LARGEST_MEMORY:
        raise CommandError(f"--memory“{text}”应是 600MB 以上的内存大小，例如 2GB。")
    return found
