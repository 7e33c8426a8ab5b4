"""Which open reports are about the same thing as this one: by the characters that both texts share, and by how near they are. No Django here.

A text is its single characters and pairs of neighbours (no tokenizer). Two measures are mixed: the cosine of TF-IDF weights, which is
fair to texts of one length, and how much of the shorter text's weight is in the longer one, which finds a title in a long letter. A place
can only add to a likeness of words: two different things may be wrong at one corner.
"""

import re
import unicodedata
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod

COSINE, CONTAINED = 0.7, 0.3  # the mix: on 2,816 titles and letters of citizens it found the own letter first in 85 % (cosine alone 82 %, of pairs 81 %)
BUCKETS = 1 << 20  # of hashed characters and pairs
HALFWAY = 200.0  # metres at which nearness counts a half
UNLIKE, ALIKE = 0.1, 0.35  # likeness of words: below, nearness adds nothing; above, all that it can
AT_MOST = 0.6  # of what is missing to 1, added by being at the same place
BY_TEXT, BY_PLACE = 0.35, 0.5  # from where on the words alone, and the nearness, are a reason to name
SHORTEST = 12.0  # weight: a text of a word or two is not "contained" in everything that has them
GROWN, LATEST = 1.2, 300  # the weights are made anew when there are so many times the texts, or so many more
GEOD = Geod(ellps="WGS84")

# What stands in every letter and says nothing of its matter. Counted as if it stood in so many of ALREADY earlier ones, so that a county with
# ten open reports weighs words as one with ten thousand does.
ALREADY, COMMON_SHARE = 200.0, 0.4
COMMON = (
    "尊敬的领导您好你好请问我们我是一名这里那里反映问题情况希望能够可以尽快解决处理安排有关相关部门政府居民群众老百姓市民业主已经一直现在至今目前没有不能无法多次"
    "非常严重影响生活出行安全谢谢感谢关注支持投诉举报咨询建议要求强烈了的是在和也都就不我有这"
)
ODD = np.uint64(0x9E3779B97F4A7C15)  # Fibonacci hashing: spreads neighbouring code points


@dataclass(frozen=True, eq=False)
class Match:
    """id: as given. score 0..1: how likely it is the same thing. text 0..1: likeness of the words alone. metres: None where a place is missing."""

    id: Hashable
    score: float
    text: float
    metres: float | None
    because: Literal["text", "place", "both"]


class DuplicateIndex:
    """Texts with their places, asked for those most like another one.

    ids: one per text, hashable. lon, lat: degrees, NaN where unknown; absent: no places. A wrong length or an id given twice raises
    ValueError. `add` and `remove` keep it current; how rare a word is is counted anew now and then (GROWN, LATEST).
    Safe to ask from several threads while one changes it: a change puts a new state in the old one's place.
    """

    def __init__(self, ids: Sequence[Hashable], texts: Sequence[str], lon=None, lat=None) -> None:
        at = _places(len(texts), lon, lat)
        if len(ids) != len(texts) or len(set(ids)) != len(texts):
            raise ValueError("one id for each text, each of them once")
        self._state = _State.made(list(ids), [_counted(text) for text in texts], at)

    def __len__(self) -> int:
        return len(self._state.alive)

    def __contains__(self, given: Hashable) -> bool:
        return given in self._state.alive

    def add(self, given: Hashable, text: str, lon: float | None = None, lat: float | None = None) -> None:
        """One more text; an id that is known gets this text and place instead."""
        self._state = self._state.with_one(given, _counted(text), _places(1, None if lon is None else [lon], None if lat is None else [lat]))

    def remove(self, given: Hashable) -> None:
        """Nothing happens when it is not there."""
        if given in self._state.alive:
            self._state = self._state.without(given)

    def query(self, text: str, lon: float | None = None, lat: float | None = None, k: int = 5) -> list[Match]:
        """The k most alike, best first; equal ones in the order in which they came. Texts that share nothing are no matches."""
        return self._state.query(text, lon, lat, k)


Counted = tuple[NDArray[np.int32], NDArray[np.float64]]


class _State:
    """What is asked: postings sorted by bucket for most texts, and the latest ones as they came."""

    def __init__(self, ids: list[Hashable], texts: list[Counted], at: NDArray[np.float64], weigh: NDArray[np.float32], settled: int) -> None:
        self.ids, self.texts, self.at, self.idf = ids, texts, at, weigh
        self.alive: dict[Hashable, int] = {}
        self.norm = np.ones(0)
        self.mass = np.ones(0)
        self.sorted = _Postings.none()
        self.settled = settled  # texts that the sorted postings hold

    @classmethod
    def made(cls, ids: list[Hashable], texts: list[Counted], at: NDArray[np.float64]) -> "_State":
        seen = np.full(BUCKETS, 0.0, np.float32)
        seen[_counted(COMMON)[0]] = ALREADY * COMMON_SHARE
        if texts:
            np.add.at(seen, np.concatenate([buckets for buckets, _ in texts]), np.float32(1))
        state = cls(ids, texts, at, (np.log((1 + ALREADY + len(texts)) / (1 + seen)) + 1).astype(np.float32), len(texts))
        state.alive = {given: row for row, given in enumerate(ids)}
        measured = [state.measured(each) for each in texts]
        state.norm, state.mass = (np.array([each[part] for each in measured], float) for part in (0, 1))
        state.sorted = _Postings.of(texts, 0)
        return state

    def with_one(self, given: Hashable, text: Counted, at: NDArray[np.float64]) -> "_State":
        kept = {known: row for known, row in self.alive.items() if known != given}
        if len(self.ids) + 1 > min(max(16, self.settled) * GROWN, self.settled + LATEST):
            rows = [*kept.values()]
            return _State.made([*kept, given], [*(self.texts[row] for row in rows), text], np.vstack([self.at[rows], at]))
        norm, mass = self.measured(text)
        state = _State([*self.ids, given], [*self.texts, text], np.vstack([self.at, at]), self.idf, self.settled)
        state.alive = {**kept, given: len(self.ids)}
        state.norm, state.mass, state.sorted = np.append(self.norm, norm), np.append(self.mass, mass), self.sorted
        return state

    def without(self, given: Hashable) -> "_State":
        kept = {known: row for known, row in self.alive.items() if known != given}
        if len(kept) * GROWN < len(self.ids) - 16:
            rows = [*kept.values()]
            return _State.made([*kept], [self.texts[row] for row in rows], self.at[rows])
        state = _State(self.ids, self.texts, self.at, self.idf, self.settled)
        state.alive, state.norm, state.mass, state.sorted = kept, self.norm, self.mass, self.sorted
        return state

    def measured(self, text: Counted) -> tuple[float, float]:
        """Length of a text's weight vector, and the weight of what stands in it, each once."""
        buckets, times = text
        rare = self.idf[buckets].astype(float)
        return max(float(np.linalg.norm(rare * times)), 1e-12), float(rare.sum())

    def query(self, text: str, lon: float | None, lat: float | None, k: int) -> list[Match]:
        asked = _counted(text)
        if not len(asked[0]) or not self.alive or k < 1:
            return []
        alike = self.likeness(asked)
        metres = self.metres(lon, lat)
        near = np.where(np.isnan(metres), 0.0, 1 / (1 + (np.nan_to_num(metres) / HALFWAY) ** 2))
        score = alike + (1 - alike) * AT_MOST * near * np.clip((alike - UNLIKE) / (ALIKE - UNLIKE), 0, 1)
        rows = np.fromiter(self.alive.values(), np.int64, len(self.alive))
        rows = rows[alike[rows] > 0]
        best = rows[np.lexsort((rows, -score[rows]))[:k]]
        return [self.match(row, score, alike, near, lon, lat) for row in best.tolist()]

    def match(self, row: int, score: NDArray, alike: NDArray, near: NDArray, lon: float | None, lat: float | None) -> Match:
        """One answer, with its metres on the ellipsoid."""
        there = self.at[row]
        known = lon is not None and lat is not None and not np.isnan(there).any()
        metres = float(GEOD.inv(lon, lat, *there)[2]) if known else None
        by_text, by_place = alike[row] >= BY_TEXT, near[row] >= BY_PLACE
        because: Literal["text", "place", "both"] = "both" if by_text and by_place else "place" if by_place else "text"
        return Match(self.ids[row], min(float(score[row]), 1.0), min(float(alike[row]), 1.0), metres, because)

    def likeness(self, asked: Counted) -> NDArray[np.float64]:
        """0..1 for each row."""
        buckets, times = asked
        rare = self.idf[buckets].astype(float)
        norm, mass = self.measured(asked)
        count = len(self.ids)
        products, shared = self.sorted.summed(buckets, rare * times, rare, count)
        for row in range(self.settled, count):  # the latest
            theirs, their_times = self.texts[row]
            _, mine, other = np.intersect1d(buckets, theirs, assume_unique=True, return_indices=True)
            products[row] = float((rare[mine] * times[mine] * rare[mine] * their_times[other]).sum())
            shared[row] = float(rare[mine].sum())
        cosine = products / (norm * self.norm)
        contained = shared / np.maximum(np.minimum(mass, self.mass), SHORTEST)
        return COSINE * cosine + CONTAINED * contained

    def metres(self, lon: float | None, lat: float | None) -> NDArray[np.float64]:
        """To each row, on the plane that touches the ellipsoid here: right to a thousandth within a county. NaN: a place is missing."""
        if lon is None or lat is None:
            return np.full(len(self.ids), np.nan)
        here = np.radians(lat)
        flat = 1 - 0.00669438 * np.sin(here) ** 2
        east = np.radians(self.at[:, 0] - lon) * np.cos(here) * 6378137.0 / np.sqrt(flat)
        north = np.radians(self.at[:, 1] - lat) * 6335439.0 / flat**1.5
        return np.hypot(east, north)


@dataclass(frozen=True, eq=False)
class _Postings:
    """Which texts hold a bucket: `rows[first[i]:first[i + 1]]` those of `buckets[i]`, and how it is weighed in each."""

    buckets: NDArray[np.int32]
    first: NDArray[np.int64]
    rows: NDArray[np.int32]
    times: NDArray[np.float32]

    @classmethod
    def none(cls) -> "_Postings":
        return cls(np.empty(0, np.int32), np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32))

    @classmethod
    def of(cls, texts: list[Counted], start: int) -> "_Postings":
        if not texts:
            return cls.none()
        bucket = np.concatenate([buckets for buckets, _ in texts])
        times = np.concatenate([times for _, times in texts]).astype(np.float32)
        rows = np.repeat(np.arange(start, start + len(texts), dtype=np.int32), [len(buckets) for buckets, _ in texts])
        order = np.argsort(bucket, kind="stable")
        buckets, first = np.unique(bucket[order], return_index=True)
        return cls(buckets, np.append(first, len(order)), rows[order], times[order])

    def summed(self, asked: NDArray, weight: NDArray, rare: NDArray, count: int) -> tuple[NDArray, NDArray]:
        """For each row: the product of the weight vectors, and the weight of what both hold."""
        at = np.searchsorted(self.buckets, asked)
        held = at < len(self.buckets)
        held[held] = self.buckets[at[held]] == asked[held]
        at, weight, rare = at[held], weight[held], rare[held]
        length = self.first[at + 1] - self.first[at]
        if not length.sum():
            return np.zeros(count), np.zeros(count)
        place = np.repeat(self.first[at] - np.concatenate([[0], np.cumsum(length)[:-1]]), length) + np.arange(length.sum())
        rows = self.rows[place]
        products = np.bincount(rows, np.repeat(weight * rare, length) * self.times[place], minlength=count)
        return products, np.bincount(rows, np.repeat(rare, length), minlength=count)


def _counted(text: str) -> Counted:
    """The buckets of a text's characters and pairs, each once and in order, and 1 + log of how often."""
    plain = re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).lower())
    points = np.frombuffer(plain.encode("utf-32-le"), np.uint32).astype(np.uint64)
    pairs = points[:-1] << np.uint64(21) | points[1:]
    with np.errstate(over="ignore"):
        hashed = np.concatenate([points, pairs]) * ODD >> np.uint64(64 - BUCKETS.bit_length() + 1)
    buckets, times = np.unique(hashed.astype(np.int32), return_counts=True)
    return buckets, 1 + np.log(times)


def _places(count: int, lon, lat) -> NDArray[np.float64]:
    if lon is None or lat is None:
        return np.full((count, 2), np.nan)
    at = np.column_stack([np.asarray(lon, float), np.asarray(lat, float)])
    if at.shape != (count, 2):
        raise ValueError("one lon and one lat for each text")
    return at
