"""How people write an address: every kind of sloppiness apart, and mixed. Each kind leaves the house the one it was."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from apps.territory.sounds import readings
from tests.territory.counties import PARTS, County

HAN = "零一二三四五六七八九"
COMMON = (
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经十三之进着等部度家电力里如水化"
    "高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第"
    "向道命此变条只没结解问意建月公无系军很情者最立代想已通并提直题党程展五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见计别她手"
    "角期根论运农指几九区强放决西被干做必战先回则任取据处队南给色光门即保治北造百规热领七海口东导器压志世金增争济阶油思术极交受联什认六共权收证改清己美再采转更单"
    "风切打白教速花带安场身车例真务具万每目至达走积示议声报斗完类八离华名确才科张信马节话米整空元况今集温传土许步群广石记需段研界拉林律叫且究观越织装影算低持音众"
    "书布复容儿须际商非验连断深难近矿千周委素技备半办青省列习响约支般史感劳便团往酸历市克何除消构府称太准精值号率族维划选标写存候毛亲快效斯院查江型眼王按格养易置"
    "仁仪怡贤闲弦鸿宏红洪华骅桦江疆姜浆信新心欣馨兴星杏幸永咏泳宁凝安鞍庵福扶富阜民敏闽岷解界街建健剑见设社舍京晶景镜平萍屏坪凤奉丰峰山珊杉望旺王园源圆苑院溪西"
)  # fmt: skip
PEOPLE = ("张三", "李建国", "王先生", "陈女士", "林秀英", "郑老师")
SHOPS = ("好又来超市", "惠民药店", "老味道面馆", "丰达五金店", "诚信电脑维修")


def in_han(number: int) -> str:
    """123 -> 一百二十三."""
    if number < 10:
        return HAN[number]
    if number < 20:
        return "十" + (HAN[number % 10] if number % 10 else "")
    if number < 100:
        return HAN[number // 10] + "十" + (HAN[number % 10] if number % 10 else "")
    if number < 1000:
        rest = number % 100
        tail = "" if not rest else HAN[0] + HAN[rest] if rest < 10 else ("一" if rest < 20 else "") + in_han(rest)
        return HAN[number // 100] + "百" + tail
    return "".join(HAN[int(digit)] for digit in str(number))


@dataclass(frozen=True)
class Written:
    """An address in the pieces that noise works on; `row` is the house."""

    row: int
    province: str = ""
    city: str = ""
    county: str = ""
    town: str = ""
    village: str = ""
    line: str = ""  # road or hamlet
    number: str = ""
    estate: str = ""
    building: str = ""
    unit: str = ""
    room: str = ""
    before: str = ""
    after: str = ""
    kind: str = "road"  # what the name before the number is

    def text(self) -> str:
        place = (
            self.province,
            self.city,
            self.county,
            self.town,
            self.village,
            self.line,
            self.number,
            self.estate,
            self.building,
            self.unit,
            self.room,
        )
        return self.before + "".join(place) + self.after


class Noise:
    """Writes the houses of a county. `whole` is the county with all its houses, also those that a gazetteer lacks."""

    def __init__(self, whole: County, seed: int) -> None:
        self.county, self.rng = whole, np.random.default_rng([seed, 77])
        self.kinds: dict[str, Callable[[Written], Written | None]] = {
            "as written": lambda said: said, "half and full width": self.width, "Chinese numerals": self.numerals, "number's word": self.number_word,
            "building's words": self.building_words, "joined by dashes": self.dashes, "town left out": self.town_left_out, "town left out, several fit": self.several_fit, "above town": self.above_town,
            "doubled": self.doubled, "short names": self.short_names, "former name": self.former_name, "wrong town": self.wrong_town,
            "village named too": self.village_too, "villagers' group": self.group, "shop or person": self.shop, "room of a building": self.extra_room,
            "spaces and marks": self.marks, "estate by its road": self.estate_by_road, "wrong character": self.wrong_character, "homophone": self.homophone,
            "character left out": self.left_out, "characters exchanged": self.exchanged, "character too many": self.too_many, "kind of road": self.kind_of_road,
        }  # fmt: skip

    # --- the house as the office writes it ---

    @cached_property
    def _alone(self) -> dict[tuple, int]:
        """How many houses have the same parts when the town (for hamlets: the village stays) is left out."""
        counts: dict[tuple, int] = {}
        for row in range(len(self.county)):
            key = self._key(row)
            counts[key] = counts.get(key, 0) + 1
        return counts

    @cached_property
    def _towns_of_line(self) -> dict[str, set[str]]:
        plates, found = self.county.doorplates, {}
        for town, village, road, hamlet, estate in zip(
            *(plates[name] for name in ("town", "village", "road", "hamlet", "estate")), strict=True
        ):
            found.setdefault(road or estate or self.county.name_of.get(village, "") + hamlet, set()).add(town)
        return found

    def _key(self, row: int) -> tuple:
        part = self._parts(row)
        village = (
            ""
            if part["road"] or (part["estate"] and not part["hamlet"])
            else self.county.name_of.get(part["village"], "")
        )
        return (village, *(part[name] for name in PARTS[2:]))

    def _parts(self, row: int) -> dict[str, str]:
        return {name: self.county.doorplates[name][row] for name in PARTS}

    def written(self, row: int) -> Written:
        part = self._parts(row)
        name = self.county.name_of.get
        numbered = part["road"] or part["hamlet"]
        kind = "road" if part["road"] else "hamlet" if part["hamlet"] else "estate"
        village = "" if kind != "hamlet" else name(part["village"], "")
        return Written(row, town=name(part["town"], ""), village=village, line=numbered, number=part["number"], estate=part["estate"], building=part["building"],
                       unit=part["unit"], room=part["room"], kind=kind)  # fmt: skip

    def noisy(self, row: int, kind: str) -> str | None:
        """A text of this kind for a house, or None where the kind does not apply to it."""
        said = self.kinds[kind](self.written(row))
        return said.text() if said else None

    def every_kind(self, row: int) -> dict[str, str]:
        """The house in every kind of noise that applies to it, and in several at once."""
        texts = {kind: self.noisy(row, kind) for kind in self.kinds} | {MIXED: self.mixed(row)}
        return {kind: text for kind, text in texts.items() if text is not None}

    def mixed(self, row: int, count: int = 3) -> str:
        """Several kinds at once."""
        said = self.written(row)
        for kind in self.rng.permutation([kind for kind in self.kinds if kind not in UNDECIDED])[: count + 3].tolist():
            changed = self.kinds[kind](said)
            if changed and changed != said and count:
                said, count = changed, count - 1
        return said.text()

    # --- numbers ---

    def _numbers(self, said: Written, write: Callable[[str], str]) -> Written:
        return replace(said, **{part: write(getattr(said, part)) for part in ("number", "building", "unit", "room")})

    def width(self, said: Written) -> Written:
        wide = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
        return self._numbers(said, lambda text: text.translate(wide))

    def numerals(self, said: Written) -> Written | None:
        changed = replace(said, number=re.sub(r"^(\d+)(?=号)", lambda m: in_han(int(m[1])), said.number))
        changed = replace(
            changed,
            building=re.sub(r"^(\d+)(?=幢)", lambda m: in_han(int(m[1])), said.building),
            unit=re.sub(r"^(\d+)(?=单元)", lambda m: in_han(int(m[1])), said.unit),
        )
        return changed if changed != said else None

    def number_word(self, said: Written) -> Written | None:
        if not said.number.endswith("号"):
            return None
        bare = said.number[:-1]
        word = self._one(["＃", "#", "", "号门牌", " 号"] if not (said.estate or said.building) else ["＃", "#", " 号"])
        if "-" in bare and self.rng.random() < 0.5:
            first, second = bare.split("-")
            return replace(
                said,
                number=self._one(
                    [
                        f"{first}—{second}号",
                        f"{first}号之{HAN[int(second)]}",
                        f"{first}－{second}号",
                        f"{first}号-{second}",
                    ]
                ),
            )
        return replace(said, number=bare + word)

    def building_words(self, said: Written) -> Written | None:
        if not said.building:
            return None
        building = said.building.replace("幢", self._one(["栋", "座", "号楼", "#楼", "＃楼"]))
        return replace(said, building=building, room=said.room.replace("室", self._one(["", "房", "室"])))

    def dashes(self, said: Written) -> Written | None:
        if not (said.building and (said.unit or said.room)):
            return None
        parts = [re.sub(r"\D+$", "", part) for part in (said.building, said.unit, said.room) if part]
        return replace(said, building=self._one(["-", "－", "—"]).join(parts), unit="", room="")

    def extra_room(self, said: Written) -> Written | None:
        """The doorplate is the building's; who lives there names the room."""
        if said.room or said.kind == "hamlet":
            return None
        room = f"{self.rng.integers(1, 19)}0{self.rng.integers(1, 5)}"
        if said.kind == "estate":
            return replace(said, room=room + self._one(["室", ""])) if said.building else None
        return replace(said, after=f"{self.rng.integers(1, 4)}单元{room}室") if said.number.endswith("号") else None

    # --- areas ---

    def town_left_out(self, said: Written) -> Written | None:
        return (
            replace(said, town="", county=self._one(["", self.county.above[2]]))
            if self._alone[self._key(said.row)] == 1
            else None
        )

    def several_fit(self, said: Written) -> Written | None:
        """Nobody could tell which of the houses is meant: this one is only to be among the choices, and none is to be sure."""
        return replace(said, town="") if self._alone[self._key(said.row)] > 1 else None

    def above_town(self, said: Written) -> Written:
        province, city, county = self.county.above
        if self.rng.random() < 0.5:
            return replace(said, province=province, city=city, county=county)
        return replace(said, city=city if self.rng.random() < 0.5 else "", county=county)

    def doubled(self, said: Written) -> Written:
        _, city, county = self.county.above
        return replace(said, before=said.before + self._one([county, city + county, county + said.town]), county=county)

    def short_names(self, said: Written) -> Written | None:
        town = re.sub(r"(街道|镇|乡)$", "", said.town)
        return replace(said, town=town, county=self._one(["", self.county.above[2][:-1]])) if len(town) > 1 else None

    def former_name(self, said: Written) -> Written | None:
        plates = self.county.doorplates
        town, village = (
            self.county.former.get(plates["town"][said.row]),
            self.county.former.get(plates["village"][said.row]),
        )
        if said.village and village:
            return replace(said, village=village)
        return replace(said, town=town) if town and said.town else None

    def wrong_town(self, said: Written) -> Written | None:
        """Another town, though no other town has this road or estate: there is no doubt which one is meant."""
        name = said.line if said.kind == "road" else said.estate
        if said.kind == "hamlet" or len(self._towns_of_line.get(name, ())) != 1:
            return None
        others = sorted(
            {town for town in self.county.doorplates["town"] if town and self.county.name_of.get(town) != said.town}
        )
        return replace(said, town=self.county.name_of[others[self.rng.integers(len(others))]]) if others else None

    def village_too(self, said: Written) -> Written | None:
        village = self.county.name_of.get(self.county.doorplates["village"][said.row], "")
        return replace(said, village=village) if village and said.kind != "hamlet" else None

    def group(self, said: Written) -> Written | None:
        found = re.fullmatch(r"第([一二三四五六七八九十]+)村民小组", said.line)
        if not found:
            return None
        digits = {text: str(number) for number in range(1, 40) for text in (in_han(number),)}
        return replace(
            said,
            line=self._one(["第{}村民小组", "{}组", "{}队", "第{}生产队", "第{}组"]).format(
                self._one([found[1], digits[found[1]]])
            ),
        )

    # --- what stands beside it ---

    def shop(self, said: Written) -> Written:
        way = self.rng.integers(3)
        if way == 0:
            return replace(said, after=said.after + self._one(SHOPS))
        if way == 1:
            return replace(said, after=f"{said.after} {self._one(PEOPLE)} 13{self.rng.integers(10**8, 10**9)}")
        return replace(said, after=f"{said.after}（{self._one(SHOPS)}楼上）")

    def estate_by_road(self, said: Written) -> Written | None:
        """A housing estate that no table knows is named beside the house on its road."""
        return (
            replace(said, estate=self._one(["金榜御景家园", "阳光里小区", "老粮站宿舍"]))
            if said.kind == "road" and not said.estate
            else None
        )

    def marks(self, said: Written) -> Written:
        mark = self._one([" ", "，", ",", "、", "  "])
        fields = {
            part: getattr(said, part) + mark
            for part in ("county", "town", "number", "estate", "building", "unit")
            if getattr(said, part)
        }
        return replace(said, **fields)

    # --- slips in the name ---

    def _slip(self, said: Written, write: Callable[[str], str | None]) -> Written | None:
        part = "line" if said.kind in ("road", "hamlet") else "estate"
        name = getattr(said, part)
        if len(name) < 3 or name.startswith("第"):
            return None
        changed = write(name)
        return replace(said, **{part: changed}) if changed and changed != name else None

    def _place(self, name: str) -> int:
        return int(self.rng.integers(0, len(name) - 1))

    def wrong_character(self, said: Written) -> Written | None:
        def write(name: str) -> str:
            at = self._place(name)
            return name[:at] + self._one(COMMON) + name[at + 1 :]

        return self._slip(said, write)

    def homophone(self, said: Written) -> Written | None:
        def write(name: str) -> str | None:
            at = self._place(name)
            alike = [
                other
                for other in dict.fromkeys(COMMON + "".join(self._characters))
                if other != name[at] and readings(other)[0] == readings(name[at])[0]
            ]
            return name[:at] + self._one(alike) + name[at + 1 :] if alike else None

        return self._slip(said, write)

    @cached_property
    def _characters(self) -> list[str]:
        return sorted(
            {
                character
                for road in set(self.county.doorplates["road"]) | set(self.county.doorplates["estate"])
                for character in road
            }
        )

    def left_out(self, said: Written) -> Written | None:
        def write(name: str) -> str | None:
            at = self._place(name)
            return name[:at] + name[at + 1 :] if len(name) > 3 else None

        return self._slip(said, write)

    def exchanged(self, said: Written) -> Written | None:
        def write(name: str) -> str:
            at = int(self.rng.integers(0, len(name) - 2)) if len(name) > 2 else 0
            return name[:at] + name[at + 1] + name[at] + name[at + 2 :]

        return self._slip(said, write)

    def too_many(self, said: Written) -> Written | None:
        def write(name: str) -> str:
            at = 1 + self._place(name) if len(name) > 1 else 1
            return name[:at] + self._one([name[at - 1], self._one(COMMON)]) + name[at:]

        return self._slip(said, write)

    def kind_of_road(self, said: Written) -> Written | None:
        if said.kind != "road":
            return None
        return self._slip(
            said,
            lambda name: (
                name[:-1] + {"路": "街", "街": "路", "巷": "弄", "弄": "巷"}.get(name[-1], "路")
                if name[-1] in "路街巷弄"
                else None
            ),
        )

    def _one(self, choices) -> str:
        return choices[int(self.rng.integers(len(choices)))]


MIXED = "several kinds at once"
UNDECIDED = ("town left out, several fit",)
SLIPS = (
    "wrong character",
    "homophone",
    "character left out",
    "characters exchanged",
    "character too many",
    "kind of road",
)
