"""LAB. Which texts tell of the same matter, over place and time: groups of complaints by their words, drawn apart where their places are apart.

A text is its characters' pairs and threes (no tokenizer), weighed by how rare they are; what names a place, before 小区, 路, 村 and the like, weighs
more. Two texts are as near as the cosine of their weights, times how near their places and days are. Groups are joined as average linkage joins
them: the mean of all pairs between two groups counts, and it is exact, since it is the product of two sums of vectors. Nothing is ever as large as
all pairs: every group keeps its few nearest others, groups that are each other's nearest are joined, and what came of it is asked again on a lower
level. At the end each text is held against the whole of each group, which knows the matter better than any single text does.

`read` makes bags of words out of texts, batch by batch, so that texts need not stand in memory together; `group` groups them; a `Grouping` takes in
newcomers by itself. The same input gives the same groups. No clock, no random, no files.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from apps.insights.linkage import Placed, joined, nearest

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BUCKETS = 1 << 20  # of hashed pairs and threes
LONGEST = 1200  # characters of a text that are read
TITLE_TIMES = 2  # how often a title counts
PLACE_TIMES, BROAD_TIMES = 1.6, 0.8  # what names a place, and what names a town or more, against other words
# A word in more than this share of the texts and in more than so many, or in more than so many at all, tells nothing.
WIDEST, FEW, MANY = 0.04, 120, 2000
# What stands in every letter counts as if it stood in so many of so many earlier ones.
ALREADY, COMMON_SHARE = 200.0, 0.4
COMMON = (
    "尊敬的领导您好你好请问我们我是一名这里那里反映问题情况希望能够可以尽快解决处理安排有关相关部门政府居民群众老百姓市民业主已经一直现在至今目前没有不能无法多次"
    "非常严重影响生活出行安全谢谢感谢关注支持投诉举报咨询建议要求强烈来电反映诉求请相关部门核实处理并回复"
)
PLACE = re.compile(
    r"(?=([一-鿿a-z0-9]{2,6}?)(?:小区|花园|家园|村|路|街(?!道)|巷|大道|苑|城|府|公馆|广场|市场|学校|小学|中学|幼儿园|大学|学院|医院|公司|集团|工地|厂|站|桥|河|湖|公园|码头))"
)
BROAD = re.compile(
    r"[一-鿿a-z0-9]{1,3}?(?:省|(?<!城)市(?![场政民])|县|(?<![小社园校厂])区(?![分别])|街道|(?<![城乡])镇|(?<!城)乡(?![镇村下]))"
)
MARK = re.compile(r"〔[^〔〕]{1,8}〕")  # what redaction left is no word of the matter
ODD = np.uint64(0x9E3779B97F4A7C15)  # Fibonacci hashing: spreads neighbouring code points

LEVELS = (0.5, 0.35, 0.25, 0.17, 0.12, 0.08)  # mean nearness of two groups that are joined, from the surest down
# Voices of a theme; how much nearer than the last level the pairs of a small one must be, over all but one of its voices.
LEAST, SURER = 3, 0.12
# Nearness to the whole group from where on a single text joins and stays, and how much nearer another must be that it moves to.
JOINS, LEAVES, MOVES = 0.22, 0.12, 0.08
ALIKE = 0.62  # of two whole groups: they are one
# Groups that last no longer, lie in the same days and say so much the same are one wherever their places are: a wave that goes over the county.
BRIEF, SAME_WORDS = 30.0, 0.75
ROUNDS = 2
HEAVIEST = 400  # words of a profile
AT_ONCE = 2000  # texts held against all groups at a time

NOWHERE = np.inf


@dataclass(frozen=True, eq=False)
class Bags:
    """What texts say, one row a text: `buckets[first[i]:first[i + 1]]` in order, each once, and how much each counts there."""

    first: Ints
    buckets: NDArray[np.int32]
    times: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.first) - 1

    @classmethod
    def of(cls, parts: Sequence[Bags]) -> Bags:
        """One after the other."""
        if not parts:
            return cls(np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32))
        lengths = np.concatenate([np.diff(part.first) for part in parts])
        first = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        return cls(
            first, np.concatenate([part.buckets for part in parts]), np.concatenate([part.times for part in parts])
        )


@dataclass(frozen=True, eq=False)
class Circumstances:
    """Where and when, one row a text: metres on a plane, within how many metres that is known (inf: nowhere), days since any day.

    Without places (`placeless`) words alone decide; a text of unknown place among placed ones is half as near to all of them.
    """

    east: Floats
    north: Floats
    within: Floats
    day: Floats

    @classmethod
    def placeless(cls, count: int, day: NDArray | None = None) -> Circumstances:
        nothing = np.zeros(count)
        return cls(nothing, nothing, np.full(count, NOWHERE), nothing if day is None else np.asarray(day, float))

    def taken(self, rows: NDArray) -> Circumstances:
        return Circumstances(self.east[rows], self.north[rows], self.within[rows], self.day[rows])


def read(texts: Iterable[tuple[str, str]]) -> Bags:
    """Bags of (title, text); either may be empty."""
    rows = [_counted(title, text) for title, text in texts]
    first = np.concatenate([[0], np.cumsum([len(buckets) for buckets, _ in rows])]).astype(np.int64)
    if not rows:
        return Bags.of([])
    return Bags(first, np.concatenate([buckets for buckets, _ in rows]), np.concatenate([times for _, times in rows]))


def plain(text: str) -> str:
    """As it is compared: one form of every letter, a line break for all that is no letter, no marks of redaction."""
    return re.sub(r"[\W_]+", "\n", unicodedata.normalize("NFKC", MARK.sub("\n", text)).lower())


def _counted(title: str, text: str) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    head, body = plain(title), plain(text[:LONGEST])
    line = "\n".join([head] * TITLE_TIMES + [body]) if head.strip() else body
    points = np.frombuffer(line.encode("utf-32-le"), np.uint32).astype(np.uint64)
    breaks = points == 10
    weight = np.ones(len(points))
    for found in PLACE.finditer(line):
        weight[found.start(1) : found.end(1)] = PLACE_TIMES
    for found in BROAD.finditer(line):
        weight[found.start() : found.end()] = BROAD_TIMES
    with np.errstate(over="ignore"):
        two = points[:-1] << np.uint64(21) | points[1:]
        two_whole = ~(breaks[:-1] | breaks[1:])
        three = two[:-1] * ODD ^ points[2:]
        three_whole = two_whole[:-1] & ~breaks[2:]
        hashed = np.concatenate([two[two_whole], three[three_whole]]) * ODD >> np.uint64(64 - BUCKETS.bit_length() + 1)
    two_weight = np.sqrt(weight[:-1] * weight[1:])[two_whole]
    three_weight = np.cbrt(weight[:-2] * weight[1:-1] * weight[2:])[three_whole]
    buckets, where, count = np.unique(hashed.astype(np.int32), return_inverse=True, return_counts=True)
    highest = np.zeros(len(buckets))
    np.maximum.at(highest, where, np.concatenate([two_weight, three_weight]))
    return buckets, ((1 + np.log(count)) * highest).astype(np.float32)


def _rarity(seen: NDArray[np.int32], count: int) -> NDArray[np.float32]:
    """What each bucket weighs among so many texts; 0 for what stands in too many of them, and in one alone."""
    telling = (seen > 1) & ((seen <= WIDEST * count) | (seen <= FEW)) & (seen <= MANY)
    common = np.zeros(BUCKETS)
    common[_counted("", COMMON)[0]] = ALREADY * COMMON_SHARE
    return np.where(telling, np.log((1 + ALREADY + count) / (1 + common + seen)) + 1, 0).astype(np.float32)


def weighed(bags: Bags, rare: NDArray[np.float32]) -> sparse.csr_matrix:
    """Rows of length 1; a text without a telling word is all zeros."""
    weight = bags.times * rare[bags.buckets]
    rows = sparse.csr_matrix((weight, bags.buckets, bags.first), shape=(len(bags), BUCKETS), copy=True)
    rows.eliminate_zeros()
    length = np.sqrt(
        np.bincount(np.repeat(np.arange(len(bags)), np.diff(rows.indptr)), rows.data.astype(float) ** 2, len(bags))
    )
    rows.data /= np.repeat(np.maximum(length, 1e-12), np.diff(rows.indptr)).astype(np.float32)
    return rows


@dataclass(frozen=True, eq=False)
class Profiles:
    """What newcomers are held against. seen: in how many of `count` texts each bucket stood; rows: one sparse row of length 1 a theme, its
    heaviest words; whereabouts: one row a theme."""

    seen: NDArray[np.int32]
    count: int
    rows: sparse.csr_matrix
    whereabouts: Placed

    def assigned(self, bags: Bags, circumstances: Circumstances) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Which theme each newcomer belongs to (-1: none), and how near it is to it. Changes nothing."""
        rows = weighed(bags, _rarity(self.seen, self.count))
        return _held_against(rows, Placed.of(circumstances, self.whereabouts.unplaced), self.rows, self.whereabouts)

    def rarer(self, run: str) -> float:
        """Among how many texts one may hold this run of characters: as many as hold the rarest part of it."""
        buckets, _ = _counted("", run)
        return self.count / max(1.0, float(self.seen[buckets].min(initial=self.count)))


@dataclass(frozen=True, eq=False)
class Grouping:
    """theme: int32, one row a text, -1: in none; themes are numbered from 0, the largest first. likeness: to the rest
    of its theme, 0..1."""

    theme: NDArray[np.int32]
    likeness: NDArray[np.float32]
    profiles: Profiles


def group(bags: Bags, circumstances: Circumstances, progress: Callable[[float], None] = lambda _: None) -> Grouping:
    """Group the texts. progress: called with the share that is done, 0..1."""
    seen = np.bincount(bags.buckets, minlength=BUCKETS).astype(np.int32)
    rows = weighed(bags, _rarity(seen, len(bags)))
    placed = Placed.of(circumstances)
    label = _agglomerated(rows, placed, progress)
    for turn in range(ROUNDS):
        label = _one_of_alike(rows, placed, label)
        label = _reassigned(rows, placed, label)
        progress(0.8 + 0.2 * (turn + 1) / ROUNDS)
    label = _coherent(rows, placed, _waves(rows, placed, _one_of_alike(rows, placed, label)))
    sums, whereabouts = _sums(rows, placed, label)
    _, own = _nearness_to_own(rows, placed, label, sums, whereabouts)
    likeness = np.where(label >= 0, np.clip(own, 0, 1), 0).astype(np.float32)
    return Grouping(label.astype(np.int32), likeness, Profiles(seen, len(bags), _profiles(sums), whereabouts))


def _agglomerated(rows: sparse.csr_matrix, placed: Placed, progress: Callable[[float], None]) -> Ints:
    label = np.arange(rows.shape[0])
    units, where = rows, placed
    for turn, level in enumerate(LEVELS):
        to = joined(nearest(units, where, level / 2), where.count, level)
        label = to[label]
        units, where = _summed(units, to), where.joined(to)
        progress(0.8 * (turn + 1) / len(LEVELS))
    sizes = np.bincount(label)
    return np.where(sizes[label] >= LEAST, label, -1)


def _summed(rows: sparse.csr_matrix, to: NDArray) -> sparse.csr_matrix:
    groups = int(to.max(initial=-1)) + 1
    into = sparse.csr_matrix((np.ones(len(to), np.float32), (to, np.arange(len(to)))), shape=(groups, len(to)))
    return (into @ rows).tocsr()


def _numbered(label: NDArray) -> Ints:
    """The same groups, numbered by size, then by their first text; those that are too small are none."""
    known = label >= 0
    _, first, where, sizes = np.unique(label[known], return_index=True, return_inverse=True, return_counts=True)
    order = np.lexsort((first, -sizes))
    number = np.empty(len(order), np.int64)
    number[order] = np.where(sizes[order] >= LEAST, np.arange(len(order)), -1)
    result = np.full(len(label), -1)
    result[known] = number[where]
    return result


def _waves(rows: sparse.csr_matrix, placed: Placed, label: NDArray) -> Ints:
    """Brief groups of the same days and words become one, however far apart they are."""
    if label.max(initial=-1) < 1:
        return label
    sums, where = _sums(rows, placed, label)
    brief = np.flatnonzero(where.lasting <= BRIEF * BRIEF)
    alike = (_unit_length(sums[brief]) @ _unit_length(sums[brief]).T).tocoo()
    days = where.day[brief]
    good = (alike.data >= SAME_WORDS) & (np.abs(days[alike.row] - days[alike.col]) <= BRIEF)
    near = sparse.csr_matrix((alike.data[good].astype(float), (alike.row[good], alike.col[good])), shape=alike.shape)
    to = np.arange(sums.shape[0])
    to[brief] = sums.shape[0] + joined(near.maximum(near.T), np.ones(len(brief)), SAME_WORDS)
    return _numbered(np.where(label >= 0, to[label], -1))


def _unit_length(sums: sparse.csr_matrix) -> sparse.csr_matrix:
    length = np.sqrt(np.asarray(sums.multiply(sums).sum(axis=1)).ravel().astype(float))
    return (sparse.diags(1 / np.maximum(length, 1e-9)) @ sums).tocsr()


def _coherent(rows: sparse.csr_matrix, placed: Placed, label: NDArray) -> Ints:
    """Without small groups that only chance holds together: of few texts the nearest three are soon as near as many are."""
    if label.max(initial=-1) < 0:
        return label
    sums, whereabouts = _sums(rows, placed, label)
    count = whereabouts.count
    mean = (np.asarray(sums.multiply(sums).sum(axis=1)).ravel() - count) / (count * (count - 1))
    good = mean >= LEVELS[-1] + SURER / (count - 1)
    return _numbered(np.where((label >= 0) & good[label], label, -1))


def _sums(rows: sparse.csr_matrix, placed: Placed, label: NDArray) -> tuple[sparse.csr_matrix, Placed]:
    inside = np.flatnonzero(label >= 0)
    return _summed(rows[inside], label[inside]), placed.taken(inside).joined(label[inside])


def _nearness_to_own(
    rows: sparse.csr_matrix, placed: Placed, label: NDArray, sums: sparse.csr_matrix, whereabouts: Placed
) -> tuple[Floats, Floats]:
    """Length of each group's sum; and how near each text is to the rest of its own group."""
    length = np.sqrt(np.asarray(sums.multiply(sums).sum(axis=1)).ravel().astype(float))
    own = np.zeros(rows.shape[0])
    inside = np.flatnonzero(label >= 0)
    for start in range(0, len(inside), AT_ONCE):
        part = inside[start : start + AT_ONCE]
        product = np.asarray(rows[part].multiply(sums[label[part]]).sum(axis=1)).ravel()
        rest = np.sqrt(np.maximum(length[label[part]] ** 2 - 2 * product + 1, 1e-9))
        own[part] = (product - 1) / rest * placed.taken(part).closeness(whereabouts.taken(label[part]))
    return length, own


def _one_of_alike(rows: sparse.csr_matrix, placed: Placed, label: NDArray) -> Ints:
    """Groups whose wholes are alike become one."""
    label = _numbered(label)
    while label.max(initial=-1) > 0:
        sums, whereabouts = _sums(rows, placed, label)
        whole = _unit_length(sums).astype(np.float32)
        to = joined(nearest(whole, whereabouts.alone(), ALIKE), np.ones(whole.shape[0]), ALIKE)
        if to.max() + 1 == whole.shape[0]:
            return label
        label = _numbered(np.where(label >= 0, to[label], -1))
    return label


def _reassigned(rows: sparse.csr_matrix, placed: Placed, label: NDArray) -> Ints:
    """Each text goes where it is nearest: loose ones join, strangers leave, those nearer to another group move."""
    if label.max(initial=-1) < 0:
        return label
    sums, whereabouts = _sums(rows, placed, label)
    _, own = _nearness_to_own(rows, placed, label, sums, whereabouts)
    best, nearness = _held_against(rows, placed, _profiles(sums), whereabouts, least=LEAVES, without=label)
    moves = (best >= 0) & (best != label) & (nearness >= np.where(label >= 0, np.maximum(own + MOVES, JOINS), JOINS))
    stays = (label >= 0) & (own >= LEAVES)
    return _numbered(np.where(moves, best, np.where(stays, label, -1)))


def _held_against(
    rows: sparse.csr_matrix,
    placed: Placed,
    sums: sparse.csr_matrix,
    whereabouts: Placed,
    *,
    least: float = JOINS,
    without: NDArray | None = None,
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The group that each text is nearest to, -1 where none is near enough, and how near. without: a group that is not asked."""
    count = rows.shape[0]
    best, nearness = np.full(count, -1, np.int32), np.zeros(count, np.float32)
    if not sums.shape[0]:
        return best, nearness
    across = sums.T.tocsr()
    for start in range(0, count, AT_ONCE):
        found = (rows[start : start + AT_ONCE] @ across).tocoo()
        row, other, value = found.row + start, found.col, found.data.astype(float)
        near = value >= least
        if without is not None:
            near &= other != without[row]
        row, other, value = row[near], other[near], value[near]
        value *= placed.taken(row).closeness(whereabouts.taken(other))
        order = np.lexsort((other, -value, row))
        row, other, value = row[order], other[order], value[order]
        first = np.concatenate([[True], row[1:] != row[:-1]]) if len(row) else np.empty(0, bool)
        good = first & (value >= least)
        best[row[good]], nearness[row[good]] = other[good], value[good]
    return best, nearness


def _profiles(sums: sparse.csr_matrix) -> sparse.csr_matrix:
    """The heaviest words of each group, as rows of length 1."""
    first, buckets, weights = [0], [], []
    for row in range(sums.shape[0]):
        span = slice(sums.indptr[row], sums.indptr[row + 1])
        heavy = np.sort(np.argsort(-sums.data[span], kind="stable")[:HEAVIEST])
        buckets.append(sums.indices[span][heavy])
        weights.append(sums.data[span][heavy] / max(np.linalg.norm(sums.data[span]), 1e-9))
        first.append(first[-1] + len(heavy))
    data = (
        (np.concatenate(weights), np.concatenate(buckets), first)
        if buckets
        else (np.empty(0, np.float32), np.empty(0, np.int32), first)
    )
    return sparse.csr_matrix(data, shape=(sums.shape[0], BUCKETS))
