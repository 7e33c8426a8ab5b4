"""What must hold before a draft of districts is published, and what somebody should have looked at. Each in words."""

import datetime as dt
from typing import Any

from apps.territory.models import AdminArea
from apps.territory.terms import Term, TurnoverReview
from apps.territory.turnover import lawful_seats

UNEVEN = 0.30  # from the mean of people behind a seat; 选举法 第二十六条 asks for 大体相等 and names no figure
ADDED = 1.05  # 选举法 第十二条: a province may add 5 %
STOP, LOOK, GOOD = "stop", "look", "good"
SEAMS = {"overlap": "重叠", "gap": "空隙", "outside": "超出本级范围"}


def checks(review: TurnoverReview, congress: AdminArea, result: dict[str, Any]) -> list[dict[str, str]]:
    """Of level (stop, look, good), title and words, the grave ones first."""
    term = review.term
    if not result["districts"]:
        return [_found(STOP, "草案里没有选区", "请导入选区草案：manage.py import_layer draft 文件")]
    found = [
        *_places(result), *_seams(result), _seats(term, congress, result), *_evenness(result), _villages(term, result), *_employers(result),
        *_dates(term, review.base),
    ]  # fmt: skip
    return sorted(found, key=lambda check: (STOP, LOOK, GOOD).index(check["level"]))


def _found(level: str, title: str, words: str = "") -> dict[str, str]:
    return {"level": level, "title": title, "words": words}


def _places(result: dict[str, Any]) -> list[dict[str, str]]:
    found = []
    if result["uncovered"]:
        found.append(_found(STOP, f"{result['uncovered']} 个门牌不在任何新选区", "住在那里的选民没有选区可登记。请补上空隙后重新导入草案。"))
    if result["doubled"]:
        found.append(_found(STOP, f"{result['doubled']} 个门牌同时在两个新选区", "同一处不能登记两次。请改正重叠的界线后重新导入草案。"))
    if not found:
        found.append(_found(GOOD, f"{result['doorplates']:,} 个门牌都在、且只在一个新选区"))
    if result["outside"]:
        found.append(_found(LOOK, f"{result['outside']} 个门牌在本级范围以外，没有计入", "多半是门牌的位置不准。"))
    return found


def _seams(result: dict[str, Any]) -> list[dict[str, str]]:
    if not result["seams"]:
        return [_found(GOOD, "新选区之间没有重叠和空隙，也不超出本级范围")]
    told = "、".join(f"{result['seam_kinds'][kind]} 处{words}" for kind, words in SEAMS.items() if kind in result["seam_kinds"])
    largest = max(result["seams"], key=lambda seam: seam["area"])
    words = f"最大的是{'、'.join(largest['districts'][:3])}{'之间的' if largest['kind'] != 'outside' else ''}{SEAMS[largest['kind']]}，{largest['area']:,} 平方米，见地图上的红色部分。"
    return [_found(LOOK, f"界线有{told}", words)]


def _seats(term: Term, congress: AdminArea, result: dict[str, Any]) -> dict[str, str]:
    total = result["seats"]
    if term.seats:
        if total != term.seats:
            return _found(STOP, f"各选区名额合计 {total}，与核定的 {term.seats} 不符", "请改正草案里的名额，或改正核定名额。")
        return _found(GOOD, f"各选区名额合计 {total}，与核定的一致")
    unset = "请登记核定名额（选举法第十三条），公布前会逐一核对。"
    counted = [row["population"] for row in result["districts"]]
    people = sum(counted) if None not in counted else congress.population  # voters are counted where they are registered, not where they live
    if term.level not in (Term.Level.COUNTY, Term.Level.TOWNSHIP) or not people:
        return _found(LOOK, f"名额合计 {total}，没有人口数可供核对", unset)
    lawful = lawful_seats("county" if term.level == Term.Level.COUNTY else "township", people)
    reckoned = f"按{'各选区合计' if None not in counted else '本级人口'} {people:,} 人计算，选举法第十二条的总名额为 {lawful}"
    if total > lawful * ADDED:
        return _found(STOP, f"名额合计 {total}，超过法定总名额", f"{reckoned}，另加百分之五也只有 {int(lawful * ADDED)}。如人口数有误，请登记核定名额。")
    if total > lawful:
        return _found(LOOK, f"名额合计 {total}，用到了另加的百分之五", f"{reckoned}。{unset}")
    return _found(LOOK, f"名额合计 {total}，还没有登记核定名额", f"{reckoned}。{unset}")


def _evenness(result: dict[str, Any]) -> list[dict[str, str]]:
    rows = [row for row in result["districts"] if row["deviation"] is not None]
    found = []
    if missing := len(result["districts"]) - len(rows):
        found.append(_found(LOOK, f"{missing} 个选区没有人口数", "无法比较每名代表所代表的人口。"))
    if estimated := sum(row["estimated"] for row in rows):
        found.append(_found(LOOK, f"{estimated} 个选区的人口按村社人口和门牌推算", "草案文件里没有填人口。"))
    uneven = [row for row in rows if abs(row["deviation"]) > UNEVEN]
    if uneven:
        worst = max(uneven, key=lambda row: abs(row["deviation"]))
        words = f"最大的是{worst['name']}，{_percent(worst['deviation'])}。选举法第二十六条要求大体相等。"
        found.append(_found(LOOK, f"{len(uneven)} 个选区每名代表的人口偏差超过 {UNEVEN:.0%}", words))
    elif rows:
        largest = max(abs(row["deviation"]) for row in rows)
        found.append(_found(GOOD, f"每名代表的人口大体相等，最大偏差 {largest:.0%}"))
    return found


def _villages(term: Term, result: dict[str, Any]) -> dict[str, str]:
    if not result["villages"]:
        return _found(GOOD, "没有村社被分到几个选区")
    words = "县级选区一般由一个或几个相邻的村社组成；人口特多的村社才分开。" if term.level == Term.Level.COUNTY else "大的村社可以分成几个乡级选区，请核对。"
    return _found(LOOK, f"{len(result['villages'])} 个村社分在几个选区", words)


def _employers(result: dict[str, Any]) -> list[dict[str, str]]:
    lost = [row["name"] for row in result["employers"] if row["old"] and not row["new"]]
    twice = [row["name"] for row in result["employers"] if len(row["new"]) > 1]
    found = []
    if lost:
        found.append(_found(LOOK, f"{len(lost)} 个单位不再单独登记", f"{_few(lost)}的人员按居住地登记，请核对。"))
    if twice:
        found.append(_found(LOOK, f"{len(twice)} 个单位同时列在几个选区", _few(twice)))
    return found


def _dates(term: Term, base: Term | None) -> list[dict[str, str]]:
    """Publishing ends the term before on the day on which this one begins."""
    before = term.before()
    if before is None:
        return []
    if term.starts <= before.starts:
        return [_found(STOP, f"任期从 {_day(term.starts)}起，不晚于{before.label}的 {_day(before.starts)}", "请改正草案里的任期。")]
    if before.ends != term.starts:
        return [_found(LOOK, f"{before.label}将到 {_day(term.starts)}为止", f"现在登记的是到 {_day(before.ends)}。公布时改为与本届相接，中间不会有空档。")]
    return [_found(GOOD, f"与{before.label}首尾相接：{_day(term.starts)}")]


def _percent(share: float) -> str:
    return f"{'多' if share > 0 else '少'} {abs(share):.0%}"


def _few(names: list[str]) -> str:
    return "、".join(names[:3]) + (f"等 {len(names)} 个" if len(names) > 3 else "")


def _day(day: dt.date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
