"""Words of the turnover's pages."""

from django import template

register = template.Library()

VERBS = {
    "settle": "登记核定名额", "publish": "公布", "take_back": "撤回公布", "end": "改止期", "set_aside": "未采用", "reopen": "重新成为草案", "hand_on": "交接值班",
}  # fmt: skip


@register.filter
def deviation(share: float | None) -> str:
    """0.124 as +12.4%; a true minus sign."""
    return "—" if share is None else f"{'−' if share < 0 else '+'}{abs(share):.1%}"


@register.filter
def term_verb(verb: str) -> str:
    return VERBS.get(verb, verb)
