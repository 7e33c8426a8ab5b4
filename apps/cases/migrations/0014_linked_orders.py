"""外部工单: orders elsewhere that a case points at."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0013_newest_with_filters")]

    operations = [
        migrations.CreateModel(
            name='LinkedOrder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(max_length=40, verbose_name='来源')),
                ('number', models.CharField(max_length=60, verbose_name='工单号')),
                ('state', models.CharField(blank=True, max_length=20, verbose_name='对方的状态')),
                ('seen_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='看到的时间')),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='linked_orders', to='cases.case', verbose_name='民情件')),
            ],
            options={
                'verbose_name': '外部工单',
                'verbose_name_plural': '外部工单',
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('source', 'number'), name='cases_linkedorder_once')],
            },
        ),
    ]
