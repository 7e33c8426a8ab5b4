"""How names sound and how far two spellings are apart: homophones, slips of the finger, words left out. Knows no database."""

import os
from functools import lru_cache
from itertools import accumulate

os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")  # they take 40 MB of every process, and names need only characters
from pypinyin.constants import PINYIN_DICT

_TONES = str.maketrans("āáǎàēéěèōóǒòīíǐìūúǔùǖǘǚǜüńňǹḿ", "aaaaeeeeooooiiiiuuuuvvvvvnnnm")
_MERGED = (("zh", "z"), ("ch", "c"), ("sh", "s"))  # what many speakers do not tell apart
_ENDINGS = (("ang", "an"), ("eng", "en"), ("ing", "in"))

HOMOPHONE, NEAR_SOUND, OTHER, EXTRA, SWAPPED, TYPE_WORD, OPPOSITE, TELLING = 1.1, 1.6, 3.2, 2.6, 1.6, 1.7, 5.0, 4.5
TYPE_WORDS = frozenset(
    "路街道巷弄村社里坊苑园区城"
)  # 人民街 for 人民路: the name is right, the word for its kind is not
# They tell two streets apart: nobody writes one for the other by a slip.
_OPPOSITES = {
    character: family
    for family, characters in enumerate(
        ("东西南北中", "上下", "前后", "左右", "内外里", "新老旧", "大小", "0123456789")
    )
    for character in characters
}
_NUMERALS = str.maketrans("一二三四五六七八九", "123456789")
_DIGITS = dict(zip("0123456789", "零一二三四五六七八九", strict=True))


@lru_cache(maxsize=30_000)
def readings(character: str) -> tuple[str, ...]:
    """Toneless pinyin of a Han character, the usual reading first; anything else is its own reading."""
    found = PINYIN_DICT.get(ord(_DIGITS.get(character, character)), "")
    return tuple(dict.fromkeys(found.translate(_TONES).split(","))) if found else (character.lower(),)


@lru_cache(maxsize=30_000)
def folded(character: str) -> str:
    """The usual reading as careless ears hear it: 江 and 张 keep apart, 新 and 星 do not."""
    sound = readings(character)[0]
    for exact, loose in _MERGED:
        if sound.startswith(exact):
            sound = loose + sound[len(exact) :]
    for exact, loose in _ENDINGS:
        if sound.endswith(exact):
            sound = sound[: -len(exact)] + loose
    return "l" + sound[1:] if sound.startswith("n") and len(sound) > 1 else sound


@lru_cache(maxsize=100_000)
def _instead(typed: str, meant: str) -> float:
    """What it costs to have typed one character for another."""
    if typed == meant:
        return 0.0
    if typed in _OPPOSITES and _OPPOSITES[typed] == _OPPOSITES.get(meant):
        return OPPOSITE
    if set(readings(typed)) & set(readings(meant)):
        return HOMOPHONE
    if folded(typed) == folded(meant):
        return NEAR_SOUND
    return TYPE_WORD if typed in TYPE_WORDS and meant in TYPE_WORDS else OTHER


def extra(character: str) -> float:
    """What it costs to have written a character that is not there, or left it out: 东人民路 is not 人民路."""
    return TELLING if character in _OPPOSITES or character in "支横直" else EXTRA


def distance(typed: str, meant: str, most: float = 6.0) -> float:
    """How far a typed name is from one that exists: 0 the same, about 1 to 2 for each slip; `most` or more where it is hopeless.

    Slips are another character (dearer when it does not sound alike), one too many, one left out, two exchanged.
    """
    if typed == meant:
        return 0.0
    typed, meant = typed.translate(_NUMERALS), meant.translate(_NUMERALS)
    if abs(len(typed) - len(meant)) * EXTRA >= most:
        return most
    rows = [[0.0, *accumulate(map(extra, meant))]]
    for i, ch in enumerate(typed, start=1):
        above, row = rows[-1], [rows[-1][0] + extra(ch)]
        for j, other in enumerate(meant, start=1):
            best = min(above[j - 1] + _instead(ch, other), above[j] + extra(ch), row[j - 1] + extra(other))
            if i > 1 and j > 1 and ch == meant[j - 2] and typed[i - 2] == other and ch != other:
                best = min(best, rows[-2][j - 2] + SWAPPED)
            row.append(best)
        if min(row) >= most and min(above) >= most:
            return most
        rows.append(row)
    return min(most, rows[-1][-1])
