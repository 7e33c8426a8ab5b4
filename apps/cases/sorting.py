"""分类: what a process knows to recognise a report's category by: the version in use, or the words alone. Never a reason for a report to fail.

The first level is decided by one classifier, the second by another among the first's children, the third by its words.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from apps.cases import levels
from apps.cases.classification import Classifier, Prediction
from apps.cases.keywords import Keywords, Known
from apps.cases.taxonomy import Category
from apps.cases.versions import ModelVersion
from apps.territory.remembered import Remembered

SURE = 0.9  # from this probability on a category is given without asking
LIKELY = 0.5  # from here on it is worth a reason
FEW = 8  # letters: fewer tell too little to be sure of anything
LONGEST_FEW = 200  # characters in which so many letters are looked for
UNSURE = 0.3  # the most that is believed of them
LAYER = "category"  # raised when another version is put to use

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Guess:
    """best, second: of the second level, None when nothing is recognised. third: below the best. version: id, None when by words alone."""

    best: Category | None
    second: Category | None
    third: Category | None
    confidence: float
    version: int | None

    @property
    def sure(self) -> bool:
        return self.best is not None and self.confidence >= SURE

    @property
    def likely(self) -> bool:
        return self.best is not None and self.confidence >= LIKELY

    @property
    def proposals(self) -> tuple[Category, ...]:
        return tuple(category for category in (self.best, self.second) if category is not None)


class Recogniser:
    """Threads share it; it is only read."""

    def __init__(self, categories: list[Category], first: Classifier | None, second: Classifier | None, version: int | None) -> None:
        self.by_code = {category.code: category for category in categories}
        by_id = {category.pk: category for category in categories}
        for category in categories:
            if category.parent_id:
                category.parent = by_id[category.parent_id]
        self.keywords = Keywords(
            Known(category.code, category.parent.code, (*category.words, category.label))
            for category in categories if category.level == 3 and category.active and category.parent.active
        )  # fmt: skip
        self.first, self.second, self.version = first, second, version
        # What was learned before a first level was renamed knows it by the name that it had then.
        self.named = {name: category.label for category in categories if category.level == 1 for name in (*category.words, category.label)}

    def guess(self, text: str) -> Guess:
        return self.guesses([text])[0]

    def guesses(self, texts: Sequence[str]) -> list[Guess]:
        """For each; together they take a fraction of the time that one by one would."""
        if self.first is None or self.second is None:
            return [self._guessed(text, *self._by_words(text)) for text in texts]
        both = zip(texts, self.first.predict(texts), self.second.predict(texts), strict=True)
        return [self._guessed(text, *self._learned(text, above, below, self.second)) for text, above, below in both]

    def _guessed(self, text: str, codes: list[str], confidence: float) -> Guess:
        known = [self.by_code[code] for code in codes if code in self.by_code and self.by_code[code].active]
        if not known:
            return Guess(None, None, None, 0.0, self.version)
        if known[0].code != codes[0]:  # what is most likely is offered no more
            confidence = min(1 - confidence, LIKELY)
        if sum(map(str.isalnum, text[:LONGEST_FEW])) < FEW:
            confidence = min(confidence, UNSURE)
        return Guess(known[0], known[1] if len(known) > 1 else None, self.third(text, known[0]), confidence, self.version)

    def _by_words(self, text: str) -> tuple[list[str], float]:
        ranked = self.keywords.seconds(text)
        return [code for code, _ in ranked[:2]], self.keywords.confidence(ranked)

    def third(self, text: str, second: Category) -> Category | None:
        return self.by_code.get(self.keywords.third(text, second.code))

    def _learned(self, text: str, above: Prediction, below: Prediction, second: Classifier) -> tuple[list[str], float]:
        """Two codes of the second level and the probability of the first of them."""
        if above.confidence == 0.0 or below.confidence == 0.0:
            return [], 0.0
        level1, top = self._level1(below.label), self.named.get(above.label, above.label)
        if level1 == top:
            return [below.label, below.second], below.confidence
        scores = dict(zip(second.labels, second.scores([text])[0], strict=True))
        inside = [code for code in scores if self._level1(code) == top]
        best = max(inside, key=scores.__getitem__) if inside else below.label
        # The two disagree: neither is believed more than the other leaves room for.
        return [best, below.label], min(above.confidence, 1 - below.confidence, LIKELY)

    def _level1(self, code: str) -> str:
        return self.by_code[code].level1 if code in self.by_code else ""


def read(version: ModelVersion | None = None) -> Recogniser:
    """Of this version, else of the one in use; by words alone when there is none or it cannot be read."""
    categories = list(Category.objects.order_by("order", "pk"))
    version = version or ModelVersion.objects.in_use().only("pk", "first", "second").first()
    if version is None or not version.first or not version.second:
        return Recogniser(categories, None, None, None)
    try:
        return Recogniser(categories, Classifier.from_bytes(bytes(version.first)), Classifier.from_bytes(bytes(version.second)), version.pk)
    except ValueError:
        log.exception("the classifier in use cannot be read: going on by words alone")
        return Recogniser(categories, None, None, None)


recogniser = Remembered((LAYER,), read)


def guess(text: str) -> Guess:
    """What a text seems to be about. No query when nothing has changed for a second; about a millisecond."""
    return recogniser.current().guess(text)


@dataclass(frozen=True, eq=False)
class Sorted:
    """What a new case is given: columns of `Case`, and what its first event says of them."""

    columns: dict
    said: dict


def at_intake(text: str, chosen: Category | None, *, by_office: bool, has_town: bool) -> Sorted:
    """chosen: what whoever files it has said; by_office: a deputy or clerk, whose word is a person's. Else the sure ones get their category."""
    knows = recogniser.current()
    found = knows.guess(text)
    category, source, confidence = chosen, "person" if by_office else "reporter", None
    if chosen is None:
        category, source, confidence = (found.best, "machine", round(found.confidence, 3)) if found.sure else (None, "", None)
    likely = category or (found.best if found.likely else None)
    third = knows.third(text, category) if category else None
    level = of_category(text, likely, has_town=has_town)
    said = {"category": str(category), "source": source} if category else {}
    said |= {"confidence": confidence, "version": found.version} if source == "machine" else {}
    columns = {
        "category": category, "subcategory": third, "category_source": source if category else "", "category_confidence": confidence,
        "level_proposed": level.level, "level_reason": level.reason[:120],
    }  # fmt: skip
    return Sorted(columns, said)


def of_category(text: str, category: Category | None, *, has_town: bool) -> levels.Level:
    """The level proposed for a text of this category, or of none yet."""
    if category is None:
        return levels.proposed(text, has_town=has_town)
    return levels.proposed(text, category.label, category.handled_at, congress_only=category.congress_only, has_town=has_town)
