"""What is told elsewhere: raw exports of the 12345 hotline, the leaders' message board and the stations' notebooks, with names, numbers and
addresses in their texts as such exports have them. They are no layers: `manage.py take_in` reads them, and keeps nothing of a person.

Beside them lies `records_truth.csv`: where each was told of, what about, which hot spot, theme or case it belongs to and what leads to a person.
"""

import csv
import datetime as dt
import io
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from gis_data.county.areas import Land
from gis_data.county.cases import Told, _Teller
from gis_data.county.content import material
from gis_data.county.doorplates import Doors, address
from gis_data.county.hot_spots import HotSpot
from gis_data.county.organisations import Organisations
from gis_data.county.plan import Plan
from gis_data.county.texts import BLANK, Writer

ORDERS, NOTED, WRITTEN = 3_800, 240, 260  # of the hotline, stations, the board, beside a county's 2,600 cases
MATTERS = 12_000  # of the hotline at most; more orders are the same told by others
SCRIPTED = 0.8  # as many orders as cases at a hot spot
OF_CASES, NUMBERED = 60, 12  # orders about a case of ours; of them so many say its number
NO_ADDRESS, ROUGH_ADDRESS = 0.10, 0.28
UNSORTED = 0.2  # the owner has not sorted it
WEIGHTS, CHECK = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), "10X98765432"  # GB 11643


@dataclass(frozen=True)
class Voice:
    """One told matter. `theme`: of a rising one; `case`: the code of ours that it is about, `says`: whether the text says the code."""

    told: Told
    theme: str = ""
    case: str = ""
    says: bool = False
    title: str = ""


@dataclass
class Person:
    """Who speaks: made up, with numbers that nobody has (`content/pii.json`)."""

    name: str
    mobile: str
    identity: str
    landline: str
    plate: str
    card: str
    polite: str
    other: str
    said: list[str] = field(default_factory=list)


class _Records:
    def __init__(self, plan: Plan, land: Land, doors: Doors, organisations: Organisations) -> None:
        self.plan, self.land, self.doors, self.organisations = plan, land, doors, organisations
        self.rng = plan.rng("hotline")
        self.words = material("hotline")
        names = material("names")
        surnames, weight = zip(*names["surnames"], strict=True)
        self.surnames, self.weight = surnames, np.array(weight) / sum(weight)
        self.given = [pool for sex in ("male", "female") for pool in names["given_names"][sex].values()]
        self.avoid = set(names["avoid"])
        self.teller = _Teller(plan, land, doors)
        self.teller.rng, self.teller.writer = self.rng, Writer(plan.rng("hotline texts"))
        self.categories = self.teller.writer.categories

    # -- who -------------------------------------------------------------------------------------------------------------------

    def one(self, pool: list, weights: list[float] | None = None) -> Any:
        if pool and isinstance(pool[0], list):
            pool, weights = [word for word, _ in pool], [share for _, share in pool]
        chance = None if weights is None else np.array(weights, float) / sum(weights)
        return pool[int(self.rng.choice(len(pool), p=chance))]

    def digits(self, count: int) -> str:
        return "".join(map(str, self.rng.integers(0, 10, count)))

    def name(self) -> str:
        while True:
            pool = self.one(self.given)
            given = str(self.one(pool["second"])) if self.rng.random() < 0.2 else f"{self.one(pool['first'])}{self.one(pool['second'])}"
            name = f"{self.one(list(self.surnames), list(self.weight))}{given}"
            if name not in self.avoid:
                return name

    def person(self) -> Person:
        name = self.name()
        body = f"339901{int(self.rng.integers(1935, 2006))}{int(self.rng.integers(1, 13)):02d}{int(self.rng.integers(1, 29)):02d}{self.digits(3)}"
        identity = body + CHECK[sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True)) % 11]
        card = _luhn(f"000000{self.digits(12)}")
        polite = str(self.one(self.words["polite"])).replace("{surname}", name[0])
        return Person(name, f"154{self.digits(8)}", identity, f"0380-55{self.digits(6)}", f"浙O{self.digits(5)}", card, polite, self.name())

    # -- what ------------------------------------------------------------------------------------------------------------------

    def voices(self, spots: list[HotSpot], cases: list[Told], codes: list[str], count: int) -> list[Voice]:
        share = self.plan.scale.cases / 2_600
        made = [Voice(told) for spot in spots for told in self.teller.scripted(replace(spot, cases=round(spot.cases * SCRIPTED)))]
        made += [voice for theme in self.words["rising"] for voice in self.rising(theme, share)]
        made += self.of_cases(cases, codes, round(OF_CASES * share))
        made += [Voice(told) for told in self.teller.background(min(count, MATTERS) - len(made), spots)]
        made += [self.by_another(made[int(at)]) for at in self.rng.integers(0, len(made), max(0, count - len(made)))]
        return sorted(made[:count], key=lambda voice: voice.told.when)

    def by_another(self, voice: Voice) -> Voice:
        """The same matter, some time between then and now."""
        when = voice.told.when + (self.teller.end - voice.told.when) * float(self.rng.random())
        return replace(voice, told=replace(voice.told, when=when), case="", says=False)

    def rising(self, theme: dict, share: float) -> list[Voice]:
        """Few at first, more every week until today."""
        towns = [index for index, town in enumerate(self.plan.towns) if not theme["towns"] or town.name in theme["towns"]]
        needs = set(BLANK.findall("".join(theme["texts"]))) - {"days", "village"}
        suits = np.isin(self.land.village_town[self.doors.village], towns) & ((self.doors.estate != "") if "estate" in needs else (self.doors.road != ""))
        inside = np.flatnonzero(suits)
        if not len(inside):
            return []
        weight = np.arange(1, theme["days"] + 1) ** 1.6
        found = []
        for back in self.rng.choice(theme["days"], max(3, round(theme["cases"] * share)), p=weight / weight.sum()):
            door, day = int(self.rng.choice(inside)), self.plan.today - dt.timedelta(days=int(theme["days"] - back))
            when = self.teller.moment(theme["category"], day, tuple(theme["hours"]))
            told = self.teller.case(theme["category"], when, door)
            known = {"road": "门口这条路", "estate": "我们小区", "village": "我们村", "days": str(int(self.rng.integers(3, 20))), **told.place}
            text = _said(str(self.one(theme["texts"])), known)
            found.append(Voice(replace(told, text=text), theme=theme["id"], title=str(self.one(theme["titles"]))))
        return found

    def of_cases(self, cases: list[Told], codes: list[str], count: int) -> list[Voice]:
        """Who told us told the hotline too, in the days before or after; a few say the number they were given."""
        fit = [k for k, case in enumerate(cases) if case.template >= 0]
        chosen = self.rng.choice(fit, min(count, len(fit)), replace=False).tolist() if fit else []
        end = self.teller.end
        return [
            Voice(replace(cases[k], when=min(cases[k].when + dt.timedelta(hours=float(self.rng.normal(0, 30))), end), hot_spot=""), case=codes[k], says=at < NUMBERED)
            for at, k in enumerate(chosen)
        ]  # fmt: skip

    # -- how it is written -----------------------------------------------------------------------------------------------------

    def door(self, told: Told) -> str:
        draw = self.rng.random()
        if draw < NO_ADDRESS:
            return ""
        village = self.doors.village[told.door]
        town = self.plan.towns[self.land.village_town[village]].name if self.plan.town_level else ""
        if draw < NO_ADDRESS + ROUGH_ADDRESS:
            return f"{town}{told.place.get('road') or told.place.get('estate') or self.land.village_name[village]}{self.one(['附近', '路口', '', '旁边'])}"
        return address(self.plan, self.land, self.doors, told.door)

    def text(self, voice: Voice, person: Person, door: str) -> str:
        pattern = str(self.one(self.words["wrapped"], self.words["wrapped_weights"]))
        body = voice.told.text if voice.told.text.endswith(("。", "！", "？")) else f"{voice.told.text}。"
        if voice.says:
            body += f"已经在人大反映过，民情件编号{voice.case}，还没有结果。"
        return self.filled(pattern, person, text=body, door=door or "附近小区", place=door or "小区附近")

    def filled(self, pattern: str, person: Person, **more: str) -> str:
        person.said += [value for name in BLANK.findall(pattern) if (value := getattr(person, name, "")) and name != "polite"]
        return BLANK.sub(lambda blank: more.get(blank.group(1)) or getattr(person, blank.group(1)), pattern)

    def title(self, voice: Voice) -> str:
        village = self.doors.village[voice.told.door]
        town = self.plan.towns[self.land.village_town[village]].name if self.plan.town_level else ""
        return f"{town}{voice.title or self.one(self.words['titles'][voice.told.category])}"

    def unit(self, voice: Voice) -> str:
        town = int(self.land.village_town[self.doors.village[voice.told.door]])
        code = self.organisations.unit(str(self.one(self.categories[voice.told.category]["units"])), town)
        return self.organisations.by_code[code].name if code in self.organisations.by_code else ""

    def sorted_as(self, voice: Voice) -> tuple[str, str]:
        category = self.categories[voice.told.category]
        return ("", "") if self.rng.random() < UNSORTED else (category["level1"], category["label"])

    def answered(self, when: dt.datetime) -> dt.datetime | None:
        at = when + dt.timedelta(days=float(self.rng.gamma(2.2, 1.9)) + 0.2)
        return at if at < self.teller.end else None

    def truth(self, source: str, number: str, voice: Voice, person: Person) -> dict:
        village = self.doors.village[voice.told.door]
        lon, lat = self.plan.degrees(np.array([voice.told.x]), np.array([voice.told.y]))
        return {
            "source": source, "number": number, "village": self.land.village_code[village], "lon": lon[0], "lat": lat[0], "category": voice.told.category,
            "hot_spot": voice.told.hot_spot, "theme": voice.theme, "case": voice.case, "personal": "|".join(person.said),
        }  # fmt: skip

    # -- the three exports -----------------------------------------------------------------------------------------------------

    def hotline(self, voices: list[Voice]) -> tuple[list[dict], list[dict]]:
        rows, truth = [], []
        for at, voice in enumerate(voices, 1):
            person, door, when = self.person(), self.door(voice.told), voice.told.when
            number = f"{when:%Y%m%d}33990{at:05d}"
            answered = self.answered(when)
            first, second = self.sorted_as(voice)
            rows.append({
                "工单编号": number, "受理时间": f"{when:%Y-%m-%d %H:%M:%S}", "来电人": person.name if self.rng.random() < 0.8 else "匿名", "主叫号码": person.mobile,
                "年龄段": self._age(voice), "诉求类型": self.one(self.words["purposes"]), "一级分类": first, "二级分类": second, "诉求标题": self.title(voice),
                "诉求内容": self.text(voice, person, door), "事发地址": door, "所属乡镇": self._town(voice), "承办单位": self.unit(voice),
                "办理时限": f"{when.date() + dt.timedelta(days=7)}", "工单状态": self.one(self.words["states"]) if answered else self.one(["办理中", "待签收"], [0.8, 0.2]),
                "办结时间": f"{answered:%Y-%m-%d %H:%M:%S}" if answered else "", "满意度": self.one(self.words["scores"]) if answered else "", "受理渠道": self.one(self.words["channels"]),
            })  # fmt: skip
            truth.append(self.truth("12345", number, voice, person))
        return rows, truth

    def _town(self, voice: Voice) -> str:
        town = self.plan.towns[self.land.village_town[self.doors.village[voice.told.door]]]
        return town.name if self.plan.town_level and self.rng.random() < 0.7 else ""

    def _age(self, voice: Voice) -> str:
        hills = self.plan.towns[self.land.village_town[self.doors.village[voice.told.door]]].relief > 0.4
        return str(self.one(["18-35岁", "36-59岁", "60-69岁", "70岁以上", ""], [0.1, 0.25, 0.25, 0.25, 0.15] if hills else [0.26, 0.4, 0.12, 0.07, 0.15]))

    def board(self, voices: list[Voice]) -> tuple[list[dict], list[dict]]:
        words, rows, truth = self.words["board"], [], []
        for at, voice in enumerate(voices, 1):
            person, door, when = self.person(), address(self.plan, self.land, self.doors, voice.told.door), voice.told.when
            answered, number = self.answered(when + dt.timedelta(days=2)), f"LY{when:%Y%m}{at:06d}"
            closing = self.filled(str(self.one(words["closers"])), person, door=door)
            place = self.door(voice.told)
            rows.append({
                "留言编号": number, "留言时间": f"{when:%Y/%m/%d %H:%M}", "网友昵称": f"{person.name[0]}{self.digits(4)}", "留言对象": self.one(words["to"]), "留言标题": self.title(voice),
                "留言内容": f"{self.one(words['openers'])}{f'我反映{place}的问题：' if place else ''}{voice.told.text}{closing}",
                "办理状态": self.one(words["states"]) if answered else "办理中", "回复时间": f"{answered:%Y/%m/%d %H:%M}" if answered else "",
            })  # fmt: skip
            truth.append(self.truth("board", number, voice, person))
        return rows, truth

    def notes(self, voices: list[Voice]) -> list[dict]:
        """No numbers of their own: the truth cannot name them."""
        words, rows = self.words["notes"], []
        for voice in voices:
            person = self.person()
            opening = self.filled(str(self.one(words["openers"])), person)
            rows.append({
                "接待日期": f"{voice.told.when:%Y.%m.%d}", "联络站": f"{self._town(voice)}代表联络站", "反映人": person.name, "联系方式": person.mobile, "反映问题": f"{opening}{voice.told.text}",
                "地点": self.door(voice.told), "是否老年人": "是" if self.rng.random() < 0.46 else "否", "是否代录": "是", "当前状态": self.one(words["done"]),
            })  # fmt: skip
        return rows


def write(plan: Plan, land: Land, doors: Doors, organisations: Organisations, spots: list[HotSpot], cases: list[Told], codes: list[str], out: Path, count: int = 0) -> int:
    """`records_*.csv|json`, `records.json` (which file is of which source) and `records_truth.csv`; how many records. count: orders of the
    hotline, 0: as many as suit the county."""
    made, share = _Records(plan, land, doors, organisations), plan.scale.cases / 2_600
    orders, truth = made.hotline(made.voices(spots, cases, codes, count or round(ORDERS * share)))
    written, more = made.board(_voices(made, round(WRITTEN * share), spots))
    notes = made.notes(_voices(made, round(NOTED * share), spots))
    _table(out / "records_12345.csv", orders, "gb18030")
    (out / "records_board.json").write_text(json.dumps({"total": len(written), "rows": written}, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    _table(out / "records_notes.csv", notes, "utf-8-sig")
    _table(out / "records_truth.csv", truth + more, "utf-8")
    sources = [
        {"file": "records_12345.csv", "source": "12345", "name": "12345热线", "kind": "hotline", "channel": "电话"},
        {"file": "records_board.json", "source": "board", "name": "领导留言板", "kind": "board", "channel": "网络留言"},
        {"file": "records_notes.csv", "source": "notes", "name": "联络站接待记录", "kind": "station", "channel": "联络站接待"},
    ]
    (out / "records.json").write_text(json.dumps(sources, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return len(orders) + len(written) + len(notes)


def _voices(made: _Records, count: int, spots: list[HotSpot]) -> list[Voice]:
    return [Voice(told) for told in sorted(made.teller.background(count, spots), key=lambda told: told.when)]


def _table(path: Path, rows: list[dict], encoding: str) -> None:
    kept = io.StringIO()
    if rows:
        writer = csv.DictWriter(kept, list(rows[0]), lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)
    path.write_bytes(kept.getvalue().encode(encoding))


def _said(pattern: str, known: dict[str, str]) -> str:
    return BLANK.sub(lambda blank: known[blank.group(1)], pattern)


def _luhn(body: str) -> str:
    """A bank card's number with its check digit."""
    doubled = [int(digit) * (2 if at % 2 == 0 else 1) for at, digit in enumerate(reversed(body))]
    return f"{body}{-sum(value // 10 + value % 10 for value in doubled) % 10}"
