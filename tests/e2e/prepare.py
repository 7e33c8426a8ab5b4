"""Fills the empty database of the browser tests, as an operator would: `python -m tests.e2e.prepare FOLDER`.

FOLDER holds a grown county (`python -m gis_data.county`). All of it goes in through the product's own commands, in one process
because starting one takes seconds. Prints, as its last line, the JSON of what the tests need to know of this county.
"""

import json
import os
import sys
from pathlib import Path

PASSWORD = "only-for-the-browser-tests"


def main(folder: Path) -> None:
    import django
    from django.core.management import call_command

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "geo_renda.settings")
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable")
    call_command("grant_public")
    for layer in json.loads((folder / "manifest.json").read_text())["layers"]:
        call_command("import_layer", layer["layer"], str(folder / layer["file"]), *layer["options"])
    call_command("match_doorplates")
    call_command("assign_supervisors", "--preset", "nearest", "--publish")
    call_command("propose_grid_members")
    call_command("issue_cards")
    call_command("compare_terms")
    print(json.dumps(facts(PASSWORD), ensure_ascii=False))


def facts(password: str) -> dict:
    """A door away from every border, the deputy who answers there first and supervises projects, and the demo logins with him as their deputy."""
    from django.core.management import call_command
    from django.utils import timezone

    from apps.accounts.models import Role, User
    from apps.cases.models import Case
    from apps.deputies.models import Deputy
    from apps.matching.borders import border_notice
    from apps.matching.finding import find_at
    from apps.projects.models import KeyProject
    from apps.record.issuing import issue
    from apps.supervision.models import AssignmentRun
    from apps.territory.models import Doorplate, IssuedPlate, Issuer, PlateCode

    supervised = KeyProject.objects.filter(topic__teams__run=AssignmentRun.objects.in_force())
    able = set(Deputy.objects.filter(team_memberships__team__topic__project__in=supervised, home__isnull=False, workplace__isnull=False))
    for door in Doorplate.objects.active().exclude(road="").filter(town__has_congress=True).select_related("town").order_by("code"):
        place = find_at(door.point.x, door.point.y, on=timezone.localdate(), doorplate=door)
        alone = Doorplate.objects.filter(address=door.address).count() == 1
        at_ease = place.deputies and Case.objects.filter(deputy=place.deputies[0].deputy, state="with_deputy").count() < 5  # all reports there are his
        if alone and len(place.districts) == 2 and border_notice(place) is None and place.deputies[0].deputy in able and at_ease:
            break
    else:
        raise SystemExit("no door whose first deputy supervises a project")
    deputy = place.deputies[0].deputy
    Deputy.objects.filter(pk=deputy.pk).update(user=User.objects.create(username="deputy", role=Role.DEPUTY))
    call_command("demo_logins", "--password", password)
    code = PlateCode.objects.filter(doorplate=door, status="active").first() or issue([PlateCode(doorplate=door, town=door.town, village=door.village)])[0]
    crowd = Doorplate.objects.active().exclude(town=door.town).exclude(road="").order_by("code").first()
    police = Issuer.objects.create(slug="e2e", name="测试公安", pattern=r"https://mp\.example\.cn/q\?c=(?P<id>\d{8})", example="https://mp.example.cn/q?c=33990001")
    IssuedPlate.objects.create(issuer=police, external_id="33990001", doorplate=door)
    return {
        "password": password,
        "code": code.code,
        "police_qr": police.example,
        "door": {"address": door.address, "road": door.road, "lon": door.point.x, "lat": door.point.y},
        "crowded": {"lon": crowd.point.x, "lat": crowd.point.y},  # in another town: hundreds may report there and be in nobody's way
        "districts": [found.district.name for found in place.districts],
        "deputy": deputy.name,
        "deputy_code": deputy.codes.get().code,
        "station": deputy.station.code,
        "town": door.town.name,
        "unit": User.objects.get(username="unit").display_name,
        "projects": list(supervised.filter(topic__teams__members__deputy=deputy).order_by("code").values_list("name", flat=True)),
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
