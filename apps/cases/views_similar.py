"""Beside a case: others like it, and photos that go with its answers."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from apps.accounts.perms import Permission, requires
from apps.cases.answer_photos import AnswerPhoto
from apps.cases.models import Case
from apps.cases.moves import possible_moves
from apps.cases.similar import similar_cases
from apps.cases.views_follow import followed, private
from apps.record.files import Photo
from apps.record.limits import GUESSING, ONE_CODE, READING, limited


@never_cache
@require_GET
@requires(Permission.SEE_CASES)
def case_similar(request: HttpRequest, code: str) -> HttpResponse:
    """Open cases that may be about the same thing, most alike first, with a way to merge this one: a fragment of the page about it."""
    case = get_object_or_404(Case.objects.visible_to(request.user), code=code)
    may_merge = any(move.verb == "merge" for move in possible_moves(case, request.user))
    return render(request, "cases/_similar.html", {"case": case, "similar": similar_cases(case, request.user), "may_merge": may_merge})


@require_GET
@requires(Permission.SEE_CASES)
def answer_photo(request: HttpRequest, code: str, photo: int, size: str) -> HttpResponse:
    """A photo of the answer, for those who may see the case."""
    seen = Case.objects.visible_to(request.user).filter(code=code)
    return get_object_or_404(AnswerPhoto.objects.filter(case__in=seen, photo=photo).select_related("photo")).photo.response(request, size)


@limited(READING, GUESSING, ONE_CODE)
@require_GET
def follow_answer_photo(request: HttpRequest, code: str, photo: int, size: str) -> HttpResponse:
    """The same for the resident, with his follow code."""
    found = followed(code)
    if found is None or photo not in [each.photo_id for each in found.answer_photos()]:
        raise Http404
    return private(Photo.objects.shown().get(pk=photo).response(request, size))
