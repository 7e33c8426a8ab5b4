"""Verbs of themes: what people decide on one. Each is one transaction with its event row, and does nothing a second time."""

from django.contrib.gis.geos import Point
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import Role, User
from apps.accounts.perms import Permission, allowed
from apps.insights.theme_models import Theme, ThemeEvent
from apps.organisations.models import Organisation
from apps.record.states import MoveRefused
from apps.supervision.topics import Topic
from apps.supervision.workflow_topics import Matter, Origin, draft_topic
from apps.territory.models import AdminArea

TEAM = 3
NAME_LONGEST = 60
GONE = (Theme.State.MERGED, Theme.State.DISSOLVED)


@transaction.atomic
def rename(user: User, theme_id: int, name: str, seen: str) -> Theme:
    """A name of the office's own; "" gives it back the one that its words make. seen: the name that the user had before him."""
    theme = _locked(user, theme_id)
    wanted = " ".join(name.split())
    if len(wanted) > NAME_LONGEST:
        raise MoveRefused(f"名称最多 {NAME_LONGEST} 个字。", "name")
    if theme.name != seen:
        raise MoveRefused(f"这个主题刚刚改称“{theme.name}”，请看过再改。", "name")
    was, person = theme.name, user if wanted else None
    theme.name, theme.named_by = wanted or " · ".join(theme.words[:3])[:NAME_LONGEST] or theme.name, person
    if theme.name == was and theme.named_by_id is None:
        return theme
    theme.save(update_fields=["name", "named_by"])
    ThemeEvent.objects.append(theme, "name", actor=user, was=was, now=theme.name)
    return theme


@transaction.atomic
def note(user: User, theme_id: int, words: str) -> Theme:
    """预警已阅: somebody has seen that it rises, and may say what is done. The list goes on showing it, further down."""
    theme = _locked(user, theme_id)
    if theme.rising_since is None:
        raise MoveRefused("这个主题现在没有上升，不用登记已阅。")
    if theme.noted_at:
        return theme
    theme.noted_at, theme.noted_by = timezone.now(), user
    theme.save(update_fields=["noted_at", "noted_by"])
    ThemeEvent.objects.append(theme, "note", actor=user, note=words.strip()[:300])
    return theme


@transaction.atomic
def make_topic(user: User, theme_id: int) -> tuple[Topic, bool]:
    """起草监督议题: the draft of a topic with place, reason and the way back; once, however often it is pressed. The topic, and whether it is new."""
    theme = _locked(user, theme_id)
    if theme.topic_id:
        return Topic.objects.with_facts().get(pk=theme.topic_id), False
    origin = Origin(f"theme:{theme.pk}", f"民情主题：{theme.name}，{_reason(theme)}", reverse("theme", args=[theme.pk]))
    topic, new = draft_topic(user, _matter(theme), origin)
    theme.topic = topic
    theme.save(update_fields=["topic"])
    ThemeEvent.objects.append(theme, "draft", actor=user, topic=topic.pk, code=topic.code)
    return topic, new


def _locked(user: User, theme_id: int) -> Theme:
    if not allowed(user, Permission.DRAFT_FROM_INSIGHT) or user.role != Role.COUNTY_OFFICE:
        raise MoveRefused("民情主题由县人大常委会工委办理。")
    theme = Theme.objects.select_for_update(of=("self",)).filter(pk=theme_id).first()
    if theme is None:
        raise MoveRefused("没有这个民情主题。")
    if theme.state in GONE:
        into = f"，已并入“{theme.merged_into}”" if theme.merged_into_id else ""
        raise MoveRefused(f"这个主题不再单独存在{into}，请在新的主题上办理。")
    return theme


def _reason(theme: Theme) -> str:
    """Why it is proposed, in a sentence."""
    said = f"{theme.first_on:%Y年%-m月%-d日}以来 {theme.voices} 条诉求"
    if theme.rising_since:
        rise = theme.rise
        said += f"，近 {rise['days']} 天 {rise['now']} 条（按此前半年应有约 {rise['expected']:.1f} 条）"
    return said


def _matter(theme: Theme) -> Matter:
    site, vague = _site(theme)
    responsible = (
        Organisation.objects.standing().filter(pk=theme.organisation_id).first() if theme.organisation_id else None
    )
    words = "、".join(theme.words)
    text = (
        f"“{theme.name}”：{_reason(theme)}。"
        + (f"反映中多见：{words}。" if words else "")
        + ("地点分散或不明，标在主要乡镇街道内，请核对。" if vague else "")
    )
    return Matter(
        kind=Topic.Kind.CONCERN, title=f"{theme.name}集中反映的问题"[:80], site=site, field=None, responsible=responsible, owner=None, demand=TEAM, experts=0,
        year=timezone.localdate().year, text=text[:1000],
    )  # fmt: skip


def _site(theme: Theme) -> tuple[Point, bool]:
    """Where the topic is put, and whether that is only a place inside the village, town or county: a cell's centre may lie beyond the border."""
    areas = AdminArea.objects.filter(geom__isnull=False)
    towns = areas.filter(level=AdminArea.Level.TOWN)
    inside = towns if towns.exists() else areas.filter(level=AdminArea.Level.COUNTY)
    if theme.point and inside.filter(geom__covers=theme.point).exists():
        return theme.point, False
    for pk in (theme.village_id, theme.town_id):
        area = areas.filter(pk=pk).first() if pk else None
        if area:
            return _within(area), True
    area = inside.order_by("code").first()
    if area is None:
        raise MoveRefused("还没有导入行政区范围，没法给监督议题定地点。请先导入。")
    return _within(area), True


def _within(area: AdminArea) -> Point:
    site = area.geom.point_on_surface
    site.srid = 4326
    return site
