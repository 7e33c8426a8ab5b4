"""LAB. Personal data out of a text that is to be published: what was found is replaced by typed marks, and a person confirms what is left.

Nothing is looked up and nothing is remembered: the same text gives the same answer. What it finds and how often it is wrong is measured
by `python -m tests.bench redaction`; it is a proposal, never the last word.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from apps.cases.redaction_doors import doors
from apps.cases.redaction_lists import listed, shortly
from apps.cases.redaction_names import names
from apps.cases.redaction_numbers import numbers
from apps.cases.redaction_private import told
from apps.cases.redaction_reading import read

MARKS = (
    "姓名",
    "电话",
    "身份证号",
    "银行卡号",
    "证件号",
    "车牌号",
    "邮箱",
    "微信号",
    "QQ号",
    "网络账号",
    "户号",
    "门牌",
    "位置",
)


@dataclass(frozen=True)
class Span:
    """Characters `start` to `end` (exclusive) of the original text, and which of MARKS stands for them."""

    start: int
    end: int
    mark: str


@dataclass(frozen=True, eq=False)
class Redaction:
    """text: with marks (〔姓名〕 〔电话〕 …) in place of what was found; spans: what that was, in order, without overlaps."""

    text: str
    spans: tuple[Span, ...]


def redact(text: str, private: Sequence[str] = ()) -> Redaction:
    """Find and mark what leads to a person. Time is linear in the text; any text will do.

    private: what is known of the persons from elsewhere (the columns of a table: name, telephone, identity number): found wherever it stands.
    """
    reading = read(text)
    taken = bytearray(len(reading.seen))
    found = []
    people = names(reading.seen, (*listed(reading.seen), *shortly(reading.seen)))
    for start, end, mark in (*told(reading, private), *numbers(reading), *doors(reading.seen), *people):
        for first, last in _free(taken, start, end):
            taken[first:last] = b"\1" * (last - first)
            found.append(Span(*reading.original(first, last), mark))
    spans = _joined(sorted(found, key=lambda span: span.start))
    return Redaction(_marked(text, spans), spans)


def _free(taken: bytearray, start: int, end: int) -> list[tuple[int, int]]:
    """The parts that nothing surer has claimed."""
    parts = []
    while start < end:
        first = taken.find(0, start, end)
        if first < 0:
            break
        last = taken.find(1, first, end)
        last = end if last < 0 else last
        parts.append((first, last))
        start = last
    return parts


def _joined(spans: list[Span]) -> tuple[Span, ...]:
    """Neighbours of one kind are one."""
    joined: list[Span] = []
    for span in spans:
        if joined and joined[-1].end == span.start and joined[-1].mark == span.mark:
            span = Span(joined.pop().start, span.end, span.mark)
        joined.append(span)
    return tuple(joined)


def _marked(text: str, spans: tuple[Span, ...]) -> str:
    parts, upto = [], 0
    for span in spans:
        parts += [text[upto : span.start], f"〔{span.mark}〕"]
        upto = span.end
    return "".join([*parts, text[upto:]])
