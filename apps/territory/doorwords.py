"""What stands behind the areas of an address: road and number, then what leads to one door, read from left to right."""

import re

from apps.territory.prefixes import Spans
from apps.territory.roads import find_road
from apps.territory.spelling import HAN

_VALUE = rf"(?:(?:(?<![A-Z\d])[A-Z]{{0,2}}|(?<=[A-Z][A-Z][A-Z])|(?<=\d[A-Z])(?=\d{{3}}))\d+(?:F(?![A-Z\d])|[A-EG-Z]\d*)?|(?:负|地下)?[{HAN}]+|(?<![A-Z])[A-Z]{{1,2}}(?![A-Z]))"
_CHAIN = rf"第?(?:\d{{1,2}}[A-Z](?=\d{{3}})|{_VALUE})(?:(?:[-、/]|(?<=\d)一(?=\d))+{_VALUE})*"

_JOINT = re.compile(r"[-、/]+|(?<=\d)一(?=\d)")
_PIECE_AHEAD = re.compile(rf"-?(?:[A-Z]?\d|[{HAN}]+[楼层室])")
_MORE_AHEAD = re.compile(rf"\d|[{HAN}][楼层室幢栋单]")
_HOUSE_INSIDE = re.compile(r"(\d+)-(\d{3,})号")
_UNIT_AHEAD = re.compile(rf"(?:\d+|[{HAN}]+)单元")

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_SAME_ROAD = re.compile(
    r"(?:[东西南北中前后上下]段|[一二三四五六七八九\d]+段|[东西南北]路?(?=\d))?(?:口|上|段|边|侧|旁)?[ -]*"
)

_CROSSING = re.compile(r" *[与和跟] *[^ \d]{1,8}?(?:路|街|大道|巷)(?:的?(?:交叉|交汇|交界)[口处]?|路?口)?")
_NUMBER_AHEAD = re.compile(r" *(\d+(?:-\d+)?[号#]) *")
_DIGITS = r"\d+(?:[A-Z](?![A-Z\d]))?(?!\d)"
_NUMBER = re.compile(
    rf"(?:第|附|临|新|老|自编|[甲乙丙丁])?(?:[A-Z]{{0,2}}{_DIGITS}|[{HAN}]+(?= ?[号弄巷#]|支弄))"
    rf"(?:号?(?:-+|之|、|(?<=\d)一(?=\d))(?:{_DIGITS}|[{HAN}]+(?=号|之|$|[^{HAN}层楼])))*(?:号附\d+号?| ?号(?![楼线搂路桥]|大[街道])|支?弄|巷|\#(?!楼|\d))?"
    r"(?![幢栋座楼室层房米路街区期组门号]|单元|\#楼|大[道街]|[国省县]道)"
)

_TOKEN = re.compile(
    rf"(?P<value>{_CHAIN}|[东西南北中左右前后](?=单元|[幢栋座]))(?P<word>号楼|\#楼|号搂|\#|号(?:房间?|室)(?![\u3400-\u9fff])|号(?![馆线厅口机门桥]|地块|车间)|[幢栋座橦撞](?!桥)|排|单元|梯|门(?!诊|市|面|口|卫|窗)|楼(?!上|下|梯)|层|F(?![A-Z])|室|房间?(?!产|地)|户|村民小组|小组|组|生产队|队|[期区街巷弄路村社环桥里座]|大[道街])?"
)
_BUILDING = {"号楼", "#楼", "号搂", "幢", "栋", "座", "橦", "撞", "排"}
_UNIT = {"单元", "梯", "门"}
_ROOM = {"室", "房", "房间", "号房", "号房间", "号室", "户"}
_FLOOR = {"楼", "层", "F"}
_GROUP = {"村民小组", "小组", "组", "生产队", "队"}
_PART_OF_NAME = {"期", "区", "街", "巷", "弄", "路", "村", "社", "环", "桥", "里", "大道", "大街"}

_ROAD_NUMBER = re.compile(r"大?[街路道]")  # 11号大街
_ESTATE = re.compile(
    r"(?:小区|花园|家园|公寓|新村|[^ ]村|苑|庭|府|湾|园|居|墅|邸|城|里|坊|郡|都|轩|阁|庄|区|期|舍|大院|宿舍|楼|广场|寓)$"
)
_HALL = re.compile(
    r"(?:市场|商城|商厦|大厦|大楼|广场|商铺|店面|门面|世界|批发部?|商场|门市|专柜|摊位|铺|鞋都)(?:[^ ]{0,3}[区期])?$"
)
_BUILDING_AHEAD = re.compile(r"[\dA-Z][幢栋座]|\d号楼")
_SHOP = re.compile(r"商铺|店面|门面|铺|摊|档口|专柜")
_SECTION = re.compile(r"[A-Z]区$")
_MARKET = re.compile(r"商贸城|市场")
_MEASURE = re.compile(r"号|米|S店|S|路公交|多|小区|仓|酒店|医院|[国省县]道")
_SPOKEN = re.compile(r"[〇零一二三四五六七八九]+")
_NUMBERED_PLACE = re.compile(r"村$")  # numbered through like a street
_NAME_AHEAD = re.compile(r"[\u3400-\u9fff]")
_TOWNLIKE = re.compile(
    r"小区|花园|家园|公寓|新村|苑$|大厦|大楼|广场|公司|工业|园区|市场|超市|小学|中学|医院|幼儿园|宿舍|酒店|中心|厂$"
)
_TRADE = re.compile(r"公司|厂|店|行|部|学|院|局|所|站|馆|校|中心|超市|市场|公寓|小区|花园|苑|大厦|广场|工业|园")
_ASIDE = re.compile(
    r"^(?:[ -]|旁边?|附近|对面|斜对面|隔壁|内|里面?|后面|前面|门口|路?口|交叉口|交汇处|东侧|西侧|南侧|北侧|的|与)+|(?:[ -]|旁边?|附近|斜?对面|隔壁|内|里面|后面|前面|门口|交叉口|楼下|院内|第)+$"
)


class Reading:
    """What stands behind the areas, read from left to right; `found` grows part by part."""

    def __init__(self, shape: str, found: Spans) -> None:
        self.shape = shape
        self.found = found
        self.context = ""  # the name the next number belongs to
        self.named = 0  # up to here, names have been given to parts

    def read(self, at: int) -> None:
        road = find_road(self.shape, at)
        if road:
            self._on_road(at, *road)
        else:
            self._doors(at)
        if (
            "building" in self.found
            and "number" not in self.found
            and "poi" not in self.found
            and "hamlet" in self.found
        ):
            self.found["poi"] = self.found.pop("hamlet")  # 翡翠湾6幢

    def _on_road(self, at: int, begin: int, end: int, area: int) -> None:
        self._name(at, area)
        early = self.found.pop("poi", None)
        self.context, self.found["road"] = "", (begin, end)
        if area < begin:
            self.found.setdefault("village" if "town" in self.found else "town", (area, begin))
        if crossing := _CROSSING.match(self.shape, end):
            end = crossing.end()
        stop = self._number(end)
        if "number" not in self.found and (ahead := _NUMBER_AHEAD.fullmatch(self.shape, at, area)):  # 12号人民路
            self.found["number"], early = ahead.span(1), None
        self._doors(stop)
        if early:
            self.found.setdefault("poi", early)

    def _number(self, at: int) -> int:
        """The house's number right behind the road; where the reading goes on."""
        begin = _SAME_ROAD.match(self.shape, at).end()  # type: ignore[union-attr]
        match = _NUMBER.match(self.shape, begin)
        if not match:
            return at
        end = match.end()
        pieces = self._pieces(begin, end)
        apart = _HOUSE_INSIDE.fullmatch(self.shape, begin, end)
        if (
            apart and not 0 < int(apart[2]) - int(apart[1]) < 100
        ):  # 2881-160号 is house 160 inside, 182-201号 are neighbours
            end = apart.end(1)
        elif self.shape[end - 1] not in "号弄#" and (len(pieces) > 2 or self._room_behind(pieces)):  # 12-3-502, 12-502
            end = pieces[0][1]
        self.found["number"] = (begin, end)
        return end

    def _room_behind(self, pieces: list[tuple[int, int]]) -> bool:
        return len(pieces) == 2 and pieces[1][1] - pieces[1][0] > 2 and not _neighbours(self.shape, pieces)

    def _doors(self, at: int) -> None:
        for token in _TOKEN.finditer(self.shape, at):
            word = token["word"] or ""
            if self._part_of_name(token["value"], word, token.end()):
                continue
            if token.start() < at:
                continue
            self._name(at, token.start())
            if self._place(token.start("value"), token.end("value"), word, token.end()):
                at = token.end()
        self._name(at, len(self.shape))

    def _part_of_name(self, value: str, word: str, stop: int) -> bool:
        if word == "弄" and "number" not in self.found:
            return False
        if word == "街" and ("floor" in self.found or _MARKET.search(self.shape, 0, stop)):
            return False
        if (
            word == "房" and value[0] in HAN and self.shape[stop : stop + 1].isdigit()
        ):  # 三房20号: the third branch's houses
            return True
        if word in _PART_OF_NAME or (word == "号" and _ROAD_NUMBER.match(self.shape, stop)):
            return True
        if word:
            return False
        if _MEASURE.match(self.shape, stop):
            return True
        spoken = (
            len(value) > 2 and _SPOKEN.fullmatch(value) and self.found.keys() & {"building", "unit", "floor"}
        )  # 六零五
        return not spoken and not any("0" <= ch <= "9" for ch in value)

    def _name(self, begin: int, end: int) -> None:
        if begin == end:
            return
        gap = self.shape[begin:end].strip(" -")
        begin = self.shape.find(gap, begin)
        if (match := _ASIDE.match(gap)) and len(gap) - match.end() > 1:
            begin, gap = begin + match.end(), gap[match.end() :]
        if (match := _ASIDE.search(gap)) and match.start() > 1:
            gap = gap[: match.start()]
        end = begin + len(gap)
        if len(gap) < 2 or _ASIDE.fullmatch(gap) or not any(ch >= "\u3400" for ch in gap):
            return
        self.context = gap
        part = "hamlet" if self._rural() and "hamlet" not in self.found and self._may_be_hamlet(gap) else "poi"
        if begin >= self.named:
            self.named = end
            self.found.setdefault(part, (begin, end))

    def _rural(self) -> bool:
        return "village" in self.found and not self.found.keys() & {"road", "number", "poi"}

    @staticmethod
    def _may_be_hamlet(name: str) -> bool:
        return not _TOWNLIKE.search(name) and (
            len(name) < 4 or (len(name) < 7 and not (_TRADE.search(name) or _ESTATE.search(name)))
        )

    def _place(self, begin: int, end: int, word: str, stop: int) -> bool:
        """Give a numeral with its word to a part; False where it is none of the parts."""
        if word in _GROUP:
            return self._take("group", begin, stop)
        if word == "弄":
            return self._take("number", begin, stop)
        if word == "街":
            return self._take("unit", begin, stop)
        pieces = self._pieces(begin, end)
        if len(pieces) > 1 and self.shape[pieces[0][1] - 1] == "F":  # 12F-1
            self._take("floor", *pieces.pop(0))
            begin = pieces[0][0]
        if word in _BUILDING:
            return self._take("building", begin, stop)
        if word in _UNIT:
            if len(pieces) == 2:
                self._take("building", *pieces[0])
                return self._take("unit", pieces[1][0], stop)
            return self._take("unit", begin, stop)
        if word in _FLOOR:
            ranged = len(pieces) == 2 and (
                not self.context or _neighbours(self.shape, pieces) or "building" in self.found
            )
            if len(pieces) in (2, 3) and not ranged:
                for part, piece in zip(("building", "unit"), pieces[:-1], strict=False):
                    self._take(part, *piece)
                return self._take("floor", pieces[-1][0], stop)
            if "building" not in self.found and _UNIT_AHEAD.match(self.shape, stop):
                return self._take("building", begin, stop)
            return self._take("floor", begin, stop)
        if word in ("号", "#"):
            return self._numbered(begin, pieces, stop)
        pieces[-1] = (pieces[-1][0], stop)
        return self._bare(pieces, word)

    def _numbered(self, begin: int, pieces: list[tuple[int, int]], stop: int) -> bool:
        """A numeral with 号: a house, a building, a door or a room, by what is known already."""
        found = self.found
        if found.keys() & {"building", "unit", "floor"}:
            if len(pieces) == 2 and "building" in found and "unit" not in found and not _neighbours(self.shape, pieces):
                return self._take("unit", *pieces[0]) and self._take("room", pieces[1][0], stop)
            more = "unit" not in found and _PIECE_AHEAD.match(self.shape, stop)
            return self._take("unit" if more else "room", begin, stop)
        if self._rural():
            return self._take("number", begin, stop)
        if "number" not in found and not _HALL.search(self.context) and _BUILDING_AHEAD.search(self.shape, stop):
            return self._take("number", begin, stop)
        if "number" in found and stop - begin == 2 and self.shape[begin] in HAN:  # 总部一号
            return False
        shop = self.context and _SHOP.match(self.shape, stop)
        inner = not _MORE_AHEAD.search(self.shape, stop)  # 武林广场7号四楼 is a house, 石材区112号 a shop
        if shop or (inner and (_HALL.search(self.context) or _SECTION.search(self.context))):
            return self._take("room", begin, stop)
        more = _PIECE_AHEAD.match(self.shape, stop)
        if (
            not more
            and stop - begin > 4
            and len(pieces) == 1
            and "number" not in found
            and _ESTATE.search(self.context)
        ):
            return self._take("room", begin, stop)
        estate = _ESTATE.search(self.context) and (more or not _NUMBERED_PLACE.search(self.context))
        if len(pieces) == 2 and (estate or "number" in found) and not _neighbours(self.shape, pieces):
            self._take("building", *pieces[0])
            return self._take("room", pieces[1][0], stop)
        return self._take("building" if estate or "number" in found else "number", begin, stop)

    def _bare(self, pieces: list[tuple[int, int]], word: str) -> bool:
        """47-6-746, 3-502, 502, 502室."""
        found = self.found
        begin, stop = pieces[0][0], pieces[-1][1]
        last = pieces[-1][1] - pieces[-1][0]
        rural = (
            found.keys() & {"village", "hamlet", "group"}
            and not found.keys() & {"number", "road"}
            and not _ESTATE.search(self.context)
        )
        if len(pieces) == 1:
            if word:
                return self._take("room", begin, stop)
            inside = found.keys() & {"building", "unit", "floor", "number"}
            if self.shape[stop - 1] == "F":
                return self._take("floor", begin, stop)
            if not inside - {"number"} and last < 4 and self.shape[begin] in _LETTERS:
                return self._take("building", begin, stop)
            if last > 5 + (self.shape[begin] > "9") or (
                not inside and last < 3 and _NAME_AHEAD.match(self.shape, stop)
            ):
                return False
            if (
                last < 3
                and not found.keys() & {"unit", "floor"}
                and ("building" in found or ("number" in found and self.context))
            ):
                return self._take(
                    "unit" if "building" in found else "building", begin, stop
                )  # rooms have three figures
            if inside or not (rural or self._nameless()):
                return self._take("room" if inside or last > 2 else "building", begin, stop)
            return self._take("number", begin, stop)
        if found.keys() & {"unit", "floor"}:
            return self._take("room", begin, stop)
        if len(pieces) == 2 and not word and (rural or self._nameless()):
            if last < 3:
                return self._take("number", begin, stop)
            if not self.context:
                return self._take("number", *pieces[0]) and self._take("room", *pieces[1])
        part_of_room = "building" in found and pieces[0][1] - begin > 2 > last  # 502-2
        if len(pieces) == 2 and (part_of_room or _neighbours(self.shape, pieces)):
            return self._take("room", begin, stop)
        levels = {
            2: ("building", "room" if last > 2 or word else "unit"),
            3: ("building", "unit", "room"),
            4: ("building", "unit", "floor", "room"),
        }
        if "building" in found:
            levels = {2: ("unit", "room"), 3: ("unit", "floor", "room")}
        for part, piece in zip(levels.get(len(pieces), ()), pieces, strict=False):
            self._take(part, *piece)
        return len(pieces) in levels

    def _nameless(self) -> bool:
        """Whether what stands before a numeral behind a town may be a hamlet: 宜山镇后林12."""
        rural = "town" in self.found and not self.found.keys() & {"road", "number", "building"}
        return bool(
            rural and len(self.context) <= 4 and not (_ESTATE.search(self.context) or _TRADE.search(self.context))
        )

    def _take(self, part: str, begin: int, end: int) -> bool:
        if part in self.found:
            return False
        self.found[part] = (begin, end)
        return True

    def _pieces(self, begin: int, end: int) -> list[tuple[int, int]]:
        pieces = []
        for joint in _JOINT.finditer(self.shape, begin, end):
            pieces.append((begin, joint.start()))
            begin = joint.end()
        return [*pieces, (begin, end)]


def _neighbours(shape: str, pieces: list[tuple[int, int]]) -> bool:
    """150-151, A123-124, 404-411: doors side by side, one shop."""
    first, second = (shape[begin:end].lstrip(_LETTERS) for begin, end in pieces)
    if not (len(first) == len(second) > 1 and first.isdecimal() and second.isdecimal()):
        return False
    return 0 < int(second) - int(first) < (60 if len(first) > 2 else 4)
