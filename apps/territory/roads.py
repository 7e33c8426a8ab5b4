"""Where the name of a road begins and ends in an address, without any list of roads."""

import re

from apps.territory.spelling import HAN

_ROAD_END = re.compile(
    r"(?:大道|大街|公路|(?<=\d)[国省县乡]道|[国省]道(?=\d|[ ]|$|旁|与)|马路|胡同|路(?!桥[^\d]|由|灯|政|段|边(?!\d)|下?村|社区|街道|镇)|街(?!道|坊|区|景|镇)|弄(?!堂|里|头)|巷(?!镇|村)"
    r"|(?<!号)(?<![生专热光天有无沿岸毛电内动直平干院])线(?=\d|号| |$|[与和旁东西南北]|[〇一二三四五六七八九十百]+号)"
    r"|(?<![街通管轨频车跑隧赛味铁行地])道(?=[东西南北中]?(?:\d|[〇一二三四五六七八九十百]+号)))(?![小中]学|幼儿园|小?店|派出所|商场)"
)
_NUMBERED_ROAD = re.compile(rf"(?:[A-Z]{{0,2}}\d+|(?<![{HAN}])[{HAN}]+(?=[号#]))(?:号|#)?$")
_NUMBERED_KINDS = {"大街", "大道", "国道", "省道", "县道", "乡道", "公路", "路", "线", "巷"}
# What may stand in front of a road and is not of its name: 荷叶塘工业区|洪界路, 万豪中心|和义路, 文一路与|学院路.
_BEFORE_ROAD = re.compile(
    r"开发区|集聚区|保税.?区|度假区|经济区|园区|小区|社区|新区|(?:工业|科技|产业|创业|物流|高新|文创|软件|农业|高教)(?:园区?|小区|区|城|功能区)|基地"
    r"|广场|市场|中心|大厦|大楼|公司|集团|医院|学校|[大中小]学|[^ ]{2}(?:园区?|[区城苑村镇庄站])|街道|靠近|附近|旁边?|交叉口?|对面|[^ ]{2}[县市]|[路街巷道]口?[与和、靠近]+|办事处|[一二三四五六七八九十\d]期|[东西南北]区"
)
# 区|北一环路 is cut, 园区东路 and 科技园一路 are not: there the area's name is the road's.
_MERE_MODIFIER = re.compile(r"(?:[东西南北中前后环]|[一二三四五六七八九十\d]+)?$")
_AFTER_ROAD = re.compile(r"[口东西南北边旁]")
_DIGIT_SIGNS = "0123456789" + HAN
_COUNTING = re.compile(rf"[{HAN}]+")
_MODIFIERS = "东西南北中一二三四五六七八九十新老直横内外支"
_BRANCH = re.compile(r"[东西南北中支]路(?!口)")  # 新城大道南路, 老街支路


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
            or (
                shape[place] in "座楼层"
                and place
                and (shape[place - 1] in _DIGIT_SIGNS or "A" <= shape[place - 1] <= "Z")
            )
        ):
            begin = place + 1
            break
    for cut in _BEFORE_ROAD.finditer(shape, begin, stop):
        if cut.end() < stop and (lane or not _MERE_MODIFIER.match(shape, cut.end(), stop)):
            begin = cut.end()
    return begin
