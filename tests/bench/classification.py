"""What citizens' messages are about: seven classes, five folds with copies of a text kept together, every contender on the same folds.

The messages are not ours to ship: where they are not at hand, the job says so. Short lines (subjects) may be learned from, but none that is among
the three most like a message of the fold that is being asked.
"""

import csv
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from apps.cases.classification import alike, folds, train
from tests.bench.harness import Answer, Check, Contender, Data, Goal, Job, Measured

SOURCE = Path(__file__).resolve().parents[3] / "shared" / "data" / "complaints"
FOLDS = 5
SHORT_COUNTS = 0.3  # of a full text
PUBLISHED = {"TF-IDF and linear SVM, published (another part of the same messages)": 0.90, "TF-IDF and RBF SVM, published (recomputed from 921 rows)": 0.912}


def make(data: Data) -> None:
    csv.field_size_limit(1 << 30)

    def rows(name: str, column: str) -> list[tuple[str, str]]:
        file = SOURCE / name
        if not file.exists():
            return []
        with file.open(encoding="utf-8", newline="") as lines:
            return [(row[column], row["label"]) for row in csv.DictReader(lines)]

    full, short = rows("details.csv", "detail"), rows("subjects.csv", "subject")
    if data.quick:
        full, short = full[::4], short[::4]
    if not full:
        return
    texts, labels = [text for text, _ in full], np.array([label for _, label in full])
    names, told = np.unique(labels, return_inverse=True)
    random = np.random.default_rng(0)
    order = random.permutation(len(texts))
    fold = np.empty(len(texts), dtype=np.intp)
    fold[order] = folds(told[order], alike(texts)[order], FOLDS)
    lines, lines_told = [text for text, _ in short], np.searchsorted(names, [label for _, label in short])
    data.keep(texts=np.array(texts), told=told, fold=fold, lines=np.array(lines), lines_told=lines_told, near=_near(texts, lines))


def _near(texts: list[str], lines: list[str]) -> np.ndarray:
    """int[n, 3]: the short lines most like each message: its own subject must not be learned from while it is asked."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    weigh = TfidfVectorizer(analyzer="char", ngram_range=(2, 2))
    short = weigh.fit_transform(lines)
    likeness = weigh.transform([text[:400] for text in texts]) @ short.T
    found = np.zeros((len(texts), 3), dtype=np.intp)
    for row in range(len(texts)):
        some = likeness[[row]].tocoo()
        best = some.col[np.argsort(-some.data, kind="stable")[:3]]
        found[row, : len(best)] = best
    return found


def _asked(data: Data, learn: Callable[[list[str], np.ndarray, np.ndarray], Callable[[list[str]], tuple[np.ndarray, np.ndarray]]], short: bool) -> Answer:
    texts, told, fold = data["texts"], data["told"], data["fold"]
    order, confidence = np.zeros((len(texts), 2), dtype=np.intp), np.zeros(len(texts))
    for k in range(FOLDS):
        away = fold == k
        rows, labels = list(texts[~away]), told[~away]
        weights = np.ones(len(rows))
        if short:
            kept = np.setdiff1d(np.arange(len(data["lines"])), data["near"][away].ravel())
            rows += list(data["lines"][kept])
            labels = np.concatenate([labels, data["lines_told"][kept]])
            weights = np.concatenate([weights, np.full(len(kept), SHORT_COUNTS)])
        order[away], confidence[away] = learn(rows, labels, weights)(list(texts[away]))
    return {"order": order, "confidence": confidence}


def ours(data: Data) -> Callable[[], Answer]:
    _demand(data)

    def learn(rows: list[str], labels: np.ndarray, weights: np.ndarray):
        machine = train(rows, [str(label) for label in labels], weights=list(weights))

        def ask(asked: list[str]) -> tuple[np.ndarray, np.ndarray]:
            found = machine.predict(asked)
            return np.array([[int(one.label), int(one.second)] for one in found]), np.array([one.confidence for one in found])

        return ask

    return lambda: _asked(data, learn, short=True)


def _library(data: Data, make_model: Callable, weigh: Callable) -> Callable[[], Answer]:
    _demand(data)

    def learn(rows: list[str], labels: np.ndarray, _: np.ndarray):
        words = weigh()
        model = make_model().fit(words.fit_transform(rows), labels)

        def ask(asked: list[str]) -> tuple[np.ndarray, np.ndarray]:
            at = words.transform(asked)
            scores = model.decision_function(at) if hasattr(model, "decision_function") else model.predict_proba(at)
            ranked = np.sort(scores, axis=1)
            return np.argsort(-scores, axis=1)[:, :2], ranked[:, -1] - ranked[:, -2]

        return ask

    return lambda: _asked(data, learn, short=False)


def _demand(data: Data) -> None:
    if "texts" not in data:
        raise ImportError("the messages are not at hand")


def _characters(longest: int) -> Callable:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return lambda: TfidfVectorizer(analyzer="char", ngram_range=(1, longest))


def linear_svm(data: Data) -> Callable[[], Answer]:
    from sklearn.svm import LinearSVC

    return _library(data, lambda: LinearSVC(C=0.5, class_weight="balanced", random_state=0), _characters(2))


def complement_nb(data: Data) -> Callable[[], Answer]:
    from sklearn.naive_bayes import ComplementNB

    return _library(data, ComplementNB, _characters(2))


def nearest(data: Data) -> Callable[[], Answer]:
    from sklearn.neighbors import KNeighborsClassifier

    return _library(data, lambda: KNeighborsClassifier(15, weights="distance"), _characters(2))


def figures(data: Data, key: str) -> dict[str, float] | None:
    """macro-F1, share right, share with the right one among two, share right of the surest 80 %."""
    answer = data.answer(key)
    if answer is None:
        return None
    told, best = data["told"], answer["order"][:, 0]
    right = best == told
    scores = []
    for label in np.unique(told):
        hit = int(((best == label) & (told == label)).sum())
        scores.append(2 * hit / int((best == label).sum() + (told == label).sum()))
    surest = np.argsort(-answer["confidence"], kind="stable")[: int(0.8 * len(told))]
    two = right | (answer["order"][:, 1] == told)
    return {"f1": float(np.mean(scores)), "right": float(right.mean()), "two": float(two.mean()), "sure": float(right[surest].mean())}


def check(data: Data) -> list[Check]:
    """No answer can be false here: the figures of every contender, side by side."""
    names = {"ours": "ours", "svm": "linear SVM, C = 0.5", "nb": "ComplementNB", "knn": "15 nearest"}
    checks = [
        Check(f"macro-F1, right, among two, right of the surest 80 %: {title}", True, " · ".join(f"{found[name]:.4f}" for name in ("f1", "right", "two", "sure")))
        for key, title in names.items() if (found := figures(data, key))
    ]  # fmt: skip
    return checks + [Check(title, True, f"macro-F1 {score}") for title, score in PUBLISHED.items()] if checks else []


def _goal(title: str, name: str, at_least: float) -> Goal:
    def reached(_: Mapping[str, Measured], data: Data) -> float | None:
        found = figures(data, "ours")
        return found[name] if found else None

    return Goal("ours", title, reached, at_least=at_least, unit="")


JOB = Job(
    key="classification",
    title=lambda data: f"{len(data['texts']):,} messages in 7 classes, five folds" if "texts" in data else "messages in 7 classes (not at hand)",
    make=make,
    contenders=(
        Contender("ours", "Classifier, five trainings with calibration", ours, repeats=1),
        Contender("svm", "scikit-learn: characters and pairs, linear SVM", linear_svm, repeats=1),
        Contender("nb", "scikit-learn: ComplementNB", complement_nb, repeats=1),
        Contender("knn", "scikit-learn: 15 nearest by cosine", nearest, repeats=1),
    ),
    goals=(_goal("macro-F1", "f1", 0.91), _goal("the right one among two", "two", 0.985), _goal("right of the surest 80 %", "sure", 0.975)),
    check=check,
)
