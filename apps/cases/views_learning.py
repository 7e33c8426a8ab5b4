"""分类模型: what was learned of people's decisions, how well each version does, and the way back to an earlier one."""

from django.contrib import messages
from django.db import transaction
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from procrastinate.contrib.django import app as jobs
from procrastinate.exceptions import AlreadyEnqueued

from apps.accounts.perms import Permission, requires
from apps.cases import learning
from apps.cases.models import Case
from apps.cases.sorting import SURE
from apps.cases.versions import ModelEvent, ModelVersion
from apps.record.states import MoveRefused

SHOWN = 20


@never_cache
@require_GET
@requires(Permission.MANAGE_MODELS)
def model_list(request: HttpRequest) -> HttpResponse:
    light = ModelVersion.objects.defer("first", "second")  # megabytes each
    versions = list(light.annotate(kept=ExpressionWrapper(Q(first__isnull=False), output_field=BooleanField())).order_by("-pk")[:SHOWN])
    settled = Case.objects.filter(category__isnull=False, category_source__in=learning.SETTLED).count()
    return render(request, "cases/model_list.html", {
        "rows": [(one, _shares(one.figures["after"]), _shares(one.figures["before"])) for one in versions], "in_use": next((one for one in versions if one.active), None) or light.filter(active=True).first(),
        "settled": settled, "least": learning.LEAST, "wanting": max(0, learning.LEAST - settled), "sure": SURE, "after": learning.AFTER,
        "events": ModelEvent.objects.select_related("subject").defer("subject__first", "subject__second").order_by("-pk")[:SHOWN],
    })  # fmt: skip


def _shares(figures: dict) -> dict[str, str]:
    return {name: "—" if share is None else f"{share:.1%}" for name, share in figures.items()}


@require_POST
@requires(Permission.MANAGE_MODELS)
def model_learn(request: HttpRequest) -> HttpResponse:
    """Now, not only at night; in the background."""
    try:
        with transaction.atomic():
            jobs.configure_task("cases.learn_now", queueing_lock="cases.learn_now", lock=learning.JOB).defer(user=request.user.pk)
        messages.success(request, "已经开始学习，一般一两分钟。请过一会儿刷新这一页。")
    except AlreadyEnqueued:
        messages.info(request, "已经在排队学习，请过一会儿刷新这一页。")
    return redirect("model_list")


@require_POST
@requires(Permission.MANAGE_MODELS)
def model_use(request: HttpRequest, pk: int) -> HttpResponse:
    version = get_object_or_404(ModelVersion.objects.defer("first", "second"), pk=pk)
    return _done(request, lambda: learning.put_to_use(version, request.user, request.POST.get("note", "")[:300]), f"已换用{version}。以后提交的民情件按它识别。")


@require_POST
@requires(Permission.MANAGE_MODELS)
def model_words(request: HttpRequest) -> HttpResponse:
    return _done(request, lambda: learning.back_to_words(request.user, request.POST.get("note", "")[:300]), "已停用模型，以后按词表识别。")


def _done(request: HttpRequest, verb, words: str) -> HttpResponse:
    try:
        verb()
        messages.success(request, words)
    except MoveRefused as refusal:
        messages.error(request, str(refusal))
    return redirect("model_list")
