from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("insights", "0003_themes")]
    operations: list = []
