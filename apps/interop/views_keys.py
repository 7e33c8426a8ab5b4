"""/keys/: the programs that may file reports, giving a key out, stopping one. For the county's office."""

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.perms import Permission, requires
from apps.cases.forms import text_field
from apps.interop import keys
from apps.interop.keys import MOST_PER_HOUR, PER_HOUR, ApiKey
from apps.record.site import site_of
from apps.record.states import MoveRefused

PAGE = 30


class KeyForm(forms.Form):
    name = text_field("给谁用", 60, help_text="例如：浙里办、县融媒体中心小程序。", empty="请写明给哪个单位、哪个程序用。")
    contact = text_field("联系人和电话", 80, empty="请写明联系人和电话。")
    per_hour = forms.IntegerField(
        label="每小时最多来件", min_value=1, max_value=MOST_PER_HOUR, initial=PER_HOUR, widget=forms.NumberInput(attrs={"class": "form-control"}),
        error_messages={"required": "请填一个数。", "invalid": "请填一个数。", "min_value": "至少 1 件。", "max_value": f"最多 {MOST_PER_HOUR} 件。"},
    )  # fmt: skip
    by_token = forms.BooleanField(label="来件时先给凭证，编号由对方再来取", required=False)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.MANAGE_KEYS)
def key_list(request: HttpRequest) -> HttpResponse:
    """All keys; POST gives one out and shows it, this once."""
    form = KeyForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            key, secret = keys.give_out(request.user, data["name"], data["contact"], data["per_hour"], by_token=data["by_token"])
        except MoveRefused as refusal:
            form.add_error(refusal.field or None, str(refusal))
        else:
            return _page(request, KeyForm(), fresh=(key, secret))
    return _page(request, form, status=422 if form.errors else 200)


@require_POST
@requires(Permission.MANAGE_KEYS)
def key_stop(request: HttpRequest, pk: int) -> HttpResponse:
    key = get_object_or_404(ApiKey, pk=pk)
    reason = request.POST.get("reason", "")
    try:
        keys.stop(pk, request.user, reason)
    except MoveRefused as refusal:
        return _page(request, KeyForm(), stopping=(key, reason, str(refusal)), status=422)
    messages.success(request, f"“{key}”已停用，不能再用它来件。")
    return redirect("key_list")


def _page(request: HttpRequest, form: KeyForm, *, fresh=None, stopping=None, status: int = 200) -> HttpResponse:
    rows = ApiKey.objects.annotate(filed=Count("requests")).order_by("stopped_at", "-made_at", "-pk")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    return render(request, "interop/key_list.html", {
        "form": form, "page_obj": page, "fresh": fresh, "stopping": stopping, "base": f"{site_of(request)}/open311/v2", "here": reverse("key_list"),
    }, status=status)  # fmt: skip
