"""Which project a row of somebody else's table means: by code, by a name settled before, by its name; else the likeliest to choose from."""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass

from gis_data.bulletins import plain

PROPOSED, LEAST_ALIKE = 3, 0.35
DIFFERENT = 0.3  # a code's project whose name is less alike than this is asked about


def bare(name: str | None) -> str:
    """A name as it is compared: without widths, blanks and punctuation."""
    return re.sub(r"[^\w]|_", "", plain(name))


def _pairs(name: str) -> Counter:
    return Counter(name[i : i + 2] for i in range(max(1, len(name) - 1)))


@dataclass(frozen=True)
class Recognised:
    """code: of the project meant, or empty; proposals: codes, likeliest first; words: why nobody was sure."""

    code: str = ""
    proposals: tuple[str, ...] = ()
    words: str = ""


class ProjectNames:
    """All projects by code and name."""

    def __init__(self, projects: dict[str, str]) -> None:
        """projects: code -> name."""
        self.names = projects
        self._codes = {plain(code): code for code in projects}
        self._by_name: dict[str, list[str]] = defaultdict(list)
        self._pairs: dict[str, Counter] = {}
        self._with_pair: dict[str, list[str]] = defaultdict(list)
        for code, name in projects.items():
            known = bare(name)
            self._by_name[known].append(code)
            self._pairs[code] = _pairs(known)
            for pair in self._pairs[code]:
                self._with_pair[pair].append(code)

    def recognise(self, code: str | None, name: str | None, aliases: dict[str, str]) -> Recognised:
        by_code = self._codes.get(plain(code)) if code else None
        if by_code:
            if name and bare(name) not in aliases and self._alike(_pairs(bare(name)), by_code) < DIFFERENT:
                return Recognised("", (by_code, *self._likely(name))[:PROPOSED], f"编号是“{self.names[by_code]}”的，名称却不像")
            return Recognised(by_code)
        known = bare(name)
        if known and aliases.get(known) in self.names:
            return Recognised(aliases[known])
        same = self._by_name.get(known, []) if known else []
        if len(same) == 1:
            return Recognised(same[0])
        if same:
            return Recognised("", tuple(same[:PROPOSED]), f"有 {len(same)} 个项目同名，请选是哪一个")
        missing = f"没有编号为“{code}”的项目" if code and not name else f"没有叫“{name}”的项目"
        return Recognised("", tuple(self._likely(name)), missing)

    def _alike(self, pairs: Counter, code: str) -> float:
        other = self._pairs[code]
        return 2 * sum((pairs & other).values()) / (sum(pairs.values()) + sum(other.values()))

    def _likely(self, name: str | None) -> list[str]:
        pairs = _pairs(bare(name))
        shared = Counter(code for pair in pairs for code in self._with_pair.get(pair, ()))
        ranked = sorted(((self._alike(pairs, code), code) for code, _ in shared.most_common(60)), key=lambda found: (-found[0], found[1]))
        return [code for alike, code in ranked[:PROPOSED] if alike >= LEAST_ALIKE]
