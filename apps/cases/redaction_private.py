"""What a table's own columns say of the persons it speaks of, found again in its running text however it is typed there."""

import re
from collections.abc import Iterator, Sequence

from apps.cases.redaction_name_words import ROLES
from apps.cases.redaction_numbers import GAP
from apps.cases.redaction_reading import Reading, read

Found = tuple[int, int, str]

_NOBODY = "匿名 匿名用户 市民 群众 居民 村民 网民 网友 业主 保密 不详 未知 无名 先生 女士 不愿透露 不公开 热心市民 本人 同上 来电人 诉求人"
NOBODY = frozenset(_NOBODY.split())
_MANY = re.compile(rf".*(?:{ROLES})$")  # 全体业主, 部分家长
_NAME = re.compile(r"[\u4e00-\u9fff]{2,4}|[\u4e00-\u9fff]{1,8}(?:[·•][\u4e00-\u9fff]{1,10})+")
_TITLE = re.compile(r"(?:先生|女士|小姐|同志|师傅|老师|阿姨|大爷|某+)$")
_NUMBER = re.compile(r"[\dXx()+\- ]+")
_PARTS = re.compile(  # 王小明（13800000000）
    r"[,，;；、/|\s()（）:：]+|(?<=[\u4e00-\u9fff])(?=[\d+])|(?<=\d)(?=[\u4e00-\u9fff])"
)
LEAST_DIGITS = 6


def told(reading: Reading, private: Sequence[str]) -> Iterator[Found]:
    """Start, end and mark of every place where one of these stands."""
    for value in dict.fromkeys(part for given in private for part in (given, *_PARTS.split(given))):
        plain = read(value).seen.strip()
        name = _TITLE.sub("", plain)
        digits = "".join(filter(str.isalnum, plain))
        if _NAME.fullmatch(name) and not {name, plain} & NOBODY and not _MANY.match(name):
            yield from ((*match.span(), "姓名") for match in re.finditer(" ?".join(map(re.escape, name)), reading.seen))
        elif _NUMBER.fullmatch(plain) and len(digits) >= LEAST_DIGITS:
            mark = "电话" if len(digits) in (7, 8, 11, 12) else "身份证号" if len(digits) in (15, 18) else "证件号"
            typed = GAP.join("[Xx×]" if digit in "Xx" else digit for digit in digits)
            yield from ((*match.span(), mark) for match in re.finditer(typed, reading.digits))
        elif len(digits) >= LEAST_DIGITS and not _NAME.fullmatch(name):  # an address, an account
            yield from (
                (*match.span(), "网络账号" if plain.isascii() else "门牌")
                for match in re.finditer(re.escape(plain), reading.seen)
            )
