"""LAB. Where a record speaks of: by its columns and by its running text, among the doorplates and names of the county.

    Places(gazetteer).find(["路灯不亮", "市民来电反映，潮桥镇人民路12号门口路灯不亮。"])

A place is a point only when it is known to some 300 m; of a long street or a large village that is named alone no more is said than the town
and the village it lies in, so that no heap grows in its middle. Texts are read in memory and forgotten with the `Places`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from apps.hotline.mentions import Mention, first, mentions
from apps.territory.gazetteer import Gazetteer
from apps.territory.houses import LINES
from apps.territory.whereabouts import METRES_PER_DEGREE, Position

NARROW = 300.0  # metres: a place that is known no better is no point
TOGETHER = 150.0  # metres: houses that stand so near each other are one place, streets that come so near meet
SURE = 0.8  # confidence from which the first of several houses is meant
LEAST = {"doorplate": 1, "road": 2, "village": 5}  # houses that tell how far a street or a village reaches
REMEMBERED = 20_000  # addresses looked up
MOST_ASKED = 4  # mentions of one record that are looked up
TITLE = 0.5  # worth of standing in the title

By = Literal["doorplate", "road", "village", ""]


@dataclass(frozen=True, eq=False)
class Whereabouts:
    """by: how the point was found, "" when there is none. lon, lat: WGS 84, None without a point. town, village: numbers of areas, -1 unknown."""

    by: By = ""
    lon: float | None = None
    lat: float | None = None
    town: int = -1
    village: int = -1

    @property
    def known(self) -> int:
        """How much is known."""
        return 2 * ("", "village", "road", "doorplate").index(self.by) + (self.village >= 0) + (self.town >= 0)


NOWHERE = Whereabouts()


class Places:
    """Of one gazetteer. For one thread."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self.gazetteer, self.houses, self.areas, self.names = (
            gazetteer,
            gazetteer.houses,
            gazetteer.areas,
            gazetteer.names,
        )
        self._looked_up: dict[tuple[str, int], Whereabouts] = {}

    def code(self, area: int) -> str:
        """The 12-digit code of an area's number, "" for -1."""
        return self.areas[area].code if area >= 0 else ""

    def find(
        self, texts: Sequence[str], address: str = "", town: str = "", village: str = "", unit: str = ""
    ) -> Whereabouts:
        """texts: a title first, where there is one. address, town, village: columns that say where. unit: who is to deal with it, which speaks
        for a town when nothing else does. Any texts will do."""
        in_town = self._named(town, "town")
        in_village = self._named(village, "village", in_town)
        in_town = in_town if in_town >= 0 else self._town(in_village)
        best = self._looked(address, in_town) if address.strip() else NOWHERE
        if best.by != "doorplate":
            best = self._better(best, self._told(texts, in_town if in_town >= 0 else best.town))
        if best.by == "road":
            best = self._where_it_passes(best, (address, *texts))
        if best.village < 0 and in_village >= 0 and not best.by:
            best = self._better(best, self._of_village(in_village))
        if best.town < 0:
            best = replace(best, town=in_town if in_town >= 0 else self._named(unit, "town"))
        return best

    # --- what is named ----------------------------------------------------------------------------------------------------

    def _told(self, texts: Sequence[str], in_town: int) -> Whereabouts:
        """The best of what the running text names."""
        said = [
            replace(mention, worth=mention.worth + (TITLE if place == 0 and len(texts) > 1 else 0.0))
            for place, text in enumerate(texts)
            for mention in mentions(text, self.names, self.areas)
        ]
        elsewhere = [mention for mention in said if not mention.home]
        if any(
            mention.narrow for mention in elsewhere
        ):  # where somebody lives says nothing of a matter that has its own place
            said = elsewhere
        towns = {self._town(one) for mention in said for one in mention.areas if len(mention.areas) < 3} - {-1}
        around = in_town if in_town >= 0 else towns.pop() if len(towns) == 1 else -1
        best = NOWHERE
        for mention in sorted(said, key=lambda mention: -mention.worth)[:MOST_ASKED]:
            found = self._of_mention(mention, around)
            if in_town >= 0 and found.town not in (-1, in_town) and found.town not in mention.areas:
                continue  # a street of another town's by the same name
            best = self._better(best, found)
            if best.by in ("doorplate", "road"):
                break
        return best

    def _where_it_passes(self, best: Whereabouts, texts: Sequence[str]) -> Whereabouts:
        """A street runs through several villages, and the text names one of them: its part there."""
        said = [mention for text in texts for mention in mentions(text, self.names, self.areas)]
        villages = {one for mention in said for one in mention.areas if self.areas[one].level == "village"}
        if len(villages) != 1 or best.village in villages:
            return best
        for mention in said:
            rows = self._line(mention, best.town)
            rows = rows[self.houses.village[rows] == next(iter(villages))]
            if len(rows) >= LEAST["road"] and not mention.numbered:
                return self._at_houses(rows, "road")
        return best

    def _of_mention(self, mention: Mention, around: int) -> Whereabouts:
        if mention.crossing >= 0 and (met := self._meeting(mention, around)):
            return met
        if mention.line < 0 and not mention.numbered:
            return self._of_areas(mention.areas, around)
        named = around < 0 or any(self._town(one) >= 0 for one in mention.areas)
        found = self._looked(mention.text if named else self.areas[around].name + mention.text, around)
        return found if found.known else self._of_areas(mention.areas, around)

    def _named(self, words: str, level: str, inside: int = -1) -> int:
        """The one area of this level that a column names, -1: none or several."""
        said = first(words[:60], self.names, self.areas) if words else None
        fit = (
            {one for one in said.areas if self.areas[one].level == level and self._lies(one, inside)} if said else set()
        )
        return fit.pop() if len(fit) == 1 else -1

    def _lies(self, area: int, inside: int) -> bool:
        return inside < 0 or area == inside or inside in self.areas.above(area)

    def _town(self, area: int) -> int:
        """The town that an area is or lies in; -1: none."""
        return next(
            (one for one in (area, *self.areas.above(area)) if one >= 0 and self.areas[one].level == "town"), -1
        )

    # --- looking up -------------------------------------------------------------------------------------------------------

    def _looked(self, text: str, around: int) -> Whereabouts:
        key = (text, around)
        if key not in self._looked_up:
            if len(self._looked_up) >= REMEMBERED:
                self._looked_up.clear()
            self._looked_up[key] = self._resolved(text, around)
        return self._looked_up[key]

    def _resolved(self, text: str, around: int) -> Whereabouts:
        found = self.gazetteer.resolve(text)
        rows = np.array([one.row for one in found.candidates], np.int64)
        if found.kind == "exact":
            return self._at_houses(rows, "doorplate")
        if found.kind == "likely":
            sure = found.candidates[0].confidence >= SURE
            fit = rows[self.houses.town[rows] == around] if around >= 0 and not sure else rows
            if len(fit) and (sure or found.total <= len(found.candidates)):
                return self._at_houses(fit[:1] if sure else fit, "doorplate")
        if found.position is not None and found.position.basis == "interpolated" and found.position.within_m <= NARROW:
            return self._about(found.position)
        said = first(text, self.names, self.areas)
        if said is None:
            return NOWHERE
        rows = self._line(said, around)
        return self._better(self._at_houses(rows, "road") if len(rows) else NOWHERE, self._of_areas(said.areas, around))

    def _line(self, said: Mention, around: int, name: int = -1) -> NDArray[np.int64]:
        """The houses along what is named, in the areas that are named with it, else in the town that is spoken of; none where several are so called."""
        name = said.line if name < 0 else name
        if name < 0:
            return np.empty(0, np.int64)
        parts = [
            index.houses(line)
            for kind in LINES
            if kind != "village"
            for index in [self.houses.lines[kind]]
            for line in index.named(name)
        ]
        rows = np.concatenate(parts).astype(np.int64) if parts else np.empty(0, np.int64)
        wanted = [one for one in said.areas if self.areas[one].level in ("town", "village")] or (
            [around] if around >= 0 else []
        )
        if wanted:
            rows = rows[np.isin(self.houses.town[rows], wanted) | np.isin(self.houses.village[rows], wanted)]
        return rows if len(rows) and len(np.unique(self.houses.town[rows])) == 1 else rows[:0]

    def _meeting(self, mention: Mention, around: int) -> Whereabouts | None:
        """Where two streets come nearest; None when they do not meet."""
        here, there = self._line(mention, around), self._line(mention, around, mention.crossing)
        if not len(here) or not len(there):
            return None
        x, y = self._metres(here)
        to_x, to_y = self._metres(there)
        far = np.hypot(x[:, None] - to_x, y[:, None] - to_y)
        nearest = int(far.argmin())
        pair = np.array([here[nearest // len(there)], there[nearest % len(there)]])
        return self._at_houses(pair, "road") if far.min() <= TOGETHER else None

    def _at_houses(self, rows: NDArray[np.int64], by: By) -> Whereabouts:
        """Their middle where they stand together; else the areas that all of them lie in."""
        lon, lat = self.houses.lon[rows], self.houses.lat[rows]
        x, y = self._metres(rows)
        reach = np.hypot(x - x.mean(), y - y.mean()).max() if len(rows) >= LEAST[by] else np.inf
        town, village = _common(self.houses.town[rows]), _common(self.houses.village[rows])
        if reach > (TOGETHER if by == "doorplate" else NARROW):
            return Whereabouts("", None, None, town, village)
        nearest = int(rows[np.hypot(x - x.mean(), y - y.mean()).argmin()])
        return Whereabouts(
            by,
            float(lon.mean()),
            float(lat.mean()),
            town,
            village if village >= 0 else int(self.houses.village[nearest]),
        )

    def _about(self, position: Position) -> Whereabouts:
        """A point between houses; the areas are those of the house that stands nearest to it."""
        far = np.hypot(
            (self.houses.lon - position.lon) * np.cos(np.radians(position.lat)), self.houses.lat - position.lat
        )
        nearest = int(far.argmin())
        return Whereabouts(
            "road", position.lon, position.lat, int(self.houses.town[nearest]), int(self.houses.village[nearest])
        )

    def _of_areas(self, areas: Sequence[int], around: int) -> Whereabouts:
        """The lowest area that is meant beyond doubt: of two villages of one name that in the town that is spoken of."""
        for level in ("village", "town"):
            fit = {one for one in areas if self.areas[one].level == level}
            towns = {one for one in areas if self.areas[one].level == "town"} or ({around} if around >= 0 else set())
            near = {one for one in fit if self._town(one) in towns} if level == "village" and towns else fit
            if len(near or fit) == 1:
                one = (near or fit).pop()
                return self._of_village(one) if level == "village" else Whereabouts(town=one)
        return NOWHERE

    def _of_village(self, village: int) -> Whereabouts:
        """A point where its houses stand together, as those of a small one do."""
        index = self.houses.lines["village"]
        parts = [index.houses(line) for line in index.named(village)]
        rows = np.concatenate(parts).astype(np.int64) if parts else np.empty(0, np.int64)
        found = self._at_houses(rows, "village") if len(rows) else NOWHERE
        return replace(found, town=self._town(village), village=village)

    def _metres(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        lon, lat = self.houses.lon[rows], self.houses.lat[rows]
        flat = np.cos(np.radians(float(lat.mean())))
        return np.asarray(lon) * (METRES_PER_DEGREE * flat), np.asarray(lat) * METRES_PER_DEGREE

    @staticmethod
    def _better(one: Whereabouts, other: Whereabouts) -> Whereabouts:
        return other if other.known > one.known else one


def _common(values: NDArray[np.int32]) -> int:
    """The one value that all have, else -1."""
    first_value = int(values[0])
    return first_value if bool((values == first_value).all()) else -1
