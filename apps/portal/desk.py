"""/desk/ — where a person lands after signing in: a deputy on his desk, everyone else on the list his work begins with."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from apps.accounts.models import Role
from apps.accounts.perms import Permission, requires
from apps.cases.models import Case
from apps.deputies.models import Deputy
from apps.portal.duties import duties
from apps.projects.following import Follow
from apps.projects.nearby import Search
from apps.projects.views_nearby import deputy_of, mark_followed
from apps.projects.whence import whence
from apps.record.notices import Notice
from apps.supervision.findings import Finding
from apps.worktime.due import dues

NEAREST = 8
FIRST_DUTIES = 4
FIRST_CASES = 5
FIRST_NOTICES = 3


@require_GET
@requires(Permission.SEE_CASES)
def desk(request: HttpRequest) -> HttpResponse:
    if request.user.role == Role.LEADER:
        return redirect("cockpit")
    if request.user.role != Role.DEPUTY:
        return redirect("case_list")
    deputy = deputy_of(request.user)
    if deputy is None:
        return render(request, "portal/desk_unlinked.html", status=200)
    return _deputy_desk(request, deputy)


def _deputy_desk(request: HttpRequest, deputy: Deputy) -> HttpResponse:
    """Three numbers that lead to lists, what his topics and the findings he follows elsewhere ask of him next, then the nearest projects, list and map in step."""
    today = timezone.localdate()
    waiting = Case.objects.waiting_for(request.user)
    origin = whence({}, deputy)
    mine = duties(deputy, origin.places, today)
    show = "assigned" if request.GET.get("show") == "assigned" else "near"
    first = list(waiting.order_by("due_on", "pk").select_related("category", "village").defer("village__geom", "village__geom_3857")[:FIRST_CASES])
    elsewhere = Finding.objects.waiting_for(request.user).exclude(topic__in=[duty.topic.pk for duty in mine])
    checks = [] if show == "assigned" else list(elsewhere.only("code", "text", "due_on").order_by("due_on", "pk")[:FIRST_DUTIES])
    seen = dues([each.due_on for each in (*first, *checks)], today)
    for each in (*first, *checks):
        each.due = seen.get(each.due_on)
    near = [] if show == "assigned" else Search(origin.places, {}).page(None).object_list[:NEAREST]
    mark_followed(request.user, near)
    unread = Notice.objects.visible_to(request.user).unread().order_by("-pk")
    return render(request, "portal/desk_deputy.html", {
        "deputy": deputy,
        "show": show,
        "waiting": first,
        "waiting_count": waiting.count(),
        "soon_count": waiting.due_soon(today).count(),
        "late_count": waiting.overdue(today).count(),
        "duties": mine if show == "assigned" else [duty for duty in mine if duty.step.rank < 5][:FIRST_DUTIES],
        "checks": checks,
        "assigned_count": len(mine),
        "followed_count": Follow.objects.of(request.user).count(),
        "notices": unread[:FIRST_NOTICES],
        "projects": near,
        "origin": origin,
        "nearby_data": {"places": origin.marks, "here": None},
    })
