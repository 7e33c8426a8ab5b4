"""How near a border is, in words: nobody should be sent to the wrong deputies because a position was 20 metres off."""

from apps.matching.finding import NEAR_BORDER, ON_BORDER, FoundDistrict, Place

LEVELS = {"county": "县级", "township": "乡镇级"}
NAMED = 3


def notices(place: Place, accuracy: float | None = None) -> list[str]:
    """One sentence for every district whose border is nearer than 30 m, or nearer than the position is good for."""
    return [words for district in place.districts if (words := _notice(place, district, accuracy))]


def _notice(place: Place, found: FoundDistrict, accuracy: float | None) -> str:
    doubtful = accuracy is not None and found.margin_m < accuracy
    if found.margin_m >= NEAR_BORDER and not doubtful:
        return ""
    level, here = LEVELS[found.level], found.district.name
    beyond = _named([across.district.name for across in place.across if across.level == found.level])
    if found.margin_m <= ON_BORDER:
        other = f"，另一侧是{beyond}" if beyond else "，另一侧不在本县选区内"
        return f"正好在选区边界上：这里按{level}选区“{here}”显示{other}。请以选民名单为准。"
    words = f"离{level}选区“{here}”的边界{metres_in_words(found.margin_m)}" + (f"，对面是{beyond}" if beyond else "")
    if doubtful:
        words += f"，而您的定位误差约 {metres_in_words(accuracy).removeprefix('约 ')}"
    return f"{words}。请在地图上确认位置是否准确。"


def _named(districts: list[str]) -> str:
    """The nearest by name; when the position is so poor that there are many, their number."""
    names = "、".join(f"“{name}”" for name in districts[:NAMED])
    return f"{names}等 {len(districts)} 个选区" if len(districts) > NAMED else names


def metres_in_words(metres: float) -> str:
    if metres < 1:
        return "不到 1 米"
    return f"约 {metres:.0f} 米" if metres < 950 else f"约 {metres / 1000:.1f} 公里"
