"""How money and distances are written on the pages of projects."""

from decimal import Decimal

from django import template
from django.contrib.gis.measure import Distance

from gis_data.wording import metres_text

register = template.Library()


@register.filter
def money(ten_thousand: Decimal | float | None) -> str:
    """万元 from the published lists; from one 亿元 on with two decimals, as those lists write it."""
    if ten_thousand is None:
        return "—"
    return f"{ten_thousand / 10000:.2f} 亿元" if ten_thousand >= 10000 else f"{ten_thousand:,.0f} 万元"


@register.filter
def points(ahead: float | None) -> str:
    """快 2.1 点 or 慢 2.1 点: percentage points that something is ahead of what it is held against."""
    if ahead is None:
        return "—"
    return "持平" if abs(ahead) < 0.05 else f"{'快' if ahead > 0 else '慢'} {abs(ahead):.1f} 点"


@register.filter
def away(distance: Distance | None) -> str:
    """离您多远, from a distance that a query has annotated; nothing without one."""
    if not distance:
        return ""
    return f"离您 {metres_text(distance.m)}"


@register.filter
def far(distance: Distance) -> str:
    """A distance in words, where the list says from where."""
    return metres_text(distance.m)


@register.filter
def unlocalized(number: float) -> str:
    """A coordinate as an address carries it."""
    return f"{number:.6f}"
