"""公开答复: what others asked and what was answered, for everybody. No login; only rights of the public role on a table of its own."""

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from apps.cases.forms_publishing import AnswersForm
from apps.cases.publishing import PublishedAnswer, PublishedPhoto
from apps.record.files import Photo
from apps.record.limits import READING, limited

PAGE = 20


@limited(READING)
@require_GET
def answer_list(request: HttpRequest) -> HttpResponse:
    """/answers/?q=&category=&town=&page= — the newest first."""
    form = AnswersForm(request.GET)
    form.is_valid()
    wanted = form.cleaned_data
    answers = PublishedAnswer.objects.public().about(wanted.get("q") or "")
    if category := wanted.get("category"):
        answers = answers.filter(category=category)
    if town := wanted.get("town"):
        answers = answers.filter(town=town)
    page = Paginator(answers, PAGE).get_page(request.GET.get("page"))
    narrowed = any(request.GET.get(name) for name in ("q", "category", "town"))
    return render(request, "cases/answer_list.html", {"page_obj": page, "form": form, "narrowed": narrowed})


@limited(READING)
@require_GET
def answer_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """/answers/12/ — gone as soon as it was taken back, or the page turned off."""
    answer = get_object_or_404(PublishedAnswer.objects.public(), pk=pk)
    photos = list(PublishedPhoto.objects.filter(answer=answer.pk).values_list("photo", flat=True))
    return render(request, "cases/answer_detail.html", {"answer": answer, "photos": photos})


@limited(READING)
@require_GET
def answer_picture(request: HttpRequest, pk: int, photo: int, size: str) -> HttpResponse:
    """A photo that was confirmed for this answer, as long as the answer is there."""
    shown = PublishedPhoto.objects.filter(answer__in=PublishedAnswer.objects.public().filter(pk=pk).values("pk"), photo=photo)
    if not shown.exists():
        raise Http404
    return Photo.objects.shown().get(pk=photo).response(request, size)
