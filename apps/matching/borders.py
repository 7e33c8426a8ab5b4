"""How near a border is, in words: nobody should be sent to the wrong deputies because a position was 20 metres off."""

from dataclasses import dataclass

from apps.matching.finding import NEAR_BORDER, ON_BORDER, FoundDistrict, Place

LEVELS = {"county": "县级", "township": "乡镇级"}
NAMED = 3


@dataclass(frozen=True)
class BorderNotice:
    """One short sentence; `districts` names, in a sentence a level, the borders and what lies across. certain: nothing is asked of the reader."""

    words: str
    districts: tuple[str, ...]
    certain: bool


def border_notice(place: Place, accuracy: float | None = None) -> BorderNotice | None:
    """When a district's border is nearer than 30 m, or nearer than the position is good for; a doorplate's own position is good."""
    near = [found for found in place.districts if found.margin_m < max(NEAR_BORDER, accuracy or 0.0)]
    if not near:
        return None
    metres, certain = min(found.margin_m for found in near), place.doorplate is not None and accuracy is None
    here = "此门牌" if certain else "这里"
    if metres <= ON_BORDER:
        words = f"{here}正好在选区边界上，请以选民名单为准。"
    elif certain:
        words = f"{here}离选区边界{metres_in_words(metres)}，所属选区以门牌为准。"
    elif accuracy is not None and metres < accuracy:
        words = f"定位误差{metres_in_words(accuracy)}，可能不在这个选区，请在地图上确认位置。"
    else:
        words = f"{here}离选区边界{metres_in_words(metres)}，请在地图上确认位置。"
    return BorderNotice(words, tuple(_described(place, found) for found in near), certain)


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
