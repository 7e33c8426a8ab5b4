"""Six logins to try the product with, one for each kind of user; safe to run again."""

import json
import os
import secrets
import unicodedata
from argparse import ArgumentParser
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import Count, Q
from django.db.models.functions import Least
from django.utils import timezone

from apps.accounts.models import Role, User
from apps.cases.models import Case
from apps.deputies.models import Deputy
from apps.organisations.models import Organisation
from apps.projects.following import Follow
from apps.projects.nearby import Search
from apps.projects.whence import whence
from apps.supervision.findings import Finding
from apps.supervision.models import AssignmentRun
from apps.territory.models import AdminArea

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
FOLLOWED = 3  # projects that the deputy follows from the start
HEADINGS = ("岗位", "用户名", "密码", "说明")


@dataclass(frozen=True)
class Login:
    username: str
    role: Role
    scope: str
    display_name: str
    note: str


class Command(BaseCommand):
    help = "建立（或更新）六个演示账号：代表、镇人大、县人大常委会工委、县政府办、承办单位、主任，并打印用户名和密码；可重复运行。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--password", help="全部演示账号的密码；不给就用环境变量 DEMO_PASSWORD，再没有就用上次的，首次随机生成")

    def handle(self, *args, password: str | None = None, **options) -> None:
        county = AdminArea.objects.county()
        if county is None:
            raise CommandError("还没有导入行政区划，不能建立演示账号。请先运行 manage.py import_layer area 文件，或 make demo。")
        record = Path(settings.DATA_DIR) / "demo_logins.json"
        password = password or os.environ.get("DEMO_PASSWORD") or _stored_password(record) or _new_password()
        with transaction.atomic():
            logins = self._make(county, password)
        _store(record, password, logins)
        self.stdout.write(_table([HEADINGS, *((Role(login.role).label, login.username, password, login.note) for login in logins)]))

    def _make(self, county: AdminArea, password: str) -> list[Login]:
        deputy = _a_deputy_with_work()
        town = _town_of(deputy) or AdminArea.objects.towns().order_by("-has_congress", "code").first() or county
        unit = _a_unit_with_work()
        whole = county.code[:6]
        logins = [
            Login("deputy", Role.DEPUTY, whole, deputy.name if deputy else "人大代表", _words_on(deputy)),
            Login("town", Role.TOWN_OFFICE, town.code[:9].removesuffix("000"), f"{town.name}人大" if town.has_congress else f"{town.name}人大工委", f"管辖{town.name}"),
            Login("county", Role.COUNTY_OFFICE, whole, f"{county.name}人大常委会工委", f"管辖{county.name}"),
            Login("dispatcher", Role.DISPATCHER, whole, f"{county.name}人民政府办公室", "接收县人大转来的民情件，交办承办单位"),
            Login("unit", Role.UNIT, whole, str(unit) if unit else "承办单位", f"{unit.name}办理交办的民情件" if unit else "还没有可上线办理的承办单位"),
            Login("leader", Role.LEADER, whole, f"{county.name}人大常委会主任", "看驾驶舱，批准监督方案"),
        ]
        users = {login.username: _user(login, password) for login in logins}
        if deputy and deputy.user_id != users["deputy"].pk:
            Deputy.objects.filter(pk=deputy.pk).update(user=users["deputy"])
            near = Search(whence({}, deputy).places, {}).first(FOLLOWED)
            Follow.objects.bulk_create([Follow(user=users["deputy"], project=project) for project in near], ignore_conflicts=True)
        for organisation in Organisation.objects.filter(kind=Organisation.Kind.DISPATCHER):
            organisation.members.add(users["dispatcher"])
        if unit:
            unit.members.add(users["unit"])
        return logins


def _user(login: Login, password: str) -> User:
    user, _ = User.objects.update_or_create(
        username=login.username, defaults={"role": login.role, "scope": login.scope, "display_name": login.display_name[:40], "is_active": True}
    )
    if not user.check_password(password):  # an unchanged password keeps the sessions
        user.set_password(password)
        user.save(update_fields=["password"])
    return user


def _a_deputy_with_work() -> Deputy | None:
    """The one linked already; else a serving county deputy who has both projects to supervise and cases to answer."""
    linked = Deputy.objects.filter(user__username="deputy").first()
    if linked:
        return linked
    run = AssignmentRun.objects.in_force()
    serving = Deputy.objects.serving_on(timezone.localdate()).filter(user=None, county_leader=False)
    counted = serving.annotate(
        waiting=Count("cases", filter=Q(cases__state=Case.State.WITH_DEPUTY), distinct=True),
        projects=Count("team_memberships", filter=Q(team_memberships__team__run=run), distinct=True),
        to_confirm=Count("findings_followed", filter=Q(findings_followed__state=Finding.State.ANSWERED), distinct=True),
        in_a_town_with_congress=Count("pk", filter=Q(residence_village__parent__has_congress=True), distinct=True),
        in_county_congress=Count("mandates", filter=Q(mandates__term__level="county"), distinct=True),
    )
    fitting = sorted(
        counted.order_by("code"),
        key=lambda deputy: (
            -min(deputy.waiting, 1) - min(deputy.projects, 1) - min(deputy.to_confirm, 1), -deputy.in_county_congress, -deputy.in_a_town_with_congress, -deputy.waiting, deputy.code,
        ),
    )  # fmt: skip
    return fitting[0] if fitting else None


def _town_of(deputy: Deputy | None) -> AdminArea | None:
    village = deputy.residence_village if deputy else None
    return village.parent if village and village.parent and village.parent.level == AdminArea.Level.TOWN else None


def _a_unit_with_work() -> Organisation | None:
    units = Organisation.objects.filter(handles_cases=True, logs_in=True).exclude(kind=Organisation.Kind.DISPATCHER)
    cases = Count("cases", filter=Q(cases__state=Case.State.WITH_UNIT), distinct=True)
    findings = Count("findings_led", filter=Q(findings_led__state=Finding.State.WITH_UNIT), distinct=True)
    return units.annotate(cases_open=cases, findings_open=findings).order_by(-Least("cases_open", "findings_open"), "-cases_open", "code").first()


def _words_on(deputy: Deputy | None) -> str:
    if deputy is None:
        return "还没有导入代表，未关联"
    mandate = deputy.mandates.in_force(timezone.localdate()).select_related("district", "term__congress").order_by("term__level").first()
    where = f"，{mandate.term.congress.name}人大代表{f' {mandate.district.name}' if mandate.district else ''}" if mandate else ""
    return f"关联代表 {deputy.name}（{deputy.code}）{where}"


def _stored_password(record: Path) -> str | None:
    return json.loads(record.read_text(encoding="utf-8")).get("password") if record.is_file() else None


def _new_password() -> str:
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(3))


def _store(record: Path, password: str, logins: list[Login]) -> None:
    record.parent.mkdir(parents=True, exist_ok=True)
    made = {"password": password, "logins": [{"username": login.username, "role": login.role, "label": login.display_name, "note": login.note} for login in logins]}
    with os.fdopen(os.open(record, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(made, file, ensure_ascii=False, indent=1)
    record.chmod(0o600)


def _table(rows: list[tuple[str, ...]]) -> str:
    """Columns that stand under each other on a terminal, where a Chinese character is two wide."""

    def wide(text: str) -> int:
        return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)

    widths = [max(wide(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return "\n".join("  ".join(cell + " " * (width - wide(cell)) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
