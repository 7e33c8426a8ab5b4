from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("deputies", "0006_grid_members")]
    operations: list = []
