from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("projects", "0002_tiles")]
    operations: list = []
