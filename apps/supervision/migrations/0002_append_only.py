"""The trigger that keeps a run's history append-only."""

from django.db import migrations

from apps.record.events import append_only


class Migration(migrations.Migration):
    dependencies = [("supervision", "0001_initial"), ("record", "0001_append_only")]
    operations = [append_only("supervision_runevent")]
