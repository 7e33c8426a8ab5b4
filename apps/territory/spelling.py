"""One spelling for what is the same address: widths, dashes, Chinese numerals, the words for house, building, unit and room."""

import re
import unicodedata

_HAN_DIGITS = {
    "〇": 0,
    "零": 0,
    "一": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
}
_HAN_POWERS = {"十": 10, "百": 100, "千": 1000}

# A numeral counts only in front of one of these: 十字街, 百丈路 and 万达广场 keep their names.
_COUNTED = r"(?:号|#|幢|栋|座|单元|室|弄|巷|组|队|层|楼|期|区|路|街|村民小组|生产队|村|-\d|-[一二三四五六七八九])"
_HAN_NUMBER = re.compile(
    rf"[〇零一二两三四五六七八九十][〇零一二两三四五六七八九十百千]*(?={_COUNTED})|(?<=-)[一二三四五六七八九十]+"
)

HAN = "〇零一二两三四五六七八九十百千"

# One character for one character, so that every place in the shape is the same place in the text.
_SHAPE = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_SHAPE |= {code: chr(code - 32) for code in range(ord("a"), ord("z") + 1)} | {
    code: chr(code - 0xFEE0 - 32) for code in range(0xFF41, 0xFF5B)
}
_SHAPE |= dict.fromkeys(map(ord, "‐‑‒–—―−－﹣~～_＿"), "-") | dict.fromkeys(map(ord, "＃﹟№"), "#")
_SHAPE |= dict.fromkeys(map(ord, " \t\r\n\u3000\xa0,，。;；:：!！?？、|｜\"'“”‘’()（）[]【】{}<>《》·.．"), " ")

_DASH = re.compile(r"[‐‑‒–—―−－﹣~～_]|之(?=[\d一二三四五六七八九十])")
_NOISE = re.compile(r"[^0-9A-Z\u3400-\u9fff\U00020000-\U0003ffff〇#-]")

_SPELLINGS = (
    (re.compile(r"(\d|[A-Z])(?:#|号)楼|(\d)#(?=\d)"), r"\1\2幢"),
    (re.compile(r"(\d|[A-Z])[栋座]"), r"\1幢"),
    (re.compile(r"#"), "号"),
    (re.compile(r"第?(\d+)(?:村民小组|生产队|组|队)"), r"\1组"),
    (re.compile(r"号-(\d+)"), r"-\1号"),  # 128号之1 is 128-1号
    (re.compile(r"-+"), "-"),
    (re.compile(r"^-|-$"), ""),
)

# Names of areas in front of an address. What only looks like an area stays: 小区, 社区, 西区, A区, 超市, 古镇, 水乡. To keep too
# much costs a second look at the map; to drop an estate's name would lead to another house.
_NAME = r"[^\d路街巷弄号村幢社#-]"
_CITY = r"(?<![超夜集])市(?![场政部])"
_COUNTY_DISTRICT = r"(?<=..)(?<![小园校片库景厂林发业护属老旧东西南北中A-Z])区(?!路|街)"
_PREFIXES = (
    re.compile(rf"^(?:中国)?{_NAME}{{2,6}}?(?:省|自治区|特别行政区)(?=.)"),
    re.compile(rf"^{_NAME}{{2,8}}?(?:自治州|地区|盟|{_CITY})(?:市?辖区)?(?=.)"),
    re.compile(rf"^{_NAME}(?!镇)(?:{_NAME}(?!镇)){{0,6}}?(?:自治县|县|旗|(?<=..){_CITY}|{_COUNTY_DISTRICT})(?=.)"),
    re.compile(rf"^{_NAME}{{2,8}}?(?:街道办事处|街道(?!口)|民族乡|(?<!水)乡(?!村|下|音)|(?<![古城集小])镇)(?=.)"),
)


def _number(han: str) -> str:
    """三百二十一 -> 321; without 十百千 digit by digit, as on doors: 二〇三 -> 203."""
    if not any(ch in _HAN_POWERS for ch in han):
        return "".join(str(_HAN_DIGITS[ch]) for ch in han)
    total, digit = 0, 0
    for ch in han:
        if ch in _HAN_POWERS:
            total += (digit or 1) * _HAN_POWERS[ch]
            digit = 0
        else:
            digit = _HAN_DIGITS[ch]
    return str(total + digit)


def shaped(text: str) -> str:
    """The text with half-width capitals, one kind of dash and of #, and blanks for marks: place for place as long as it was."""
    return text.translate(_SHAPE)


def plain(text: str) -> str:
    """One spelling for what is the same address: widths, dashes, numerals, 栋/座/号楼 and #. Area names stay."""
    text = _DASH.sub("-", unicodedata.normalize("NFKC", text).upper())
    text = _HAN_NUMBER.sub(lambda found: _number(found.group()), _NOISE.sub("", text))
    for pattern, spelling in _SPELLINGS:
        text = pattern.sub(spelling, text)
    return text


def split(text: str) -> tuple[str, str]:
    """The plain spelling in two: the areas it begins with, and the rest. A text that is nothing but an area is all rest."""
    address = rest = plain(text)
    for prefix in _PREFIXES:
        rest = prefix.sub("", rest, count=1)
    return address[: len(address) - len(rest)], rest


def search_key(text: str) -> str:
    """What an address is stored and searched under: its plain spelling without province, city, county and town.

    The town goes because people leave it out; where two towns have the same road, the caller asks for the town again.
    A text that is nothing but an area keeps its name, and one without a letter, digit or Han character gives "".
    """
    return split(text)[1]


def written(
    *,
    town: str = "",
    village: str = "",
    road: str = "",
    number: str = "",
    hamlet: str = "",
    estate: str = "",
    building: str = "",
    unit: str = "",
    room: str = "",
) -> str:
    """The address that a doorplate's parts make: the village is named only where there is no road. Bare numbers get their word."""

    def with_word(value: str, word: str) -> str:
        return value + word if value and value[-1].isascii() and value[-1].isalnum() else value

    place = road or f"{village}{hamlet}"
    parts = (
        town,
        place,
        with_word(number, "号"),
        estate,
        with_word(building, "幢"),
        with_word(unit, "单元"),
        with_word(room, "室"),
    )
    return "".join(parts)


_HAN_RUN = re.compile(rf"[{HAN}]+")
_BESIDE = re.compile(r"号(?:附|-)(?=\d)")  # 128号附1号, 128号-1 are 128-1
_WORDS = {
    "number": re.compile(r"^[第-]+|[号#-]+$"),
    "building": re.compile(r"^[第-]+|(?:[号#幢栋座楼排撞橦-])+$"),
    "unit": re.compile(r"^[第-]+|(?:单元|[号#门梯街-])+$"),
    "floor": re.compile(r"^[第-]+|[楼层F-]+$"),
    "room": re.compile(r"^[第-]+|(?:房间|[号#室房户-])+$"),
    "group": re.compile(r"^[第-]+|(?:村民小组|小组|生产队|[组队-])+$"),
}
_OFFICES = {"village": re.compile(r"(?<=村)村?(?:民?委(?:员会|会)?)$"), "town": re.compile(r"(?<=街道)(?:办事处|办)$")}


def respelled(part: str, text: str) -> str:
    """A part of an address in one spelling, without its word: number 十二＃ -> 12, building 3号楼 -> 3, room ５０２室 -> 502.

    part: a field of `parsing.Address`. A spelling spelled again stays as it is.
    """
    words = _WORDS.get(part)
    if not words:
        return _OFFICES[part].sub("", plain(text)) if part in _OFFICES else plain(text)
    bare = _NOISE.sub("", _DASH.sub("-", unicodedata.normalize("NFKC", text).upper()))
    bare = _BESIDE.sub("-", _HAN_RUN.sub(lambda found: _number(found.group()), bare))
    while (shorter := words.sub("", bare)) != bare:
        bare = shorter
    return bare
