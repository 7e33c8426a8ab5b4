"""Verbs of topics that are not key projects: entered and corrected by the office. Each is one transaction with its event row."""

from dataclasses import dataclass
from typing import Any

from django.contrib.gis.geos import Point
from django.db import transaction
from django.db.models import Max

from apps.accounts.models import Role, User
from apps.accounts.perms import Permission, allowed
from apps.deputies.models import Field
from apps.organisations.models import Organisation
from apps.record.states import MoveRefused
from apps.supervision.topics import Topic, TopicEvent
from apps.territory.models import AdminArea, LayerVersion

KEPT = ("kind", "year", "own_code", "own_title", "own_site", "own_field", "own_town", "own_responsible", "own_owner", "own_demand", "own_experts", "text")

PREFIX = {Topic.Kind.LIVELIHOOD: "MS", Topic.Kind.SUGGESTION: "DB", Topic.Kind.CONCERN: "GQ"}


@dataclass(frozen=True)
class Matter:
    """What the office says of a topic. site: lon/lat degrees, in the county; its town is found, not typed."""

    kind: str
    title: str
    site: Point
    field: Field | None
    responsible: Organisation | None  # none: only while it is a draft
    owner: Organisation | None
    demand: int
    experts: int
    year: int | None = None
    code: str = ""
    text: str = ""

    def columns(self) -> dict[str, Any]:
        town = AdminArea.objects.towns().filter(geom__covers=self.site).first()
        if town is None and AdminArea.objects.towns().exists():
            raise MoveRefused("这个地点不在本县的任何乡镇街道里，请在地图上重新点一下。")
        return {
            "kind": self.kind, "year": self.year, "own_code": self.code, "own_title": self.title, "own_site": self.site, "own_field": self.field,
            "own_town": town, "own_responsible": self.responsible, "own_owner": self.owner, "own_demand": self.demand, "own_experts": self.experts, "text": self.text,
        }  # fmt: skip


@transaction.atomic
def add_topic(user: User, matter: Matter) -> Topic:
    """A matter of 民生实事 or 重点督办建议 becomes a topic; without a code it gets the next free one."""
    _demand_office(user)
    columns = matter.columns()
    LayerVersion.raise_for("topic")  # before the code is chosen: two who add at once come one after the other
    columns["own_code"] = matter.code or _next_code(matter)
    _demand_free(columns["own_code"])
    topic = Topic.objects.create(**columns)
    TopicEvent.objects.append(topic, "add", actor=user)
    return topic


@dataclass(frozen=True)
class Origin:
    """What a topic was drafted from. key: such as hotspot:12, at most 40 characters; words (200), url (120): said on the topic's page."""

    key: str
    words: str
    url: str


@transaction.atomic
def draft_topic(user: User, matter: Matter, origin: Origin) -> tuple[Topic, bool]:
    """What was found becomes the draft of a topic, and whether it is new: one for each origin, however often and by however many it is asked.
    Nobody supervises it before the office has taken it over."""
    if not allowed(user, Permission.PROPOSE_TOPICS):
        raise MoveRefused("监督议题由县人大常委会工委或领导提出。")
    columns = matter.columns()
    LayerVersion.raise_for("topic")  # whoever asks second waits here, and finds what the first has made
    drafted = Topic.objects.filter(origin_key=origin.key).first()
    if drafted:
        return drafted, False
    columns["own_code"] = matter.code or _next_code(matter)
    _demand_free(columns["own_code"])
    topic = Topic.objects.create(**columns, draft=Topic.Draft.OPEN, origin_key=origin.key, origin_words=origin.words[:200], origin_url=origin.url)
    TopicEvent.objects.append(topic, "draft", actor=user, note=topic.origin_words, url=origin.url)
    return topic, True


@transaction.atomic
def settle_draft(user: User, topic_id: int, *, take: bool, note: str = "") -> Topic:
    """纳入监督 or 不采用. What was not wanted may be wanted later; what is supervised is not made a draft again."""
    _demand_office(user)
    topic = Topic.objects.select_for_update().get(pk=topic_id)
    if not topic.draft:
        raise MoveRefused("这个事项已经纳入监督了。")
    if take and topic.own_responsible_id is None:
        raise MoveRefused("请先点“更正”，填上责任单位，再纳入监督。")
    settled = "" if take else Topic.Draft.DECLINED
    if topic.draft == settled:
        return topic
    topic.draft = settled
    topic.save(update_fields=["draft"])
    LayerVersion.raise_for("topic")
    TopicEvent.objects.append(topic, "take" if take else "decline", actor=user, note=note.strip()[:200])
    return topic


@transaction.atomic
def correct_topic(user: User, topic_id: int, matter: Matter, seen: int) -> Topic:
    """Other words, place or bodies. `seen`: the last event of the topic that the user had before him, 0 for none."""
    _demand_office(user)
    topic = Topic.objects.select_for_update().get(pk=topic_id)
    if topic.project_id:
        raise MoveRefused("重点项目的资料随项目走，请在项目里改。")
    if seen != last_event(topic):
        raise MoveRefused("这个事项刚刚被别人改过。下面是您填的内容，请打开事项核对后再改。")
    columns = matter.columns()
    columns["own_code"] = matter.code or topic.own_code
    if columns["own_code"] != topic.own_code:
        _demand_free(columns["own_code"])
    changed = [name for name in KEPT if getattr(topic, name) != columns[name]]
    if not changed:
        return topic
    was = {name.removeprefix("own_"): _told(getattr(topic, name)) for name in changed}
    for name in changed:
        setattr(topic, name, columns[name])
    topic.save()
    LayerVersion.raise_for("topic")
    TopicEvent.objects.append(topic, "correct", actor=user, was=was, now={name.removeprefix("own_"): _told(columns[name]) for name in changed})
    return topic


def last_event(topic: Topic) -> int:
    return topic.events.aggregate(last=Max("pk"))["last"] or 0


def _told(value: Any) -> Any:
    if isinstance(value, Point):
        return [value.x, value.y]
    return value if isinstance(value, int | None) else str(value)


def _demand_office(user: User) -> None:
    if user.role != Role.COUNTY_OFFICE:
        raise MoveRefused("监督事项由县人大常委会工委登记。")


def _demand_free(code: str) -> None:
    if Topic.objects.filter(own_code=code).exists():
        raise MoveRefused(f"编号“{code}”已经有了，请换一个，或留空由系统编号。")


def _next_code(matter: Matter) -> str:
    prefix = f"{PREFIX[matter.kind]}{matter.year or ''}-"
    taken = set(Topic.objects.filter(own_code__startswith=prefix).values_list("own_code", flat=True))
    return next(code for number in range(1, len(taken) + 2) if (code := f"{prefix}{number:03d}") not in taken)
