from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("worktime", "0003_policies")]
    operations = []
