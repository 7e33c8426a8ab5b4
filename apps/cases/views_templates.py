"""Answer templates: one's own, the office's, the unit's."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.perms import Permission, requires
from apps.cases import templates_answer as workflow
from apps.cases.desks import PLACEHOLDERS, AnswerTemplate
from apps.cases.forms import PlainText
from apps.record.states import MoveRefused

LONGEST = {"max_length": "最多 %(limit_value)d 个字，现在有 %(show_value)d 个，请精简。"}


class TemplateForm(forms.Form):
    kind = forms.ChoiceField(
        label="用在",
        choices=AnswerTemplate.Kind.choices,
        widget=forms.Select(attrs={"class": "form-select"}),
        error_messages={"invalid_choice": "请选用在哪里。"},
    )
    title = PlainText(
        label="名称",
        max_length=30,
        widget=forms.TextInput(attrs={"class": "form-control"}),
        error_messages={**LONGEST, "required": "请给模板起个名字。"},
    )
    text = PlainText(
        label="内容",
        max_length=1000,
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 5}),
        error_messages={**LONGEST, "required": "请写模板的内容。"},
    )
    share = forms.ChoiceField(
        label="给谁用",
        required=False,
        choices=[(workflow.OWN, "只给自己用"), (workflow.SHARED, "给单位用")],
        widget=forms.Select(attrs={"class": "form-select"}),
    )


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.USE_TEMPLATES)
def template_list(request: HttpRequest) -> HttpResponse:
    """All that one may use; POST writes another: kind, title, text, share."""
    if request.method == "GET":
        return _page(request, TemplateForm())
    form = TemplateForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            workflow.write(request.user, data["kind"], data["title"], data["text"], data["share"] or workflow.OWN)
        except MoveRefused as refusal:
            form.add_error(refusal.field or None, str(refusal))
        else:
            messages.success(request, f"模板“{data['title']}”已存好，办理时在文字框上方可以选用。")
            return redirect("template_list")
    return _page(request, form, status=422)


@require_POST
@requires(Permission.USE_TEMPLATES)
def template_change(request: HttpRequest, pk: int) -> HttpResponse:
    """verb=change with title and text; verb=retire or take_up."""
    try:
        if request.POST.get("verb") in ("retire", "take_up"):
            template = workflow.retire(request.user, pk, retired=request.POST["verb"] == "retire")
            messages.success(request, f"“{template}”已{'停用' if template.retired else '恢复使用'}。")
            return redirect("template_list")
        form = TemplateForm({**request.POST.dict(), "kind": AnswerTemplate.Kind.ANSWER})
        if not form.is_valid():
            return _page(request, TemplateForm(), changing=pk, changed=form, status=422)
        workflow.change(request.user, pk, form.cleaned_data["title"], form.cleaned_data["text"])
        messages.success(request, "模板已改好。")
    except MoveRefused as refusal:
        messages.error(request, str(refusal))
    return redirect("template_list")


def _page(
    request: HttpRequest,
    form: TemplateForm,
    *,
    changing: int = 0,
    changed: TemplateForm | None = None,
    status: int = 200,
) -> HttpResponse:
    seen = (
        AnswerTemplate.objects.visible_to(request.user)
        .select_related("organisation")
        .order_by("retired", "kind", "title", "pk")[:200]
    )
    kept = set(AnswerTemplate.objects.kept_by(request.user).values_list("pk", flat=True))
    return render(request, "cases/template_list.html", {
        "form": form, "templates": seen, "kept": kept, "sharing": workflow.sharing(request.user), "placeholders": list(PLACEHOLDERS), "changing": changing, "changed": changed,
    }, status=status)  # fmt: skip
