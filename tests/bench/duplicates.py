"""A report written in other words → the same matter among all open ones: citizens' titles and their own letters, both ways.

The letters belong to nobody here and are not shipped: without them nothing is asked. Peers: the cosine of character pairs, and pg_trgm in the
product's own kind of database, as an application would use it. All get the letters without their places: none of them has any.
"""

import csv
import os
import re
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sparse

from apps.cases.duplicates import DuplicateIndex
from tests.bench.harness import TREE, Answer, Check, Contender, Data, Goal, Job, Measured

LETTERS = TREE.parent / "shared" / "data" / "complaints"
MORE = 1408  # letters of others among which the own one is looked for
K = 5
FIRST, SEED = 0.83, 1


def _make(data: Data) -> None:
    csv.field_size_limit(10**8)
    titles, letters = [], []
    if LETTERS.exists():
        for name, most in (("replies.csv", None), ("hot_issues.csv", MORE)):
            with (LETTERS / name).open(encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            chosen = range(len(rows)) if most is None else np.random.default_rng(SEED).choice(len(rows), most, replace=False)
            titles += [rows[row]["留言主题"] for row in chosen]
            letters += [rows[row]["留言详情"] for row in chosen]
    asked = len(titles) - MORE if titles else 0
    data.keep(titles=np.array(titles, dtype="U"), letters=np.array(letters, dtype="U"), asked=np.arange(data.size(asked, min(asked, 200))))


def _texts(data: Data) -> tuple[list[str], list[str], list[int]]:
    """Titles, letters, and the rows that are asked for."""
    titles, letters, asked = data["titles"].tolist(), data["letters"].tolist(), data["asked"].tolist()
    if not asked:
        raise ImportError("the citizens' letters are not there")
    return titles, letters, asked


def _ours(data: Data) -> Callable[[], Answer]:
    titles, letters, asked = _texts(data)
    index = {"title": DuplicateIndex(range(len(letters)), letters), "letter": DuplicateIndex(range(len(titles)), titles)}
    words = {"title": titles, "letter": letters}

    def work() -> Answer:
        return {kind: _rows([[match.id for match in index[kind].query(words[kind][row], k=K)] for row in asked]) for kind in index}

    return work


def _built(data: Data) -> Callable[[], Answer]:
    _, letters, _ = _texts(data)
    return lambda: {"texts": len(DuplicateIndex(range(len(letters)), letters))}


def _cosine(data: Data) -> Callable[[], Answer]:
    """TF-IDF of character pairs, all questions in one product of sparse matrices."""
    titles, letters, asked = _texts(data)

    def likeness(questions: list[str], texts: list[str]) -> np.ndarray:
        pairs: dict[str, int] = {}
        there, mine = _counts(texts, pairs, grow=True), _counts(questions, pairs, grow=False)
        rare = np.log((1 + len(texts)) / (1 + np.bincount(there.indices, minlength=len(pairs)))) + 1
        scores = _normed(mine @ sparse.diags(rare)) @ _normed(there @ sparse.diags(rare)).T
        return np.argsort(-scores.toarray(), axis=1, kind="stable")[:, :K]

    def work() -> Answer:
        return {"title": likeness([titles[row] for row in asked], letters), "letter": likeness([letters[row] for row in asked], titles)}

    return work


def _counts(texts: list[str], pairs: dict[str, int], *, grow: bool) -> Any:
    first, columns, times = [0], [], []
    for text in texts:
        plain = re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).lower())
        counted: dict[int, int] = {}
        for at in range(len(plain) - 1):
            column = pairs.setdefault(plain[at : at + 2], len(pairs)) if grow else pairs.get(plain[at : at + 2])
            if column is not None:
                counted[column] = counted.get(column, 0) + 1
        columns += counted.keys()
        times += counted.values()
        first.append(len(columns))
    return sparse.csr_matrix((1 + np.log(np.array(times, float)), columns, first), shape=(len(texts), len(pairs)))


def _normed(rows: Any) -> Any:
    length = np.sqrt(rows.multiply(rows).sum(axis=1)).A1
    return sparse.diags(1 / np.maximum(length, 1e-12)) @ rows


def _trigram(data: Data) -> Callable[[], Answer]:
    """word_similarity, which is meant for a short text in a long one."""
    import psycopg

    titles, letters, asked = _texts(data)
    kept = Path(os.environ.get("DATA_DIR") or TREE / ".local") / "database_url"
    url = os.environ.get("DATABASE_URL") or (kept.read_text().strip() if kept.exists() else "")
    if not url:
        raise ImportError("no database: set DATABASE_URL")
    connection = psycopg.connect(url, autocommit=True)
    connection.execute("CREATE TEMPORARY TABLE letters (id int, title text, letter text)")
    with connection.cursor() as cursor, cursor.copy("COPY letters FROM STDIN") as copy:
        for row, (title, letter) in enumerate(zip(titles, letters, strict=True)):
            copy.write_row((row, title.replace("\x00", ""), letter.replace("\x00", "")))
    connection.execute("ANALYZE letters")
    few = asked[:: max(1, len(asked) // TRIGRAM_ASKED)][:TRIGRAM_ASKED]

    def work() -> Answer:
        query = "SELECT id FROM letters ORDER BY word_similarity(%s, letter) DESC, id LIMIT 5"
        return {"title": _rows([[found[0] for found in connection.execute(query, [titles[row]])] for row in few]), "few": few}

    return work


TRIGRAM_ASKED = 40


def _rows(found: list[list[int]]) -> np.ndarray:
    return np.array([each + [-1] * (K - len(each)) for each in found], np.int64)


def _right(data: Data, contender: str, kind: str, first: int) -> float | None:
    """The share whose own one is among the `first`."""
    answer = data.answer(contender)
    if answer is None or kind not in answer:
        return None
    asked = answer["few"] if "few" in answer else data["asked"]
    return float((answer[kind][:, :first] == np.asarray(asked)[:, None]).any(axis=1).mean())


def _first(contender: str, kind: str) -> Callable[[Mapping[str, Measured], Data], float | None]:
    return lambda _, data: _right(data, contender, kind, 1)


def _check(data: Data) -> list[Check]:
    told = []
    for contender, title in (("ours", "DuplicateIndex"), ("cosine", "cosine of character pairs"), ("trigram", "pg_trgm")):
        for kind, words in (("title", "a title's own letter"), ("letter", "a letter's own title")):
            first, five = _right(data, contender, kind, 1), _right(data, contender, kind, K)
            if first is not None and five is not None:
                told.append(Check(f"{words}, {title}", True, f"first in {first:.1%}, among five in {five:.1%}"))
    return told


JOB = Job(
    key="duplicates",
    title=lambda data: f"{2 * len(data['asked']):,} citizens' titles and letters → the same matter among {len(data['letters']):,}",
    make=_make,
    contenders=(
        Contender("ours", "DuplicateIndex, kept, one question after another", _ours),
        Contender("cosine", "TF-IDF of character pairs, cosine, all at once", _cosine),
        Contender("trigram", f"pg_trgm, word_similarity, {TRIGRAM_ASKED} of the titles, time x {2 * MORE / TRIGRAM_ASKED:.0f}", _trigram, repeats=1, scale=2 * MORE / TRIGRAM_ASKED),
        Contender("built", "DuplicateIndex, built", _built),
    ),
    goals=(
        Goal("ours", "a title's own letter first", _first("ours", "title"), at_least=FIRST, unit=""),
        Goal("ours", "a letter's own title first", _first("ours", "letter"), at_least=FIRST, unit=""),
    ),
    check=_check,
)
