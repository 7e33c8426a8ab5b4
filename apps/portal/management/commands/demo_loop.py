"""What goes on around the demo's cases besides answering: photos, others who join, questions to reporters, 催办, 督办, more time; safe to run again."""

import random
import uuid
from itertools import cycle

from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.cases import answer_photos, workflow_limits, workflow_oversight
from apps.cases.answer_photos import AnswerPhoto
from apps.cases.joining import join
from apps.cases.models import Case, Joiner
from apps.cases.moves import possible_moves
from apps.cases.reports import ReportPhoto
from apps.record.files import Photo
from apps.territory.models import AdminArea
from gis_data.county import scenes
from gis_data.county.content import material

LOGINS = ("deputy", "town", "county", "dispatcher", "unit")
PICTURED, MENDED, JOINED = 16, 10, 12  # cases
LEFT = 3  # whoever has no more than these to do keeps them


class Command(BaseCommand):
    help = "给演示县的民情件补上照片、共同反映、请补充、催办、督办、联席会议和延期申请；可重复运行。"

    def handle(self, *args, **options) -> None:
        users = {user.username: user for user in User.objects.filter(username__in=LOGINS, is_active=True)}
        county = AdminArea.objects.county()
        if county is None or not county.synthetic or len(users) < len(LOGINS):  # nobody speaks for real people
            return
        if Joiner.objects.exists() or AnswerPhoto.objects.exists():
            return
        self.dice, self.said = random.Random("loop"), material("loop")
        self._pictures()
        self._others()
        self._from_above(users)
        self._questions(users)

    @transaction.atomic
    def _pictures(self) -> None:
        """Of the newest open cases, and of the newest that were answered by a unit: before and after."""
        answered = Case.objects.filter(state__in=("answered", "closed"), organisation__isnull=False).exclude(answer="").order_by("-submitted_at", "-pk")[:MENDED]
        for case in answered:
            self._sent(case, 1)
            answer_photos.keep(case, [self._photo(case, 0, mended=True)])
        for case in Case.objects.open().order_by("-submitted_at", "-pk")[:PICTURED]:
            self._sent(case, self.dice.choice((1, 1, 2, 3)))

    def _sent(self, case: Case, many: int) -> None:
        ReportPhoto.objects.bulk_create([ReportPhoto(case=case, photo=self._photo(case, number)) for number in range(many)])

    def _photo(self, case: Case, number: int, *, mended: bool = False) -> Photo:
        content = scenes.drawn(f"{case.code} {number}", mended=mended)
        return Photo.objects.accept(SimpleUploadedFile("现场.jpg", content), by=None)

    def _others(self) -> None:
        words = cycle(self.said["joiners"])
        for case in self.dice.sample(list(Case.objects.open().order_by("pk")), k=min(JOINED, Case.objects.open().count())):
            for _ in range(self.dice.choice((1, 1, 2, 3))):
                join(case, uuid.UUID(int=self.dice.getrandbits(128), version=4), words=next(words))

    def _from_above(self, users: dict[str, User]) -> None:
        late = list(Case.objects.filter(state=Case.State.WITH_UNIT).order_by("due_on", "pk"))
        for case, (body, words) in zip(late, self.said["oversee"], strict=False):
            workflow_oversight.oversee(case, users["county"], body, timezone.localdate(), words)
        for case, words in zip(late[2:7], cycle(self.said["remind"]), strict=False):
            if self._may(users["dispatcher"], "remind", case):
                workflow_oversight.remind(case, users["dispatcher"], words)
        for case in late[1:4]:
            workflow_oversight.put_on_joint_list(case, users["county"], self.said["joint"])
        days, why = self.said["extension"]
        in_time = [case for case in self._waiting(users["unit"]) if case.due_on and case.due_on > timezone.localdate()]
        for case in [case for case in in_time if self._may(users["unit"], "ask_extension", case)][-1:]:
            workflow_limits.ask_extension(case, users["unit"], days, why)

    def _questions(self, users: dict[str, User]) -> None:
        for login, questions in self.said["questions"].items():
            able = [case for case in self._waiting(users[login]) if self._may(users[login], "pause", case)][LEFT:]
            for case, question in zip(reversed(able), questions, strict=False):
                workflow_limits.pause(case, users[login], question)

    def _may(self, user: User, verb: str, case: Case) -> bool:
        return any(move.verb == verb for move in possible_moves(case, user))

    def _waiting(self, user: User) -> list[Case]:
        """What waits for him, by its limit; nothing that asks for more time."""
        return list(Case.objects.waiting_for(user).filter(extension_days=None).order_by("due_on", "pk"))
