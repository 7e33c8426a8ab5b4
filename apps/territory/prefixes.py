"""The areas an address begins with: province, city, county, town, village, whole, shortened, left out or said twice."""

import re
from dataclasses import dataclass

from apps.territory.divisions import DIVISIONS

LEVELS = ("province", "city", "county", "town", "village")
_RANK = {level: rank for rank, level in enumerate(LEVELS)}

Spans = dict[str, tuple[int, int]]

_PEOPLES = re.compile(r"(?:[\u4e00-\u9fff]{1,4}?族)+(?=自治)|各族(?=自治)")
_SUFFIX = re.compile(r"(?:维吾尔|壮族|回族)?(?:特别行政区|自治[区州县旗]|地区|[省市县区盟旗])$")
_MUNICIPALITIES = ("北京市", "天津市", "上海市", "重庆市")


@dataclass(frozen=True)
class _Known:
    name: str
    level: str
    shortened: bool
    district: bool  # 朝阳, 和平: as good as any other word, unless its city stands before it


def _known() -> dict[str, list[_Known]]:
    """By their first two characters, longest first."""
    names: dict[str, _Known] = {}
    for line in DIVISIONS.splitlines():
        province, city, *counties = line.split(" ")
        levels = [
            ("city" if province in _MUNICIPALITIES else "province", province),
            ("city", city),
            *(("county", name) for name in counties),
        ]
        for level, name in levels:
            names.setdefault(name, _Known(name, level, False, False))
            short = _SUFFIX.sub("", _PEOPLES.sub("", name))
            if len(short) > 1 and (short not in names or names[short].level == "county"):
                names[short] = _Known(short, level, True, name.endswith("区"))
    known: dict[str, list[_Known]] = {}
    for name in sorted((name for name in names if len(name) > 1), key=len, reverse=True):
        known.setdefault(name[:2], []).append(names[name])
    return known


_KNOWN = _known()

_ROAD = r"(?:路|街(?!道)|大道|巷|弄|线|公路|胡同)"
_SIDE = "[东西南北中]"
_COUNT = "一二三四五六七八九十"
# 北京路, 温州大厦, 海宁中学, 宜城社区: a shortened name must not be the beginning of another name.
_OTHER_NAME = re.compile(
    rf"[镇乡村县市区]|街道|社区|居[民委]|[^ ]{{1,2}}族|[^ ]?{_ROAD}|[东西南北中{_COUNT}]{_ROAD}"
    rf"|.?.?(?:花园|小区|新村|苑|大厦|广场|中心|宾馆|酒店|饭店|商[城厦场业务贸]|银行|国际|医院|中学|小学|大学|学院|学校|公寓|家园|人家|饭|公司|集团|超市|公园|工业|{_SIDE}站)(?!{_SIDE}?{_ROAD})"
)
_TOWN_OR_ROAD = re.compile(rf"(?![^ ]{_SIDE}{_ROAD})(?:(?!{_ROAD})[^ \d-]){{2,7}}(?:{_ROAD}|[镇乡])|[^ \d-]{{2,6}}街道")
_SIDE_ROAD = re.compile(rf"[^ ]{_SIDE}{_ROAD}")  # 天台山东路 is not 天台, 山东路
_MORE = re.compile(rf"[^ \d-]{{2,9}}?(?:{_ROAD}|[镇乡村县市区]|街道)|.{{0,3}}\d|[ -]")

# Areas by their last word, for names that no list has (澄浦县); the shortest name that fits. What only looks like an area is left:
# 超市, 小区, 古镇, 水乡, 新村, 村口.
_NAME = r"[^ \d#路巷弄号-]"
_HIGH = r"[^ \d#路街巷弄号省市县镇乡村-]"  # in names of what lies above a town
_NOT_DISTRICT = f"小园社校片库景厂林发业护属老旧新东西南北中城住院地矿街工牧术民活A-Z{_COUNT}"
_COUNTY = (
    rf"{_HIGH}{{1,7}}?(?:自治县|县(?![城府医委前道政]|{_ROAD}|人民|中学|实验|[一二三]中))"
    rf"|{_HIGH}{{2,4}}?(?<![超夜集城都门菜商])市(?![场政民区中心])"
    rf"|{_HIGH}{{2,4}}?(?<![{_NOT_DISTRICT}])区(?!块|间|域|{_ROAD})"
)
_TOWN = (
    rf"路?(?:(?!大道){_NAME}){{1,7}}?[路街巷弄]?街道(?:办事处|办)?(?!口)|[^ ]镇镇"
    rf"|(?:(?!大道){_NAME}){{1,8}}?(?:族乡|苏木|(?<![水老家])乡(?![村下音政镇]|{_SIDE}?{_ROAD})"
    rf"|[巷街弄]?(?<![古小])镇(?!{_ROAD}|(?<=[村镇乡道 市县区].镇){_SIDE}{_ROAD}|政府|卫生|中心[^路街大村]|中学|小学))"
)
_VILLAGE = (
    r"(?:(?!街|大道)[^ \d#路巷弄号-]){1,7}?(?:[路街巷弄][上下前后口头边东西南北]?)?"
    rf"(?:(?:(?<![新假农])|(?<=新)(?=村(?:民?委|[^ \dA-Z-]{{2}})(?<!区)))村(?<![{_COUNT}]村(?=\d|$))(?:村?民?委(?:员会|会)?)?(?![口部官卫民级庄镇]|路(?![下亭边头后前上外])|小区|公寓|大道|大街|便民|委)"
    r"|社区(?:居委会)?|居委会|嘎查)"
)
_NEXT = re.compile(
    rf"(?:中国|中华人民共和国)?(?:(?P<province>{_HIGH}{{2,5}}?(?:省|自治区|特别行政区))|(?P<city>{_HIGH}{{2,8}}?(?:自治州|地区|盟))"
    rf"|(?P<county>{_COUNTY})|(?P<town>{_TOWN})|(?P<village>{_VILLAGE}))"
)
_BETWEEN = re.compile(r"[ -]*(?:市辖区|地区|城区|其[它他]区|县直辖村级区划)?[ -]*")


def areas(shape: str, at: int = 0) -> tuple[Spans, int]:
    """Where each area stands in the shape of a text (`parsing.SHAPE`), and where the rest begins.

    Said twice, the first counts; a higher level after a lower one starts anew: 慈溪市宁波慈溪 is 宁波, 慈溪.
    """
    found: Spans = {}
    at = _BETWEEN.match(shape, at).end()  # type: ignore[union-attr]
    while at < len(shape):
        hit = _next_known(shape, at, found) or _next_by_word(shape, at, found)
        if not hit:
            break
        level, begin, end = hit
        if level not in found:
            for lower in LEVELS[_RANK[level] + 1 :]:
                found.pop(lower, None)
            found[level] = (begin, end)
        at = _BETWEEN.match(shape, end).end()  # type: ignore[union-attr]
    return found, at


def _next_known(shape: str, at: int, found: Spans) -> tuple[str, int, int] | None:
    for known in _KNOWN.get(shape[at : at + 2], ()):
        if not shape.startswith(known.name, at):
            continue
        end = at + len(known.name)
        if not known.shortened:
            return known.level, at, end
        if known.district and not found.keys() & {"province", "city"} and not _TOWN_OR_ROAD.match(shape, end):
            continue
        if found.keys() & {"town", "village"} and known.level not in found:
            continue
        if known.level in found and not shape.startswith(known.name, found[known.level][0]):
            continue
        if ((known.level == "county" and not found) or "county" in found) and _SIDE_ROAD.match(shape, end):
            continue
        if any(
            shape.startswith(other.name, end) and not other.shortened for other in _KNOWN.get(shape[end : end + 2], ())
        ):
            return known.level, at, end
        if not _OTHER_NAME.match(shape, end) and (end == len(shape) or _MORE.match(shape, end)):
            return known.level, at, end
    return None


def _next_by_word(shape: str, at: int, found: Spans) -> tuple[str, int, int] | None:
    match = _NEXT.match(shape, at)
    if not match:
        return None
    level = str(match.lastgroup)
    return level, match.start(level), match.end(level)
