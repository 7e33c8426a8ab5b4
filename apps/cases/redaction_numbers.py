"""Numbers and addresses that lead to a person: telephones, identity and bank cards, plates, accounts, mail, house numbers, positions.

Every pattern is bounded, so time is linear in the text. Published rules: GB 11643-1999 (identity numbers, check by ISO 7064 MOD 11-2),
GA 36-2018 (plates), Luhn's check for bank cards; hotlines (110, 12345, 96xxx) and a company's 400 and 95 numbers lead to nobody.
"""

import datetime as dt
import re
from collections.abc import Iterator

from apps.cases.redaction_reading import Reading

Found = tuple[int, int, str]

GAP = r"[ \t.·•,，、_*/~\-‐-―−]{0,2}"  # between the digits of one number
NEAR = r"[:：,，\s是为:（(]{0,4}"
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
    r"(?:身份证|身分证|公民身份)(?:号码?|件号)?(?:后[0-9一-九]位)?(?:尾号)?" + NEAR + r"([\dXx*＊×\-]{4,22})"
)
CARD = re.compile(rf"{HERE}[03-69](?:{GAP}\d){{15,18}}(?!\d)")
CARD_NAMED = re.compile(
    r"(?:卡号|帐号|账号|账户|帐户|银行卡|存折|社保卡|医保卡)(?:号码?)?" + NEAR + rf"({_digits(8, 24)})"
)
PASSPORT = re.compile(
    r"(?:护照|通行证|军官证|残疾证|户口簿|准考证|学籍)(?:号码?|编号)?" + NEAR + r"([A-Za-z]{0,2}\d{6,20})"
)
MOBILES = (
    re.compile(rf"{HERE}(?:\+?(?:00)?86{GAP})?0?1[3-9]\d{{9}}(?!\d)"),
    re.compile(rf"{HERE}(?:\+?(?:00)?86{GAP})?1[3-9]\d(?:{GAP}\d{{4}}){{2}}(?!\d)"),
    re.compile(rf"{HERE}(?:\+?(?:00)?86{GAP})?1{GAP}[3-9](?:{GAP}\d){{9}}(?!\d)"),  # and in what groups people write it
)
EXTENSION = r"(?:(?:转|分机|[-—]{1,2})\d{1,5}(?!\d))?"
LANDLINES = (
    re.compile(rf"{HERE}[(（]?0(?:10|2\d|[3-9]\d{{2}})[)）]?[ \-‐-―−/]{{0,2}}[2-9]\d{{6,7}}(?!\d){EXTENSION}"),
    re.compile(
        rf"{HERE}[(（]?0(?:10|2\d|[3-9]\d{{2}})[)）]?[ \-‐-―−]{{0,2}}[2-9]\d{{2,3}}[ \-‐-―−]\d{{4}}(?!\d){EXTENSION}"
    ),
)
APART = re.compile(rf"{HERE}0(?:{GAP}\d){{9,11}}(?!\d)")  # every digit by itself
LOCAL = re.compile(
    r"(?:电话|号码|座机|手机|传真|致电|拨打|来电|联系|热线|小灵通|[Tt][Ee][Ll])[^\d\n]{0,8}(?<!\d)([2-9]\d{6,7})(?!\d|元|万|亿|[.]\d|人|户|平|㎡|m)"
)
AND_ANOTHER = re.compile(r"[、,，/;；或和及 ]{1,2}([2-9]\d{6,7})(?!\d|元|万|亿|年|人|户|平)")
TRUNCATED_MOBILE = re.compile(r"(?:手机|电话|微信)(?:尾号|后四位)" + NEAR + r"(\d{3,6})(?!\d)")
PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][ ]?[A-Za-z][ ·•.\-]?"
    r"((?:[A-HJ-NP-Za-hj-np-z0-9][ ]?){4,5}[A-HJ-NP-Za-hj-np-z0-9挂学警港澳])(?![A-Za-z0-9])"
)
PLATE_NAMED = re.compile(
    r"(?:车牌|牌照|车号)(?:号码?)?(?:尾号)?" + NEAR + r"([A-Za-z]?[A-Za-z0-9]{3,7})(?![A-Za-z0-9])"
)
MAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64} ?(?:@|[(\[（【]at[)\]）】]|#(?=[a-z0-9-]{1,30}\.com)) ?[A-Za-z0-9-]{1,63}(?:[.。][A-Za-z0-9-]{1,63}){1,4}"
)
ACCOUNT = r"([A-Za-z][-_A-Za-z0-9]{4,19}|[1-9]\d{4,11})(?![A-Za-z0-9])"
WECHAT = re.compile(
    r"(?:微信|薇信|威信|徽信|[Vv]信|[Vv][Xx]|[Ww][Xx]|[Ww]e[Cc]hat|[Ww]ei[Xx]in|加[Vv微])(?:号码?|账号|帐号|同号|[Ii][Dd])?"
    + NEAR
    + ACCOUNT
)
QQ = re.compile(r"(?:[Qq][Qq]|扣扣|企鹅)(?:号码?|账号)?" + NEAR + r"([1-9]\d{4,10})(?!\d)")
HANDLE = re.compile(
    r"(?:抖音|快手|支付宝|小红书|微博|旺旺|陌陌|钉钉|昵称|网名|用户名)(?:号码?|账号|帐号|[Ii][Dd]|名)?" + NEAR + ACCOUNT
)
QUOTED_HANDLE = re.compile(r"(?:网友|网民|用户|昵称|网名)[“\"'‘「『]([^”\"'’」』\n]{1,30})[”\"'’」』]")
POSITION = re.compile(
    r"(?:[东北][经纬]|经度|纬度|坐标)"
    + NEAR
    + r"\d{1,3}(?:\.\d{3,}|°[\d.′'″\"分秒]{1,16})|(?<![\d.])\d{1,3}\.\d{4,15}[ ,，]{1,2}\d{1,3}\.\d{4,15}(?![\d.])"
)

COUNT = r"[0-9一二三四五六七八九十百零〇两]"
STREET = r"路街道巷弄里段村社屯庄坊湾苑园区城庭寓居厦楼院组队场坪坳岭冲垅"
HOUSE = re.compile(
    rf"(?<=[{STREET}])(?:{COUNT}{{1,5}}[弄巷])?(?:第|附)?{COUNT}{{1,5}}(?:[-—之]{COUNT}{{1,4}}){{0,2}}[甲乙丙丁A-Za-z]?号(?!线|文|令|公|坑|井|路|函|[楼]梯)"
    rf"(?:[楼院门铺店房]|附{COUNT}{{1,3}}号?){{0,2}}"
)
BUILDING = rf"(?:[A-Za-z]{COUNT}?|[A-Za-z]?{COUNT}{{1,4}}|[东南西北甲乙丙丁])(?:[栋幢座](?!组|楼?[近约共各]|楼房|高层|别墅|住宅|建筑)|号楼(?!梯))"
UNIT = rf"(?:{COUNT}{{1,3}}|[A-Za-z东西中])(?:单元|梯|门洞)"
FLOOR = rf"{COUNT}{{1,3}}(?:楼|层)"
ROOM = rf"{COUNT}{{3,5}}(?:室|房|户|号房?)?(?!{COUNT}|[元年平米人㎡多余名个台吨公万亿%])"
DWELLING = re.compile(
    rf"{BUILDING}[-—,，、 ]?(?:{UNIT}[-—,，、 ]?)?(?:{FLOOR}[-—,，、 ]?)?{ROOM}"
    rf"|{BUILDING}[-—,，、 ]?{UNIT}(?:[-—,，、 ]?{FLOOR})?|{UNIT}[-—,，、 ]?(?:{FLOOR}[-—,，、 ]?)?{ROOM}"
    rf"|{COUNT}{{1,3}}[-—]{COUNT}{{1,2}}[-—]{COUNT}{{3,4}}(?=室|房|户|的?业主|住户|号)(?:室|房|户|号)?"
    rf"|(?<=[{STREET}天地期郡墅山]){BUILDING}|{BUILDING}(?=[的]?(?:业主|居民|住户|楼下|门口|前面|后面|旁边|对面|一楼|底楼|顶楼))"
    rf"|(?<!{COUNT})(?<![第共有约达])[A-Za-z]?{COUNT}{{3,4}}(?:室(?!内|外|友)|房间?(?!屋|产|子|价|地|贷|租|东|源|企|管|改|型|款))"
)

NEXT_BUILDING = re.compile(rf"[、,，和及与]({BUILDING})")


def numbers(reading: Reading) -> Iterator[Found]:
    """Start, end and mark of what was found, what is surest first. Places are those of the reading."""
    digits, seen = reading.digits, reading.seen
    yield from _identities(digits)
    yield from _cards(digits)
    yield from ((match.start(1), match.end(1), "证件号") for match in PASSPORT.finditer(digits))
    yield from ((*match.span(), "邮箱") for match in MAIL.finditer(seen))
    yield from ((match.start(1), match.end(1), "QQ号") for match in QQ.finditer(digits))
    for pattern in MOBILES:
        yield from (
            (*match.span(), "电话")
            for match in pattern.finditer(digits)
            if pattern is not MOBILES[-1] or _one_number(match.group())
        )
    yield from _landlines(digits)
    yield from _plates(seen)
    yield from ((match.start(1), match.end(1), "微信号") for match in WECHAT.finditer(seen))
    for handle in (HANDLE, QUOTED_HANDLE):
        yield from ((match.start(1), match.end(1), "网络账号") for match in handle.finditer(seen))
    yield from ((*match.span(), "位置") for match in POSITION.finditer(digits))
    yield from ((*match.span(), "门牌") for match in HOUSE.finditer(seen))
    for match in DWELLING.finditer(seen):
        yield *match.span(), "门牌"
        end = match.end()
        while also := NEXT_BUILDING.match(seen, end):  # 2栋、3栋和16栋
            yield also.start(1), also.end(1), "门牌"
            end = also.end()


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


def _identities(digits: str) -> Iterator[Found]:
    for match in IDENTITY.finditer(digits):
        number = "".join(sign for sign in match.group().replace("×", "X").upper() if sign.isdigit() or sign == "X")
        if _one_number(match.group()[:-1]) and (
            checked(number) or (_born(number[6:14]) and number[:2] in PROVINCES)
        ):  # one digit mistyped is still somebody's
            yield *match.span(), "身份证号"
    for match in OLD_IDENTITY.finditer(digits):
        number = "".join(filter(str.isdigit, match.group()))
        if _one_number(match.group()) and number[:2] in PROVINCES and _born(f"19{number[6:12]}"):
            yield *match.span(), "身份证号"
    yield from ((match.start(1), match.end(1), "身份证号") for match in IDENTITY_NAMED.finditer(digits))


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


def _cards(digits: str) -> Iterator[Found]:
    for match in CARD.finditer(digits):
        if _one_number(match.group()) and luhn("".join(filter(str.isdigit, match.group()))):
            yield *match.span(), "银行卡号"
    yield from ((match.start(1), match.end(1), "银行卡号") for match in CARD_NAMED.finditer(digits))


def luhn(number: str) -> bool:
    """Luhn's check, as bank cards carry it."""
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in number[-2::-2])
    return (doubled + sum(int(digit) for digit in number[::-2])) % 10 == 0


def _landlines(digits: str) -> Iterator[Found]:
    ends = []
    for pattern in LANDLINES:
        for match in pattern.finditer(digits):
            ends.append(match.end())
            yield *match.span(), "电话"
    yield from (
        (*match.span(), "电话")
        for match in APART.finditer(digits)
        if all(len(group) == 1 for group in re.split(r"\D+", match.group()))
    )
    for match in LOCAL.finditer(digits):
        ends.append(match.end())
        yield match.start(1), match.end(1), "电话"
    for end in ends:  # 0577-88886666、88886667
        while another := AND_ANOTHER.match(digits, end):
            yield another.start(1), another.end(1), "电话"
            end = another.end()
    yield from ((match.start(1), match.end(1), "电话") for match in TRUNCATED_MOBILE.finditer(digits))


def _plates(seen: str) -> Iterator[Found]:
    for match in PLATE.finditer(seen):
        if sum(sign.isdecimal() for sign in match.group(1)) >= 2:
            yield *match.span(), "车牌号"
    for match in PLATE_NAMED.finditer(seen):
        if any(sign.isdecimal() for sign in match.group(1)):
            yield match.start(1), match.end(1), "车牌号"
