"""How a text is read for personal data: as somebody reads it who is shown it, not as it was typed.

Full-width and circled digits are digits; characters that nobody sees (zero width, joiners, combining marks) are not there; in numbers,
Chinese numerals and the letters that pass for 0 and 1 are digits too. Every character remembers where it stands in the original.
"""

import re
import unicodedata
from dataclasses import dataclass

NUMERALS = dict(
    zip("零〇○一二三四五六七八九壹贰叁肆伍陆柒捌玖弌弍弎貳參陸幺", "0001234567891234567891232361", strict=True)
)
LOOKALIKES = str.maketrans("oOlI|", "00111")
LOOKALIKE = re.compile(r"(?<![A-Za-z])[\doOlI|](?:[ .·-]?[\doOlI|])+(?![A-WYZa-wyz])")
UNSEEN = ("Cf", "Mn", "Me", "Cc", "Co")
KEPT = "\n\t"


@dataclass(frozen=True, eq=False)
class Reading:
    """seen: the text as it is read; digits: the same, with every sign that stands for a digit as that digit; at: where each character
    stands in the original. All three are of one length."""

    seen: str
    digits: str
    at: list[int]  # one more than there are characters: the original's length

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The original's characters behind these, with what is hidden among and right behind them."""
        return self.at[start], self.at[end]


def read(text: str) -> Reading:
    shown = {character: _shown(character) for character in set(text)}
    at = [index for index, character in enumerate(text) if shown[character]]
    seen = "".join([shown[text[index]] for index in at])
    digits = "".join([NUMERALS.get(character, character) for character in seen])
    return Reading(seen, LOOKALIKE.sub(_without_lookalikes, digits), [*at, len(text)])


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
    return signs.translate(LOOKALIKES) if sum(map(str.isdecimal, signs)) * 3 >= sum(map(str.isalnum, signs)) else signs
