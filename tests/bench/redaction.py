"""Personal data in texts: how fast it is found, how much of what was put in is found in every disguise, and how much is hit in texts by
others (shared/data/complaints, where most of it was taken out before). The peer: the plain patterns that such tools begin with.

Two injections, with other names, other sentences and other ways to write a number; the second was written apart from the rules."""

import csv
import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from tests.bench.harness import TREE, Answer, Check, Contender, Data, Goal, Job, Measured
from tests.cases.injected import Injected, harmless, injected
from tests.cases.injected_otherwise import injected_otherwise

COMPLAINTS = TREE.parent / "shared" / "data" / "complaints" / "details.csv"
TEXTS, QUICK_TEXTS = 5_000, 500
EACH, QUICK_EACH = 100, 15
SEED = 12
UNANNOUNCED = "没有提示的姓名"
NUMBERS = 0.99  # recall that is asked for
HARMLESS = 0.01  # characters marked in texts from which most was taken out before
ASKED = {"姓名": 0.95, "姓": 0.95, UNANNOUNCED: 0.85}
PLAIN = {
    "身份证号": re.compile(r"\d{17}[\dXx]"),
    "电话": re.compile(r"1[3-9]\d{9}|0\d{2,3}-\d{7,8}"),
    "银行卡号": re.compile(r"\d{16,19}"),
    "车牌号": re.compile(r"[\u4e00-\u9fff][A-Z][A-Z0-9]{5,6}"),
    "邮箱": re.compile(r"[\w.]+@[\w.]+"),
    "姓名": re.compile(r"(?<=我叫)[\u4e00-\u9fff]{2,3}|(?<=姓名：)[\u4e00-\u9fff]{2,3}"),
}


def _texts(data: Data) -> list[str]:
    count = data.size(TEXTS, QUICK_TEXTS)
    if not Path(COMPLAINTS).exists():
        sentences = harmless()
        return ["".join(sentences[(at * 7 + step) % len(sentences)] for step in range(10)) for at in range(count)]
    with COMPLAINTS.open(encoding="utf-8") as file:
        return [row["detail"] for _, row in zip(range(count), csv.DictReader(file), strict=False)]


def _injections(data: Data) -> dict[str, list[Injected]]:
    each = data.size(EACH, QUICK_EACH)
    return {"first": list(injected(each, SEED, harmless())), "second": list(injected_otherwise(each, SEED))}


def _kind(one: Injected) -> str:
    return {"surname": "姓", "unannounced": UNANNOUNCED}.get(one.disguise, one.mark)


def _answer(asked: dict[str, list[Injected]], found: Callable[[Injected], bool], hit: int, of: int) -> Answer:
    answer: dict = {"hit": hit, "of": of}
    for name, many in asked.items():
        made, right = Counter(map(_kind, many)), Counter(_kind(one) for one in many if found(one))
        answer |= {
            f"{name}-marks": np.array(list(made)),
            f"{name}-asked": np.array(list(made.values())),
            f"{name}-found": np.array([right[mark] for mark in made]),
        }
    return answer


def _ours(data: Data) -> Callable[[], Callable[[], Answer]]:
    from apps.cases.redaction import redact

    texts, asked = _texts(data), _injections(data)

    def work() -> Callable[[], Answer]:
        redactions = [redact(text) for text in texts]
        hit = sum(span.end - span.start for redaction in redactions for span in redaction.spans)
        return lambda: _answer(asked, lambda one: one.found(redact(one.text)), hit, sum(map(len, texts)))

    return work


def _plain(data: Data) -> Callable[[], Callable[[], Answer]]:
    texts, asked = _texts(data), _injections(data)

    def found(one: Injected) -> bool:
        return any(
            match.start() <= one.start and match.end() >= one.end
            for pattern in PLAIN.values()
            for match in pattern.finditer(one.text)
        )

    def work() -> Callable[[], Answer]:
        hit = sum(
            len(match.group()) for text in texts for pattern in PLAIN.values() for match in pattern.finditer(text)
        )
        return lambda: _answer(asked, found, hit, sum(map(len, texts)))

    return work


def _recall(answer: Answer, name: str) -> dict[str, float]:
    columns = (answer[f"{name}-{column}"] for column in ("marks", "asked", "found"))
    return {str(mark): found / asked for mark, asked, found in zip(*columns, strict=True)}


def _least(title: str, asked: float, marks: Callable[[str], bool]) -> Goal:
    """Of both injections the kind that is found least."""

    def share(_: Mapping[str, Measured], data: Data) -> float | None:
        answer = data.answer("ours")
        found = [_recall(answer, name).items() for name in ("first", "second")] if answer is not None else []
        return min((share for kinds in found for mark, share in kinds if marks(mark)), default=None)

    return Goal("ours", title, share, at_least=asked, unit="")


def _marked(_: Mapping[str, Measured], data: Data) -> float | None:
    answer = data.answer("ours")
    return None if answer is None else int(answer["hit"]) / int(answer["of"])


def _check(data: Data) -> list[Check]:
    checks = []
    for key in ("ours", "plain"):
        answer = data.answer(key)
        if answer is None:
            continue
        for name in ("first", "second"):
            recall = _recall(answer, name)
            enough = all(share >= ASKED.get(mark, NUMBERS) for mark, share in recall.items())
            words = "，".join(f"{mark} {share:.1%}" for mark, share in recall.items())
            total = f"{int(sum(answer[f'{name}-found'])):,} of {int(sum(answer[f'{name}-asked'])):,}"
            checks.append(Check(f"found of the {name} injection ({key})", key != "ours" or enough, f"{total}: {words}"))
        share = int(answer["hit"]) / int(answer["of"])
        checks.append(
            Check(
                f"marked in texts by others ({key})",
                key != "ours" or share < HARMLESS,
                f"{share:.2%} of {int(answer['of']):,} characters",
            )
        )
    return checks


JOB = Job(
    "redaction",
    lambda data: f"{data.size(TEXTS, QUICK_TEXTS):,} texts freed of personal data",
    lambda data: data.keep(texts=np.array(data.size(TEXTS, QUICK_TEXTS))),
    (
        Contender("ours", "redact: names, numbers, house numbers, in all disguises", _ours, repeats=1),
        Contender("plain", "six plain patterns", _plain, repeats=1),
    ),
    (
        Goal(
            "ours",
            "a text, processor time",
            lambda measured, data: measured["ours"].cpu / data.size(TEXTS, QUICK_TEXTS) * 1e3,
            at_most=0.5,
            unit="ms",
        ),
        _least("numbers found, of the kind found least", NUMBERS, lambda mark: mark not in ASKED),
        _least("names found where something leads to them", ASKED["姓名"], lambda mark: mark == "姓名"),
        _least("names found without", ASKED[UNANNOUNCED], lambda mark: mark == UNANNOUNCED),
        Goal("ours", "characters marked in texts by others", _marked, at_most=HARMLESS, unit=""),
    ),
    _check,
)
