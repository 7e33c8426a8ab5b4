"""The one file here that runs inside .venv: all that every start asks of Django, in one process because starting one takes seconds.

    python -m ops.inside        migrates, then prints what the database holds as one line of JSON, the last one
"""

import json
import os

COMMANDS = (("migrate", "--noinput"), ("createcachetable",), ("grant_public",))


def main() -> None:
    import django
    from django.core.management import call_command

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "geo_renda.settings")
    django.setup()
    for command in COMMANDS:
        print(f"manage.py {' '.join(command)}", flush=True)
        call_command(*command)

    from apps.imports.models import ImportBatch
    from apps.supervision.models import AssignmentRun

    batches = ImportBatch.objects.filter(status=ImportBatch.Status.DONE)
    state = {
        "imported": sorted({f"{layer} {sha256}" for layer, sha256 in batches.values_list("layer", "sha256")}),
        "assigned": AssignmentRun.objects.published().exists(),
    }
    print(json.dumps(state))


if __name__ == "__main__":
    main()
