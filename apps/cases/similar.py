"""Open cases like a report that is being written, or like another case: an index in each process, kept current by the events of cases.

A resident is shown no stranger's words: what it is about, roughly how far, since when, who has it, and which words of public matters
both texts name. Places are known here only to some hundred metres, so that asking from many places does not find a house.
"""

import threading
from dataclasses import dataclass

import numpy as np
from django.core import signing
from django.db.models import Max, Q

from apps.cases.duplicates import DuplicateIndex, Match
from apps.cases.models import OPEN_STATES, Case, CaseEvent
from apps.cases.shared_words import shared

SHOWN, ASKED = 3, 12  # shown to a resident; looked at, since some may have been answered meanwhile
LIKELY = 0.3  # score from which two may be about the same thing
OBVIOUS = 0.45  # likeness of the words alone from which no word of a public matter need be shared
NEAR, REACH, SAME = 1000.0, 3000.0, 0.6  # metres: beyond the first only nearly the same words count, beyond the second none
CELL = 0.001  # degrees, about 100 m
NEWEST = 20_000  # open cases that the index holds
LOOK_BACK = 500  # events: a number may be given before it is written
RADIUS = 6378137.0  # metres, of the projection that stored points have
SALT, TOKEN_LASTS = "cases.join", 24 * 3600  # seconds
HOW_FAR = ((200, "就在这附近"), (500, "约 500 米以内"), (1000, "约 1 公里以内"), (float("inf"), "1 公里以外"))


@dataclass(frozen=True, eq=False)
class Similar:
    """An open case that may be about the same thing. score 0..1; words: what both name; metres: to about a hundred, None unknown."""

    case: Case
    score: float
    words: list[str]
    metres: float | None

    @property
    def token(self) -> str:
        """What a page sends back to join it; tells nothing of the case."""
        return signing.dumps(self.case.pk, salt=SALT)

    @property
    def how_far(self) -> str:
        return next(words for limit, words in HOW_FAR if self.metres is not None and self.metres <= limit) if self.metres is not None else ""


class _OpenCases:
    """The index of this process. One thread brings it up to date, the others go on with what there is."""


    def __init__(self) -> None:
        self._changing = threading.Lock()
        self.forget()

    def forget(self) -> None:
        self._index: DuplicateIndex | None = None
        self._texts: dict[int, str] = {}
        self._seen: set[int] = set()
        self._latest = 0

    def current(self) -> tuple[DuplicateIndex, dict[int, str]]:
        if self._index is None:
            with self._changing:
                if self._index is None:
                    self._read()
        elif self._changing.acquire(blocking=False):
            try:
                self._catch_up()
            finally:
                self._changing.release()
        return self._index, self._texts

    def _read(self) -> None:
        self._latest = CaseEvent.objects.aggregate(latest=Max("pk"))["latest"] or 0
        self._seen = set(CaseEvent.objects.filter(pk__gt=self._latest - LOOK_BACK).values_list("pk", flat=True))
        rows = list(_joinable().order_by("-pk").values_list("pk", "text", "point_3857")[:NEWEST])
        lon, lat = _rough(np.array([row[2].x for row in rows]), np.array([row[2].y for row in rows]))
        self._texts = {pk: text for pk, text, _ in rows}
        self._index = DuplicateIndex([row[0] for row in rows], [row[1] for row in rows], lon, lat)

    def _catch_up(self) -> None:
        news = dict(CaseEvent.objects.filter(pk__gt=self._latest - LOOK_BACK).values_list("pk", "subject_id"))
        fresh = news.keys() - self._seen
        if not fresh:
            return
        moved = {news[pk] for pk in fresh}
        there = {pk: (text, point) for pk, text, point in _joinable().filter(pk__in=moved).values_list("pk", "text", "point_3857")}
        for pk in moved:
            if pk not in there:
                self._index.remove(pk)
                self._texts.pop(pk, None)
            elif self._texts.get(pk) != there[pk][0]:
                text, point = there[pk]
                self._index.add(pk, text, *(float(axis) for axis in _rough(point.x, point.y)))
                self._texts[pk] = text
        self._latest = max(self._latest, *fresh)
        self._seen = {pk for pk in self._seen | news.keys() if pk > self._latest - 2 * LOOK_BACK}


open_cases = _OpenCases()


def similar_reports(text: str, lon: float, lat: float) -> list[Similar]:
    """For who is about to report: at most SHOWN, most alike first. Reads no more than the public role may."""
    index, texts = open_cases.current()
    matches = [match for match in index.query(text, float(lon), float(lat), ASKED) if _likely(match)]
    rows = _joinable().filter(pk__in=[match.id for match in matches])
    rows = rows.select_related("category", "town", "deputy", "organisation").only(
        "code", "state", "submitted_at", "category__label", "town__name", "town__has_congress", "deputy__name", "organisation__name", "organisation__short_name"
    )
    found = {case.pk: case for case in rows}
    alike = [_similar(match, found, text, texts) for match in matches if match.id in found]
    return [each for each in alike if each.words or each.score >= OBVIOUS][:SHOWN]


def similar_cases(case: Case, user, most: int = 5) -> list[Similar]:
    """For who works on a case: others that he may see and that may be about the same thing, most alike first."""
    index, texts = open_cases.current()
    at = _rough(case.point_3857.x, case.point_3857.y)
    matches = [match for match in index.query(case.text, float(at[0]), float(at[1]), most + ASKED) if match.id not in (case.pk, case.parent_id) and match.score >= LIKELY]
    rows = Case.objects.visible_to(user).filter(pk__in=[match.id for match in matches])
    found = {other.pk: other for other in rows.select_related("category", "town", "village", "deputy", "organisation")}
    return [_similar(match, found, case.text, texts) for match in matches if match.id in found][:most]


def joinable_case(token: str) -> Case | None:
    """The case that a token of this page stands for, wherever it goes on in by now; None when the token is not ours or too old."""
    try:
        pk = signing.loads(token, salt=SALT, max_age=TOKEN_LASTS)
    except signing.BadSignature:
        return None
    case = Case.objects.filter(pk=pk).only("merged_into").first()
    return Case.objects.filter(pk=case.merged_into_id or case.pk).only("state").first() if case else None


def _joinable():
    """Open ones, and wholes whose parts are open; a part is not joined by itself."""
    return Case.objects.filter(Q(state__in=OPEN_STATES) | Q(state=Case.State.SPLIT), parent=None)


def _likely(match: Match) -> bool:
    farthest = REACH if match.text >= SAME else NEAR
    return match.score >= LIKELY and (match.metres is None or match.metres <= farthest)


def _similar(match: Match, found: dict[int, Case], text: str, texts: dict[int, str]) -> Similar:
    return Similar(found[match.id], match.score, shared(text, texts.get(match.id, "")), match.metres)


def _rough(x, y) -> tuple[np.ndarray, np.ndarray]:
    """Degrees, to a cell, of stored metres."""
    lon, lat = np.degrees(np.asarray(x) / RADIUS), np.degrees(2 * np.arctan(np.exp(np.asarray(y) / RADIUS)) - np.pi / 2)
    return (np.floor(lon / CELL) + 0.5) * CELL, (np.floor(lat / CELL) + 0.5) * CELL
