"""分级: whether a matter is one for the deputy himself, for the town or for the county, from its category and its words, with the reason."""

from dataclasses import dataclass

DEPUTY, TOWN, COUNTY = "deputy", "town", "county"
WORDS = {DEPUTY: "代表级", TOWN: "镇级", COUNTY: "县级"}

_WIDE = ("全县", "全市", "各镇", "各乡镇", "各个乡镇", "跨镇", "两个镇", "几个镇", "整条河", "县政府", "县里的政策", "全县范围")
_ASKING = ("请问", "咨询", "想了解", "想问", "怎么办理", "怎么申请", "在哪里办", "什么时候能", "是否可以")


@dataclass(frozen=True)
class Level:
    """`level` is deputy, town or county; `reason` a Chinese sentence without its full stop, at most 120 characters."""

    level: str
    reason: str


def proposed(text: str, category: str = "", handled_at: str = "", *, congress_only: bool = False, has_town: bool = True) -> Level:
    """category, handled_at: the category's label and where such matters are generally handled; "" when it is not known.

    congress_only: a matter of courts or procuratorates. has_town: False where no town's office stands between deputy and county.
    """
    if congress_only:
        return Level(COUNTY, "法院、检察院的事由县人大常委会有关工委办理，不转政府部门")
    found = _by_words(text) or _by_category(category, handled_at)
    if found.level == TOWN and not has_town:
        return Level(COUNTY, f"{found.reason}；这里不设乡镇，由县级办理")
    return found


def _by_words(text: str) -> Level | None:
    if word := next((word for word in _WIDE if word in text), ""):
        return Level(COUNTY, f"写到“{word}”，超出一个镇的范围")
    if len(text) <= 80 and (word := next((word for word in _ASKING if word in text), "")):
        return Level(DEPUTY, f"写到“{word}”，是询问，代表可以直接答复")
    return None


def _by_category(category: str, handled_at: str) -> Level:
    if handled_at:
        return Level(handled_at, f"“{category}”一般由{WORDS[handled_at]}办理")
    return Level(DEPUTY, "还看不出属于哪一类，先由代表核实")
