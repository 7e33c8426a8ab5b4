"""What a message is about by the words of the categories alone: how a county begins that has sorted nothing yet, and how the third level is told.

A word counts for its length, shared among the categories that know it. It is a rough reader (on 5,471 real messages the right one of nine first
levels in 69 of 100, among the first two in 83), so its answers are proposals and never count as sure.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

LONGEST = 4000  # characters read of a text
OFTEN = 4  # from then on a word says no more by being repeated
SUREST = 0.8  # the most that words alone may claim


@dataclass(frozen=True)
class Known:
    """A category of the third level: its code, that of its second level, and its words."""

    code: str
    parent: str
    words: tuple[str, ...]


class Keywords:
    def __init__(self, known: Iterable[Known]) -> None:
        self.parents = {}
        by_word: dict[str, set[str]] = defaultdict(set)
        for one in known:
            self.parents[one.code] = one.parent
            for word in one.words:
                by_word[word].add(one.code)
        shared = {word: len({self.parents[code] for code in codes}) for word, codes in by_word.items()}
        self._words = [(word, sorted(codes), len(word) ** 1.5 / shared[word]) for word, codes in sorted(by_word.items()) if word]

    def scores(self, text: str) -> dict[str, float]:
        """Code of the third level -> how much its words say; only those with a word in the text."""
        read = text[:LONGEST]
        said: dict[str, float] = defaultdict(float)
        for word, codes, weight in self._words:
            if times := read.count(word):
                for code in codes:
                    said[code] += min(times, OFTEN) ** 0.5 * weight
        return dict(said)

    def third(self, text: str, parent: str) -> str:
        """The third level that fits best below a second; "" when none of its words occurs."""
        below = {code: score for code, score in self.scores(text).items() if self.parents[code] == parent}
        return max(sorted(below), key=below.__getitem__) if below else ""

    def seconds(self, text: str, within: Collection[str] | None = None) -> list[tuple[str, float]]:
        """Codes of the second level with their scores, best first; within: only these."""
        sums: dict[str, float] = defaultdict(float)
        for code, score in self.scores(text).items():
            sums[self.parents[code]] += score
        found = [(code, score) for code, score in sums.items() if within is None or code in within]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def confidence(self, ranked: list[tuple[str, float]]) -> float:
        """How far the best is ahead of the next, 0..`SUREST`; not a probability."""
        if not ranked:
            return 0.0
        best, next_ = ranked[0][1], ranked[1][1] if len(ranked) > 1 else 0.0
        return SUREST * (best - next_) / (best + 2.0)
