"""LAB. Which earlier ones are about the same matter as these: by the pairs of characters that they share, where they are and when they came.

`apps.cases.duplicates` ranks the few that a person is shown. Here a program decides about a hundred thousand: each text keeps only its rarest
pairs, batches are compared by products of sparse matrices, and the nearer two places are the less alike the words need be.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

KEPT = 48  # pairs of a text that are compared: its rarest
BUCKETS = 1 << 18  # of hashed pairs
EVERYWHERE = 0.05  # share of the texts above which a pair says nothing
AT_ONCE = 128  # texts of a batch in one product
MOST = 200_000  # texts that are held; the first to have come go first
DAYS = 90  # between two tellings of one matter
ALREADY = 200  # texts as if they had been read: so that a county with ten weighs words as one with ten thousand does
SHORTEST = 6  # pairs: a text with fewer says too little to be like another

# How alike the words must be (cosine), by what is known of the two places. Of 4,326 letters without places all pairs that were read, from 0.5 on,
# spoke of one matter; where a clerk writes them from templates, places must tell them apart.
NEAR, AROUND, AWAY = 150.0, 500.0, 1500.0  # metres
AT_NEAR, AT_AROUND, AT_AWAY = 0.4, 0.5, 0.7
IN_VILLAGE, UNKNOWN = 0.5, 0.65
SENT_AGAIN, SENT_AGAIN_DAYS = 0.95, 7  # the same words within days, wherever they were located

COMMON = "市民来电反映诉求人来信表示称要求希望请相关部门尽快核实处理并回复给予答复谢谢领导您好你好我是我们这里那里问题情况已经一直现在至今没有多次严重影响居民群众生活出行安全投诉举报咨询建议求助"
_MARKS = re.compile(r"〔[^〔〕]{1,6}〕")
_NOISE = re.compile(r"[\W_]+")
_ODD = np.uint64(0x9E3779B97F4A7C15)  # Fibonacci hashing


@dataclass(frozen=True, eq=False)
class Told:
    """Texts with what is known of them, arrays of one length: lon, lat degrees (NaN: no point), village (-1: unknown), day (days since any
    epoch, NaN: unknown)."""

    texts: Sequence[str]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    village: NDArray[np.int64]
    day: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True, eq=False)
class Like:
    """id: as it was given to `add`; of one that was asked about together with it -1 - its row. words 0..1: how alike the words are. metres, days
    between them: NaN where unknown."""

    id: int
    words: float
    metres: float
    days: float


class Matters:
    """Held texts, by ids >= 0 that their owner gives them. For one thread; the texts themselves are not kept."""

    def __init__(self) -> None:
        self._parts: list[_Part] = []
        self._seen = np.zeros(BUCKETS, np.int32)
        self._texts = 0

    def __len__(self) -> int:
        return sum(part.count for part in self._parts)

    def add(self, ids: NDArray[np.int64], told: Told) -> None:
        """These are held from now on. Of an id that is given again both texts are."""
        if not len(told):
            return
        part = _Part(
            np.asarray(ids, np.int64),
            told.lon,
            told.lat,
            told.village,
            told.day,
            self._counted(told.texts, learn=True).T.tocsr(),
        )
        while self._parts and self._parts[-1].count <= 2 * part.count:
            part = _Part.joined(self._parts.pop(), part)
        self._parts.append(part)
        while len(self) > MOST and len(self._parts) > 1:
            del self._parts[0]

    def like(self, told: Told, own: NDArray[np.int64] | None = None, *, among: bool = False) -> list[Like | None]:
        """For each the one that is the same matter, most alike first and of equals the lowest id; None: none is. own: the id that each is held
        by itself, -1 for none. among: those that stand before it in `told` are asked too."""
        rows = self._counted(told.texts, learn=False)
        mine = np.full(len(told), -1, np.int64) if own is None else own
        best: list[Like | None] = [None] * len(told)
        together = (
            [_Part(-1 - np.arange(len(told)), told.lon, told.lat, told.village, told.day, rows.T.tocsr())]
            if among and len(told)
            else []
        )
        for first in range(0, len(told), AT_ONCE):
            for part in (*self._parts, *together):
                words = (rows[first : first + AT_ONCE] @ part.rows).tocoo()
                enough = words.data >= AT_NEAR
                asked, held, alike = words.row[enough] + first, words.col[enough], words.data[enough]
                other = (held < asked) if part in together else part.ids[held] != mine[asked]
                for row, like in part.same(told, asked[other], held[other], alike[other]):
                    one = best[row]
                    if one is None or like.words > one.words:
                        best[row] = like
        return best

    # --- texts as rows ------------------------------------------------------------------------------------------------------

    def _counted(self, texts: Sequence[str], *, learn: bool) -> sp.csr_matrix:
        """float32[n, BUCKETS], rows of length 1: the rarest pairs of each text, weighed by how rare they are. Too short a text has none."""
        found = [_pairs(text) for text in texts]
        if learn:
            for buckets in found:
                self._seen[buckets] += 1
            self._texts += len(texts)
        columns, values, ends = [], [], [0]
        often = max(20.0, EVERYWHERE * self._texts)
        for buckets in found:
            seen = self._seen[buckets]
            telling = np.argsort(seen, kind="stable")[:KEPT]
            telling = telling[seen[telling] <= often]
            if len(telling) < SHORTEST:
                telling = telling[:0]
            weight = np.log((ALREADY + self._texts) / (1 + seen[telling])).astype(np.float32)
            columns.append(buckets[telling])
            values.append(weight / max(float(np.linalg.norm(weight)), 1e-9))
            ends.append(ends[-1] + len(telling))
        column = np.concatenate(columns) if columns else np.zeros(0, np.int32)
        value = np.concatenate(values) if values else np.zeros(0, np.float32)
        return sp.csr_matrix((value, column, np.array(ends, np.int32)), shape=(len(texts), BUCKETS), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class _Part:
    """Some of the held texts, in the order in which they came; rows: pairs x texts."""

    ids: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    village: NDArray[np.int64]
    day: NDArray[np.float64]
    rows: sp.csr_matrix

    @property
    def count(self) -> int:
        return len(self.ids)

    @classmethod
    def joined(cls, one: "_Part", other: "_Part") -> "_Part":
        def both(name: str) -> NDArray:
            return np.concatenate([getattr(one, name), getattr(other, name)])

        rows = sp.hstack([one.rows, other.rows], format="csr")
        return cls(both("ids"), both("lon"), both("lat"), both("village"), both("day"), rows)

    def same(self, told: Told, asked: NDArray, held: NDArray, alike: NDArray) -> list[tuple[int, Like]]:
        """Of these pairs the best for each that is asked about, as far as words, places and days say that it is one matter."""
        metres = _metres(told.lon[asked], told.lat[asked], self.lon[held], self.lat[held])
        days = np.abs(told.day[asked] - self.day[held])
        mine, theirs = told.village[asked], self.village[held]
        village_known = (mine >= 0) & (theirs >= 0)
        by_village = np.where(village_known, np.where(mine == theirs, IN_VILLAGE, np.inf), UNKNOWN)
        by_metres = np.select([metres <= NEAR, metres <= AROUND, metres <= AWAY], [AT_NEAR, AT_AROUND, AT_AWAY], np.inf)
        needed = np.where(np.isnan(metres), by_village, by_metres)
        again = (alike >= SENT_AGAIN) & (np.nan_to_num(days) <= SENT_AGAIN_DAYS)
        same = again | ((alike >= needed) & ~(days > DAYS))
        order = np.flatnonzero(same)
        order = order[np.lexsort((self.ids[held[order]], -alike[order], asked[order]))]
        _, firsts = np.unique(asked[order], return_index=True)
        return [
            (
                int(asked[at]),
                Like(int(self.ids[held[at]]), min(float(alike[at]), 1.0), float(metres[at]), float(days[at])),
            )
            for at in order[firsts].tolist()
        ]


def _metres(lon: NDArray, lat: NDArray, to_lon: NDArray, to_lat: NDArray) -> NDArray[np.float64]:
    """On the plane that touches the ellipsoid: right to a thousandth within a county. NaN: a place is unknown."""
    here = np.radians(lat)
    flat = 1 - 0.00669438 * np.sin(here) ** 2
    east = np.radians(to_lon - lon) * np.cos(here) * 6378137.0 / np.sqrt(flat)
    north = np.radians(to_lat - lat) * 6335439.0 / flat**1.5
    return np.hypot(east, north)


def _pairs(text: str) -> NDArray[np.int32]:
    """The buckets of a text's pairs of neighbouring characters, each once, without marks and what every letter says."""
    plain = _NOISE.sub("", unicodedata.normalize("NFKC", _MARKS.sub("", text)).lower())
    points = np.frombuffer(plain.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    with np.errstate(over="ignore"):
        hashed = (points[:-1] << np.uint64(21) | points[1:]) * _ODD >> np.uint64(64 - 18)
    found = np.unique(hashed.astype(np.int32))
    return found[~_COMMON[found]] if len(found) else found


_COMMON = np.zeros(BUCKETS, bool)
_COMMON[_pairs(COMMON)] = True
