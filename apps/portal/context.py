"""What every page's shell needs: the county's name, whether its data is synthetic, the map's frame, the navigation."""

from dataclasses import dataclass, replace

from django.contrib.gis.db.models import Extent
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject

from apps.accounts.models import Role
from apps.accounts.perms import Permission, allowed
from apps.cases.publishing import AnswersPage
from apps.insights.public_counts import VoicesPage
from apps.portal.tiles import LAYERS, layer_versions
from apps.record.notices import Notice
from apps.territory.models import AdminArea
from apps.territory.remembered import Remembered


@dataclass(frozen=True)
class _County:
    name: str
    bounds: tuple[float, float, float, float] | None
    synthetic: str
    opened: tuple[tuple, ...] = ()  # pages for residents that the office has opened


def _read_county() -> _County:
    return replace(_read_area(), opened=tuple(entry for switch, entry in SWITCHED if switch.objects.filter(is_open=True).exists()))


def _read_area() -> _County:
    areas = AdminArea.objects.filter(level__in=("county", "town", "village"))
    county = areas.filter(level="county").order_by("code").values_list("pk", "name", "synthetic").first()
    if county is None:
        return _County("", None, "")
    bounds = areas.filter(pk=county[0]).aggregate(bounds=Extent("geom"))["bounds"]
    _, name, invented = county
    if invented:
        return _County(name, bounds, f"演示数据：{name}的地名、人员与事项均为虚构")
    if areas.filter(synthetic=True).exists():
        return _County(name, bounds, f"演示数据：{name}内的界线、选区、门牌、人员与事项均为合成，与真实情况无关")
    return _County(name, bounds, "")


_county = Remembered(("area", "answers", "voices"), _read_county)

PUBLIC = (("找代表", "home", "search", None), ("联络站", "station_list", "building-community", None), ("查进度", "follow", "history", None))
SWITCHED = ((AnswersPage, ("公开答复", "answer_list", "message-2", None)), (VoicesPage, ("民情公开", "public_voices", "chart-bar", None)))  # where the office has opened the page
OFFICE = {  # group -> label, url name, icon, permission; on phones one entry of each of four groups stands in the bar
    "我的工作": (
        ("工作台", "desk", "layout-dashboard", Permission.DEPUTY_DESK),
        ("驾驶舱", "cockpit", "dashboard", Permission.SEE_COCKPIT),
        ("通知", "notice_list", "bell", Permission.SEE_NOTICES),
        ("附近项目", "project_nearby", "map-pin", Permission.DEPUTY_DESK),
        ("我的值班", "my_duty", "calendar-event", Permission.DEPUTY_DESK),
    ),
    "民情": (
        ("民情件", "case_list", "messages", Permission.SEE_CASES),
        ("接待日", "reception_list", "calendar-event", Permission.SEE_RECEPTIONS),
        ("部门在线", "thread_list", "arrows-exchange", Permission.SEE_CASES),
        ("公开答复", "publication_list", "world", Permission.PUBLISH_ANSWERS),
        ("电话告知", "telling_list", "phone", Permission.TELL_REPORTERS),
        ("办理时效", "punctuality", "clock-check", Permission.SEE_PUNCTUALITY),
        ("交办规则", "rule_list", "list-check", Permission.SEE_ROUTING),
        ("催报规则", "escalation_list", "bell-ringing", Permission.MANAGE_ESCALATION),
    ),
    "监督": (
        ("分配方案", "run_list", "target-arrow", Permission.SEE_SUPERVISION),
        ("走访视察", "visit_list", "walk", Permission.SEE_VISITS),
        ("监督事项", "topic_list", "list-details", Permission.SEE_PROJECTS),
        ("认领", "claim_list", "hand-stop", Permission.SEE_SUPERVISION),
        ("就近联络", "call_list", "map-pin", Permission.SEE_SUPERVISION),
        ("问题整改", "finding_list", "tool", Permission.SEE_FINDINGS),
        ("成效评估", "evaluation", "chart-bar", Permission.SEE_EVALUATION),
    ),
    "项目": (
        ("重点项目", "project_list", "crane", Permission.SEE_PROJECTS),
        ("进度月报", "upload_list", "table-import", Permission.REPORT_PROGRESS),
    ),
    "代表": (
        ("代表网格", "grid_list", "grid-dots", Permission.SEE_GRIDS),
        ("覆盖情况", "coverage", "chart-dots", Permission.SEE_GRIDS),
        ("我的网格", "my_grids", "grid-dots", Permission.DEPUTY_DESK),
        ("代表小组", "group_list", "users-group", Permission.SEE_GROUPS),
        ("排班", "rota_list", "calendar-event", Permission.ARRANGE_DUTY),
        ("代表码", "card_list", "id-badge-2", Permission.ISSUE_CARDS),
    ),
    "研判": (
        ("民情地图", "insight_map", "map-2", Permission.SEE_INSIGHT),
        ("热点", "hot_spot_list", "flame", Permission.SEE_INSIGHT),
        ("民情主题", "theme_list", "bulb", Permission.SEE_INSIGHT),
        ("项目周边", "around_list", "crane", Permission.SEE_INSIGHT),
        ("区域报告", "region_report_list", "report-analytics", Permission.SEE_INSIGHT),
        ("简报", "briefing_list", "news", Permission.MAKE_BRIEFINGS),
        ("热线记录", "record_list", "phone-incoming", Permission.SEE_RECORDS),
        ("民情公开", "voices_office", "world", Permission.OPEN_PUBLIC_VOICES),
    ),
    "数据与设置": (
        ("门牌码", "plate_list", "qrcode", Permission.MANAGE_CODES),
        ("换届", "term_list", "replace", Permission.SEE_TERMS),
        ("地图数据", "import_list", "database", Permission.IMPORT_DATA),
        ("工作日历", "calendar", "calendar", Permission.SEE_CALENDAR),
        ("发件箱", "outbox", "send", Permission.SEE_OUTBOX),
        ("接口密钥", "key_list", "key", Permission.MANAGE_KEYS),
    ),
}


FRONT = {Role.DEPUTY: ("visit_list",), Role.DISPATCHER: ("finding_list",), Role.UNIT: ("finding_list",)}  # stand for their groups on phones

UNFOLDED = 16  # entries that stand at the left all at once

ALSO = {"model_list": "rule_list", "category_list": "rule_list", "publication_review": "publication_list", "case_thread": "thread_list"}  # pages that lie elsewhere: which entry is marked there


@dataclass(frozen=True)
class NavigationGroup:
    """What lies together in the navigation; residents' entries are one group without a label. front: which of it phones show at once.
    folded: only its heading stands at the left, since all entries of all groups would be too many."""

    label: str
    entries: tuple[dict, ...]
    front: dict
    folded: bool = False

    @property
    def active(self) -> bool:
        return any(entry["active"] for entry in self.entries)


def navigation(request: HttpRequest) -> list[NavigationGroup]:
    """What the person may open in this zone, the page's own entry marked. Groups that would be empty are left out."""
    user = getattr(request, "user", None)
    signed_in = user is not None and user.is_authenticated
    groups = {}
    for label, offered in (OFFICE if signed_in else {"": (*PUBLIC, *_county.current().opened)}).items():
        entries = [_entry(*entry) for entry, permission in ((each[:3], each[3]) for each in offered) if not permission or allowed(user, permission)]
        groups[label] = [entry for entry in entries if entry]
    here = max((entry["url"] for entries in groups.values() for entry in entries if _lies_under(request.path, entry["url"])), key=len, default="")
    also = ALSO.get(getattr(request.resolver_match, "url_name", ""))
    for entry in (entry for entries in groups.values() for entry in entries):
        entry["active"] = entry["name"] == also if also else entry["url"] == here
    preferred = FRONT.get(getattr(user, "role", ""), ())
    front = {label: next((entry for entry in entries if entry["name"] in preferred), entries[0]) for label, entries in groups.items() if entries}
    many = sum(map(len, groups.values())) > UNFOLDED
    found = [NavigationGroup(label, tuple(groups[label]), entry) for label, entry in front.items()]
    return [replace(group, folded=many and number > 0 and not group.active) for number, group in enumerate(found)]


def _entry(label: str, name: str, icon: str) -> dict | None:
    try:
        return {"label": label, "name": name, "url": reverse(name), "icon": icon}
    except NoReverseMatch:  # not in this zone
        return None


def _lies_under(path: str, url: str) -> bool:
    return path == url or (url != "/" and path.startswith(url.rstrip("/") + "/"))


def _unread(request: HttpRequest) -> int:
    user = getattr(request, "user", None)
    return Notice.objects.visible_to(user).unread().count() if user is not None and allowed(user, Permission.SEE_NOTICES) else 0


def shell(request: HttpRequest) -> dict:
    county = _county.current()
    return {
        "product_name": f"{county.name}代表履职地图" if county.name else "代表履职地图",
        "county_name": county.name,
        "synthetic": county.synthetic,
        "navigation": navigation(request),
        "notices_unread": SimpleLazyObject(lambda: _unread(request)),  # fragments have no bell
        "map_config": {"bounds": county.bounds, "versions": {layer: layer_versions().get(layer, 0) for layer in LAYERS}},
    }
