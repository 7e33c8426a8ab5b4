"""LAB. What a running text names of the county: chains of areas, streets, estates, hamlets and numbers, and which of them its matter is likely at.

A name counts where it is surely one: written whole and of three characters or more, or beside another name or a number. Somebody's home, and the
office that he went to, are named in many texts and are seldom the place of the matter: they weigh less.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from apps.territory.known_names import SHORT, Areas, Known, KnownNames
from apps.territory.understanding import cleaned

LONGEST = 3000  # characters that are read of a text
LEVELS = {"town": 1, "village": 2}
NUMBERED, NAMED, BY_AREA = (
    3.0,
    2.0,
    0.6,
)  # worth of a mention: a line or village with a number, a line alone, each level of an area alone
HOME, OFFICE, CROSSING = -1.2, -1.5, 0.6

_SENTENCE = re.compile(r"[。！？!?；;\n\r]+")
_CLAUSE = re.compile(r"[，,：:、（）()“”\"'\s]+")
_NUMBERS = re.compile(
    r"(?:(?:第|的)?(?:\d+[弄巷]|[甲乙丙丁]?\d+(?:-\d+)*[A-Z]?号(?!线)|(?:[A-Z]\d*|\d+[A-Z]?)(?:-\d+)?幢|(?:[A-Z]|\d+|[东西中])单元|\d+(?:层|楼)"
    r"|\d+组|[A-Z]?\d{3,5}室|\d+(?:-\d+)+(?:号|室)?))+"
)
_BETWEEN = re.compile(r"的|在|位于|内|里|社区|村|-")
_HOME = re.compile(r"(?:家住|住在|居住在?|现住|户籍|家在|住址|住|来自|本人系|我是|籍贯)(?:地址?|为|是|在|于)*$")
_OFFICE = re.compile(
    r"人民政府|政府|党委|人大|派出所|卫生院|中学|小学|法庭|司法所|财政所|综合执法|执法|交警|供电所|干部|领导|工作人员|有关部门|便民"
)
_AND = re.compile(r"[和与跟同-]?")
_MEET = re.compile(r"的?(?:交叉|交汇|路口|十字|红绿灯|转角|丁字|交界)")


@dataclass(frozen=True, eq=False)
class Mention:
    """text: the chain in the plain spelling. areas: numbers of the areas named. line, crossing: numbers of the names of a line and of a second one
    that meets it, -1: none. numbered: a house is named. worth: how likely the matter is there. home: it is said to be where somebody lives."""

    text: str
    areas: tuple[int, ...]
    line: int
    numbered: bool
    worth: float
    crossing: int = -1
    home: bool = False

    @property
    def narrow(self) -> bool:
        """It names more than areas."""
        return self.line >= 0 or self.numbered


def mentions(text: str, names: KnownNames, areas: Areas) -> Iterator[Mention]:
    """In the order of the text. A place named twice comes twice."""
    reader = _Reader(names, areas)
    for sentence in _SENTENCE.split(text[:LONGEST]):
        before = ""
        for clause in _CLAUSE.split(sentence):
            spelled = cleaned(clause) if clause else ""
            yield from reader.clause(spelled, bool(_HOME.search(before)))
            before = spelled


def first(text: str, names: KnownNames, areas: Areas) -> Mention | None:
    """What a short text names, such as a column's words; None: nothing."""
    return next(mentions(text, names, areas), None)


class _Reader:
    def __init__(self, names: KnownNames, areas: Areas) -> None:
        self.names, self.areas = names, areas

    def clause(self, text: str, home: bool) -> list[Mention]:
        found: list[Mention] = []
        at = ended = 0
        while at < len(text) - 1:
            mention, end = self.chain(text, at)
            if mention is None:
                at += 1
                continue
            if (
                found
                and min(found[-1].line, mention.line) >= 0
                and _AND.fullmatch(text, ended, at)
                and _MEET.match(text, end)
            ):
                found[-1] = replace(found[-1], crossing=mention.line, worth=found[-1].worth + CROSSING)
            else:
                at_home = home or bool(_HOME.search(text[:at]))
                away = (HOME if at_home else 0.0) + (OFFICE if mention.line < 0 and _OFFICE.match(text, end) else 0.0)
                found.append(replace(mention, worth=mention.worth + away, home=at_home))
            at = ended = end
        return found

    def chain(self, text: str, at: int) -> tuple[Mention | None, int]:
        """The names and numbers that follow each other from here on, and where they end."""
        areas: list[int] = []
        line, longest, end = -1, 0, at
        while (step := self.name(text, end, end > at)) is not None:
            stop, known = step
            if known.line >= 0 and (line < 0 or not known.areas):
                line = known.line
            areas += [number for number, cost in known.areas if cost <= SHORT]
            longest, end = max(longest, stop - end), stop
            gap = _BETWEEN.match(text, end)
            if gap and self.name(text, gap.end(), True):
                end = gap.end()
        if end == at:
            return None, at
        numbers = _NUMBERS.match(text, end)
        end = numbers.end() if numbers else end
        lowest = max((LEVELS.get(self.areas[number].level, 0) for number in areas), default=0)
        worth = NUMBERED if numbers and (line >= 0 or lowest == 2) else NAMED if line >= 0 else BY_AREA * lowest
        return Mention(text[at:end], tuple(dict.fromkeys(areas)), line, bool(numbers), worth + 0.01 * longest), end

    def name(self, text: str, at: int, chained: bool) -> tuple[int, Known] | None:
        """The longest name written here that is surely one: where it ends, and what it may be."""
        for length, known in self.names.starting(text, at):
            end = at + length
            if known.line < 0 and known.cost > SHORT:
                continue
            whole = length >= 3 and (known.line >= 0 or known.cost < SHORT)
            if whole or chained or _NUMBERS.match(text, end) or (known.line < 0 and self.whole(text, end)):
                return end, known
        return None

    def whole(self, text: str, at: int) -> bool:
        """Whether a whole name begins here: 潮桥 is an area in 潮桥人民路."""
        return any(
            length >= 3 and (known.line >= 0 or known.cost < SHORT) for length, known in self.names.starting(text, at)
        )
