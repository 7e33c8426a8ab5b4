"""Learning from people's decisions: another version is trained in the background, tried on cases it has not seen, and used only if it is no worse.

One case in ten, always the same ones, is never learned from: on these every version is tried, so that versions can be compared.
"""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db import transaction
from procrastinate.contrib.django import app as jobs
from procrastinate.exceptions import AlreadyEnqueued

from apps.accounts.models import User
from apps.cases import sorting
from apps.cases.classification import train
from apps.cases.models import Case, CaseEvent
from apps.cases.taxonomy import Category
from apps.cases.versions import ModelEvent, ModelVersion
from apps.record.states import MoveRefused
from apps.territory.models import LayerVersion

SETTLED = ("person", "")  # a person has said so, or a file of cases handled elsewhere
LEAST = 200  # decisions before there is something to learn
AFTER = 50  # new decisions before it is learned again
MOST = 10_000  # of the newest
HELD_OUT = 10  # one in so many
KEPT = 10  # versions whose arrays are kept
WORDS_COUNT = 0.3  # of a case
WAIT = {"minutes": 20}  # so that a run of corrections is learned from once
JOB = "cases.learn"
BY_ITSELF = "系统"


@dataclass(frozen=True)
class Lesson:
    text: str
    code: str
    level1: str

    @property
    def held_out(self) -> bool:
        head = "".join(ch for ch in self.text if ch.isalnum())[:60]
        return hashlib.blake2b(head.encode(), digest_size=4).digest()[0] % HELD_OUT == 0


def lessons() -> list[Lesson]:
    """The newest cases whose category a person has settled, or a file of cases handled elsewhere has brought."""
    settled = Case.objects.filter(category__isnull=False, category_source__in=SETTLED).order_by("-submitted_at", "-pk")
    rows = settled.values_list("text", "category__code", "category__level1")[:MOST]
    return [Lesson(*row) for row in rows]


def wake() -> None:
    """A person has settled a category: have it learned, in the caller's transaction. Once is enough until it has begun."""
    try:
        with transaction.atomic():
            jobs.configure_task(JOB, queueing_lock=JOB, lock=JOB, schedule_in=WAIT).defer()
    except AlreadyEnqueued:
        pass


def due() -> bool:
    """Whether enough has been decided since the last version was made."""
    last = ModelVersion.objects.order_by("-pk").values_list("made_at", flat=True).first()
    if last is None:
        return Case.objects.filter(category__isnull=False, category_source__in=SETTLED).count() >= LEAST
    return CaseEvent.objects.filter(verb="classify", at__gt=last).count() >= AFTER


def learn(now: dt.datetime, *, actor: User | None = None) -> ModelVersion | None:
    """Train a version, try it beside the one in use, and use it if it is no worse. None when there is too little to learn from.

    Training happens outside the transaction that writes the version: nobody waits for it.
    """
    told = lessons()
    learned, tried = [one for one in told if not one.held_out], [one for one in told if one.held_out]
    if len(told) < LEAST or not tried or len({one.level1 for one in learned}) < 2:
        return None
    words = _words()
    rows, weights = learned + words, [1.0] * len(learned) + [WORDS_COUNT] * len(words)
    first = train([one.text for one in rows], [one.level1 for one in rows], weights=weights)
    second = train([one.text for one in rows], [one.code for one in rows], weights=weights)
    version = ModelVersion(made_at=now, cases=len(learned), held_out=len(tried), first=first.to_bytes(), second=second.to_bytes())
    before, after = sorting.read(), sorting.read(version)
    version.figures = {"after": measured(after, tried), "before": measured(before, tried), "compared_with": before.version}
    better = version.figures["after"]["right"] >= version.figures["before"]["right"]
    with transaction.atomic():
        version.save(force_insert=True)
        ModelEvent.objects.append(version, "learn", actor=actor, actor_label="" if actor else BY_ITSELF, at=now, cases=version.cases, held_out=version.held_out)
        old = ModelVersion.objects.filter(active=False).exclude(pk__in=ModelVersion.objects.order_by("-pk").values("pk")[:KEPT])
        old.update(first=None, second=None)
        if better and _in_use() == before.version:
            _switch(version, actor, "use", "检验结果不比在用的差")
        else:
            ModelEvent.objects.append(version, "set_aside", actor=actor, actor_label="" if actor else BY_ITSELF, note="" if better else "检验结果比在用的差", at=now)
    return version


@transaction.atomic
def put_to_use(version: ModelVersion, actor: User, note: str) -> ModelVersion:
    """A person's decision: back to an earlier version, or on to one that was set aside."""
    locked = ModelVersion.objects.select_for_update().get(pk=version.pk)
    if locked.active:
        raise MoveRefused("这一版已经在用。")
    if not note.strip():
        raise MoveRefused("请写明为什么换用这一版。")
    if not locked.first or sorting.read(locked).first is None:
        raise MoveRefused("这一版的数据已经清理或读不出来，不能再用。请选近一些的。")
    return _switch(locked, actor, "use", note.strip())


@transaction.atomic
def back_to_words(actor: User, note: str) -> None:
    """No version at all: categories are recognised by their words, and nothing counts as sure."""
    if not note.strip():
        raise MoveRefused("请写明为什么停用。")
    locked = ModelVersion.objects.select_for_update().filter(active=True).first()
    if locked is None:
        raise MoveRefused("现在没有在用的模型，已经是按词表识别。")
    _retire(locked, actor, note.strip())
    LayerVersion.raise_for(sorting.LAYER)


def _in_use() -> int | None:
    return ModelVersion.objects.in_use().select_for_update().values_list("pk", flat=True).first()


def _switch(version: ModelVersion, actor: User | None, verb: str, note: str) -> ModelVersion:
    was = ModelVersion.objects.select_for_update().filter(active=True).exclude(pk=version.pk).first()
    if was is not None:
        _retire(was, actor, f"换用{version}")
    version.active = True
    version.save(update_fields=["active"])
    ModelEvent.objects.append(version, verb, actor=actor, actor_label="" if actor else BY_ITSELF, note=note, was=was.pk if was else None)
    LayerVersion.raise_for(sorting.LAYER)
    return version


def _retire(version: ModelVersion, actor: User | None, note: str) -> None:
    version.active = False
    version.save(update_fields=["active"])
    ModelEvent.objects.append(version, "retire", actor=actor, actor_label="" if actor else BY_ITSELF, note=note)


def _words() -> list[Lesson]:
    """The third level's words, as one text each: so that a category nobody has met yet can be recognised too."""
    thirds = Category.objects.filter(level=3, active=True, parent__active=True).select_related("parent").order_by("order")
    return [Lesson("，".join([*one.words, one.label, one.parent.label]), one.parent.code, one.level1) for one in thirds]


def measured(knows: sorting.Recogniser, lessons: Sequence[Lesson]) -> dict:
    """Shares 0..1 over these cases: of the second level `right`, `top_two`, `macro_f1`; of the first `first_right`; how many were `sure`, and
    `sure_right` of them (None of none)."""
    found = [knows.guess(one.text) for one in lessons]
    best = [guess.best.code if guess.best else "" for guess in found]
    right = np.array([code == one.code for code, one in zip(best, lessons, strict=True)])
    sure = np.array([guess.sure for guess in found])
    top_two = [one.code in [category.code for category in guess.proposals] for guess, one in zip(found, lessons, strict=True)]
    first = [guess.best is not None and guess.best.level1 == one.level1 for guess, one in zip(found, lessons, strict=True)]
    return {
        "right": float(right.mean()), "top_two": float(np.mean(top_two)), "macro_f1": _macro_f1([one.code for one in lessons], best),
        "first_right": float(np.mean(first)), "sure": float(sure.mean()), "sure_right": float(right[sure].mean()) if sure.any() else None,
    }  # fmt: skip


def _macro_f1(truth: Sequence[str], said: Sequence[str]) -> float:
    pairs = list(zip(truth, said, strict=True))
    scores = []
    for label in sorted(set(truth)):
        hit = sum(a == b == label for a, b in pairs)
        scores.append(2 * hit / (sum(a == label for a, _ in pairs) + sum(b == label for _, b in pairs)))
    return float(np.mean(scores))
