"""The classifier of texts: on messages drawn from a made-up language, on broken files, and on real messages where they are at hand."""

import csv
import io
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from apps.cases.classification import Classifier, alike, folds, train

DETAILS = Path(__file__).resolve().parents[3] / "shared" / "data" / "complaints" / "details.csv"
WORDS = {"水": ["积水", "内涝", "倒灌", "管网"], "路": ["坑洼", "路灯", "护栏", "井盖"], "声": ["噪音", "油烟", "广场舞", "喇叭"]}
FILLER = "我们这里最近总是有这个问题希望有关部门来看一看谢谢大家了"


def written(number: int, seed: int, unclear: float = 0.0) -> tuple[list[str], list[str]]:
    """Messages of three kinds; a share of them says nothing of its kind."""
    random = np.random.default_rng(seed)
    texts, labels = [], []
    for _ in range(number):
        label = str(random.choice(list(WORDS)))
        said = [] if random.random() < unclear else [str(random.choice(WORDS[label]))]
        rest = "".join(random.choice(list(FILLER), 25))
        texts.append(rest[:10] + "".join(said) + rest[10:])
        labels.append(label)
    return texts, labels


@pytest.fixture(scope="module")
def small() -> Classifier:
    return train(*written(300, 1))


def test_texts_are_told_apart_and_the_runner_up_is_another_label(small: Classifier) -> None:
    texts, labels = written(200, 2)
    found = small.predict(texts)
    assert np.mean([one.label == label for one, label in zip(found, labels, strict=True)]) > 0.97
    assert all(one.second in WORDS and one.second != one.label for one in found)


def test_confidence_is_the_share_that_is_right() -> None:
    """Half of the messages say nothing of their kind: of those one in three is right, and the classifier knows which they are."""
    machine = train(*written(1500, 3, unclear=0.5))
    texts, labels = written(1500, 4, unclear=0.5)
    found = machine.predict(texts)
    right = np.array([one.label == label for one, label in zip(found, labels, strict=True)])
    sure = np.array([one.confidence for one in found])
    for low, high in ((0.0, 0.6), (0.6, 0.9), (0.9, 1.0)):
        band = (sure >= low) & (sure <= high)
        if band.sum() > 100:
            assert abs(right[band].mean() - sure[band].mean()) < 0.1
    assert right[sure >= 0.9].mean() > 0.95 and right[sure < 0.5].mean() < 0.5


def test_the_same_rows_give_the_same_classifier(small: Classifier) -> None:
    again = train(*written(300, 1))
    assert again.to_bytes() == small.to_bytes()


def test_it_is_saved_without_code_and_says_the_same_when_read(small: Classifier, tmp_path: Path) -> None:
    small.save(tmp_path / "model.npz")
    with zipfile.ZipFile(tmp_path / "model.npz") as parts:
        assert all(b"pickle" not in parts.read(name) for name in parts.namelist())
    read = Classifier.load(tmp_path / "model.npz")
    texts, _ = written(100, 5)
    assert [one.label for one in read.predict(texts)] == [one.label for one in small.predict(texts)]
    assert np.abs(read.scores(texts) - small.scores(texts)).max() < 5e-3


def test_a_file_that_is_no_classifier_is_refused(small: Classifier, tmp_path: Path) -> None:
    good = small.to_bytes()

    def changed(**arrays) -> bytes:
        with np.load(io.BytesIO(good), allow_pickle=False) as parts:
            kept = {**{name: parts[name] for name in parts.files}, **arrays}
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **kept)
        return buffer.getvalue()

    with pytest.raises(ValueError):
        Classifier.from_bytes(changed(labels=np.array([{"a": 1}], dtype=object)))  # a pickle inside
    for bad in (b"", b"PK", good[:100], changed(intercepts=np.zeros(1)), changed(features=np.array([3, 2, 1])), changed(format=np.array([99])),
                changed(coefficients=np.full((len(small.features), 3), np.nan)), changed(following=np.zeros((1, 3)))):  # fmt: skip
        with pytest.raises(ValueError):
            Classifier.from_bytes(bad)


@pytest.mark.parametrize("text", ["", " \n ", "🙂🙂", "\x00\u202e", "abc" * 40_000, "\ud800", "ＡＢＣ１２３"])
def test_any_text_gets_an_answer_quickly(small: Classifier, text: str) -> None:
    began = time.process_time()
    found = small.predict([text])[0]
    assert found.label in WORDS and 0.0 <= found.confidence <= 1.0
    assert time.process_time() - began < 0.5


def test_a_text_of_nothing_known_is_not_sure_of_anything(small: Classifier) -> None:
    assert small.predict(["qwertz"])[0].confidence == 0.0


def test_full_width_and_spaces_make_no_difference(small: Classifier) -> None:
    assert small.scores(["路 灯\n坏 了ABC"]) == pytest.approx(small.scores(["路灯坏了ＡＢＣ"]))


def test_few_texts_few_labels() -> None:
    assert train(["路灯"], ["a"]).predict(["路灯不亮"])[0].label == "a"
    two = train(["路灯不亮", "积水很深"], ["a", "b"])
    assert [one.label for one in two.predict(["路灯", "积水"])] == ["a", "b"]
    lone = train([*["路灯不亮了"] * 5, *["积水很深了"] * 5, "噪音"], [*"aaaaa", *"bbbbb", "c"])
    assert lone.labels == ("a", "b", "c")
    for texts, labels, weights in (([], [], None), (["a"], ["x", "y"], None), (["a"], ["x"], [0.0])):
        with pytest.raises(ValueError):
            train(texts, labels, weights=weights)


def test_copies_of_a_text_stay_on_one_side() -> None:
    texts = ["同一件事，" * 20 + str(k) for k in range(30)] + [f"{k}号门口的另一件事" for k in range(60)]
    groups = alike(texts)
    assert len(set(groups[:30])) == 1 and len(set(groups)) == 61
    fold = folds(np.arange(90) % 3, groups, 3)
    assert len(set(fold[:30])) == 1
    assert np.bincount(fold[30:], minlength=3).min() >= 19


@pytest.mark.skipif(not DETAILS.exists(), reason="the messages are not at hand")
def test_real_messages_are_told_apart() -> None:
    """A third of them, so that it takes seconds: the whole is measured by the benchmark."""
    csv.field_size_limit(1 << 30)
    with DETAILS.open(encoding="utf-8", newline="") as file:
        rows = [(row["detail"], row["label"]) for row in csv.DictReader(file)][::3]
    texts, labels = [text for text, _ in rows], np.array([label for _, label in rows])
    held = folds(np.unique(labels, return_inverse=True)[1], alike(texts), 4) == 0
    machine = train([text for text, away in zip(texts, held, strict=True) if not away], labels[~held])
    found = machine.predict([text for text, away in zip(texts, held, strict=True) if away])
    right = np.array([one.label for one in found]) == labels[held]
    second = np.array([one.second for one in found]) == labels[held]
    sure = np.argsort([-one.confidence for one in found])[: int(0.8 * len(found))]
    assert right.mean() > 0.85 and (right | second).mean() > 0.95 and right[sure].mean() > 0.93
