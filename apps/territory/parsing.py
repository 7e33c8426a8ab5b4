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
_SHAPE |= {code: chr(code - 32) for code in range(ord("a"), ord("z") + 1)} | {code: chr(code - 0xFEE0 - 32) for code in range(0xFF41, 0xFF5B)}
_SHAPE |= dict.fromkeys(map(ord, "‐‑‒–—―−－﹣~～_＿"), "-") | dict.fromkeys(map(ord, "＃﹟№"), "#")
_SHAPE |= dict.fromkeys(map(ord, " \t\r\n\u3000\xa0,，。;；:：!！?？、|｜\"'“”‘’()（）[]【】{}<>《》·.．"), " ")

_HAN = "〇零一二两三四五六七八九十百千"
_VALUE = rf"(?:(?<![A-Z])[A-Z]{{0,2}}\d+(?:[A-Z]\d*)?|(?:负|地下)?[{_HAN}]+|(?<![A-Z])[A-Z]{{1,2}}(?![A-Z]))"
_CHAIN = rf"第?{_VALUE}(?:(?:[-、/]|(?<=\d)一(?=\d))+{_VALUE})*"

_JOINT = re.compile(r"[-、/]+|(?<=\d)一(?=\d)")
_PIECE_AHEAD = re.compile(r"-?[A-Z]?\d")
_UNIT_AHEAD = re.compile(rf"(?:\d+|[{_HAN}]+)单元")

# 电联, 收, 13800000000: what follows is for the postman.
_POSTMAN = re.compile(r" *(?:电联|电话|手机|联系|收件|TEL|(?<!\d)1[3-9]\d{9}(?!\d)|(?<!\d)0\d{2,3}-?\d{7,8}(?!\d)).*| *收 *$")
_OPENING = re.compile(r"(?:(?:[^ \d]{0,4}地址|[^ \d]{0,3}住在?|我家?在|家在|位于|在)(?= *[^ ]{3}))?[ -]*")

# ---- roads
_ROAD_END = re.compile(
    r"大道|大街|公路|[国省县乡]道(?=\d|[ ]|$|旁|与)|马路|胡同|路(?!桥[^\d]|由|灯|政|段|边(?!\d))|街(?!道|坊|区|景)|弄(?!堂|里)|巷"
    r"|(?<!号)(?<![生专热光天有无沿岸毛电内动直平])线(?=\d|号| |$|[与和旁东西南北]|[〇一二三四五六七八九十百]+号)"
    r"|(?<![街通管轨频车跑隧赛味铁行地])道(?=[东西南北中]?(?:\d|[〇一二三四五六七八九十百]+号))"
)
_NUMBERED_ROAD = re.compile(r"[A-Z]{0,2}\d+(?:号|#)?$")
_NUMBERED_KINDS = {"大街", "大道", "国道", "省道", "县道", "乡道", "公路", "路", "线"}
# What may stand in front of a road and is not of its name: 荷叶塘工业区|洪界路, 万豪中心|和义路, 文一路与|学院路.
_BEFORE_ROAD = re.compile(
    r"(?:[^ ]{1,}?(?:开发区|(?:工业|科技|产业|创业|物流|高新|文创|软件|电商|农业|农民工?|高教)(?:园区?|基地|小区|区|城|功能区)|集聚区|保税区|度假区|经济区|园区|小区|社区|[^ ]区(?=..)|新区|广场|市场|中心|大厦|大楼|公司|集团|医院|学校|[大中小]学|[^ ]{2}(?:城|园|苑|村|镇|庄)|街道|靠近|附近|旁边?|交叉口?|对面|[县市]"
    r"|[路街巷道]口?[与和、靠近]+|[路街道]))(?=[^ 东西南北中路街道口区段]{2}|[东西南北中新老][^ 路街道口区段一二三四五六七八九十]+)"
)
_SAME_ROAD = re.compile(r"(?:[东西南北中前后上下]段|[一二三四五六七八九\d]+段|[东西南北]路?(?=\d))?(?:口|上|段|边|侧|旁)?[ -]*")

# ---- numbers
_NUMBER = re.compile(
    rf"(?:第|附|临|新|老|自编|[甲乙丙丁])?[A-Z]{{0,2}}(?:\d+[A-Z]?(?!\d)|[{_HAN}]+(?=[号弄#]))"
    rf"(?:号?(?:-+|之|、|(?<=\d)一(?=\d))(?:\d+[A-Z]?(?!\d)|[{_HAN}]+(?=号|之|$|[^{_HAN}层楼])))*(?:号附\d+号?|[号弄](?![楼线搂])|\#(?!楼|\d))?"
    r"(?![幢栋座楼室层房米路街区期组门]|单元|号楼|号搂|\#楼|大[道街]|[国省县]道)"
)

# ---- doors
_TOKEN = re.compile(
    rf"(?P<value>{_CHAIN}|[东西南北中左右前后](?=单元|[幢栋座]))(?P<word>号楼|\#楼|号搂|\#|号(?:房间?|室)|号(?![馆线厅口机门]|地块|车间)|[幢栋座橦撞](?!桥)|排|单元|梯|门(?!诊|市|面|口|卫|窗)|楼(?!上|下|梯)|层|F(?![A-Z])|室|房间?(?!产|地)|户|村民小组|小组|组|生产队|队|[期区街巷弄路村社环桥里座]|大[道街])?"
)
_BUILDING = {"号楼", "#楼", "号搂", "幢", "栋", "座", "橦", "撞", "排"}
_UNIT = {"单元", "梯", "门"}
_ROOM = {"室", "房", "房间", "号房", "号房间", "号室", "户"}
_FLOOR = {"楼", "层", "F"}
_GROUP = {"村民小组", "小组", "组", "生产队", "队"}
_PART_OF_NAME = {"期", "区", "街", "巷", "弄", "路", "村", "社", "环", "桥", "里", "大道", "大街"}

_ESTATE = re.compile(r"(?:小区|花园|家园|公寓|新村|[^ ]村|苑|庭|府|湾|园|居|墅|邸|城|里|坊|郡|都|轩|阁|庄|区|期|舍|大院|宿舍|楼|广场|寓)$")
_HALL = re.compile(r"(?:市场|商城|商厦|大厦|大楼|广场|商铺|店面|门面|世界|批发部?|商场|门市|专柜|摊位|铺|鞋都)(?:[^ ]{0,3}[区期])?$")
_TRADE = re.compile(r"公司|厂|店|行|部|学|院|局|所|站|馆|校|中心|超市|市场|公寓|小区|花园|苑|大厦|广场|工业|园")
_ASIDE = re.compile(r"^(?:[ -]|旁边?|附近|对面|斜对面|隔壁|内|里面?|后面|前面|门口|路?口|交叉口|交汇处|东侧|西侧|南侧|北侧|的|与)+|(?:[ -]|旁边?|附近|斜?对面|隔壁|内|里面|后面|前面|门口|交叉口|楼下|院内|第)+$")


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
        if road := find_road(self.shape, at):
            before, begin, end = road
            self._name(before, begin)
            early = self.found.get("poi")
            self.found["road"] = (begin, end)
            self.context = ""
            self.found.pop("poi", None)
            self._doors(self._number(end))
            if early:
                self.found.setdefault("poi", early)
        else:
            self._doors(at)

    def _number(self, at: int) -> int:
        """The house's number right behind the road; where the reading goes on."""
        begin = _SAME_ROAD.match(self.shape, at).end()  # type: ignore[union-attr]
        match = _NUMBER.match(self.shape, begin)
        if not match:
            return at
        end = match.end()
        if self.shape[end - 1] not in "号弄#":
            pieces = self._pieces(begin, end)
            if len(pieces) > 2 or (len(pieces) == 2 and pieces[1][1] - pieces[1][0] > 2):  # 12-3-502, 12-502
                end = pieces[0][1]
        self.found["number"] = (begin, end)
        return end

    def _doors(self, at: int) -> None:
        for token in _TOKEN.finditer(self.shape, at):
            word = token["word"] or ""
            if word in _PART_OF_NAME and not (word == "弄" and "road" in self.found and "number" not in self.found):
                continue
            if not word and (self.shape.startswith("号", token.end()) or not any("0" <= ch <= "9" for ch in token["value"])):
                continue
            if token.start() < at:
                continue
            self._name(at, token.start())
            if self._place(token.start("value"), token.end("value"), word, token.end()):
                at = token.end()
        self._name(at, len(self.shape))

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
        if len(gap) < 2 or not any("\u3400" <= ch for ch in gap):
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
            more = "unit" not in found and _PIECE_AHEAD.match(self.shape, stop)
            return self._take("unit" if more else "room", begin, stop)
        hall, estate = _HALL.search(self.context), _ESTATE.search(self.context)
        if hall:
            return self._take("room", begin, stop)
        if "number" in found or estate:
            if len(pieces) == 2 and estate:
                self._take("building", *pieces[0])
                return self._take("room", pieces[1][0], stop)
            return self._take("building", begin, stop)
        if "road" in found and self.context:
            return self._take("building", begin, stop)
        return self._take("number", begin, stop)

    def _bare(self, pieces: list[tuple[int, int]], word: str) -> bool:
        """47-6-746, 3-502, 502, 502室."""
        found = self.found
        begin, stop = pieces[0][0], pieces[-1][1]
        inside = found.keys() & {"building", "unit", "floor"}
        placed = inside or found.keys() & {"number", "road"} or _ESTATE.search(self.context) or _HALL.search(self.context)
        if len(pieces) == 1:
            digits = stop - begin
            if word or inside or "number" in found:
                return (bool(word) or digits < 6) and self._take("room", begin, stop)
            if not placed:
                return digits < 5 and self._take("number", begin, stop)
            return digits < 6 and self._take("room" if digits > 2 else "building", begin, stop)
        if found.keys() & {"unit", "floor"}:
            return self._take("room", begin, stop)
        if not placed and not word and len(pieces) == 2:
            short = pieces[1][1] - pieces[1][0] < 3
            return self._take("number", begin, stop) if short else self._take("number", *pieces[0]) and self._take("room", *pieces[1])
        levels = {2: ("building", "room"), 3: ("building", "unit", "room"), 4: ("building", "unit", "floor", "room")}
        if "building" in found:
            levels = {2: ("unit", "room"), 3: ("unit", "floor", "room")}
        for part, piece in zip(levels.get(len(pieces), ()), pieces, strict=False):
            self._take(part, *piece)
        return len(pieces) in levels

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


def find_road(shape: str, at: int) -> tuple[int, int, int] | None:
    """Where what stands before the road begins, where the road's name begins, and where it ends."""
    for match in _ROAD_END.finditer(shape, at):
        end = match.end()
        begin = max(at, shape.rfind(" ", at, match.start()) + 1, shape.rfind("-", at, match.start()) + 1)
        segment = shape[begin : match.start()]
        if numbered := _NUMBERED_ROAD.search(segment):
            if match.group() in _NUMBERED_KINDS:
                return at, begin + numbered.start(), end
            continue
        begin += max((place + 1 for place, ch in enumerate(segment) if ch.isdigit() or ch in "号幢栋"), default=0)
        while cut := _BEFORE_ROAD.match(shape, begin, end):
            begin = cut.end()
        if begin == match.start():
            continue
        while following := _ROAD_END.match(shape, end):
            end = following.end()
        return at, begin, end
    return None
