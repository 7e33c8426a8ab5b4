"""What deputies, offices and units of the demo say to each other, and some answers that were made public; safe to run again."""

import dataclasses
from itertools import cycle

from django.core.management.base import BaseCommand
from django.db.models import QuerySet

from apps.accounts.models import User
from apps.cases import workflow_publishing, workflow_thread
from apps.cases.models import Case
from apps.cases.publishing import AnswersPage, Publication
from apps.cases.thread import CaseMessage
from apps.territory.models import AdminArea
from gis_data.county.content import material

TALKS, ANSWERS = 6, 14
FAR = ("town__geom", "town__geom_3857", "village__geom", "village__geom_3857")


class Command(BaseCommand):
    help = "给演示账号写几段代表与政府部门的往来，公开一些已有的答复；可重复运行。"

    def handle(self, *args, **options) -> None:
        users = {
            user.username: user
            for user in User.objects.filter(username__in=("deputy", "county", "dispatcher", "unit"), is_active=True)
        }
        county = AdminArea.objects.county()
        if county is None or not county.synthetic or len(users) < 4:  # nobody speaks for real people
            return
        if not CaseMessage.objects.exists():
            self._talk(users)
        if not Publication.objects.exists() and not AnswersPage.objects.exists():
            self._publish(users["county"])

    def _talk(self, users: dict[str, User]) -> None:
        talks = material("conversations")
        cases = Case.objects.filter(
            organisation__members=users["unit"], state=Case.State.WITH_UNIT, dispatched_at__isnull=False
        ).order_by("-submitted_at", "-pk")
        own = list(cases.filter(deputy__user=users["deputy"])[:TALKS])
        others = list(cases.exclude(deputy__user=users["deputy"])[: TALKS - len(own)])
        for case, talk in [
            *zip(own, cycle(talks["deputy"]), strict=False),
            *zip(others, cycle(talks["office"]), strict=False),
        ]:
            for side, words in talk:
                workflow_thread.say(
                    case, users[{"office": "county"}.get(side, side)], words, [], workflow_thread.fresh()
                )

    def _publish(self, office: User) -> None:
        workflow_publishing.turn_page(office, on=True)
        for case in _answered(office):
            words = workflow_publishing.proposal(case).words
            if words.title and not words.remaining():
                photos = tuple(each.photo_id for each in workflow_publishing.photos_of(case))  # drawn: nobody is in them
                words = dataclasses.replace(words, photos=photos)
                workflow_publishing.publish(case, office, words, source=workflow_publishing.source_of(case), version=0)


def _answered(office: User) -> QuerySet[Case]:
    """The latest of each town first, so that the page is not one town's."""
    answered = Case.objects.visible_to(office).filter(state__in=workflow_publishing.PUBLISHABLE).exclude(answer="")
    latest = (
        answered.order_by("town_id", "category_id", "-submitted_at", "-pk")
        .distinct("town_id", "category_id")
        .values("pk")
    )
    return (
        Case.objects.filter(pk__in=latest)
        .select_related("town", "village")
        .defer(*FAR)
        .order_by("-submitted_at", "-pk")[:ANSWERS]
    )
