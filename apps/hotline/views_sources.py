"""Where records come from: sources, what their columns mean, how their files and programs reach us."""

from django.conf import settings
from django.contrib import messages
from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts.perms import Permission, requires
from apps.hotline import columns, workflow
from apps.hotline.forms import SourceForm
from apps.hotline.models import Intake, Record, Source
from apps.record.site import site_of


@never_cache
@require_GET
@requires(Permission.MANAGE_INTAKE)
def source_list(request: HttpRequest) -> HttpResponse:
    """/hotline/sources/"""
    counts = dict(Record.objects.order_by().values_list("source").annotate(Count("pk")))
    last = dict(Intake.objects.filter(state=Intake.State.DONE).order_by().values_list("source").annotate(Max("finished_at")))
    sources = list(Source.objects.all())
    for each in sources:
        each.count, each.last = counts.get(each.pk, 0), last.get(each.pk)
    return render(request, "hotline/source_list.html", {"sources": sources})


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.MANAGE_INTAKE)
def source_new(request: HttpRequest) -> HttpResponse:
    """/hotline/sources/new/"""
    return _source(request, Source(is_open=True))


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.MANAGE_INTAKE)
def source(request: HttpRequest, pk: int) -> HttpResponse:
    """/hotline/sources/3/"""
    return _source(request, get_object_or_404(Source, pk=pk))


def _source(request: HttpRequest, found: Source) -> HttpResponse:
    form = SourceForm(request.POST if request.method == "POST" else None, instance=found)
    if request.method == "POST" and form.is_valid():
        kept = workflow.keep_source(form.instance, request.user, sorted(form.changed_data))
        messages.success(request, f"来源“{kept}”已保存。")
        return redirect("source_list")
    mapped = [(heading, columns.FIELDS[name].label if name in columns.FIELDS else "不收") for heading, name in sorted(found.mapping.items())]
    return render(request, "hotline/source.html", {
        "form": form, "source": found, "mapped": mapped, "states": sorted(found.state_words.items()), "address": f"{site_of(request)}/api/v1/hotline/{found.code or '代码'}/records",
        "watched": bool(settings.INTAKE_DIR), "fields": columns.FIELDS.values(),
    }, status=422 if form.errors else 200)  # fmt: skip
