from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("worktime", "0002_official_days")]
    operations: list = []
