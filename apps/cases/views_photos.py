"""Photos that came with a report, for those who may see the case."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from apps.accounts.perms import Permission, requires
from apps.cases.models import Case
from apps.cases.reports import ReportPhoto


@require_GET
@requires(Permission.SEE_CASES)
def case_photo(request: HttpRequest, code: str, photo: int, size: str) -> HttpResponse:
    """A part shows the photos of its whole, a case those of whoever joined it."""
    case = Case.objects.visible_to(request.user).filter(code=code).only("parent").first()
    link = ReportPhoto.objects.filter(case__in=[pk for pk in (case.pk, case.parent_id) if pk], photo=photo).select_related("photo").first() if case else None
    if link is None:
        raise Http404
    return link.photo.response(request, size)
