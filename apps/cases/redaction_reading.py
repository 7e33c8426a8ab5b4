"""How a text is read for personal data: as somebody reads it who is shown it, not as it was typed.

Full-width and circled digits are digits; characters that nobody sees (zero width, joiners, combining marks) are not there; in numbers,
Chinese numerals and the letters that pass for 0 and 1 are digits too. Every character remembers where it stands in the original.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

NUMERALS = dict(
    zip(
        "零〇○一二三四五六七八九壹贰叁肆伍陆柒捌玖弌弍弎貳參陸幺妖两拐洞勾",
        "000123456789123456789123236112709",
        strict=True,
    )
)
LOOKALIKES = str.maketrans("oOlI|", "00111")
LOOKALIKE = re.compile(r"(?<![A-Za-z])[\doOlI|](?:[ .·-]?[\doOlI|])+(?![A-WYZa-wyz])")
LETTERS = re.compile("[oOlI|]")
UNSEEN = ("Cf", "Mn", "Me", "Cc", "Co")
KEPT = "\n\t"


@dataclass(frozen=True, eq=False)
class Reading:
    """seen: the text as it is read; digits: the same, with every sign that stands for a digit as that digit; at: where each character
    stands in the original. All three are of one length."""

    seen: str
    digits: str
    at: Sequence[int]  # one more than there are characters: the original's length

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The original's characters behind these, with what is hidden among and right behind them."""
        return self.at[start], self.at[end]


class _Shown(dict[int, str]):
    """Code point -> the character that is seen; "" where nothing is. Filled as characters come."""

    def __missing__(self, point: int) -> str:
        shown = self[point] = _shown(chr(point))
        return shown


_SHOWN = _Shown()
_DIGITS = str.maketrans(NUMERALS)


def read(text: str) -> Reading:
    seen = text.translate(_SHOWN)
    at: Sequence[int] = range(len(text) + 1)
    if len(seen) != len(text):
        at = [*(index for index, character in enumerate(text) if _SHOWN[ord(character)]), len(text)]
    digits = seen.translate(_DIGITS)
    if LETTERS.search(digits):
        digits = LOOKALIKE.sub(_without_lookalikes, digits)
    return Reading(seen, digits, at)


def _shown(character: str) -> str:
    """One character, or none where nothing is seen."""
    if character in KEPT:
        return character
    kind = unicodedata.category(character)
    if kind in UNSEEN:
        return ""
    if kind == "Nd":
        return str(unicodedata.decimal(character))
    if kind.startswith("Z"):
        return " "
    folded = unicodedata.normalize("NFKC", character)
    return folded if len(folded) == 1 else character


def _without_lookalikes(run: re.Match[str]) -> str:
    """In a run of digits; a word in which a digit stands is none."""
    signs = run.group()
    return signs.translate(LOOKALIKES) if sum(map(str.isdecimal, signs)) * 4 >= sum(map(str.isalnum, signs)) else signs
