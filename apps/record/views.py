"""The inbox: /notices/. Everybody sees what was said to him, and nobody else."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.perms import Permission, requires
from apps.record.notices import KINDS, Notice

PAGE = 30


@require_GET
@requires(Permission.SEE_NOTICES)
def notice_list(request: HttpRequest) -> HttpResponse:
    """/notices/?show=unread&kind=finding — what was not read first, then the newest."""
    mine = Notice.objects.visible_to(request.user)
    show, kind = request.GET.get("show", ""), request.GET.get("kind", "")
    shown = mine.unread() if show == "unread" else mine
    if kind in KINDS:
        shown = shown.filter(kind=kind)
    page = Paginator(shown.unread_first(), PAGE).get_page(request.GET.get("page"))
    return render(request, "record/notice_list.html", {
        "page_obj": page, "show": show, "kind": kind, "kinds": [(code, label) for code, (label, _) in KINDS.items()],
        "newest": max((notice.pk for notice in page), default=0),
    })


@require_http_methods(["GET", "POST"])
@requires(Permission.SEE_NOTICES)
def notice_open(request: HttpRequest, pk: int) -> HttpResponse:
    """/notices/12/ — on to the page that it is about; posted, it counts as read: a browser that looks ahead reads nothing."""
    mine = Notice.objects.visible_to(request.user).filter(pk=pk)
    notice = get_object_or_404(mine)
    if request.method == "POST":
        mine.mark_read()
    return redirect(notice.path or "notice_list")


@require_POST
@requires(Permission.SEE_NOTICES)
def notice_read(request: HttpRequest) -> HttpResponse:
    """Mark one as read, or all up to the newest that stood on the page: what came since stays unread."""
    mine = Notice.objects.visible_to(request.user)
    one, newest = request.POST.get("notice", ""), request.POST.get("newest", "")
    if one.isdigit():
        mine.filter(pk=one).mark_read()
    elif newest.isdigit():
        mine.filter(pk__lte=newest).mark_read()
    return redirect(f"{request.path.removesuffix('read')}?{request.GET.urlencode()}".rstrip("?"))
