"""A year's holidays as people have them: the State Council's notice (国务院办公厅关于…年部分节假日安排的通知), pasted whole or line by line, or a
table of days. What is read is checked against the calendar: a weekday that is not that day's, or a count that does not come out, means
that the text belongs to another year or was mistyped. No Django here.
"""

import datetime as dt
import re
from dataclasses import dataclass, field

WEEKDAYS = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6}
NAMES = "一二三四五六日"
DATE = r"(?:(?P<y{0}>\d{{4}})年)?(?:(?P<m{0}>\d{{1,2}})月)?(?P<d{0}>\d{{1,2}})日(?:[（(](?P<n{0}>[^）)]*)[）)])?"
SPAN = re.compile(DATE.format(1) + r"(?:\s*[至到—–~-]\s*" + DATE.format(2) + r")?")
WEEKDAY = re.compile(r"(?:星期|周|礼拜)([一二三四五六日天])")
COUNT = re.compile(r"共\s*(\d+)\s*天")
TITLE = re.compile(r"(?:关于|^)\s*(\d{4})\s*年\s*(?:部分)?\s*节假日")
HEADING = re.compile(r"^(?:[一二三四五六七八九十]+、|\d+[.、)])?\s*([^\d：:，。（(]{1,20})[：:]")
ADVICE = re.compile(r"鼓励|带薪|结合|妥善|值班")  # sentences that advise and fix nothing
ROW = re.compile(r"^(\d{4}-\d{1,2}-\d{1,2})[\s,，;；\t]+(上班|放假|平常|休|班|true|false)(?:[\s,，;；\t]+(.{0,40}))?$")
LONGEST = 31  # days of one holiday


@dataclass
class Announcement:
    """days: every day the text speaks of, True for worked, with its holiday's name; plain: days of a table that are as in any week
    again; faults: what could not be right, in Chinese."""

    days: dict[dt.date, tuple[bool, str]] = field(default_factory=dict)
    plain: set[dt.date] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    def exceptions(self) -> dict[dt.date, tuple[bool, str]]:
        """The days that differ from the plain week."""
        return {day: said for day, said in sorted(self.days.items()) if said[0] != (day.weekday() < 5)}


def read(text: str, year: int) -> Announcement:
    """The holidays of a year. Nothing is to be taken over while there are faults."""
    found = Announcement()
    titled = TITLE.search(text)
    if titled and int(titled[1]) != year:
        found.faults.append(f"这是 {titled[1]} 年的通知，现在填的是 {year} 年。请核对年份。")
        return found
    name = ""
    for line in filter(None, (line.strip() for line in text.splitlines())):
        if row := ROW.match(line):
            _read_row(found, row, line)
            continue
        heading = HEADING.match(line)
        if heading:
            name = heading[1].strip()
        for sentence in filter(None, re.split(r"[。；;]", line)):
            _read_sentence(found, sentence, year, name)
    spoken_of = {*found.days, *found.plain}
    if not spoken_of and not found.faults:
        found.faults.append("没有读出任何日期。请粘贴通知原文，例如“国庆节：10月1日至7日放假调休，共7天。10月10日（星期六）上班。”")
    elif spoken_of and ({day.year for day in spoken_of} - {year - 1, year} or all(day.year < year for day in spoken_of)):
        found.faults.append(f"读出的日期不在 {year} 年，请核对年份。")
    return found


def _read_row(found: Announcement, row: re.Match, line: str) -> None:
    try:
        day = dt.date(*map(int, row[1].split("-")))
    except ValueError:
        found.faults.append(f"“{line}”里的日期不存在。")
        return
    if row[2] == "平常":
        found.plain.add(day)
    else:
        _add(found, day, row[2] in ("上班", "班", "true"), (row[3] or "").strip())


def _read_sentence(found: Announcement, sentence: str, year: int, name: str) -> None:
    """One sentence says of its dates up to 放假 that they are off, and of those up to 上班 that they are worked."""
    if ADVICE.search(sentence):
        return
    start = 0
    for verb in re.finditer(r"放假|上班", sentence):
        worked = verb[0] == "上班"
        days = _dates(found, sentence[start : verb.start()], year)
        start = verb.end()
        for day in days:
            if worked and day.weekday() < 5:
                found.faults.append(f"{day:%Y-%m-%d} 是周{NAMES[day.weekday()]}，本来就上班，不用调休。请核对年份和日期。")
            _add(found, day, worked, f"{name}调休上班"[:40] if worked else name)
        counted = COUNT.search(sentence[start:]) if not worked else None
        if counted and len(days) != int(counted[1]) and "连休" not in sentence:
            found.faults.append(f"“{sentence.strip()[:40]}”写的是共 {counted[1]} 天，读出来是 {len(days)} 天。请核对。")


def _dates(found: Announcement, part: str, year: int) -> list[dt.date]:
    days: list[dt.date] = []
    month = None
    for span in SPAN.finditer(part):
        first = _date(found, span, 1, year, month)
        if first is None:
            continue
        month, last = first.month, first
        if span["d2"]:
            last = _date(found, span, 2, first.year, first.month) or first
            if last < first and not span["y2"]:
                last = last.replace(year=last.year + 1)
        if not first <= last <= first + dt.timedelta(days=LONGEST):
            found.faults.append(f"“{span[0]}”的起止日期不对，请核对。")
            continue
        month = last.month
        days += [first + dt.timedelta(days=step) for step in range((last - first).days + 1)]
    return days


def _date(found: Announcement, span: re.Match, which: int, year: int, month: int | None) -> dt.date | None:
    """One end of a span; the month of what stood before it when it names none. Its weekday has to be right."""
    if span[f"m{which}"] is None and month is None:
        found.faults.append(f"“{span[0]}”没有写月份，请补上。")
        return None
    try:
        day = dt.date(int(span[f"y{which}"] or year), int(span[f"m{which}"] or month or 0), int(span[f"d{which}"]))
    except ValueError:
        found.faults.append(f"“{span[0]}”里的日期不存在，请核对。")
        return None
    said = WEEKDAY.search(span[f"n{which}"] or "")
    if said and WEEKDAYS[said[1]] != day.weekday():
        found.faults.append(f"{day.year}年{day.month}月{day.day}日是周{NAMES[day.weekday()]}，文中写的是周{said[1]}。请核对年份。")
    return day


def _add(found: Announcement, day: dt.date, worked: bool, name: str) -> None:
    known = found.days.get(day)
    if known and known[0] != worked:
        found.faults.append(f"{day:%Y-%m-%d} 又说放假又说上班，请核对。")
    found.days.setdefault(day, (worked, name))
