"""LAB. What stands in a cell of somebody else's table: moments, states, yes and no, as people and programs write them.

A reader raises `Unreadable`, whose words say what is wrong with the cell and never what it says.
"""

import datetime as dt
import math
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

OPEN, ANSWERED, CLOSED = "open", "answered", "closed"
SATISFIED, PLAIN, UNSATISFIED = "satisfied", "plain", "unsatisfied"
EARLIEST = dt.date(2000, 1, 1)
EXCEL_DAY_0 = dt.datetime(1899, 12, 30)  # noqa: DTZ001 - Excel's own clock has no zone
ELDER = 60  # years (老年人权益保障法 第二条)
NOTHING = {"", "-", "--", "—", "——", "/", "无", "空", "null", "none", "nan", "n/a", "未填", "未知", "不详", "#n/a", "#ref!", "#value!", "#name?", "#div/0!", "#null!", "#num!"}
YES = {"是", "有", "y", "yes", "true", "1", "√", "✓", "对"}
NO = {"否", "没有", "n", "no", "false", "0", "×", "不是"}
STATES = (  # looked for in this order
    (OPEN, r"未办结|未答复|未回复|不予办结|重办|退回|退单|待[办处受签派转反]"),
    (CLOSED, r"办结|归档|关闭|结案|完结|已完成|办理完成|终结|closed|done|resolved|finished"),
    (ANSWERED, r"答复|回复|反馈|待回访|待评价|回访|已办理|answered|replied"),
    (OPEN, r"办理中|处理中|进行中|受理|转|交办|派|签收|登记|审核|延期|在办|协调|新建|open|pending|new|processing|in.?progress"),
)
SCORES = (
    (UNSATISFIED, r"不满意|不太满意|差评|^差$|^[12]([.分星]|$)|unsatisf|dissatisf"),
    (PLAIN, r"基本满意|比较满意|较满意|一般|中评|^3([.分星]|$)|neutral"),
    (SATISFIED, r"满意|好评|^好$|^[45]([.分星]|$)|satisf"),
)
_CLOCK = (
    r"(?P<half>上午|下午|中午|凌晨|早上|晚上|[ap]m(?=\s*\d))?\s*(?P<H>\d{1,2})\s*[:时点]\s*(?:(?P<M>\d{1,2})\s*[:分]?\s*(?:(?P<S>\d{1,2})(?:[.,]\d+)?\s*秒?)?)?"
    r"\s*(?P<after>[ap]m)?"
)
WRITTEN = re.compile(
    r"(?P<y>\d{4})\s*[-/.年]\s*(?P<m>\d{1,2})\s*[-/.月]\s*(?P<d>\d{1,2})(?!\d)\s*日?"
    rf"(?:[T\s,]*(?:[(（]?(?:星期|周)[一二三四五六日天][)）]?)?\s*{_CLOCK})?\s*(?P<Z>Z|[+-]\d{{2}}:?\d{{2}})?",
    re.I,
)
AFTER_NOON, AFTER_MIDNIGHT = ("下午", "晚上", "pm"), ("上午", "早上", "凌晨", "am")
DIGITS = re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})(?:(?P<H>\d{2})(?P<M>\d{2})(?P<S>\d{2})?)?")
MOBILE = re.compile(r"(?:\+?86)?1[3-9]\d{9}")
IDENTITY = re.compile(r"[1-9]\d{5}((?:19|20)\d{2})(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3}[\dXx]")
ROUNDED = re.compile(r"\d(?:\.\d+)?[Ee]\+\d+")


class Unreadable(ValueError):
    """In Chinese, for the report; without what the cell says."""


def words(cell: Any) -> str:
    """A cell as text: numbers without a needless .0, no control characters, no spaces around. "" for nothing."""
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return ""
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        cell = int(cell)
    written = str(cell).replace("_x000D_", "")  # a line's end as some workbooks write it
    text = "".join(sign for sign in written if sign in "\n\t" or unicodedata.category(sign) not in ("Cc", "Cs"))
    text = text.strip()
    return "" if text.lower() in NOTHING else text


def number(cell: Any, year: int | None = None) -> str:
    """An order number. What looks like somebody's telephone or identity number is none: the columns were mixed up.

    year: in which the row was received; what is written like an identity number with this year in it, or the one before, is an area's code with a day."""
    text = unicodedata.normalize("NFKC", words(cell)).strip().strip("'`")
    if len(text) > 60:
        raise Unreadable("工单号超过 60 个字，请检查列的对应")
    if ROUNDED.fullmatch(text):
        raise Unreadable("工单号被表格软件存成了科学计数，后几位已经丢了，请把这一列设为文本重新导出")
    born = IDENTITY.fullmatch(text)
    if MOBILE.fullmatch(text) or (born and (year is None or not 0 <= year - int(born[1]) <= 1)):
        raise Unreadable("工单号像是电话号码或身份证号，没有收，请检查列的对应")
    if text and not re.search(r"[0-9]", text):
        raise Unreadable("工单号里没有数字，没有收，请检查列的对应")
    if re.search(r"[\u4e00-\u9fff]{5}|\s{2}", text):
        raise Unreadable("工单号像是一句话，请检查列的对应")
    return text


def moment(cell: Any, zone: dt.tzinfo) -> tuple[dt.datetime, bool] | None:
    """An aware moment and whether the time of day is known; None for an empty cell. Raises Unreadable."""
    if isinstance(cell, dt.datetime):
        aware = cell if cell.tzinfo else cell.replace(tzinfo=zone)
        return _sensible(aware, zone), cell.time() != dt.time()
    if isinstance(cell, dt.date):
        return _sensible(dt.datetime.combine(cell, dt.time(), zone), zone), False
    text = unicodedata.normalize("NFKC", words(cell))
    if not text:
        return None
    if found := WRITTEN.match(text) or DIGITS.fullmatch(text):
        return _of_parts(found.groupdict(), zone)
    return _counted(text, zone)


def _of_parts(parts: Mapping[str, str | None], zone: dt.tzinfo) -> tuple[dt.datetime, bool]:
    year, month, day, hour, minute, second = (int(parts.get(name) or 0) for name in "ymdHMS")
    half = (parts.get("half") or parts.get("after") or "").lower()
    if (half in AFTER_NOON and hour < 12) or (half == "中午" and hour < 4):
        hour += 12
    elif half in AFTER_MIDNIGHT and hour == 12:
        hour = 0
    offset, timed = parts.get("Z"), parts.get("H") is not None
    try:
        at = dt.datetime(year, month, day, 0 if hour == 24 else hour, minute, second, tzinfo=zone)
    except ValueError:
        raise Unreadable("日期不存在") from None
    at += dt.timedelta(days=hour == 24)
    if offset:
        shift = int(offset[1:3]) * 60 + int(offset[-2:]) if offset.upper() != "Z" else 0
        at = at.replace(tzinfo=dt.timezone(dt.timedelta(minutes=-shift if offset[0] == "-" else shift)))
    whole = timed and not (hour == minute == second == 0 and parts.get("S"))  # 00:00:00 is how programs write a day
    return _sensible(at, zone), whole


def _counted(text: str, zone: dt.tzinfo) -> tuple[dt.datetime, bool]:
    """Excel's days since 1900, or seconds and milliseconds since 1970."""
    try:
        value = float(text)
    except ValueError:
        raise Unreadable("读不出是哪一天") from None
    if 36_526 <= value < 80_000:
        at = (EXCEL_DAY_0 + dt.timedelta(days=value)).replace(tzinfo=zone, microsecond=0)
        return _sensible(at, zone), value % 1 > 0
    if 946_684_800 <= value < 4_102_444_800:
        return _sensible(dt.datetime.fromtimestamp(int(value), zone), zone), True
    if 946_684_800_000 <= value < 4_102_444_800_000:
        return _sensible(dt.datetime.fromtimestamp(int(value / 1000), zone), zone), True
    raise Unreadable("读不出是哪一天")


def _sensible(at: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    if not EARLIEST <= at.astimezone(zone).date() < dt.date(2100, 1, 1):
        raise Unreadable("日期不在 2000 年到 2099 年之间")
    return at


def yes(cell: Any) -> bool | None:
    text = unicodedata.normalize("NFKC", words(cell)).lower()
    if text in YES:
        return True
    return False if text in NO else None


def elder(cell: Any) -> bool | None:
    """From an age or a span of ages (60-69岁)."""
    found = re.search(r"\d{1,4}", unicodedata.normalize("NFKC", words(cell)))
    if not found:
        return None
    value = int(found.group())
    return value >= ELDER if value < 130 else None


def state(cell: Any, known: Mapping[str, str]) -> str | None:
    """known: the source's own words, settled by a person. None for an empty cell. Raises Unreadable for a word that says nothing."""
    text = words(cell)
    if not text:
        return None
    if text in known:
        return known[text]
    guessed = guessed_state(text)
    if guessed is None:
        raise Unreadable("不认识的办理状态，新收的先按办理中记")
    return guessed


def guessed_state(text: str) -> str | None:
    return next((name for name, pattern in STATES if re.search(pattern, text.lower())), None)


def satisfied(cell: Any) -> str | None:
    text = unicodedata.normalize("NFKC", words(cell)).lower()
    return next((name for name, pattern in SCORES if re.search(pattern, text)), None)


def degrees(cell: Any, least: float, most: float) -> float | None:
    """Longitude or latitude; None for nothing and for 0, which programs write for nothing. Raises Unreadable."""
    text = words(cell)
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        raise Unreadable("经纬度不是数") from None
    if value == 0:
        return None
    if not least <= value <= most:
        raise Unreadable("经纬度不在中国范围内，可能经度纬度对调了")
    return value
