"""What the demo's county has settled about lead units, in its own words; safe to run again."""

from django.core.management.base import BaseCommand

from apps.accounts.models import User
from apps.cases.rules import RoutingRule
from apps.cases.taxonomy import Category
from apps.cases.workflow_rules import Draft, add_rule
from apps.territory.models import AdminArea
from gis_data.county.content import material


class Command(BaseCommand):
    help = "给演示县写几条交办规则；已有规则时不动"

    def handle(self, *args, **options) -> None:
        county, actor = AdminArea.objects.county(), User.objects.filter(username="dispatcher", is_active=True).first()
        if county is None or not county.synthetic or actor is None or RoutingRule.objects.exists():  # nobody decides for a real county
            return
        known = {category.code: category for category in Category.objects.select_related("parent")}
        for item in material("rules"):
            add_rule(Draft(
                order=item["order"], category=known.get(item["category"]), words=tuple(item["words"]), lead_competence=item["competence"],
                co_competences=tuple(item["with"]), reason=item["reason"],
            ), actor)  # fmt: skip
