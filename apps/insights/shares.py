"""A part of a whole, in words. A LAB: numbers in, words out."""

from __future__ import annotations

from dataclasses import dataclass

LEAST = 5


@dataclass(frozen=True)
class Share:
    """`percent` only where the whole is large enough to say so."""

    part: int
    whole: int

    @property
    def percent(self) -> float | None:
        return 100 * self.part / self.whole if self.whole >= LEAST else None

    @property
    def figure(self) -> tuple[str, str]:
        """For a figure: the large words and the small ones beside them."""
        if self.percent is None:
            return (f"{self.part}/{self.whole}", "") if self.whole else ("—", "")
        return f"{self.percent:.0f}%", f"{self.part}/{self.whole}"

    @property
    def words(self) -> str:
        if not self.whole:
            return "—"
        return f"{self.part}/{self.whole}" if self.percent is None else f"{self.percent:.0f}%（{self.part}/{self.whole}）"
