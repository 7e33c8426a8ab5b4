from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("supervision", "0004_changes")]
    operations: list = []
