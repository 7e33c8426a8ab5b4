from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("deputies", "0005_codes")]
    operations: list = []
