"""Numbers that lead to a person: telephones, identity and bank cards, plates, accounts, mail, positions.

Every pattern is bounded, so time is linear in the text. Published rules: GB 11643-1999 (identity numbers, check by ISO 7064 MOD 11-2),
GA 36-2018 (plates), Luhn's check for bank cards; hotlines (110, 12345, 96xxx) and a company's 400 and 95 numbers lead to nobody.
"""

import datetime as dt
import re
from collections.abc import Iterator

from apps.cases.redaction_reading import Reading

Found = tuple[int, int, str]

GAP = r"[ \t\n.·•,，、_*/~\-‐-―−—－]{0,3}"  # between the digits of one number
NEAR = r"[:：,，\s是为（(\[【「“\"'＝=]{0,4}"
HERE = r"(?<!\d)"
PROVINCES = frozenset(
    map(
        str,
        (
            *range(11, 16),
            *range(21, 24),
            *range(31, 38),
            *range(41, 47),
            *range(50, 55),
            *range(61, 66),
            71,
            81,
            82,
            83,
        ),
    )
)
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"


def _digits(least: int, most: int | None = None) -> str:
    """So many digits, with what people put between them."""
    return rf"\d(?:{GAP}\d){{{least - 1},{(most or least) - 1}}}"


IDENTITY = re.compile(rf"{HERE}[1-9](?:{GAP}\d){{16}}{GAP}[\dXx×](?!\d)")
OLD_IDENTITY = re.compile(rf"{HERE}[1-9](?:{GAP}\d){{14}}(?!\d)")
IDENTITY_NAMED = re.compile(
    r"(?:身份证件?|身分证|公民身份|证件|(?<![A-Za-z_])(?:sfz|SFZ|ID|Id|id))(?:号码?|件号)?(?:后[0-9一-九]位)?(?:尾号)?"
    + NEAR
    + r"([\dXx*＊×\-]{4,22})(?![\d年])"
)
CARD = re.compile(rf"{HERE}[03-69](?:{GAP}\d){{15,18}}(?!\d)")
CARD_NAMED = re.compile(
    r"(?:卡号|帐号|账号|账户|帐户|银行卡|储蓄卡|信用卡|工资卡|[农工建中交邮商]行卡|存折|社保卡|医保卡)(?:号码?)?"
    + NEAR
    + rf"({_digits(8, 24)})"
)
CARD_PAID = re.compile(rf"(?:[打转汇退存付][款账钱]?|收款)(?:到|至|给|入|进)[^\d\n]{{0,12}}({_digits(15, 20)})(?!\d)")
PAPER_WORDS = "护照|通行证|军官证|士兵证|警官证|残疾证|户口[簿本]|准考证|学籍|学生证|工作证|驾驶证|驾照|行驶证|居住证|暂住证|结婚证|离婚证|出生证明?|房产证|产权证书?|不动产权?证书?|土地证|使用证|低保证|优待证|老年证|退役证|医师证|教师证|资格证|[医社]保卡|就诊卡|市民卡"
PASSPORT = re.compile(rf"(?:{PAPER_WORDS})(?:件|档案|书)?(?:号码?|编号|号)?" + NEAR + r"([A-Za-z]{0,4}\d{6,24})")
HOUSEHOLD = re.compile(  # what a supplier, a hospital or a shop knows one customer by
    r"(?:户号|用户编?号|客户编?号|[水电气]表编?号|表号|(?:住院|病历|病案|就诊|门诊|床位|社保|医保|个人|参保|会员|学|工)(?:编?号)|保单编?号|(?<![工办])(?:订单|运单|快递|快件|物流|取件)(?:单?号码?|码|编号)|单号(?<![工办]单号))"
    + NEAR
    + r"([A-Za-z]{0,4}\d[\d-]{3,24})(?!\d)"
)
MOBILES = (
    re.compile(
        rf"{HERE}(?:\+?(?:00)?86{GAP})?0?(?:1[3-9]\d{{9}}){{1,3}}(?!\d)"
    ),  # and several without anything between
    re.compile(rf"{HERE}1[3-9]\d[(（]\d{{4}}[)）]\d{{4}}(?!\d)"),
    re.compile(rf"{HERE}(?:\+?(?:00)?86{GAP})?1[3-9]\d(?:{GAP}\d{{4}}){{2}}(?!\d)"),
    re.compile(rf"{HERE}(?:\+?(?:00)?86{GAP})?1{GAP}[3-9](?:{GAP}\d){{9}}(?!\d)"),  # and in what groups people write it
)
EXTENSION = r"(?: ?[(（]?(?:转|分机|[Ee]xt\.?|[-—]{1,2}|[#*])[ :：]?\d{1,5}(?!\d)[)）]?)?"
LANDLINES = (
    re.compile(rf"{HERE}(?:[+]|00|(?=86\D))86{GAP}0?(?:10|2\d|[3-9]\d{{2}}){GAP}[2-9]\d{{6,7}}(?!\d){EXTENSION}"),
    re.compile(rf"{HERE}[(（]?0(?:10|2\d|[3-9]\d{{2}})[)）]?{GAP}[2-9]\d{{6,7}}(?!\d){EXTENSION}"),
    re.compile(rf"{HERE}[(（]?0(?:10|2\d|[3-9]\d{{2}})[)）]?{GAP}[2-9]\d{{2,3}}{GAP}\d{{4}}(?!\d){EXTENSION}"),
)
APART = re.compile(rf"{HERE}0(?:{GAP}\d){{9,11}}(?!\d)")  # every digit by itself
LOCAL = re.compile(
    r"(?:电话|号码|座机|手机|传真|致电|拨打|来电|联系|热线|小灵通|[Tt][Ee][Ll]|☎|📞)[^\d\n]{0,8}(?<!\d)([2-9]\d{2,3}[ \-‐-―−—]?\d{4})(?!\d|元|万|亿|[.]\d|人|户|平|㎡|m)"
)
AND_ANOTHER = re.compile(r"[、,，/;；或和及 ]{1,2}([2-9]\d{6,7})(?!\d|元|万|亿|年|人|户|平)")
TRUNCATED_MOBILE = re.compile(r"(?:手机|电话|微信)(?:尾号|后四位)" + NEAR + r"(\d{3,6})(?!\d)")
TRUNCATED_CARD = re.compile(r"(?:卡号?|[账帐][号户])(?:尾号|[后末]四位)" + NEAR + r"(\d{3,6})(?!\d)")
PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]牌?[ ]?[A-Za-z][ ·•.:：\-—－]{0,2}"
    r"((?:[A-HJ-NP-Za-hj-np-z0-9][ ]?){4,5}[A-HJ-NP-Za-hj-np-z0-9挂学警港澳])(?![A-Za-z0-9])"
)
PLATE_NAMED = re.compile(
    r"(?:车牌|牌照|车号|号牌)(?:照|号码?)?(?:尾号)?" + NEAR + r"([A-Za-z]?[A-Za-z0-9]{3,9})(?![A-Za-z0-9])"
)
PLATE_ALONE = re.compile(
    r"(?<![A-Za-z0-9])([A-Z][A-HJ-NP-Z0-9]{5,6})(?=号?的?(?:[小轿货客面卡轻电]|大货|渣土|出租|网约|白色|黑色|灰色|红色|蓝色|银色)?(?:车|轿车|包车|瓶车))"
)
MAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64} ?(?:@|[(\[（【]at[)\]）】]|艾特|#(?=[a-z0-9-]{1,30}\.com)|(?<= )at(?= )) ?[A-Za-z0-9-]{1,63}(?:[.。][A-Za-z0-9-]{1,63}){1,4}"
)
ACCOUNT = r"([A-Za-z][-_A-Za-z0-9]{4,19}|[1-9]\d{4,11})(?![A-Za-z0-9])"
WECHAT = re.compile(
    r"(?:微信|薇信|威信|徽信|微 信|绿泡泡|卫星号|微[❤♥心XxＸ](?=[:： A-Za-z])|[Vv]信|[Vv][Xx]|[Ww][Xx]|[Ww]e[Cc]hat|[Ww]ei[Xx]in|[加➕+][Vv微]|(?<![A-Za-z])[Vv](?=[:：]))(?:号码?|账号|帐号|同号|名片|名|[Ii][Dd])?"
    + NEAR
    + ACCOUNT
)
QQ = re.compile(r"(?:[Qq][Qq]|扣扣|企鹅|(?<![A-Za-z])[Qq](?=号))(?:号码?|账号)?" + NEAR + r"([1-9]\d{4,10})(?!\d)")
HANDLE = re.compile(
    r"(?:抖音|快手|支付宝|小红书|微博|旺旺|陌陌|钉钉|昵称|网名|用户名)(?:号码?|账号|帐号|[Ii][Dd]|名)?" + NEAR + ACCOUNT
)
QUOTED_HANDLE = re.compile(r"(?:网友|网民|用户|昵称|网名)[“\"'‘「『]([^”\"'’」』\n]{1,30})[”\"'’」』]")
POSITION = re.compile(
    r"(?:[东北][经纬]|经度|纬度|坐标)"
    + NEAR
    + r"\d{1,3}(?:\.\d{3,}|°[\d.′'″\"分秒]{1,16})|(?<![\d.])\d{1,3}\.\d{4,15}[ ,，]{1,2}\d{1,3}\.\d{4,15}(?![\d.])"
)

NAMED_IDENTITY = ((re.compile("[证份]|[iIsS][dDfF]"), IDENTITY_NAMED, "身份证号"),)
CARDS = ((re.compile("[卡号户折]"), CARD_NAMED, "银行卡号"), (re.compile("[转打汇退存付款]"), CARD_PAID, "银行卡号"))
PAPERS = ((re.compile("[证照簿本籍卡]"), PASSPORT, "证件号"), (re.compile("号|编码|取件码"), HOUSEHOLD, "户号"))
ACCOUNTS = ((re.compile("[qQ]|扣|企鹅"), QQ, "QQ号"),)
ENDS = (
    (re.compile("尾号|后四位"), TRUNCATED_MOBILE, "电话"),
    (re.compile("尾号|四位"), TRUNCATED_CARD, "银行卡号"),
)
HANDLES = (
    (re.compile("信|泡泡|[vVwWxX微卫]"), WECHAT, "微信号"),
    (re.compile("抖音|快手|支付宝|小红书|微博|旺旺|陌陌|钉钉|昵称|网名|用户名"), HANDLE, "网络账号"),
    (re.compile("网友|网民|用户|昵称|网名"), QUOTED_HANDLE, "网络账号"),
)
AT = re.compile(r"@|at|#[a-z0-9]|艾特")
LATIN = re.compile("[A-Za-z]")
PLATE_WORD = re.compile("车牌|牌照|车号|号牌")
ZONE = re.compile(r"\d(?:[ \t\n.·•,，、_*/~\-‐-―−—－()（）]{0,3}\d){6,}")
BEHIND = 12  # characters behind a run of digits that say what it is


def numbers(reading: Reading) -> Iterator[Found]:
    """Start, end and mark of what was found, what is surest first. Places are those of the reading.

    Most texts hold no long number and no word that announces one: what needs either is looked for only where it is.
    """
    digits, seen = reading.digits, reading.seen
    zones = [(match.start(), min(match.end() + BEHIND, len(digits))) for match in ZONE.finditer(digits)]
    yield from _identities(digits, zones)
    yield from _cards(digits, zones)
    yield from _announced(digits, PAPERS)
    if AT.search(seen):
        yield from ((*match.span(), "邮箱") for match in MAIL.finditer(seen))
    yield from _announced(digits, ACCOUNTS)
    for pattern in MOBILES:
        for match in _in_zones(pattern, digits, zones):
            if pattern is not MOBILES[-1] or _one_number(match.group()):
                yield *match.span(), "电话"
    yield from _landlines(digits, zones)
    yield from _plates(seen)
    yield from _announced(seen, HANDLES)
    if "." in digits or "°" in digits:
        yield from ((*match.span(), "位置") for match in POSITION.finditer(digits))


def _in_zones(pattern: re.Pattern[str], text: str, zones: list[tuple[int, int]]) -> Iterator[re.Match[str]]:
    for start, end in zones:
        yield from pattern.finditer(text, max(0, start - 3), end)


def _announced(text: str, kinds: tuple[tuple[re.Pattern[str], re.Pattern[str], str], ...]) -> Iterator[Found]:
    """Numbers and accounts behind the words that say what they are. Each kind: what must occur at all, the whole, the mark."""
    for word, pattern, mark in kinds:
        if word.search(text):
            yield from ((match.start(1), match.end(1), mark) for match in pattern.finditer(text))


def _one_number(typed: str) -> bool:
    """Whether these digits were meant as one number: nothing between them, one kind of gap and few groups, or every digit by itself."""
    groups = [group for group in re.split(r"\D+", typed) if group]
    gaps = set(re.findall(r"\D+", typed))
    if len(groups) == 1:
        return True
    if len(gaps) > 1:
        return False
    if all(len(group) == 1 for group in groups[:-1]):
        return True
    few, pairs = len(groups) <= 6 and len(groups[0]) >= 3, all(len(group) == 2 for group in groups[:-1])
    return not gaps & set("、,，./") and (few or pairs)


def _identities(digits: str, zones: list[tuple[int, int]]) -> Iterator[Found]:
    for match in _in_zones(IDENTITY, digits, zones):
        number = "".join(sign for sign in match.group().replace("×", "X").upper() if sign.isdigit() or sign == "X")
        likely, right = _born(number[6:14]) and number[:2] in PROVINCES, checked(number)
        if (likely and right) or (
            (likely or right) and _one_number(match.group()[:-1])
        ):  # one digit mistyped is still somebody's
            yield *match.span(), "身份证号"
    for match in _in_zones(OLD_IDENTITY, digits, zones):
        number = "".join(filter(str.isdigit, match.group()))
        if _one_number(match.group()) and number[:2] in PROVINCES and _born(f"19{number[6:12]}"):
            yield *match.span(), "身份证号"
    yield from _announced(digits, NAMED_IDENTITY)


def _in_fours(typed: str) -> bool:
    """As a card is embossed."""
    *groups, last = re.split(r"\D+", typed)
    return len(groups) >= 3 and all(len(group) == 4 for group in groups) and len(last) <= 4


def checked(number: str) -> bool:
    """Whether the 18 signs of an identity number end in the check that GB 11643-1999 gives the others."""
    return (
        CHECKS[sum(weight * int(digit) for weight, digit in zip(WEIGHTS, number[:17], strict=True)) % 11] == number[17]
    )


def _born(date: str) -> bool:
    try:
        return 1880 < dt.date(int(date[:4]), int(date[4:6]), int(date[6:])).year < 2100
    except ValueError:
        return False


def _cards(digits: str, zones: list[tuple[int, int]]) -> Iterator[Found]:
    for match in _in_zones(CARD, digits, zones):
        if (_one_number(match.group()) or _in_fours(match.group())) and luhn(
            "".join(filter(str.isdigit, match.group()))
        ):
            yield *match.span(), "银行卡号"
    if zones:
        yield from _announced(digits, CARDS)


def luhn(number: str) -> bool:
    """Luhn's check, as bank cards carry it."""
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in number[-2::-2])
    return (doubled + sum(int(digit) for digit in number[::-2])) % 10 == 0


def _landlines(digits: str, zones: list[tuple[int, int]]) -> Iterator[Found]:
    ends = []
    for pattern in LANDLINES:
        for match in _in_zones(pattern, digits, zones):
            ends.append(match.end())
            yield *match.span(), "电话"
    yield from (
        (*match.span(), "电话")
        for match in _in_zones(APART, digits, zones)
        if _one_number(match.group()) and not re.search(r"\d{2}[^\d\n]\d{2}", match.group())
    )
    for match in LOCAL.finditer(digits) if zones else ():
        ends.append(match.end())
        yield match.start(1), match.end(1), "电话"
    for end in ends:  # 0577-88886666、88886667
        while another := AND_ANOTHER.match(digits, end):
            yield another.start(1), another.end(1), "电话"
            end = another.end()
    yield from _announced(digits, ENDS)


def _plates(seen: str) -> Iterator[Found]:
    if not LATIN.search(seen) and not PLATE_WORD.search(seen):
        return
    for match in PLATE.finditer(seen):
        if sum(sign.isdecimal() for sign in match.group(1)) >= 2:
            yield *match.span(), "车牌号"
    for pattern in (PLATE_NAMED, PLATE_ALONE):
        for match in pattern.finditer(seen):
            if any(sign.isdecimal() for sign in match.group(1)):
                yield match.start(1), match.end(1), "车牌号"
