"""The resident's page behind a follow code: what became of it, the question he is asked, his rating, taking it back. No login; only
rights of the public role. The code is the reporter's or one of those who joined him."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from apps.cases import timeline, workflow_limits, workflow_ratings
from apps.cases.answer_photos import AnswerPhoto
from apps.cases.forms import CodeForm
from apps.cases.forms_report import RatingForm, SupplyForm, WithdrawForm
from apps.cases.models import OPEN_STATES, Case, CaseEvent, Joiner, Rating
from apps.cases.reports import MOST_PHOTOS, ReportPhoto
from apps.record.codes import grouped, read_code
from apps.record.files import Photo, UploadRefused
from apps.record.limits import GUESSING, ONE_CODE, POSTING, READING, limited
from apps.record.states import MoveRefused

UNKNOWN = "没有找到这个查询码。请核对每个字，字母和数字都要对上；横线和大小写没有关系。"
S = Case.State


@dataclass(frozen=True, eq=False)
class Followed:
    """What a follow code opens. own: the case it was given for; case: the one that goes on; joiner: whose code it is, if not the reporter's."""

    code: str
    own: Case
    case: Case
    joiner: Joiner | None

    @property
    def is_own(self) -> bool:
        """Whether it is the reporter's and goes on by itself: only he is asked, and only he takes it back."""
        return self.joiner is None and self.own.pk == self.case.pk

    @property
    def text(self) -> str:
        return self.joiner.words if self.joiner else self.own.text

    @cached_property
    def parts(self) -> list[Case]:
        """What it was split into, the newest time."""
        return list(Case.objects.as_followed().filter(parent=self.case.pk, reopened=self.case.reopened).order_by("pk"))

    def asked(self) -> list[Case]:
        """What waits for his answer: the case, or parts of it."""
        return [each for each in (self.case, *self.parts) if each.paused_at is not None] if self.is_own else []

    def photos(self) -> list[ReportPhoto]:
        """What he has sent: with the report, and since."""
        links = ReportPhoto.objects.filter(Q(case=self.own.pk) | Q(case__parent=self.own.pk), joiner=self.joiner and self.joiner.pk)
        return list(links.select_related("photo").order_by("pk").only("joiner", "case__id", "photo__name", "photo__width", "photo__height"))

    def answer_photos(self) -> list[AnswerPhoto]:
        return list(AnswerPhoto.objects.of_answers(self.case, *self.parts).only("case", "photo"))

    def rated(self) -> bool:
        rounds = Rating.objects.filter(case=self.own.pk, joiner=self.joiner and self.joiner.pk, part=Rating.Part.OUTCOME, round=self.case.reopened)
        return rounds.filter(by=Rating.By.JOINER if self.joiner else Rating.By.REPORTER).exists()

    def withdrawable(self) -> bool:
        alone = not Joiner.objects.filter(case=self.own.pk).exists() and not Case.objects.filter(merged_into=self.own.pk).exists()
        return self.is_own and self.own.state in OPEN_STATES and self.own.parent_id is None and alone

    def last_word(self) -> bool:
        """He is not satisfied though it was done again as often as it is: he is told the way on."""
        if self.case.state != S.CLOSED or self.case.reopened < workflow_ratings.MOST_ROUNDS:
            return False
        said = CaseEvent.objects.filter(subject=self.case.pk, verb="rate").order_by("-pk").values_list("data", flat=True)
        mine = next((data for data in said if data.get("by") == Rating.By.REPORTER and data.get("of", self.case.code) == self.own.code), {})
        return self.joiner is None and mine.get("score") == Rating.Score.UNSATISFIED


def followed(code: str) -> Followed | None:
    """What stands behind a code as it was typed; None when it cannot be one or nobody has it."""
    read = read_code(code)
    if read is None:
        return None
    joiner = None
    own = Case.objects.followed(read).first()
    if own is None:
        joiner = Joiner.objects.filter(follow_code=read).only("case", "follow_code", "words", "joined_at").first()
        own = Case.objects.as_followed().filter(pk=joiner.case_id).first() if joiner else None
    if own is None:
        return None
    if own.merged_into_id:
        own.merged_into = Case.objects.as_followed().get(pk=own.merged_into_id)  # no more of it than the public role may read
    return Followed(read, own, own.main(), joiner)


@limited(READING, GUESSING, ONE_CODE)
@never_cache
@require_GET
def follow(request: HttpRequest) -> HttpResponse:
    """The field for a code; what was typed wrongly stays in it."""
    if "code" not in request.GET:
        return render(request, "cases/follow.html", {"form": CodeForm()})
    form = CodeForm(request.GET)
    if not form.is_valid():
        return render(request, "cases/follow.html", {"form": form}, status=422)
    code = form.read()
    return redirect("case_follow", code=code) if code and followed(code) else unknown(request, form.cleaned_data["code"])


@limited(READING, GUESSING, ONE_CODE)
@never_cache
@require_GET
def case_follow(request: HttpRequest, code: str) -> HttpResponse:
    found = followed(code)
    return unknown(request, code) if found is None else _page(request, found)


@limited(POSTING, GUESSING, ONE_CODE)
@never_cache
@require_POST
def case_rate(request: HttpRequest, code: str) -> HttpResponse:
    """The outcome, and the deputy's service; who is not satisfied has it done again."""

    def rate(found: Followed, said: dict) -> None:
        workflow_ratings.rate(found.own, said["outcome"], service=said["service"], words=said["words"], joiner=found.joiner)

    return _moved(request, code, "rating", RatingForm(request.POST), rate)


@limited(POSTING, GUESSING, ONE_CODE)
@never_cache
@require_POST
def case_supply(request: HttpRequest, code: str) -> HttpResponse:
    """The answer to what the reporter was asked."""

    uploads = request.FILES.getlist("photos")

    def supply(found: Followed, said: dict) -> None:
        if not found.is_own:
            raise MoveRefused("只有最先反映的人能在这里补充。")
        asked = next((each for each in found.asked() if said["of"] in (None, each.pk)), None)
        if asked is None:
            raise MoveRefused("现在没有等您补充的问题，请刷新页面后再看。")
        photos = Photo.objects.accept_all(uploads, by=None, submission=f"supply-{asked.pk}-{asked.revision}", most=MOST_PHOTOS)
        workflow_limits.supply(asked, said["words"], photos=photos)

    form = SupplyForm(request.POST, photos=len(uploads), auto_id=f"id_{request.POST.get('of', '')[:20]}_%s")
    return _moved(request, code, "supply", form, supply)


@limited(POSTING, GUESSING, ONE_CODE)
@never_cache
@require_POST
def case_withdraw(request: HttpRequest, code: str) -> HttpResponse:
    """The reporter takes it back."""

    def withdraw(found: Followed, said: dict) -> None:
        if not found.is_own:
            raise MoveRefused("这件事还有别的人反映，会继续办理，不能撤回。您不用再做什么。")
        workflow_ratings.withdraw(found.own, said["words"])

    return _moved(request, code, "withdraw", WithdrawForm(request.POST), withdraw)


@limited(READING, GUESSING, ONE_CODE)
@require_GET
def follow_photo(request: HttpRequest, code: str, photo: int, size: str) -> HttpResponse:
    """A photo, for whoever sent it."""
    found = followed(code)
    link = next((each for each in found.photos() if each.photo_id == photo), None) if found else None
    if link is None:
        raise Http404
    return private(link.photo.response(request, size))


def _moved(request: HttpRequest, code: str, name: str, form, act: Callable[[Followed, dict], None]) -> HttpResponse:
    """Make a move that its form asks for, or show the page with what is wrong at its field and all that was written."""
    found = followed(code)
    if found is None:
        return unknown(request, code)
    if not form.is_valid():
        first = next(iter(form.errors.values()))[0]
        return _page(request, found, problem=f"还没有提交：{first}", status=422, **{name: form})
    try:
        act(found, form.cleaned_data)
    except UploadRefused as refusal:
        return _page(request, found, problem=f"还没有提交：{refusal}", status=422, **{name: form})
    except MoveRefused as refusal:
        return _page(request, followed(code), problem=str(refusal), status=409, **{name: form})
    return redirect("case_follow", code=found.code)


def _page(request: HttpRequest, found: Followed, *, status: int = 200, problem: str = "", supply: SupplyForm | None = None, **forms) -> HttpResponse:
    case = found.case
    answered, again = case.state in (S.ANSWERED, S.CLOSED), case.reopened > 0 and case.state in OPEN_STATES
    page = {
        "found": found, "case": case, "code": grouped(found.code), "follow_code": found.code, "problem": problem, "answered": answered,
        "again": again, "shows_answer": answered or again,
        "steps": timeline.for_resident(found.own, case, timezone.localdate(), found.joiner),
        "parts": found.parts, "photos": found.photos(), "answer_photos": found.answer_photos(),
        "rateable": answered and case.parent_id is None and not found.rated(), "questions": _questions(found, supply), "most_photos": MOST_PHOTOS,
        "withdrawable": found.withdrawable(), "last_word": answered and found.last_word(),
        "rating": RatingForm(), "withdraw": WithdrawForm(), **forms,
    }  # fmt: skip
    return private(render(request, "cases/case_follow.html", page, status=status))


def _questions(found: Followed, typed: SupplyForm | None) -> list[tuple[Case, SupplyForm]]:
    """What he is asked, each with its form; what he has just typed stands in its own."""
    asked = found.asked()
    of = str(typed["of"].value() or asked[0].pk) if typed and asked else ""
    return [(each, typed if typed and of == str(each.pk) else SupplyForm(initial={"of": each.pk}, auto_id=f"id_{each.pk}_%s")) for each in asked]


def unknown(request: HttpRequest, typed: str) -> HttpResponse:
    """The same answer for a code that cannot be one and for one that nobody has."""
    form = CodeForm({"code": typed})
    form.full_clean()
    form.add_error("code", UNKNOWN)
    return render(request, "cases/follow.html", {"form": form}, status=404)


def private(response: HttpResponse) -> HttpResponse:
    """A page that only its code opens: search engines are to leave it alone."""
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
