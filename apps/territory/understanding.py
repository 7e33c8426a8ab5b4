"""What a text says in the light of the names that exist here: which names it writes, what areas it names beside them, which numbers follow."""

import re
from dataclasses import dataclass, field
from typing import Literal
from unicodedata import normalize

from apps.territory.known_names import SHORT, Known, KnownNames
from apps.territory.spelling import plain

_TELEPHONE = re.compile(r"(?<!\d)(?:\+?86[-\s]?)?1[3-9]\d[-\s]?\d{4}[-\s]?\d{4}(?!\d)|(?<!\d)0\d{2,3}-\d{7,8}(?!\d)")
_APART = re.compile(r"(?<=[0-9A-Za-z０-９])[\s,，、.。/|]+(?=[0-9A-Za-z０-９])")  # 12 502 are two numbers
# Traditional characters that are frequent in addresses; the others are taken for homophones.
_SIMPLIFIED = str.maketrans(
    "縣鎮鄉號樓單區與東橋莊園廣場龍豐華興寶馬門長陽陰雲風鳳銀鐵錦鋪灣澤溝壩嶺嶼島灘濱鹽魚漁圓環線衛術藝樂寧貴賢義禮農葉蘆蘭蓮萬億壽圖書館業產塢埡壟墳糧頭鍾鐘顧馮陳張劉趙吳黃楊鄭謝許鄧蕭鄒蘇蔣賈陸錢湯譚闊開關閘隊階際雙難離雞電霧靜順頂項領額飛飯騰驛體鮑鴻鶴麗",
    "县镇乡号楼单区与东桥庄园广场龙丰华兴宝马门长阳阴云风凤银铁锦铺湾泽沟坝岭屿岛滩滨盐鱼渔圆环线卫术艺乐宁贵贤义礼农叶芦兰莲万亿寿图书馆业产坞垭垄坟粮头钟钟顾冯陈张刘赵吴黄杨郑谢许邓萧邹苏蒋贾陆钱汤谭阔开关闸队阶际双难离鸡电雾静顺顶项领额飞饭腾驿体鲍鸿鹤丽",
)
_FORMAL = str.maketrans("壹贰叁肆伍陆柒捌玖拾佰仟", "一二三四五六七八九十百千")
_HAND = (  # numbers as hands write them; only where a number ends, so that names keep their characters
    (re.compile(r"[壹贰叁肆伍陆柒捌玖拾佰仟零]{2,}(?=[号幢栋座室组]|单元)"), lambda found: found.group().translate(_FORMAL)),
    (re.compile(r"([廿卅])(?=[一二三四五六七八九]?(?:[号幢栋座室组]|单元))"), lambda found: "二十" if found.group() == "廿" else "三十"),
    (re.compile(r"(?<![〇零一二两三四五六七八九十])百(?=[〇零一二三四五六七八九十]+号)"), "一百"),
    (re.compile(r"(?<![0-9A-Za-z])\d(?: \d){2,3}(?= ?号)"), lambda found: found.group().replace(" ", "")),
    (re.compile(r"(?<![0-9A-Za-z])l(?=\d+ ?[号#])"), "1"),
    (re.compile(r"(?<=\d)[oO](?=\d*号)"), "0"),
    (re.compile(r"([\d一二三四五六七八九十]) ?[号#]? ?附(?=[\d一二三四五六七八九十])"), r"\1-"),  # 273号附1
)
_STEPS_OFF = re.compile(r"[东西南北前后左右]侧|\d+米")
_SUFFIX = re.compile(r"(\d)号之([一二三四五六七八九十]+)(?!幢|栋|座|单元|室)号?")  # 65号之一2单元
_LAST_NUMERAL = re.compile(r"(?<=[路街道巷村])([一二三四五六七八九十百〇零]+)$")

# Words that say nothing about which house it is. `_BESIDE` say that it is another one, near by.
_FILLERS = (
    "市辖区", "县辖区", "中华人民共和国", "中国", "自然村", "行政村", "村民委员会", "居民委员会", "居委会", "村委会", "办事处", "社区", "小区", "家属院", "村",
    "家庭住址", "联系地址", "收货地址", "收件地址", "地址", "住址", "我家住在", "我住在", "住在", "住", "位于", "在", "的", "内", "里面", "里", "院", "门牌", "电话", "手机",
    "收件人", "联系人", "第", "收", "先生", "女士", "靠近", "这里", "我家", "我们", "楼上", "临街", "店面", "商铺", "号", "室", "幢", "层", "楼", "单元",
)  # fmt: skip
_BESIDE = ("斜对面", "正对面", "对面", "旁边", "附近", "隔壁", "旁", "边上", "边", "后面", "前面", "背后", "路口", "交叉口", "口", "一带", "往东", "往西", "往南", "往北")  # fmt: skip
_WORDS = dict.fromkeys(_FILLERS, "fill") | dict.fromkeys(_BESIDE, "beside")
_LONGEST_WORD = max(map(len, _WORDS))
_NUMBERED = re.compile(
    r"\d+[弄巷]|[甲乙丙丁]?\d+(?:-\d+)*[A-Z]?号(?!线)|(?:[A-Z]\d*|\d+[A-Z]?|[东西南北中前后甲乙丙丁])(?:-\d+)?幢|(?:[A-Z]|\d+|[东西南北中甲乙丙丁])单元|\d+(?:层|楼)"
    r"|[A-Z]?\d+[A-Z]?(?:室|房间?)|\d+组|\d+[期区]|[A-Z]?\d+[A-Z]?(?:-[A-Z]?\d+[A-Z]?)*"
)
_UNKNOWN_AREA = re.compile(
    r"(?P<province>.{2,6}?(?:省|自治区))|(?P<city>.{2,6}?市(?!场))|(?P<county>.{1,6}?(?:自治县|县|旗|(?<=..)(?<![小园校片库景厂老新社])区))"
    r"|(?P<town>.{1,7}?(?:街道|族乡|(?<=.)[镇乡]))|(?P<village>.{1,7}?(?:居委会|村委会|开发区|工业园区?|社区|村))"
)
_START = frozenset("东西南北中前后甲乙丙丁")
_NAME_COST, _NUMBER_COST, _FILLER_COST, _CHARACTER_COST = 0.2, 0.3, 0.5, 1.2


@dataclass(frozen=True)
class Token:
    """A piece of the text in the plain spelling: a known name, a number with its word, a word without meaning, or what nobody knows."""

    kind: Literal["name", "number", "fill", "beside", "area", "unknown"]
    start: int
    stop: int
    known: Known | None = None


@dataclass
class Understood:
    """`text` in the plain spelling, its tokens, the areas it names (number and cost) and what looks like an area and is none of ours."""

    text: str
    tokens: list[Token]
    areas: dict[int, float] = field(default_factory=dict)
    foreign: list[tuple[str, str]] = field(default_factory=list)  # level, name
    beside: bool = False

    @property
    def abroad(self) -> bool:
        """It names a province, city or county that is none of ours."""
        return any(level in ("province", "city", "county") for level, _ in self.foreign)

    def blanked(self, start: int, stop: int) -> str:
        """A stretch of the text with names and words of no meaning cut out."""
        pieces = []
        for token in self.tokens:
            if token.stop > start and token.start < stop:
                piece = self.text[max(start, token.start) : min(stop, token.stop)]
                pieces.append(piece if token.kind in ("number", "unknown", "area") else " ")
        return "".join(pieces)


def cleaned(text: str) -> str:
    """The plain spelling without telephone numbers; numbers that stood apart stay apart."""
    text = normalize("NFKC", text.translate(_SIMPLIFIED))
    for pattern, number in _HAND:
        text = pattern.sub(number, text)
    text = _SUFFIX.sub(r"\1-\2号", text)
    text = _APART.sub("-", _TELEPHONE.sub(" ", text).strip())
    return plain(_LAST_NUMERAL.sub(r"\1号", plain(text)))


def understand(text: str, names: KnownNames) -> Understood:
    """`text` is cleaned. The reading with the fewest and longest known names, numbers and words wins over unknown characters."""
    best: list[tuple[float, Token | None]] = [(0.0, None), *((float("inf"), None) for _ in text)]
    for at in range(len(text)):
        cost = best[at][0]
        for token, price in _tokens_at(text, at, names):
            if cost + price < best[token.stop][0]:
                best[token.stop] = (cost + price, token)
    tokens: list[Token] = []
    last = best[-1][1]
    while last is not None:
        tokens.append(last)
        last = best[last.start][1]
    return _with_areas(Understood(text, _joined(tokens[::-1])))


def _tokens_at(text: str, at: int, names: KnownNames) -> list[tuple[Token, float]]:
    character = text[at]
    found = [(Token("unknown", at, at + 1), _CHARACTER_COST)]
    for length, known in names.starting(text, at):
        found.append(
            (
                Token("name", at, at + length, known),
                _NAME_COST + (known.cost + 0.3 if known.cost >= 0.3 else 0.0) - 0.001 * length,
            )
        )
    if character.isascii() or character in _START:
        match = _NUMBERED.match(text, at)
        if match and (at == 0 or not (text[at - 1].isdigit() and character.isdigit())):
            found.append((Token("number", at, match.end()), _NUMBER_COST))
    for length in range(1, _LONGEST_WORD + 1):
        kind = _WORDS.get(text[at : at + length])
        if kind and at + length <= len(text):
            found.append((Token(kind, at, at + length), _FILLER_COST))  # type: ignore[arg-type]
    return found


def _joined(tokens: list[Token]) -> list[Token]:
    """Unknown characters beside each other are one token; a word of no meaning between them belongs to them."""
    joined: list[Token] = []
    for token in tokens:
        if joined and token.kind == "unknown" and joined[-1].kind == "unknown":
            joined[-1] = Token("unknown", joined[-1].start, token.stop)
        elif (
            token.kind == "unknown"
            and len(joined) > 1
            and joined[-1].kind in ("fill", "beside")
            and joined[-2].kind == "unknown"
        ):
            joined[-2:] = [Token("unknown", joined[-2].start, token.stop)]
        else:
            joined.append(token)
    return joined


def _with_areas(said: Understood) -> Understood:
    """Areas named, and what only looks like an area: 西湖区 in 杭州市西湖区人民路."""
    tokens: list[Token] = []
    numbered = False  # behind the number stand shops and people, whose names only sound like areas
    for place, token in enumerate(said.tokens):
        numbered = numbered or (token.kind == "number" and not said.text[token.stop - 1].isdigit())
        if token.kind == "beside":
            said.beside = True
        if numbered and token.known and token.known.line < 0 and token.known.cost >= SHORT:
            token = Token("unknown", token.start, token.stop)
        if token.kind == "name" and token.known:
            for area, cost in token.known.areas:
                said.areas[area] = min(cost, said.areas.get(area, cost))
        if token.kind != "unknown" or numbered:
            tokens.append(token)
            continue
        stop = token.stop
        after = said.tokens[place + 1] if place + 1 < len(said.tokens) else None
        if after and after.kind == "fill" and said.text[after.start : after.stop] in ("社区", "村", "居委会", "村委会"):
            stop = after.stop
        at = token.start
        while (match := _UNKNOWN_AREA.match(said.text, at, stop)) and not (
            match.end() > token.stop and match.lastgroup != "village"
        ):
            said.foreign.append((str(match.lastgroup), match.group()))
            tokens.append(Token("area", at, min(match.end(), token.stop)))
            at = match.end()
        if at < token.stop:
            tokens.append(Token("unknown", at, token.stop))
    said.tokens = tokens
    said.beside = said.beside or bool(_STEPS_OFF.search(said.text))
    return said
