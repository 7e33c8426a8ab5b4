"""What is to be done of a case by when, for its page."""

from django import template
from django.utils import timezone

from apps.cases.clocks import shown
from apps.cases.models import Case

register = template.Library()


@register.inclusion_tag("cases/_clocks.html")
def case_clocks(case: Case) -> dict:
    """Every duty that runs, its last day and how many working days are left; two queries."""
    return {"clocks": shown(case, timezone.localdate())}
