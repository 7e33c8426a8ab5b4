"""Names that stand together (刘能、赵四两人), and surnames with half a title (陈总, 李工).

A list is one where all of it, from its beginning to its end, looks like names, or where it says itself that it is of people.
"""

import re
from collections.abc import Iterator

from apps.cases.redaction_lexicon import WORDS
from apps.cases.redaction_name_words import COMPOUND, HARDLY_WORDS, LEANING, ROLES
from apps.cases.redaction_names import (
    COUNTS,
    DOUBTED,
    FIRST,
    OF_PLACE,
    PARTICLES,
    PLACE_ENDS,
    ROLE,
    company_of,
    fits,
    is_hanzi,
    is_pair,
    is_somebody,
    is_usual,
    is_word,
    surname_of,
)

LONGEST, LONG = 1_000, 8  # names in a list; what is longer and none is not looked at again from each of its own
_surname = surname_of(FIRST | (DOUBTED - PARTICLES))
_aside = r"(?:[（(][^（()）\n]{1,6}[)）])?"
MEMBER = re.compile(rf"({_surname})([\u4e00-\u9fff]{{1,2}}?){_aside}([、/；;，,] ?| {{1,2}}|[和与及跟](?={_surname}))")
LAST = re.compile(rf"({_surname})([\u4e00-\u9fff]{{1,2}})")
PEOPLE = re.compile(
    r"等?[两二三四五六七八九十几多\d]+[余多]?[人名位户家]|等(?:人|村民|居民|业主|群众|住户|村?干部|同志)|夫[妇妻]|兄弟|姐妹|父子|合伙|联名|签[字名]|殴打|都[有可说是不没]|均|分别|在内|作证|同志|老师|之间|一起|的(?:房[子屋]|工资|名字|签名|父|母|儿|女|妻|丈|家人|亲)"
)
END = re.compile(
    rf"[\s，,。；;：:！!？?（()）]|$|{PEOPLE.pattern}|[等也不没拒私打在的是已未对把将因说称来去欠可同要家拿收和与擅强霸]|进行|共同|工资|反映|违|态度"
)
OF_PEOPLE = re.compile(rf"(?:{ROLES}|证人|证明人|联名人|签名|落款|死者|伤者|家属|代表|干部)[为是有：:]?$")
SHORT_TITLE = re.compile(  # 陈总, 李工, 王哥; not 总体, 总的来说
    r"[总工局队所处校科院厅哥姐姨伯](?:(?<=总)(?![体共计结额量数价面部站是经分产值得会理之算汇成需耗务裁监工长人书]|的[来说]|和为)|(?<!总)(?=[\s，,。、；;：:！!？?（()）说讲称]|$))"
    rf"(?<=[{''.join(sorted(FIRST))}].)"
)
HALVES = frozenset("总工局队所处校科院厅哥姐姨伯某")
ASKED = frozenset("找问跟给向请由让被叫和对阿里")
COMPOUNDS = frozenset(COMPOUND.split("|"))


def listed(seen: str) -> Iterator[tuple[int, int]]:
    """Start and end of each name in a list."""
    at = 0
    while match := MEMBER.search(seen, at):
        members, marks, end = [match], match.group(3), match.end()
        while len(members) < LONGEST and (another := MEMBER.match(seen, end)):
            members, marks, end = [*members, another], marks + another.group(3), another.end()
        at = members[-1 if len(members) > LONG else 0].start() + 1
        if (last := LAST.match(seen, end)) and (ends := _end(seen, last)):
            found = [(each.start(), each.end(1), each.end(2)) for each in members] + [(end, last.end(1), ends)]
            if sure := _people(seen, found, marks):
                yield from sure
                at = ends


def _end(seen: str, last: re.Match[str]) -> int:
    """Where the last name of a list ends: the longer where both might be."""
    ends = [
        (end, found) for end in (last.end(), last.end() - 1) if end > last.end(1) and (found := END.match(seen, end))
    ]
    if len(ends) > 1 and len(ends[0][1].group()) < 2 <= len(ends[1][1].group()):  # 沈丽|共同
        return ends[1][0]
    return ends[0][0] if ends else 0


def _people(seen: str, found: list[tuple[int, int, int]], marks: str) -> list[tuple[int, int]]:
    """Those of a list that are names: none where it may be a list of something else."""
    start, upto = found[0][0], found[-1][2]
    before = seen[start - 1 : start]
    of_people = company_of(seen, start) == ROLE or bool(OF_PEOPLE.search(seen, max(0, start - 8), start))
    said = of_people or bool(PEOPLE.match(seen, upto))
    if (
        before == "、"
        or (not of_people and is_pair(before + seen[start]))
        or (not said and set(marks) & set("，, ;；/"))
    ):
        return []
    names = [(first, end) for first, after, end in found if _may_be(seen, first, after, end, said=said)]
    if said:
        return names if 2 * len(names) > len(found) else []
    hardly = sum(_hardly(seen, first, after) for first, after, _ in found)
    return names if len(names) == len(found) and (hardly == len(found) or (len(found) > 2 and hardly)) else []


def _hardly(seen: str, start: int, after: int) -> bool:
    return after - start == 2 or seen[start] in HARDLY_WORDS


def _may_be(seen: str, start: int, after: int, end: int, *, said: bool) -> bool:
    name, given = seen[start:end], seen[after:end]
    if (
        given in HALVES
        or is_word(name)
        or name in WORDS
        or given[-1] in PLACE_ENDS
        or OF_PLACE.match(seen, end)
        or OF_PLACE.match(seen, end - 1)
    ):
        return False
    if not _hardly(seen, start, after) and name[:2] in WORDS:
        return False
    if is_usual(given):
        return seen[start] not in DOUBTED or said
    return fits(given) and (said or _hardly(seen, start, after)) and (len(given) == 1 or said)


def shortly(seen: str) -> Iterator[tuple[int, int]]:
    """Start and end of each surname in front of half a title: one that is no other word, or where a word begins."""
    for match in SHORT_TITLE.finditer(seen):
        after, total = match.start(), match.group() == "总"
        start = after - 2 if seen[max(0, after - 2) : after] in COMPOUNDS else after - 1
        before, follows = seen[max(0, start - 1) : start], seen[after + 1 : after + 2]
        begins = not is_hanzi(before) or is_somebody(seen, start) or before in ASKED
        asked = (before in ("找", "问", "请") or is_somebody(seen, start)) and seen[start] not in "钱费"
        if _hardly(seen, start, after):
            if begins or (total and not is_pair(before + seen[start]) and before not in COUNTS):
                yield start, after
        elif (
            total
            and (asked or seen[start] not in LEANING or not is_hanzi(before))
            and (asked or (begins and (not is_hanzi(follows) or follows in "说讲")))
        ):
            yield start, after
