"""Published quarters are counted anew in the background."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("insights", "0008_linked_records"),
        ("territory", "0006_issuer_hung"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='TableCorrection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('queued', '排队中'), ('running', '进行中'), ('done', '已完成'), ('cancelled', '已取消'), ('failed', '未完成')], default='queued', max_length=10, verbose_name='状态')),
                ('total', models.PositiveIntegerField(default=0, verbose_name='总数')),
                ('done', models.PositiveIntegerField(default=0, verbose_name='已做')),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='说明')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='开始时间')),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='结束时间')),
                ('reason', models.CharField(max_length=300, verbose_name='更正原因')),
                ('area', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='territory.adminarea', verbose_name='范围')),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='经手人')),
                ('made', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='insights.publictable', verbose_name='更正后的版本')),
                ('table', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='insights.publictable', verbose_name='更正的版本')),
            ],
            options={
                'verbose_name': '统计更正',
                'verbose_name_plural': '统计更正',
                'ordering': ['-pk'],
                'abstract': False,
                'constraints': [
                    models.UniqueConstraint(condition=Q(('state__in', ('queued', 'running'))), fields=('table',), name='insights_correction_one'),
                    models.CheckConstraint(condition=Q(Q(('made__isnull', False), ('state', 'done')), Q(Q(('state', 'done'), _negated=True), ('made', None)), _connector='OR'), name='insights_correction_made'),
                ],
            },
        ),
    ]
