"""What a message is about, learned from messages that people have sorted: characters and their pairs, weighted, and one linear SVM per label.

A pair of characters counts for how rarely it is written and for how unevenly it falls on the labels (its information about them). The gap between
the two best scores, calibrated on messages left out of the training, says how sure the answer is. The next best is asked of the SVM together
with a gentler one: what parts the best from all others says little of how those follow each other. A trained classifier is a few arrays: it is
saved without code inside, read without trusting the file, and predicts without the library that trained it.
"""

import io
import unicodedata
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

LONGEST = 4000  # characters read of a text: what follows repeats what was said
RAREST = 2  # texts that must hold a feature
COST = 0.7
GENTLE = 0.1  # the cost of the SVM that has a say in what comes next
EVENNESS = 0.2  # what a feature weighs that says nothing of the labels, against one that settles them
FOLDS = 3
BINS = 25
HALF = 21  # bits of a character
FORMAT = 2
BIGGEST_FILE = 256 << 20  # bytes


@dataclass(frozen=True, eq=False)
class Prediction:
    """The best label, the next best ("" when there is only one), and the probability 0..1 that the best is right. Of a text that says nothing
    known, 0."""

    label: str
    second: str
    confidence: float


@dataclass(frozen=True, eq=False)
class Classifier:
    """labels: k, sorted. features: int64[v], sorted. weights: float32[v]. coefficients: float32[v, k]. intercepts: float64[k].
    following, following_intercepts: as those two, of what comes next after the best.
    calibration: float64[2, m], rising: gaps, and how often the best score was right at such a gap; straight between them."""

    labels: tuple[str, ...]
    features: NDArray[np.int64]
    weights: NDArray[np.float32]
    coefficients: NDArray[np.float32]
    intercepts: NDArray[np.float64]
    following: NDArray[np.float32]
    following_intercepts: NDArray[np.float64]
    calibration: NDArray[np.float64]

    def scores(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """float64[n, k]: how far each text lies on each label's side. A text with no known feature has the intercepts alone."""
        return self._scored(_weighted(_counted(texts, self.features), self.weights))

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        counts = _counted(texts, self.features)
        known, rows = np.diff(counts.indptr) > 0, _weighted(counts, self.weights)
        scores = self._scored(rows)
        best, sure = scores.argmax(axis=1), self.confidence(scores)
        others = np.asarray(rows @ self.following, dtype=np.float64) + self.following_intercepts
        others[np.arange(len(best)), best] = -np.inf
        second = others.argmax(axis=1) if len(self.labels) > 1 else best
        return [
            Prediction(self.labels[one], self.labels[other] if other != one else "", float(confidence) if some else 0.0)
            for one, other, confidence, some in zip(best.tolist(), second.tolist(), sure, known, strict=True)
        ]

    def confidence(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """float64[n]: the probability that the best of each row's scores is right."""
        return np.interp(_gaps(scores), self.calibration[0], self.calibration[1])

    def _scored(self, rows: sp.csr_matrix) -> NDArray[np.float64]:
        return np.asarray(rows @ self.coefficients, dtype=np.float64) + self.intercepts

    def to_bytes(self) -> bytes:
        """Compressed arrays; half precision, which moves no score by more than a thousandth."""
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer, format=np.array([FORMAT]), labels=np.array(self.labels), features=self.features, weights=self.weights.astype(np.float16),
            coefficients=self.coefficients.astype(np.float16), intercepts=self.intercepts,
            following=self.following.astype(np.float16), following_intercepts=self.following_intercepts, calibration=self.calibration,
        )  # fmt: skip
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Classifier":
        """ValueError when these are not a classifier's arrays. Nothing in them is run."""
        try:
            if sum(part.file_size for part in zipfile.ZipFile(io.BytesIO(data)).infolist()) > BIGGEST_FILE:
                raise ValueError("too big for a classifier")
            with np.load(io.BytesIO(data), allow_pickle=False) as parts:
                if parts["format"].tolist() != [FORMAT]:
                    raise ValueError("a classifier of another format")
                found = cls(
                    tuple(str(label) for label in parts["labels"]), parts["features"], parts["weights"].astype(np.float32),
                    parts["coefficients"].astype(np.float32), parts["intercepts"],
                    parts["following"].astype(np.float32), parts["following_intercepts"], parts["calibration"],
                )  # fmt: skip
        except (OSError, KeyError, IndexError, EOFError, zipfile.BadZipFile, TypeError) as fault:
            raise ValueError("not a classifier") from fault
        found._check()
        return found

    def save(self, path: Path | str) -> None:
        Path(path).write_bytes(self.to_bytes())

    @classmethod
    def load(cls, path: Path | str) -> "Classifier":
        """OSError when there is no file, ValueError when it is not a classifier's."""
        return cls.from_bytes(Path(path).read_bytes())

    def _check(self) -> None:
        v, k = len(self.features), len(self.labels)
        shapes = self.features.shape == self.weights.shape == (v,) and self.coefficients.shape == self.following.shape == (v, k)
        shapes = shapes and self.intercepts.shape == self.following_intercepts.shape == (k,)
        kinds = self.features.dtype == np.int64 and self.intercepts.dtype == self.following_intercepts.dtype == np.float64
        sorted_ = bool(np.all(np.diff(self.features) > 0)) if kinds and shapes else False
        curve = self.calibration
        rising = curve.dtype == np.float64 and curve.ndim == 2 and len(curve) == 2 and curve.shape[1] > 0 and bool((np.diff(curve) >= 0).all())
        numbers = (self.weights, self.coefficients, self.intercepts, self.following, self.following_intercepts, curve)
        if not (k and shapes and kinds and sorted_ and rising and all(bool(np.isfinite(part).all()) for part in numbers)):
            raise ValueError("a classifier's arrays that do not fit together")


def train(
    texts: Sequence[str], labels: Sequence[str], groups: Sequence[int] | None = None, weights: Sequence[float] | None = None
) -> Classifier:
    """Learn from texts and their labels. groups: rows of one group are never on both sides of the calibration; by default rows that begin alike.
    weights: how much each row counts, > 0; 1 where nothing is said.

    Every label that occurs is learned, though it be from one text. The same rows give the same classifier. ValueError without texts or when the
    lengths differ.
    """
    if not len(texts) or len(texts) != len(labels):
        raise ValueError("texts and labels must be as many, and some")
    features, counts = _learned_features(texts)
    names, told = np.unique(np.asarray(labels, dtype=str), return_inverse=True)
    counting = np.ones(len(texts)) if weights is None else np.asarray(weights, dtype=float)
    if len(counting) != len(texts) or not (counting > 0).all():
        raise ValueError("as many weights as texts, above 0")
    weighing, coefficients, intercepts = _fitted(counts, told, len(names), counting)
    _, gentle, gentle_intercepts = _fitted(counts, told, len(names), counting, GENTLE)
    own = np.asarray(alike(texts) if groups is None else groups)
    calibration = _calibrated(counts, told, len(names), own, counting)
    return Classifier(
        tuple(str(name) for name in names), features, weighing, coefficients.astype(np.float32), intercepts,
        (coefficients + gentle).astype(np.float32), intercepts + gentle_intercepts, calibration,
    )  # fmt: skip


def alike(texts: Sequence[str]) -> NDArray[np.intp]:
    """intp[n]: the same number for texts whose first sixty letters are the same: sent twice, or copied."""
    heads = ["".join(ch for ch in _plain(text) if ch.isalnum())[:60] for text in texts]
    return np.unique(np.asarray(heads, dtype=str), return_inverse=True)[1]


def folds(told: NDArray[np.intp], groups: NDArray[np.intp], number: int) -> NDArray[np.intp]:
    """intp[n]: a fold 0..number-1 for every row: groups kept together, each label spread evenly."""
    group_of, first = np.unique(groups, return_index=True)
    order = np.lexsort((first, told[first]))
    of_group = np.empty(len(group_of), dtype=np.intp)
    of_group[order] = np.arange(len(order)) % number
    return of_group[np.searchsorted(group_of, groups)]


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text[:LONGEST]).lower().split())


def _features_of(text: str) -> NDArray[np.int64]:
    """int64: the code of every character and of every two that follow each other."""
    points = np.frombuffer(_plain(text).encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.int64)
    return np.concatenate([points, (points[:-1] << HALF) | points[1:]])


def _learned_features(texts: Sequence[str]) -> tuple[NDArray[np.int64], sp.csr_matrix]:
    """The features that enough texts hold, and their counts."""
    rows = [np.unique(_features_of(text), return_counts=True) for text in texts]
    found, spread = np.unique(np.concatenate([row for row, _ in rows]), return_counts=True)
    features = found[spread >= RAREST] if (spread >= RAREST).any() else found
    return features, _placed(rows, features)


def _counted(texts: Sequence[str], features: NDArray[np.int64]) -> sp.csr_matrix:
    return _placed([np.unique(_features_of(text), return_counts=True) for text in texts], features)


def _placed(rows: list, features: NDArray[np.int64]) -> sp.csr_matrix:
    columns, values, ends = [], [], [0]
    for found, counts in rows:
        at = np.searchsorted(features, found)
        known = (at < len(features)) & (features[np.minimum(at, len(features) - 1)] == found) if len(features) else np.zeros(len(found), bool)
        columns.append(at[known])
        values.append(counts[known])
        ends.append(ends[-1] + int(known.sum()))
    column = np.concatenate(columns) if columns else np.zeros(0, np.intp)
    value = np.concatenate(values).astype(np.float32) if values else np.zeros(0, np.float32)
    return sp.csr_matrix((value, column, np.array(ends)), shape=(len(rows), len(features)))


def _weighted(counts: sp.csr_matrix, weights: NDArray[np.float32]) -> sp.csr_matrix:
    """Each row as a unit vector: 1 + log of the count, times the feature's weight."""
    rows = counts.copy()
    rows.data = (1 + np.log(rows.data)) * weights[rows.indices]
    length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    rows.data /= np.repeat(np.maximum(length, 1e-12), np.diff(rows.indptr))
    return rows


def _feature_weights(counts: sp.csr_matrix, told: NDArray[np.intp], number: int) -> NDArray[np.float32]:
    """float32[v]: rarity, times the root of what a feature tells of the labels."""
    n = counts.shape[0]
    held = sp.csr_matrix((np.ones_like(counts.data), counts.indices, counts.indptr), shape=counts.shape)
    rarity = np.log((1 + n) / (1 + np.asarray(held.sum(axis=0)).ravel())) + 1
    if number < 2:
        return rarity.astype(np.float32)
    size = np.bincount(told, minlength=number).astype(float)
    belongs = sp.csr_matrix((np.ones(n), (np.arange(n), told)), shape=(n, number))
    share = (np.asarray((held.T @ belongs).todense()) + size / n * number) / np.maximum(size, 1)
    share /= share.sum(axis=1, keepdims=True)
    logs = np.log(share, where=share > 0, out=np.zeros_like(share))
    told_of = np.maximum(np.log(number) + (share * logs).sum(axis=1), 0)
    return (rarity * (np.sqrt(told_of) + EVENNESS)).astype(np.float32)


def _fitted(
    counts: sp.csr_matrix, told: NDArray[np.intp], number: int, counting: NDArray[np.float64], cost: float = COST
) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64]]:
    """Weights, coefficients [v, k] and intercepts [k], one label against the others; a label that does not occur is never the best."""
    weights = _feature_weights(counts, told, number)
    present = np.unique(told)
    coefficients, intercepts = np.zeros((counts.shape[1], number)), np.full(number, -1e3)
    if len(present) == 1 or not counts.nnz:
        intercepts[present] = 1.0
        return weights, coefficients, intercepts
    from sklearn.svm import LinearSVC  # a second to import: only who trains waits for it

    machine = LinearSVC(C=cost, class_weight="balanced", random_state=0).fit(_weighted(counts, weights), told, sample_weight=counting)
    sides, offsets = machine.coef_, machine.intercept_
    if len(present) == 2:
        sides, offsets = np.vstack([-sides[0], sides[0]]), np.array([-offsets[0], offsets[0]])
    coefficients[:, present] = sides.T
    intercepts[present] = offsets
    return weights, coefficients, intercepts


def _calibrated(
    counts: sp.csr_matrix, told: NDArray[np.intp], number: int, groups: NDArray[np.intp], counting: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How often the best score is right, by its gap, of rows that were left out of the training."""
    if number < 2 or len(np.unique(groups)) < FOLDS:
        return np.array([[0.0], [0.5]])
    fold = folds(told, groups, FOLDS)
    scores = np.empty((len(told), number))
    for k in range(FOLDS):
        away = fold == k
        weights, coefficients, intercepts = _fitted(counts[~away], told[~away], number, counting[~away])
        scores[away] = np.asarray(_weighted(counts[away], weights) @ coefficients) + intercepts
    return _curve(_gaps(scores), scores.argmax(axis=1) == told, counting)


def _gaps(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    if scores.shape[1] < 2:
        return np.zeros(len(scores))
    best = np.partition(scores, -2, axis=1)
    return np.minimum(best[:, -1] - best[:, -2], 10.0)


def _curve(gaps: NDArray[np.float64], right: NDArray[np.bool_], counting: NDArray[np.float64]) -> NDArray[np.float64]:
    """float64[2, m]: mean gap and share right of up to `BINS` parts of equal number, a half success and a half failure added to each; neighbours
    that would fall are taken together, so that it rises."""
    order = np.argsort(gaps, kind="stable")
    blocks: list[list[float]] = []  # weight, sum of gaps, weight right
    for part in np.array_split(order, min(BINS, len(order))):
        c = counting[part]
        blocks.append([float(c.sum()) + 1.0, float((c * gaps[part]).sum() + gaps[part].mean()), float((c * right[part]).sum()) + 0.5])
        while len(blocks) > 1 and blocks[-1][2] / blocks[-1][0] <= blocks[-2][2] / blocks[-2][0]:
            last = blocks.pop()
            blocks[-1] = [one + other for one, other in zip(blocks[-1], last, strict=True)]
    return np.array([[total / weight for weight, total, _ in blocks], [hits / weight for weight, _, hits in blocks]])
