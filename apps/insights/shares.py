"""A part of a whole, and how sure it is. A LAB: numbers in, numbers and words out."""

from __future__ import annotations

import math
from dataclasses import dataclass

LEAST = 5
Z = 1.959963984540054  # of 95 %


@dataclass(frozen=True)
class Share:
    """`percent` only where the whole is large enough to say so."""

    part: int
    whole: int

    @property
    def percent(self) -> float | None:
        return 100 * self.part / self.whole if self.whole >= LEAST else None

    @property
    def between(self) -> tuple[float, float]:
        """The percentages that it is compatible with (Wilson 1927, 95 %); all of them where nothing was counted."""
        if not self.whole:
            return 0.0, 100.0
        share, z2 = self.part / self.whole, Z * Z / self.whole
        middle, half = share + z2 / 2, Z * math.sqrt(share * (1 - share) / self.whole + z2 / self.whole / 4)
        return max(0.0, 100 * (middle - half) / (1 + z2)), min(100.0, 100 * (middle + half) / (1 + z2))

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

    @property
    def range_words(self) -> str:
        """60%—84%, or nothing where there is no percentage."""
        return "" if self.percent is None else "{:.0f}%—{:.0f}%".format(*self.between)
