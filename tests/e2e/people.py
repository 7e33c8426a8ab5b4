"""More logins for the county of the browser tests, made as an operator would: `python -m tests.e2e.people second`, `… member KP-1`.

second: another clerk of the county office. other_unit: somebody at a unit that has no account yet. member PROJECT: a deputy whom the newest run puts on that project's team gets one. Prints, as
its last line, the JSON of what the tests need to know.
"""

import json
import os
import sys

from tests.e2e.prepare import PASSWORD


def main(wish: str, project: str = "") -> dict[str, str]:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "geo_renda.settings")
    django.setup()
    from apps.accounts.models import User
    from apps.cases.workflow_units import handling_units
    from apps.deputies.models import Deputy
    from apps.supervision.models import TeamMember

    county = User.objects.get(username="county")
    if wish == "second":
        _user("second", county.role, county.scope, "工委二科")
        return {"unit_code": User.objects.get(username="unit").organisations.get().code, "unit": str(User.objects.get(username="unit").organisations.get())}
    if wish == "other_unit":
        unit = handling_units().filter(members=None).order_by("code").first()
        unit.logs_in = True
        unit.save(update_fields=["logs_in"])
        unit.members.add(_user("other_unit", "unit", county.scope, str(unit)))
        return {"unit": str(unit), "code": unit.code}
    members = TeamMember.objects.filter(team__topic__project__code=project).order_by("-team__run__pk", "-leader", "pk").select_related("deputy__user")
    deputy = members.first().deputy
    if deputy.user is None:
        Deputy.objects.filter(pk=deputy.pk).update(user=_user("member", "deputy", county.scope, deputy.name))
    return {"login": deputy.user.username if deputy.user else "member", "name": deputy.name}


def _user(username: str, role: str, scope: str, name: str):
    from apps.accounts.models import User

    user, _ = User.objects.update_or_create(username=username, defaults={"role": role, "scope": scope, "display_name": name})
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    return user


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:]), ensure_ascii=False))
