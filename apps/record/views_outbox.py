"""/outbox/: what leaves the house, for the county's office — what waits, what failed, trying it again; the messages between the zones; by
which ways people are told. /notices/ways/: everybody's own choice."""

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from procrastinate.contrib.django import app as jobs

from apps.accounts.models import Role
from apps.accounts.perms import Permission, requires
from apps.record import channels
from apps.record import outbox as sending
from apps.record.channels import NoticeWay, Robot
from apps.record.messages import Incoming, Outgoing
from apps.record.notices import CHANNELS, KINDS, Delivery, Postponed
from apps.record.posting import NotPosted
from apps.record.sealing import Unreadable
from apps.record.states import MoveRefused

PAGE = 30
KIND_CHOICES = [(code, label) for code, (label, _) in KINDS.items()]


class RobotForm(forms.Form):
    name = forms.CharField(label="群的名称", max_length=40, widget=forms.TextInput(attrs={"class": "form-control"}), error_messages={"required": "请给它起个名字，例如：东溪镇代表联络群。", "max_length": "最多 40 个字。"})
    format = forms.ChoiceField(label="平台", choices=Robot.Format.choices, widget=forms.Select(attrs={"class": "form-select"}))
    url = forms.CharField(
        label="Webhook 地址", max_length=500, widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off", "spellcheck": "false"}),
        help_text="在群设置里添加机器人后得到。保存后加密，不再显示。", error_messages={"required": "请粘贴群机器人的地址。", "max_length": "地址太长了。"},
    )  # fmt: skip
    secret = forms.CharField(label="加签密钥", max_length=120, required=False, widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off", "spellcheck": "false"}), help_text="钉钉选了“加签”时填，SEC 开头；企业微信不填。")
    roles = forms.MultipleChoiceField(label="替谁说", choices=Role.choices, widget=forms.CheckboxSelectMultiple, help_text="这些岗位的人收到通知时，在群里说一次。", error_messages={"required": "请至少选一个岗位。"})
    scope = forms.CharField(label="只管哪个区划", max_length=12, required=False, widget=forms.TextInput(attrs={"class": "form-control"}), help_text="区划代码的前几位，例如 339999100；不填就是全县。")
    kinds = forms.MultipleChoiceField(label="说哪些种类", choices=KIND_CHOICES, required=False, widget=forms.CheckboxSelectMultiple, help_text="一个都不选就是全部。")

    def clean_scope(self) -> str:
        scope = self.cleaned_data["scope"].strip()
        if scope and not (scope.isascii() and scope.isdigit()):
            raise forms.ValidationError("区划代码只有数字。")
        return scope


@never_cache
@require_GET
@requires(Permission.SEE_OUTBOX)
def outbox(request: HttpRequest) -> HttpResponse:
    """/outbox/?state=failed&channel=mail — newest first."""
    state, channel = request.GET.get("state", ""), request.GET.get("channel", "")
    page = Paginator(sending.shown(state, channel), PAGE).get_page(request.GET.get("page"))
    sections = [(section, *section.figures()) for section in sending.SECTIONS]
    return render(request, "record/outbox.html", {
        "page_obj": page, "state": state, "channel": channel, "states": Delivery.State.choices, "channels": [(name, each.label or name) for name, each in CHANNELS.items()],
        "figures": sending.figures(), "sections": sections, "failed": sending.shown("failed", channel).exists(), "tab": "outbox",
    })  # fmt: skip


@require_POST
@requires(Permission.SEE_OUTBOX)
def outbox_again(request: HttpRequest) -> HttpResponse:
    """Try again: one (`delivery`), or all that failed on a way (`channel`, empty for every way)."""
    one, channel = request.POST.get("delivery", ""), request.POST.get("channel", "")
    rows = Delivery.objects.filter(pk=one) if one.isdigit() and len(one) < 19 else sending.shown("failed", channel)
    count = Delivery.objects.filter(pk__in=rows.values("pk")).send_again()
    if count:
        jobs.configure_task("record.deliver_notices").defer()
    messages.success(request, f"{count} 条已重新排队。" if count else "没有要再发的。")
    return redirect("outbox")


@never_cache
@require_GET
@requires(Permission.SEE_OUTBOX)
def message_list(request: HttpRequest) -> HttpResponse:
    """/outbox/messages/?way=in&state=refused — what crosses between the zones. Of what a message holds nothing is shown."""
    way, state = request.GET.get("way", ""), request.GET.get("state", "")
    if way == "in":
        rows = Incoming.objects.defer("body").order_by("-pk")
        rows = rows.filter(state=state) if state in Incoming.State.values else rows
    else:
        rows = Outgoing.objects.defer("body").order_by("-pk")
        rows = rows.filter(acknowledged_at=None) if state == "waiting" else rows
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    out = Outgoing.objects.filter(acknowledged_at=None).aggregate(new=Count("pk", filter=Q(written_at=None)), written=Count("pk", filter=Q(written_at__isnull=False)))
    unsettled = Incoming.objects.exclude(state="applied").aggregate(waiting=Count("pk", filter=Q(state="waiting")), refused=Count("pk", filter=Q(state="refused")))
    return render(request, "record/message_list.html", {
        "page_obj": page, "way": way, "state": state, "out": out, "unsettled": unsettled, "states": Incoming.State.choices, "tab": "messages",
    })  # fmt: skip


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.SEE_OUTBOX)
def way_list(request: HttpRequest) -> HttpResponse:
    """/outbox/ways/: which roles get mail, and the robots; POST sets a robot up."""
    form = RobotForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            robot = sending.set_up(request.user, data["name"], data["format"], data["url"], data["secret"], data["roles"], data["scope"], data["kinds"])
        except MoveRefused as refusal:
            form.add_error(refusal.field or None, str(refusal))
        else:
            messages.success(request, f"“{robot}”已添加，可以先试发一条。")
            return redirect("way_list")
    ways = {way.role: way.mail for way in NoticeWay.objects.filter(user=None)}
    robots = Paginator(Robot.objects.order_by("stopped_at", "name"), PAGE).get_page(request.GET.get("page"))
    for robot in robots:
        robot.role_labels = [Role(role).label for role in robot.roles]
    return render(request, "record/way_list.html", {
        "form": form, "page_obj": robots, "roles": [(role, label, ways.get(role, False)) for role, label in Role.choices], "tab": "ways",
    }, status=422 if form.errors else 200)  # fmt: skip


@require_POST
@requires(Permission.SEE_OUTBOX)
def way_roles(request: HttpRequest) -> HttpResponse:
    """Which roles get mail where a user has not said otherwise."""
    chosen = set(request.POST.getlist("role"))
    for role, _ in Role.choices:
        current = NoticeWay.objects.filter(user=None, role=role).first()
        if bool(current and current.mail) != (role in chosen):
            sending.choose(request.user, role=role, mail=role in chosen, silent=[])
    messages.success(request, "已保存。本人另有选择的，按本人的。")
    return redirect("way_list")


@require_POST
@requires(Permission.SEE_OUTBOX)
def robot_try(request: HttpRequest, pk: int) -> HttpResponse:
    """Say one sentence now, and tell on the page what came of it."""
    robot = get_object_or_404(Robot.objects.speaking(), pk=pk)
    try:
        robot.say(f"试发：{request.user}在代表履职地图添加了这个群机器人。", "/notices/")
    except (NotPosted, channels.NotTaken, Unreadable, Postponed) as failure:
        messages.error(request, f"没有发出：{failure}")
    else:
        messages.success(request, f"“{robot}”收下了，请到群里看一眼。")
    return redirect("way_list")


@require_POST
@requires(Permission.SEE_OUTBOX)
def robot_stop(request: HttpRequest, pk: int) -> HttpResponse:
    robot = channels.stop(get_object_or_404(Robot, pk=pk).pk, request.user)
    messages.success(request, f"“{robot}”已停用。")
    return redirect("way_list")


class OwnWayForm(forms.Form):
    mail = forms.ChoiceField(label="通知要不要也发邮件", choices=[("role", "按岗位的设置"), ("yes", "发"), ("no", "不发")], widget=forms.RadioSelect, error_messages={"required": "请选一项。", "invalid_choice": "请选一项。"})
    address = forms.EmailField(label="邮箱", required=False, widget=forms.EmailInput(attrs={"class": "form-control", "autocomplete": "email"}), error_messages={"invalid": "这不像一个邮箱地址，请核对。"})
    silent = forms.MultipleChoiceField(label="不发邮件的种类", choices=KIND_CHOICES, required=False, widget=forms.CheckboxSelectMultiple)

    def clean(self) -> dict:
        data = super().clean()
        if data.get("mail") == "yes" and not data.get("address") and "address" not in self.errors:
            self.add_error("address", "请填邮箱，否则发不到您。")
        return data


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.SEE_NOTICES)
def own_ways(request: HttpRequest) -> HttpResponse:
    """/notices/ways/: whether one's notices come by mail too, where to, and which not."""
    user = request.user
    own, role = NoticeWay.objects.filter(user=user).first(), NoticeWay.objects.filter(user=None, role=user.role).first()
    initial = {"mail": {True: "yes", False: "no"}.get(own.mail if own else None, "role"), "address": user.email, "silent": own.silent if own else []}
    form = OwnWayForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        sending.choose_own(user, form.cleaned_data["mail"], form.cleaned_data["address"], form.cleaned_data["silent"])
        messages.success(request, "已保存。站内通知照常。")
        return redirect("own_ways")
    return render(request, "record/own_ways.html", {"form": form, "role_mail": bool(role and role.mail)}, status=422 if form.errors else 200)
