"""Citizens' letters → the matters that many of them are about: five hot issues that are known of these letters, and five others, seen when its cut was chosen.

The letters belong to nobody here and are not shipped: without them nothing is asked. Which letters are about which matter was told by reading
them; a letter that may be counted to a matter or not counts for neither. Peers get the same letters as TF-IDF of character pairs, and the best of
several settings on the five issues (ours has one); average linkage stands at the cut that is known to be good here, and at its best.
"""

import csv
import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from apps.insights.themes import Bags, Circumstances, group, read
from tests.bench.duplicates import LETTERS, _counts, _normed
from tests.bench.harness import Answer, Check, Contender, Data, Goal, Job, Measured

ISSUES = {  # numbers of the letters
    "parking sold with flats": "188801 190337 191001 192739 195511 195995 196264 199190 200085 204960 205277 205982 206355 207243 209506 209571 212323 213584 214975 218709 218739 220534 222209 223247 224767 225479 229731 230554 234633 236301 239032 241373 244243 244342 244528 246407 246785 250514 251601 251844 255507 258037 258386 260254 268299 268626 268920 271517 276016 276460 278263 279070 279941 280774 283879 283901 285897 286304 289473 289588 289950",
    "concrete plant beside homes": "188809 189950 190108 190523 190802 199379 203393 208285 208714 213464 213930 214282 215563 215842 216824 217700 222831 225217 231136 233158 234327 235362 238212 239336 239648 243692 244335 244512 247160 253040 255008 255276 257091 258242 258378 259788 260979 261072 264944 266665 267050 268109 268300 272224 272361 272447 273282 274004 281348 281546 281902 281943 283482 284485 287331 287458",
    "loans of a platform": "194343 214238 217032 218132 220711 223787 226265 234320 240554 254532 264119 268251 272413 272858 275171",
    "smoke and noise of shops": "189381 195095 236798 242792 245136 246362 246598 268914 272122 284147 287386 360100 360101 360102 360103 360104 360105 360106 360107 360108 360109",
    "railway near homes": "191951 202575 216316 243551 246974 263672 266931",
}
OTHERS = {
    "placements forced on students": "195917 233759 242062 266368 360110 360111 360112 360113 360114",
    "grants for buying a flat": "189180 203760 204245 205771 212128 219026 224042 225657 228559 229963 265577 270015 282104 282248 283494 289408",
    "faults of a new estate": "208069 208636 215507 234086 252650 262599 275491",
    "plan of a park": "193337 226408 238692 245801 253331 273741 278099 278281 278545 289574",
    "power line along a road": "200480 218442 225849 231773 234885 254865 262052 268250 272089",
}
BESIDE = {  # may be counted to it or not
    "grants for buying a flat": "200353 206983 215591 244951 247736 250956 268023",
    "faults of a new estate": "198961 200754",
    "placements forced on students": "255719",
    "railway near homes": "191381 286658",
    "power line along a road": "220627 266131",
}
MANY, AT_ONCE, SEED = 100_000, 5_000, 8
MEAN_FIVE, MEAN_OTHERS = 0.9, 0.7
MINUTES, MEGABYTES = 5.0, 2500.0
CUT, CUTS = 0.12, (0.08, 0.1, 0.12, 0.14, 0.16, 0.2)
EPS, LEAST = (0.5, 0.6, 0.65, 0.7, 0.75), 3
CENTRES = (100, 200, 400)


def _make(data: Data) -> None:
    csv.field_size_limit(10**8)
    rows = []
    if (LETTERS / "hot_issues.csv").exists():
        with (LETTERS / "hot_issues.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    data.keep(
        number=np.array([int(row["留言编号"]) for row in rows], np.int64),
        title=np.array([row["留言主题"] for row in rows], dtype="U"),
        text=np.array([row["留言详情"] for row in rows], dtype=object).astype("U2000")
        if rows
        else np.array([], dtype="U1"),
        day=np.array([_day(row["留言时间"]) for row in rows], np.int64),
    )


def _day(when: str) -> int:
    year, month, day = map(int, when.split(" ")[0].replace("-", "/").split("/"))
    return dt.date(year, month, day).toordinal()


def _letters(data: Data) -> tuple[list[str], list[str], np.ndarray]:
    titles, texts, days = data["title"].tolist(), data["text"].tolist(), data["day"]
    if not titles:
        raise ImportError("the citizens' letters are not there")
    return titles, texts, days


def _grouped(titles: list[str], texts: list[str], days: np.ndarray) -> np.ndarray:
    parts = [
        read(zip(titles[start : start + AT_ONCE], texts[start : start + AT_ONCE], strict=True))
        for start in range(0, len(titles), AT_ONCE)
    ]
    return group(Bags.of(parts), Circumstances.placeless(len(titles), days)).theme


def _ours(data: Data) -> Callable[[], Answer]:
    titles, texts, days = _letters(data)
    _grouped(titles[:300], texts[:300], days[:300])
    return lambda: {"label": _grouped(titles, texts, days)}


def _many(data: Data) -> Callable[[], Answer]:
    """So many letters made of the others' sentences, two letters' in each, so that their words are as many and as common as in real ones."""
    titles, texts, _ = _letters(data)
    count = data.size(MANY, 10_000)
    random = np.random.default_rng(SEED)
    sentences = [[part for part in text.replace("！", "。").split("。") if part.strip()] or [text] for text in texts]
    _grouped(titles[:300], texts[:300], np.zeros(300))

    def letter(one: int, other: int, share: float) -> str:
        first, second = sentences[one], sentences[other]
        return "。".join(
            [*first[: max(1, int(share * len(first)))], *second[: max(1, int((1 - share) * len(second)))]]
        )[:1000]

    def work() -> Answer:
        parts, days = [], random.integers(0, 730, count)
        for start in range(0, count, AT_ONCE):
            size = min(AT_ONCE, count - start)
            pairs, shares = random.integers(0, len(texts), (size, 2)), random.uniform(0.2, 0.8, size)
            parts.append(
                read(
                    (titles[one], letter(one, other, share))
                    for (one, other), share in zip(pairs.tolist(), shares.tolist(), strict=True)
                )
            )
        bags = Bags.of(parts)
        parts.clear()
        return {"label": group(bags, Circumstances.placeless(count, days)).theme}

    return work


def _vectors(data: Data) -> Any:
    titles, texts, _ = _letters(data)
    import scipy.sparse as sparse

    counts = _counts([f"{title}\n{text}" for title, text in zip(titles, texts, strict=True)], {}, grow=True)
    rare = np.log((1 + counts.shape[0]) / (1 + np.bincount(counts.indices, minlength=counts.shape[1]))) + 1
    return _normed(counts @ sparse.diags(rare))


def _distances(data: Data) -> np.ndarray:
    rows = _vectors(data)
    return np.clip(1 - (rows @ rows.T).toarray(), 0, None)


def _linkage(data: Data) -> Callable[[], Answer]:
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    apart = _distances(data)
    np.fill_diagonal(apart, 0)
    flat = squareform(apart, checks=False)

    def work() -> Answer:
        tree = linkage(flat, "average")
        return {f"label{cut}": fcluster(tree, 1 - cut, "distance") for cut in CUTS}

    return work


def _dbscan(data: Data) -> Callable[[], Answer]:
    from sklearn.cluster import DBSCAN

    apart = _distances(data)
    return lambda: {
        f"label{eps}": DBSCAN(eps=eps, min_samples=LEAST, metric="precomputed").fit_predict(apart) for eps in EPS
    }


def _kmeans(data: Data) -> Callable[[], Answer]:
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.decomposition import TruncatedSVD
    from sklearn.preprocessing import normalize

    flat = normalize(TruncatedSVD(200, random_state=1).fit_transform(_vectors(data)))
    return lambda: {
        f"label{count}": MiniBatchKMeans(count, random_state=1, n_init=1).fit_predict(flat) for count in CENTRES
    }


# --- judging -------------------------------------------------------------------------------------------------------------


def _rows(data: Data, numbers: str) -> np.ndarray:
    wanted = np.array(numbers.split(), np.int64)
    order = np.argsort(data["number"])
    return order[np.searchsorted(data["number"], wanted, sorter=order)]


def judged(label: np.ndarray, members: np.ndarray, beside: np.ndarray) -> tuple[float, float, float, float, float]:
    """F1, precision and recall of the group that fits a matter best; precision and recall of pairs: of those in one group with a letter of the
    matter, and of those of the matter."""
    own = label[members]
    plain = np.setdiff1d(np.arange(len(label)), beside)
    best, together, wrong = (0.0, 0.0, 0.0), 0.0, 0.0
    for one in np.unique(own[own >= 0]):
        size, hit = int((label[plain] == one).sum()), int((own == one).sum())
        precision, recall = hit / size, hit / len(members)
        best = max(best, (2 * precision * recall / (precision + recall), precision, recall))
        together += hit * (hit - 1) / 2
        wrong += hit * (size - hit)
    pairs = len(members) * (len(members) - 1) / 2
    return (*best, together / max(together + wrong, 1), together / pairs)


def _scores(data: Data, label: np.ndarray, matters: Mapping[str, str]) -> dict[str, tuple]:
    return {
        name: judged(label, _rows(data, numbers), _rows(data, BESIDE.get(name, "")).astype(int))
        for name, numbers in matters.items()
    }


def _mean(scores: dict[str, tuple]) -> float:
    return float(np.mean([score[0] for score in scores.values()]))


def _labels(data: Data, contender: str) -> dict[str, np.ndarray]:
    answer = data.answer(contender)
    return {name: label.copy() for name, label in answer.items() if name.startswith("label")} if answer else {}


def _reached(matters: Mapping[str, str]) -> Callable[[Mapping[str, Measured], Data], float | None]:
    def value(_: Mapping[str, Measured], data: Data) -> float | None:
        found = _labels(data, "ours")
        return _mean(_scores(data, found["label"], matters)) if found else None

    return value


def _of_many(part: str, times: float) -> Callable[[Mapping[str, Measured], Data], float | None]:
    return lambda measured, _: None if measured["many"].missing else getattr(measured["many"], part) * times


def _check(data: Data) -> list[Check]:
    told = []
    for contender, title in (
        ("ours", "themes"),
        ("linkage", "average linkage"),
        ("dbscan", "DBSCAN"),
        ("kmeans", "k-means"),
    ):
        found = _labels(data, contender)
        if not found:
            continue
        ranked = sorted(found, key=lambda name: _mean(_scores(data, found[name], ISSUES)), reverse=True)
        for name in dict.fromkeys([ranked[0], *([f"label{CUT}"] if contender == "linkage" else [])]):
            five, others = _scores(data, found[name], ISSUES), _scores(data, found[name], OTHERS)
            setting = name.removeprefix("label")
            each = ", ".join(f"{score[3]:.2f}/{score[4]:.2f}" for score in five.values())
            told.append(
                Check(
                    f"{title}{f' at {setting}' if setting else ''}",
                    True,
                    f"best group's F1 {_mean(five):.2f} over the five, {_mean(others):.2f} over five others; pairs, precision/recall: {each}",
                )
            )
    return told


JOB = Job(
    key="themes",
    title=lambda data: f"{len(data['number']):,} citizens' letters → the matters that many are about",
    make=_make,
    contenders=(
        Contender("ours", "themes", _ours),
        Contender("linkage", "average linkage of all pairs, character pairs", _linkage, repeats=1),
        Contender("dbscan", f"DBSCAN, {len(EPS)} settings", _dbscan, repeats=1),
        Contender("kmeans", f"k-means, {len(CENTRES)} settings", _kmeans, repeats=1),
        Contender("many", f"themes of {MANY:,} letters", _many, repeats=1),
    ),
    goals=(
        Goal("ours", "F1 of the five issues", _reached(ISSUES), at_least=MEAN_FIVE, unit=""),
        Goal("ours", "F1 of five others", _reached(OTHERS), at_least=MEAN_OTHERS, unit=""),
        Goal("many", f"{MANY:,} letters in", _of_many("wall", 1 / 60), at_most=MINUTES, unit="min"),
        Goal("many", f"{MANY:,} letters, memory", _of_many("peak", 1.0), at_most=MEGABYTES, unit="MB"),
    ),
    check=_check,
)
