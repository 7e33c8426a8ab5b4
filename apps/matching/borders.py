"""How near a border is, in words, and what is asked then: nobody should be sent to the wrong deputies because a position was 20 metres off."""

from dataclasses import dataclass

from apps.matching.finding import ON_BORDER, SIDES, FoundDistrict, Place, Side, reach_of

LEVELS = {"county": "县级", "township": "乡镇级"}
NAMED = 3
UNSURE = "unsure"  # the answer of who does not know where he is registered


@dataclass(frozen=True, eq=False)
class BorderNotice:
    """One short sentence; `districts` names, a sentence a level, the borders and what lies across.

    sides: what to choose from, the place's own first; none when there is nothing of ours on the other side.
    many: there are more sides than that, so the position has to be better first.
    """

    words: str
    districts: tuple[str, ...]
    sides: tuple[Side, ...] = ()
    many: bool = False


def border_notice(place: Place) -> BorderNotice | None:
    """When a district's border is nearer than BORDER_METRES and what the position may be wrong by, or the place lies in a gap beside one."""
    reach = reach_of(place.accuracy)
    near = [found for found in place.districts if found.margin_m < reach]
    if not near and not place.sides:
        return None
    words, sides = _words(place, near), place.sides[:SIDES]
    return BorderNotice(words, tuple(_described(place, found) for found in near), sides, len(place.sides) > SIDES)


def _words(place: Place, near: list[FoundDistrict]) -> str:
    here = "此门牌" if place.doorplate else "这里"
    metres = min((found.margin_m for found in near), default=None)
    doubtful = place.accuracy is not None and (metres is None or metres < place.accuracy)
    if metres is None and not place.districts:
        return f"{here}没有划入任何选区，最近的选区{metres_in_words(place.sides[0].metres)}。"
    if metres is not None and metres <= ON_BORDER:
        return f"{here}正好在选区边界上。"
    if doubtful and place.accuracy:
        return f"位置误差{metres_in_words(place.accuracy)}，可能不在这个选区，请在地图上确认位置。"
    metres = min((other.metres for other in place.across), default=0.0) if metres is None else metres
    return f"{here}离选区边界{metres_in_words(metres)}{'' if place.sides else '，请在地图上确认位置'}。"


def _described(place: Place, found: FoundDistrict) -> str:
    level, here = LEVELS[found.level], found.district.name
    beyond = _named([across.district.name for across in place.across if across.level == found.level])
    if found.margin_m <= ON_BORDER:
        return f"这里按{level}选区“{here}”显示，另一侧{f'是{beyond}' if beyond else '不在本县选区内'}。"
    return f"离{level}选区“{here}”的边界{metres_in_words(found.margin_m)}，{f'对面是{beyond}' if beyond else '对面不在本县选区内'}。"


def _named(districts: list[str]) -> str:
    """The nearest by name; when the position is so poor that there are many, their number."""
    names = "、".join(f"“{name}”" for name in districts[:NAMED])
    return f"{names}等 {len(districts)} 个选区" if len(districts) > NAMED else names


def metres_in_words(metres: float) -> str:
    if metres < 1:
        return "不到 1 米"
    return f"约 {metres:.0f} 米" if metres < 950 else f"约 {metres / 1000:.1f} 公里"
