"""LAB. What a theme is called: the words that its texts share and others do not, places first, never a person's name.

A word is a run of characters that many of the theme's texts hold (no dictionary). It tells the more the rarer its rarest part is among all texts.
Of runs that stand in the same texts the longest is taken, so that words are whole.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from apps.cases.redaction import redact
from apps.insights.themes import BROAD, MARK, plain

SHORTEST, LONGEST = 2, 7
TEXTS, BEGINNING = 40, 160  # texts of a theme that are read for its name, and characters of each
SHARE = 0.25  # of the texts that must hold a word
SAME = 0.8  # of a word's texts hold the longer one: it is a part of that
WORDS = 5
NAME_WORDS, NAME_LONGEST = 3, 26
ASKED = 6  # texts in which a word is asked to be no person's name
IN_TITLE = 1.6
TIMES = 4.0  # as often in the theme's texts as in others, at least

EDGES_BEFORE = frozenset(
    "的了是在和与及或也都就还又很被把让对向从由于以为之其而且但我你他她们这那有要会能可请希望个些已经没不"
)
EDGES_AFTER = frozenset("的了是在和与及或也都就还又很被把让对向从由于以为之其而且但我你他她这那要会能可请希已经没不")
EMPTY = re.compile(
    r"^(?:\d+|投诉|反映|咨询|建议|举报|请求|情况|问题|部门|相关|希望|居民|市民|群众|业主|来电|诉求|处理|核实|回复|小区|附近|严重|影响|领导|我们|您好|谢谢|政府|代表|你好|照片|下面|在|微信|同号|自己|公开|名字|麻烦|帮忙|看看|管管|管一管|家里|现在|晚上|上班|今年|去年|有关|关于|[年月日号点时]+)+$"
)
NUMBER = re.compile(
    r"^\d+(?:[元年月日号点时平个套天米万亿栋期条户次人只名楼层%]|$)|^0|^[元年月日]|^[天年月日个次户块点条]+[了前没来后都多就有过内]"
)  # cut out of a longer one
ABOUT = re.compile(r"(?:来电|来信)?(?:反映|投诉|咨询|举报|建议|要求|请求|请问|关于|希望)")
PLACE_END = re.compile(
    r"(?:小区|花园|家园|社区|村|路|街|巷|大道|苑|城|府|公馆|广场|市场|学校|小学|中学|幼儿园|大学|学院|医院|公司|集团|工地|厂|站|桥|河|湖|公园|码头|镇|乡)$"
)


@dataclass(frozen=True, eq=False)
class Called:
    """name: at most 26 characters; words: the telling ones, the most telling first; both may be empty where nothing is shared."""

    name: str
    words: tuple[str, ...]


def called(texts: Sequence[tuple[str, str]], rare: Callable[[str], float]) -> Called:
    """texts: (title, text) of the theme's voices, redacted, the nearest to it first. rare: how many times rarer than usual a run of characters is
    among all texts: a share of 1 in rare(word) holds it."""
    read = [(title, text[:BEGINNING]) for title, text in texts[:TEXTS]]
    lines = [plain(f"{title}\n{text}") for title, text in read]
    titles = [plain(title) for title, _ in read]
    words = _told(
        _scored(_whole(_shared(lines)), titles, len(lines), rare), [f"{title}。{text}" for title, text in read]
    )
    return Called(_name(words) or _titled(read), tuple(words))


def _shared(lines: list[str]) -> dict[str, int]:
    """Runs of characters, up to one longer than a word may be, and in how many of the texts each stands."""
    seen: Counter[str] = Counter()
    for line in lines:
        runs: set[str] = set()
        for piece in ABOUT.sub("\n", line).split("\n"):
            piece = BROAD.sub("", piece) if BROAD.match(piece) else piece
            ends = range(SHORTEST, LONGEST + 2)
            runs.update(
                piece[start : start + length]
                for start in range(len(piece))
                for length in ends
                if start + length <= len(piece)
            )
        seen.update(runs)
    least = max(2, SHARE * len(lines))
    return {run: count for run, count in seen.items() if count >= least}


def _whole(seen: dict[str, int]) -> dict[str, int]:
    """Without runs that are only a part of a longer one, and without ragged ends."""
    inside: dict[str, int] = {}
    for run, count in seen.items():
        for part in (run[1:], run[:-1]):
            inside[part] = max(inside.get(part, 0), count)
    return {
        run: count
        for run, count in seen.items()
        if len(run) <= LONGEST
        and inside.get(run, 0) < SAME * count
        and run[0] not in EDGES_BEFORE
        and run[-1] not in EDGES_AFTER
        and not EMPTY.match(run)
        and not NUMBER.match(run)
    }


def _scored(seen: dict[str, int], titles: list[str], texts: int, rare: Callable[[str], float]) -> list[str]:
    """The words, the most telling first."""
    scores = {}
    for run, count in seen.items():
        share = count / texts
        times = share * rare(run)
        telling = np.log(times) if times >= TIMES else 0.0
        titled = sum(run in title for title in titles) / texts
        scores[run] = share * telling * min(1.0, len(run) / 3) * (1 + (IN_TITLE - 1) * titled / max(share, 1e-9))
    return sorted((run for run in scores if scores[run] > 0), key=lambda run: (-scores[run], run))


def _told(runs: list[str], texts: list[str]) -> list[str]:
    """The first few that say different things, none of them somebody's name."""
    words: list[str] = []
    for run in runs:
        if any(_overlap(run, word) for word in words) or _person(run, texts):
            continue
        words.append(run)
        if len(words) == WORDS:
            break
    return words


def _overlap(one: str, other: str) -> bool:
    """Whether they share two characters in a row."""
    pairs = {one[at : at + 2] for at in range(len(one) - 1)}
    return any(other[at : at + 2] in pairs for at in range(len(other) - 1))


def _person(word: str, texts: list[str]) -> bool:
    """Whether redaction, asked once more, takes the word for a part of somebody's name in any of the texts."""
    pattern = re.compile(r"[\W_]*".join(map(re.escape, word)), re.IGNORECASE)
    asked = 0
    for text in texts:
        found = pattern.search(text)
        if found is None:
            continue
        asked += 1
        hidden = [span for span in redact(text).spans if span.start < found.end() and span.end > found.start()]
        if hidden:
            return True
        if asked == ASKED:
            break
    return bool(MARK.search(word))


def _name(words: list[str]) -> str:
    places = [word for word in words if PLACE_END.search(word)]
    ordered = places[:1] + [word for word in words if word not in places[:1]]
    name = ""
    for word in ordered[:NAME_WORDS]:
        longer = f"{name} · {word}" if name else word
        if len(longer) <= NAME_LONGEST:
            name = longer
    return name


def _titled(read: Sequence[tuple[str, str]]) -> str:
    """Texts that say the same from end to end share no word that is shorter: the shortest title of the nearest ones, if nobody is named in it."""
    titles = [ABOUT.sub("", title.strip()).strip("，。！？、：:!?,. ") for title, _ in read[:ASKED]]
    good = sorted(
        (
            title
            for title in titles
            if 4 <= len(title) <= NAME_LONGEST and not redact(title).spans and not MARK.search(title)
        ),
        key=len,
    )
    return good[0] if good and len(read) > 1 and titles.count(titles[0]) * 2 > len(titles) else ""
