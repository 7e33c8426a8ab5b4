"""An address taken apart without any list of places: what each piece is follows from its words and from what stands before it."""

import re
from dataclasses import dataclass, fields

from apps.territory.prefixes import Spans, areas
from apps.territory.spelling import respelled


@dataclass(frozen=True)
class Address:
    """Each part is a verbatim piece of the text, in the order of the text and apart from the others; "" where the text has none.

    group: 村民小组. number: of the house on its road or in its village, a lane with a number (553弄) included. poi: an estate, a
    building's name or what else stands there. What is left (persons, telephones, 对面) is in no part.
    """

    province: str = ""
    city: str = ""
    county: str = ""
    town: str = ""
    village: str = ""
    hamlet: str = ""
    group: str = ""
    road: str = ""
    number: str = ""
    poi: str = ""
    building: str = ""
    unit: str = ""
    floor: str = ""
    room: str = ""

    def spelled(self) -> "Address":
        """The same in one spelling: 十二＃ -> 12, 3号楼 -> 3, 二单元 -> 2, ５０２室 -> 502, 八卦四路 -> 八卦4路."""
        return Address(**{part: respelled(part, getattr(self, part)) for part in PARTS})


PARTS = tuple(field.name for field in fields(Address))

# One character for one character, so that every place in the shape is the same place in the text.
_SHAPE = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_SHAPE |= {code: chr(code - 32) for code in range(ord("a"), ord("z") + 1)} | {
    code: chr(code - 0xFEE0 - 32) for code in range(0xFF41, 0xFF5B)
}
_SHAPE |= dict.fromkeys(map(ord, "‐‑‒–—―−－﹣~～_＿"), "-") | dict.fromkeys(map(ord, "＃﹟№"), "#")
_SHAPE |= dict.fromkeys(map(ord, " \t\r\n\u3000\xa0,，。;；:：!！?？、|｜\"'“”‘’()（）[]【】{}<>《》·.．"), " ")

_HAN = "〇零一二两三四五六七八九十百千"
_VALUE = rf"(?:(?:(?<![A-Z\d])[A-Z]{{0,2}}|(?<=[A-Z][A-Z][A-Z])|(?<=\d[A-Z])(?=\d{{3}}))\d+(?:[A-Z]\d*)?|(?:负|地下)?[{_HAN}]+|(?<![A-Z])[A-Z]{{1,2}}(?![A-Z]))"
_CHAIN = rf"第?(?:\d{{1,2}}[A-Z](?=\d{{3}})|{_VALUE})(?:(?:[-、/]|(?<=\d)一(?=\d))+{_VALUE})*"

_JOINT = re.compile(r"[-、/]+|(?<=\d)一(?=\d)")
_PIECE_AHEAD = re.compile(r"-?[A-Z]?\d")
_HOUSE_INSIDE = re.compile(r"(\d+)-(\d{3,})号")
_UNIT_AHEAD = re.compile(rf"(?:\d+|[{_HAN}]+)单元")

# 电联, 收, 13800000000: what follows is for the postman.
_POSTMAN = re.compile(
    r" *(?:电联|电话|手机|联系|收件|TEL|(?<!\d)1[3-9]\d{9}(?!\d)|(?<!\d)0\d{2,3}-?\d{7,8}(?!\d)).*| *收 *$"
)
_OPENING = re.compile(r"(?:(?:[^ \d]{0,4}地址|[^ \d]{0,3}住在?|我家?在|家在|位于|在)(?= *[^ ]{3}))?[ -]*")

# ---- roads
_ROAD_END = re.compile(
    r"(?:大道|大街|公路|(?<=\d)[国省县乡]道|[国省]道(?=\d|[ ]|$|旁|与)|马路|胡同|路(?!桥[^\d]|由|灯|政|段|边(?!\d)|下?村|社区|街道|镇)|街(?!道|坊|区|景|镇)|弄(?!堂|里|头)|巷(?!镇|村)"
    r"|(?<!号)(?<![生专热光天有无沿岸毛电内动直平干院])线(?=\d|号| |$|[与和旁东西南北]|[〇一二三四五六七八九十百]+号)"
    r"|(?<![街通管轨频车跑隧赛味铁行地])道(?=[东西南北中]?(?:\d|[〇一二三四五六七八九十百]+号)))(?![小中]学|幼儿园|小?店|派出所|商场)"
)
_NUMBERED_ROAD = re.compile(rf"(?:[A-Z]{{0,2}}\d+|(?<![{_HAN}])[{_HAN}]+(?=[号#]))(?:号|#)?$")
_NUMBERED_KINDS = {"大街", "大道", "国道", "省道", "县道", "乡道", "公路", "路", "线", "巷"}
# What may stand in front of a road and is not of its name: 荷叶塘工业区|洪界路, 万豪中心|和义路, 文一路与|学院路.
_BEFORE_ROAD = re.compile(
    r"开发区|集聚区|保税.?区|度假区|经济区|园区|小区|社区|新区|(?:工业|科技|产业|创业|物流|高新|文创|软件|农业|高教)(?:园区?|小区|区|城|功能区)|基地"
    r"|广场|市场|中心|大厦|大楼|公司|集团|医院|学校|[大中小]学|[^ ]{2}(?:园区?|[区城苑村镇庄站])|街道|靠近|附近|旁边?|交叉口?|对面|[^ ]{2}[县市]|[路街巷道]口?[与和、靠近]+|办事处|[一二三四五六七八九十\d]期|[东西南北]区"
)
# 区|北一环路 is cut, 园区东路 and 科技园一路 are not: there the area's name is the road's.
_MERE_MODIFIER = re.compile(r"(?:[东西南北中前后环]|[一二三四五六七八九十\d]+)?$")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_AFTER_ROAD = re.compile(r"[口东西南北边旁]")
_COUNTING = re.compile(rf"[{_HAN}]+")
_MODIFIERS = "东西南北中一二三四五六七八九十新老直横内外支"
_BRANCH = re.compile(r"[东西南北中支]路(?!口)")  # 新城大道南路, 老街支路
_SAME_ROAD = re.compile(
    r"(?:[东西南北中前后上下]段|[一二三四五六七八九\d]+段|[东西南北]路?(?=\d))?(?:口|上|段|边|侧|旁)?[ -]*"
)

# ---- numbers
_DIGITS = r"\d+(?:[A-Z](?![A-Z\d]))?(?!\d)"
_NUMBER = re.compile(
    rf"(?:第|附|临|新|老|自编|[甲乙丙丁])?(?:[A-Z]{{0,2}}{_DIGITS}|[{_HAN}]+(?=[号弄巷#]|支弄))"
    rf"(?:号?(?:-+|之|、|(?<=\d)一(?=\d))(?:{_DIGITS}|[{_HAN}]+(?=号|之|$|[^{_HAN}层楼])))*(?:号附\d+号?|号(?![楼线搂路桥]|大[街道])|支?弄|巷|\#(?!楼|\d))?"
    r"(?![幢栋座楼室层房米路街区期组门号]|单元|\#楼|大[道街]|[国省县]道)"
)

# ---- doors
_TOKEN = re.compile(
    rf"(?P<value>{_CHAIN}|[东西南北中左右前后](?=单元|[幢栋座]))(?P<word>号楼|\#楼|号搂|\#|号(?:房间?(?![管产屋地])|室)|号(?![馆线厅口机门桥]|地块|车间)|[幢栋座橦撞](?!桥)|排|单元|梯|门(?!诊|市|面|口|卫|窗)|楼(?!上|下|梯)|层|F(?![A-Z])|室|房间?(?!产|地)|户|村民小组|小组|组|生产队|队|[期区街巷弄路村社环桥里座]|大[道街])?"
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
_SHOP = re.compile(r"商铺|店面|门面|铺|摊|档口|专柜")
_SECTION = re.compile(r"[A-Z]区$")
_MARKET = re.compile(r"商贸城|市场")
_MEASURE = re.compile(r"号|米|S店|S|路公交|多|小区|仓|酒店|医院|[国省县]道")
_SPOKEN = re.compile(r"[〇零一二三四五六七八九]+")
_NUMBERED_PLACE = re.compile(r"村$")  # numbered through like a street
_NAME_AHEAD = re.compile(r"[\u3400-\u9fff]")
_TRADE = re.compile(r"公司|厂|店|行|部|学|院|局|所|站|馆|校|中心|超市|市场|公寓|小区|花园|苑|大厦|广场|工业|园")
_ASIDE = re.compile(
    r"^(?:[ -]|旁边?|附近|对面|斜对面|隔壁|内|里面?|后面|前面|门口|路?口|交叉口|交汇处|东侧|西侧|南侧|北侧|的|与)+|(?:[ -]|旁边?|附近|斜?对面|隔壁|内|里面|后面|前面|门口|交叉口|楼下|院内|第)+$"
)


def parse(text: str) -> Address:
    """Never fails; text of any kind may be given. Needs no list of this county's places, so a village without its word (慈东) is missed."""
    text = text.strip()
    shape = _letter(text.translate(_SHAPE))
    found, at = areas(shape, _OPENING.match(shape).end())  # type: ignore[union-attr]
    reading = _Reading(shape, found)
    reading.read(at)
    return Address(**{part: text[begin:end] for part, (begin, end) in found.items()})


def _letter(shape: str) -> str:
    """Without what is for the postman: telephone and receiver become blanks."""
    if not (match := _POSTMAN.search(shape)):
        return shape
    if not shape[: match.start()].strip():
        return shape
    return shape[: match.start()]


class _Reading:
    """What stands behind the areas, read from left to right; `found` grows part by part."""

    def __init__(self, shape: str, found: Spans) -> None:
        self.shape = shape
        self.found = found
        self.context = ""  # the name the next number belongs to

    def read(self, at: int) -> None:
        road = find_road(self.shape, at)
        if not road:
            return self._doors(at)
        begin, end, area = road
        self._name(at, area)
        early = self.found.pop("poi", None)
        self.context, self.found["road"] = "", (begin, end)
        if area < begin:
            self.found.setdefault("village" if "town" in self.found else "town", (area, begin))
        self._doors(self._number(end))
        if early:
            self.found.setdefault("poi", early)

    def _number(self, at: int) -> int:
        """The house's number right behind the road; where the reading goes on."""
        begin = _SAME_ROAD.match(self.shape, at).end()  # type: ignore[union-attr]
        match = _NUMBER.match(self.shape, begin)
        if not match:
            return at
        end = match.end()
        if self.shape[end - 1] not in "号弄#":
            pieces = self._pieces(begin, end)
            if len(pieces) > 2 or (
                len(pieces) == 2 and pieces[1][1] - pieces[1][0] > 2 and not _neighbours(self.shape, pieces)
            ):  # 12-3-502, 12-502
                end = pieces[0][1]
        elif apart := _HOUSE_INSIDE.fullmatch(
            self.shape, begin, end
        ):  # 2881-160号 is house 160 inside, 182-201号 are neighbours
            if not 0 < int(apart[2]) - int(apart[1]) < 100:
                end = apart.end(1)
        self.found["number"] = (begin, end)
        return end

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
        gap = self.shape[begin:end]
        if not gap:
            return
        if match := _ASIDE.match(gap):
            begin += match.end()
        gap = self.shape[begin:end]
        if (match := _ASIDE.search(gap)) and match.start():
            end = begin + match.start()
        gap = self.shape[begin:end].rstrip(" -")
        end = begin + len(gap)
        if len(gap) < 2 or not any(ch >= "\u3400" for ch in gap):
            return
        self.context = gap
        rural = "village" in self.found and not self.found.keys() & {"road", "number", "hamlet", "poi"}
        part = "hamlet" if rural and len(gap) <= 6 and not (_TRADE.search(gap) or _ESTATE.search(gap)) else "poi"
        self.found.setdefault(part, (begin, end))

    def _place(self, begin: int, end: int, word: str, stop: int) -> bool:
        """Give a numeral with its word to a part; False where it is none of the parts."""
        if word in _GROUP:
            return self._take("group", begin, stop)
        if word == "弄":
            return self._take("number", begin, stop)
        if word == "街":
            return self._take("unit", begin, stop)
        pieces = self._pieces(begin, end)
        if word in _BUILDING:
            return self._take("building", begin, stop)
        if word in _UNIT:
            if len(pieces) == 2:
                self._take("building", *pieces[0])
                return self._take("unit", pieces[1][0], stop)
            return self._take("unit", begin, stop)
        if word in _FLOOR:
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
        shop = "number" in found and _SHOP.match(self.shape, stop)
        if shop or _HALL.search(self.context) or _SECTION.search(self.context):
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
            if last > 5 + (self.shape[begin] > "9") or (
                not inside and last < 3 and _NAME_AHEAD.match(self.shape, stop)
            ):
                return False
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
        if len(pieces) == 2 and _neighbours(self.shape, pieces):
            return self._take("room", begin, stop)
        levels = {
            2: ("building", "room" if last > 1 or word else "unit"),
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


def find_road(shape: str, at: int) -> tuple[int, int, int] | None:
    """Where the road's name begins and ends, and where the name of a town or village without its word does that stands before it.

    九堡九环路, 渔沙坦渔兴东路: names of four characters and more are rare, so a long one is cut before its last two.
    """
    for match in _ROAD_END.finditer(shape, at):
        end, stop = match.end(), match.start()
        begin = max(at, shape.rfind(" ", at, stop) + 1, shape.rfind("-", at, stop) + 1)
        if numbered := _NUMBERED_ROAD.search(shape[begin:stop]):
            if match.group() not in _NUMBERED_KINDS:
                continue
            begin, stop = begin + numbered.start(), begin + numbered.start()
            if match.group() == "路" and numbered.group()[-1].isdigit():
                begin = _name_begin(shape, at, stop)
            return begin, end, begin
        begin = _name_begin(shape, begin, stop, lane=match.group() == "巷")
        if begin == stop:
            continue
        while (following := _ROAD_END.match(shape, end)) and not _AFTER_ROAD.match(shape, following.end()):
            end = following.end()
        if branch := _BRANCH.match(shape, end):
            end = branch.end()
        if match.group() == "街" and _COUNTING.fullmatch(shape, begin, stop):  # an aisle of a market: 二期七街
            continue
        core = len(shape[begin:stop].rstrip(_MODIFIERS))
        cut = begin + core - 2 if core >= 4 and shape[stop - 1] not in "村园区城苑宫镇场" else begin
        return cut, end, begin
    return None


def _name_begin(shape: str, begin: int, stop: int, lane: bool = False) -> int:
    """Where a road's name begins that ends, without its word, at stop: behind numerals, and behind what is another place."""
    for place in range(stop - 1, begin - 1, -1):
        if (
            shape[place] in " 号幢栋#"
            or shape[place].isdigit()
            or (shape[place] in "座楼层" and (shape[place - 1].isdigit() or "A" <= shape[place - 1] <= "Z"))
        ):
            begin = place + 1
            break
    for cut in _BEFORE_ROAD.finditer(shape, begin, stop):
        if cut.end() < stop and (lane or not _MERE_MODIFIER.match(shape, cut.end(), stop)):
            begin = cut.end()
    return begin
