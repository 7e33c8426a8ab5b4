"""Times on the screen: absolute, with the relative in brackets; limits in working days."""

import datetime as dt

from django import template
from django.utils import timezone

from apps.accounts.perms import Permission, allowed
from apps.worktime.due import Due
from apps.worktime.due import due as due_of
from apps.worktime.models import CalendarDay, TimeLimit
from apps.worktime.narrowing import words_of

register = template.Library()
WEEKDAYS = "一二三四五六日"


@register.filter
def moment(when: dt.datetime | None) -> str:
    """3月14日 09:20（2 小时前）; the year too when it is another one. Nothing for nothing."""
    if not when:
        return ""
    here, now = timezone.localtime(when), timezone.localtime()
    return f"{_date(here.date(), now.date())} {here:%H:%M}（{_ago(now - here, here.date(), now.date())}）"


@register.filter
def day(date: dt.date | None) -> str:
    """3月14日（周六）; the year too when it is another one."""
    return f"{_date(date, timezone.localdate())}（周{WEEKDAYS[date.weekday()]}）" if date else ""


@register.filter
def due(date: dt.date | None) -> Due | None:
    """How a last day looks from today: `.words`, `.tone`. One query; for lists see `apps.worktime.due.dues`."""
    return due_of(date, timezone.localdate()) if date else None


def _date(date: dt.date, today: dt.date) -> str:
    return f"{date.month}月{date.day}日" if date.year == today.year else f"{date.year}年{date.month}月{date.day}日"


def _ago(passed: dt.timedelta, date: dt.date, today: dt.date) -> str:
    if passed < dt.timedelta():
        days = (date - today).days
        return f"{days} 天后" if days else "今天"
    minutes, days = int(passed.total_seconds() // 60), (today - date).days
    if minutes < 1:
        return "刚刚"
    if minutes < 60:
        return f"{minutes} 分钟前"
    if days == 0 or minutes < 6 * 60:
        return f"{minutes // 60} 小时前"
    if days < 30:
        return f"{days} 天前"
    return f"{days // 30} 个月前" if days < 365 else f"{days // 365} 年前"


@register.filter
def limit_words(said: list) -> str:
    """A limit as its event keeps it, [amount, unit, source]: 3 个月."""
    return TimeLimit(amount=said[0], unit=said[1]).words


@register.filter
def limit_name(limit: TimeLimit) -> str:
    """承办单位答复（县级、城乡建设）."""
    return limit.label if limit.general else f"{limit.label}（{words_of(limit.step, limit.level, limit.topic)}）"


@register.inclusion_tag("worktime/_gap.html", takes_context=True)
def calendar_gap(context) -> dict:
    """Says so, to those who can enter them, where limits already reach into a year whose holidays nobody has entered; one query."""
    return {"missing": CalendarDay.objects.missing_soon() if allowed(context["user"], Permission.MANAGE_CALENDAR) else ()}
