"""People of the demo who left a telephone number and are to be told their answers; safe to run again. Nobody has these numbers."""

from django.core.management.base import BaseCommand
from django.db import transaction
from django.db.models import Exists, OuterRef

from apps.accounts.models import User
from apps.cases import told
from apps.cases.models import Case, Reporter, ReporterContact
from apps.cases.tellings import Telling
from apps.territory.models import AdminArea

TOWNS, CALLS = 3, 8  # of each town
SURNAMES = "王李张刘陈杨黄赵"


class Command(BaseCommand):
    help = "给演示县里一些刚答复的民情件补上虚构的联系电话，列入电话告知；可重复运行。"

    def handle(self, *args, **options) -> None:
        county = AdminArea.objects.county()
        if county is None or not county.synthetic or Telling.objects.exists():
            return
        clerk = User.objects.filter(username="town").values_list("scope", flat=True).first() or "-"  # who signs in has some, too
        own = AdminArea.objects.towns().filter(code__startswith=clerk)
        for town in AdminArea.objects.towns().order_by(Exists(own.filter(pk=OuterRef("pk"))).desc(), "code")[:TOWNS]:
            fresh = Case.objects.filter(town=town, state=Case.State.ANSWERED, reporter=None).exclude(answer="").order_by("-answered_at", "-pk")[:CALLS]
            for number, case in enumerate(fresh):
                with transaction.atomic():
                    invented = Reporter(f"{SURNAMES[number % len(SURNAMES)]}女士" if number % 2 else f"{SURNAMES[number % len(SURNAMES)]}先生", f"1300000{case.pk % 10000:04}")
                    ReporterContact.objects.create(case=case, sealed=ReporterContact.seal(invented))
                    told.answered(case)
