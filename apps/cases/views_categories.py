"""类别: the tree as it is offered, and changing it: one page, each change one step with its event."""

import re
from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.perms import Permission, requires
from apps.cases import workflow_categories as workflow
from apps.cases.forms import SELECT, PlainText
from apps.cases.models import Case, Category
from apps.cases.taxonomy import LEVELS, CategoryEvent
from apps.cases.workflow_categories import Naming
from apps.record.states import MoveRefused

SHOWN_EVENTS = 20


class NamingForm(forms.Form):
    """A name, words and level; how long they may be says the verb."""

    label = PlainText(label="名称", max_length=200, error_messages={"required": "请写类别的名称。"},
                      widget=forms.TextInput(attrs={"class": "form-control"}))  # fmt: skip
    words = PlainText(label="识别用词", required=False, max_length=2000, help_text="用空格或顿号隔开；群众会怎么说就写什么，例如：路灯、灯杆。",
                      widget=forms.TextInput(attrs={"class": "form-control"}))  # fmt: skip
    handled_at = forms.ChoiceField(label="一般由哪一级办理", required=False, choices=[("", "不定"), *LEVELS], widget=SELECT)

    def naming(self) -> Naming:
        data = self.cleaned_data
        words = (word for word in re.split(r"[\s、，,；;]+", data["words"]) if word)
        return Naming(data["label"], tuple(dict.fromkeys(words)), data["handled_at"])


@never_cache
@require_GET
@requires(Permission.MANAGE_CATEGORIES)
def category_list(request: HttpRequest) -> HttpResponse:
    """/cases/categories/?in=l1_urban — one branch of the tree; ?change=12 or ?add=12: with that form open."""
    place = next((f"{name}-{request.GET[name]}" for name in ("change", "add") if request.GET.get(name, "").isdecimal()), "")
    return _page(request, place)


@require_POST
@requires(Permission.MANAGE_CATEGORIES)
def category_add(request: HttpRequest, pk: int) -> HttpResponse:
    """Below this one."""
    above = get_object_or_404(Category, pk=pk)
    return _named(request, f"add-{pk}", above, lambda naming: f"已在“{above}”下面增加“{workflow.add(above, naming, request.user)}”。")


@require_POST
@requires(Permission.MANAGE_CATEGORIES)
def category_change(request: HttpRequest, pk: int) -> HttpResponse:
    category = get_object_or_404(Category, pk=pk)
    return _named(request, f"change-{pk}", category, lambda naming: f"“{workflow.change(category, naming, request.user, version=_version(request))}”已改好。")


@require_POST
@requires(Permission.MANAGE_CATEGORIES)
def category_move(request: HttpRequest, pk: int) -> HttpResponse:
    """verb=up, down, off or on."""
    category, verb = get_object_or_404(Category, pk=pk), request.POST.get("verb", "")
    try:
        if verb in ("up", "down"):
            workflow.move(category, request.user, up=verb == "up", version=_version(request))
        elif verb in ("off", "on"):
            workflow.switch(category, request.user, active=verb == "on", version=_version(request))
            messages.success(request, f"“{category}”已{'启用' if verb == 'on' else '停用；已经是这一类的民情件不变'}。")
    except MoveRefused as refusal:
        messages.error(request, str(refusal))
    return redirect(_branch(category))


def _branch(category: Category) -> str:
    """The address of the branch that it lies in, at its place."""
    first = category
    while first.parent is not None:
        first = first.parent
    return f"{reverse('category_list')}?in={first.code}#category-{category.pk}"


def _version(request: HttpRequest) -> int:
    typed = request.POST.get("version", "")
    return int(typed) if typed.isdecimal() and len(typed) < 9 else -1


def _named(request: HttpRequest, where: str, category: Category, verb: Callable[[Naming], str]) -> HttpResponse:
    form = NamingForm(request.POST)
    if form.is_valid():
        try:
            messages.success(request, verb(form.naming()))
            return redirect(_branch(category))
        except MoveRefused as refusal:
            form.add_error(refusal.field or None, str(refusal))
    return _page(request, where, form, status=422)


def _page(request: HttpRequest, place: str = "", form: NamingForm | None = None, *, status: int = 200) -> HttpResponse:
    """place: where a form stands open, add-12 or change-12; form: what was typed there and not taken."""
    rows = list(Category.objects.order_by("order", "pk"))
    counted = dict(Case.objects.filter(category__isnull=False).order_by().values_list("category").annotate(count=Count("pk")))
    closer = dict(Case.objects.filter(subcategory__isnull=False).order_by().values_list("subcategory").annotate(count=Count("pk")))
    below: dict[int | None, list[Category]] = {}
    opened: set[int | None] = set()
    for row in rows:
        row.many = (counted if row.level == 2 else closer).get(row.pk, 0)
        row.adding, row.changing = place == f"add-{row.pk}", place == f"change-{row.pk}"
        if row.adding or row.changing:
            opened = {row.pk, row.parent_id, *(each.parent_id for each in rows if each.pk == row.parent_id)}
            known = {"label": row.label, "words": "、".join(row.words), "handled_at": row.handled_at}
            form = form or NamingForm(initial=known if row.changing else {})
        below.setdefault(row.parent_id, []).append(row)
    firsts = below.get(None, [])
    here = next((first for first in firsts if first.pk in opened), None) or next((first for first in firsts if first.code == request.GET.get("in")), firsts[0])
    seconds = [(second, below.get(second.pk, [])) for second in below.get(here.pk, [])]
    return render(request, "cases/category_list.html", {
        "firsts": firsts, "first": here, "seconds": seconds, "opened": opened, "form": form, "events": CategoryEvent.objects.order_by("-pk")[:SHOWN_EVENTS],
    }, status=status)  # fmt: skip
