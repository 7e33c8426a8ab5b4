"""The tree of categories, changed by people: renamed, added below the first and the second level, put in another order, switched off.

The first level is only renamed: time limits go with it, and what was learned by its earlier names still holds, since it keeps them as its
words. Nothing is ever removed: cases keep the category they have, and one that is switched off is only offered and recognised no more. The
public zone is told the tree whole.
"""

from dataclasses import dataclass

from django.db import transaction

from apps.accounts.models import User
from apps.accounts.perms import Permission, allowed
from apps.cases import sorting
from apps.cases.rules import RoutingRule
from apps.cases.taxonomy import Category, CategoryEvent
from apps.record.messages import OFFICE, Kind, Outgoing, register
from apps.record.states import MoveRefused
from apps.territory.models import LayerVersion
from apps.worktime.workflow import rename_topic

LONGEST, LONGEST_WORD, MOST_WORDS = 20, 20, 60  # characters, characters, words
LAST = 32_767  # in the order, until the tree has been numbered
TOLD = "cases.categories"  # a message to the other zone
CROSSING = ("label", "level1", "level", "order", "words", "handled_at", "lead_competence", "co_competences", "congress_only", "active")


@dataclass(frozen=True)
class Naming:
    """What a category is called, by which words it is recognised before anybody has sorted a case here, and where such matters are handled."""

    label: str
    words: tuple[str, ...] = ()
    handled_at: str = ""


@transaction.atomic
def add(parent: Category, naming: Naming, actor: User) -> Category:
    """A category below one of the first or second level, after those that are there."""
    tree = _locked(actor)
    above = tree[parent.pk]
    if above.level > 2:
        raise MoveRefused("类别只有三级，不能再往下加。")
    if not above.active:
        raise MoveRefused(f"“{above}”已经停用，不能在下面加。请先启用它。")
    _check(naming, above, tree)
    own = sum(each.code.startswith("own_") for each in tree.values()) + 1
    category = Category.objects.create(
        code=f"own_{own:03}", label=naming.label, words=list(naming.words), parent=above, level=above.level + 1, level1=above.level1,
        handled_at=naming.handled_at, congress_only=above.congress_only, order=LAST,
    )  # fmt: skip
    CategoryEvent.objects.append(category, "add", actor=actor, label=category.label, below=str(above), words=category.words)
    _number()
    _tell()
    return category


@transaction.atomic
def change(category: Category, naming: Naming, actor: User, *, version: int) -> Category:
    """Another name, other words. version: of the category that stood on his page."""
    tree = _locked(actor)
    locked = _current(tree, category, version, renamed=True)
    if locked.level == 1:
        return _rename_first(locked, naming.label, actor, tree)
    _check(naming, tree[locked.parent_id], tree, but=locked.pk)
    before = {"label": locked.label, "words": locked.words, "handled_at": locked.handled_at}
    after = {"label": naming.label, "words": list(naming.words), "handled_at": naming.handled_at}
    if before == after:
        return locked
    locked.label, locked.words, locked.handled_at, locked.version = naming.label, list(naming.words), naming.handled_at, locked.version + 1
    locked.save(update_fields=["label", "words", "handled_at", "version"])
    CategoryEvent.objects.append(locked, "change", actor=actor, before=before, **after)
    _tell()
    return locked


@transaction.atomic
def switch(category: Category, actor: User, *, active: bool, version: int) -> Category:
    """No longer offered and recognised, with all below it; or again."""
    tree = _locked(actor)
    locked = _current(tree, category, version)
    if locked.active == active:
        raise MoveRefused(f"“{locked}”已经{'在用' if active else '停用'}。")
    if not active:
        _may_go(locked, tree)
    locked.active, locked.version = active, locked.version + 1
    locked.save(update_fields=["active", "version"])
    CategoryEvent.objects.append(locked, "switch_on" if active else "switch_off", actor=actor, label=locked.label)
    _tell()
    return locked


@transaction.atomic
def move(category: Category, actor: User, *, up: bool, version: int) -> Category:
    """One place up or down among those below the same category."""
    tree = _locked(actor)
    locked = _current(tree, category, version)
    beside = sorted((each for each in tree.values() if each.parent_id == locked.parent_id), key=lambda each: (each.order, each.pk))
    at = next(place for place, each in enumerate(beside) if each.pk == locked.pk)
    other = at - 1 if up else at + 1
    if not 0 <= other < len(beside):
        raise MoveRefused(f"“{locked}”已经在最{'前' if up else '后'}面。")
    beside[at], beside[other] = beside[other], beside[at]
    _number({each.pk: place for place, each in enumerate(beside)})
    locked.version += 1
    Category.objects.filter(pk=locked.pk).update(version=locked.version)
    CategoryEvent.objects.append(locked, "move", actor=actor, label=locked.label, up=up)
    _tell()
    return locked


def taken_in(body: dict) -> None:
    """The tree as the office has it: taken in by the public zone."""
    known = {category.code: category for category in Category.objects.all()}
    for row in sorted(body["categories"], key=lambda row: row["level"]):
        category = known.setdefault(row["code"], Category(code=row["code"]))
        if row["level"] == 1 and category.pk and category.label != row["label"]:
            rename_topic(category.label, row["label"])
        for name in CROSSING:
            setattr(category, name, row[name])
        category.parent = known[row["parent"]] if row["parent"] else None
        category.save()
    LayerVersion.raise_for(sorting.LAYER)


def register_kind() -> None:
    register(Kind(TOLD, "类别", OFFICE, taken_in))


def _locked(actor: User) -> dict[int, Category]:
    """The whole tree by id, locked: one change at a time."""
    if not allowed(actor, Permission.MANAGE_CATEGORIES):
        raise MoveRefused("类别由县人大常委会工委改。")
    tree = {category.pk: category for category in Category.objects.select_for_update().order_by("pk")}
    for category in tree.values():
        if category.parent_id:
            category.parent = tree[category.parent_id]
    return tree


def _rename_first(locked: Category, label: str, actor: User, tree: dict[int, Category]) -> Category:
    """Another name for a first level; all below it, and the limits set for it, go with it."""
    _check_label(label)
    if taken := next((each for each in tree.values() if each.pk != locked.pk and (each.label == label or (each.level == 1 and label in each.words))), None):
        raise MoveRefused(f"“{label}”是“{taken.level1}”里的名称，或它用过的名称，请换一个。", "label")
    before = locked.label
    if label == before:
        return locked
    locked.words = [*(word for word in locked.words if word not in (before, label)), before]
    locked.label, locked.version = label, locked.version + 1
    locked.save(update_fields=["label", "words", "version"])
    Category.objects.filter(level1=before).update(level1=label)
    rename_topic(before, label, actor=actor)
    CategoryEvent.objects.append(locked, "change", actor=actor, before={"label": before}, label=label)
    _tell()
    return locked


def _current(tree: dict[int, Category], category: Category, version: int, *, renamed: bool = False) -> Category:
    locked = tree[category.pk]
    if locked.level == 1 and not renamed:
        raise MoveRefused("一级类别只能改名，不能停用、移动。")
    if locked.version != version:
        raise MoveRefused(f"“{locked}”刚才有人改过。请看过现在的样子，再改一次。")
    return locked


def _check(naming: Naming, above: Category, tree: dict[int, Category], *, but: int | None = None) -> None:
    """Names of the second level are told apart in the whole tree, since files name categories by them; of the third below their second."""
    _check_label(naming.label)
    if len(naming.words) > MOST_WORDS:
        raise MoveRefused(f"识别用词最多 {MOST_WORDS} 个，现在有 {len(naming.words)} 个。", "words")
    if long := next((word for word in naming.words if len(word) > LONGEST_WORD), ""):
        raise MoveRefused(f"“{long[:LONGEST_WORD]}…”太长，一个词最多 {LONGEST_WORD} 个字。", "words")
    level = above.level + 1
    same = (each for each in tree.values() if each.pk != but and each.label == naming.label and (level == 2 or each.parent_id == above.pk))
    if (other := next(same, None)) is not None:
        raise MoveRefused(f"已经有“{other}”这一类（{other.level1}），请换一个名称。", "label")


def _check_label(label: str) -> None:
    if not label:
        raise MoveRefused("请写类别的名称。", "label")
    if len(label) > LONGEST:
        raise MoveRefused(f"名称最多 {LONGEST} 个字，现在有 {len(label)} 个。", "label")


def _may_go(category: Category, tree: dict[int, Category]) -> None:
    if category.congress_only and category.level == 2:
        raise MoveRefused("法院、检察院的类别不能停用：这些事靠它留在人大，不转政府部门。")
    below = [category.pk, *(each.pk for each in tree.values() if each.parent_id == category.pk)]
    rules = RoutingRule.objects.filter(active=True, category__in=below).order_by("order").values_list("order", flat=True)
    if rules:
        raise MoveRefused(f"交办规则第 {'、'.join(map(str, rules))} 条还用到“{category}”，请先改规则，再停用。")
    left = [each for each in tree.values() if each.parent_id == category.parent_id and each.active and each.pk != category.pk]
    if category.level == 2 and not left:
        raise MoveRefused(f"“{category.level1}”下面只剩“{category}”在用，不能停用。")


def _number(places: dict[int, int] | None = None) -> None:
    """The order of the whole tree, each category before what lies below it; places: of some among those beside them."""
    rows = list(Category.objects.order_by("order", "pk"))
    below: dict[int | None, list[Category]] = {}
    for row in rows:
        below.setdefault(row.parent_id, []).append(row)
    numbered: list[Category] = []

    def walk(parent: int | None) -> None:
        for row in sorted(below.get(parent, ()), key=lambda each: (places or {}).get(each.pk, 0)):
            numbered.append(row)
            walk(row.pk)

    walk(None)
    moved = [row for place, row in enumerate(numbered, start=1) if row.order != place]
    for place, row in enumerate(numbered, start=1):
        row.order = place
    Category.objects.bulk_update(moved, ["order"], batch_size=500)


def _tell() -> None:
    """Processes read the tree anew, and the public zone hears of it."""
    LayerVersion.raise_for(sorting.LAYER)
    rows = Category.objects.select_related("parent").order_by("order", "pk")
    said = [{"code": row.code, "parent": row.parent.code if row.parent else "", **{name: getattr(row, name) for name in CROSSING}} for row in rows]
    Outgoing.objects.post(TOLD, "categories", {"categories": said})
