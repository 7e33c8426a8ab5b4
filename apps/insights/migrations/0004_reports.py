"""Region reports, kept as they were counted, and briefings."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from apps.record.events import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("insights", "0003_themes"),
        ("territory", "0006_issuer_hung"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='RegionReport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('month', '月报'), ('quarter', '季报'), ('half', '半年报'), ('year', '年报')], max_length=8, verbose_name='报告种类')),
                ('first', models.DateField(verbose_name='起始日期')),
                ('last', models.DateField(verbose_name='截止日期')),
                ('version', models.PositiveSmallIntegerField(default=1, verbose_name='第几版')),
                ('content', models.JSONField(help_text='apps/insights/report_figures.py 的 Report', verbose_name='数字')),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='统计时间')),
                ('area', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='territory.adminarea', verbose_name='区域')),
                ('by', models.ForeignKey(blank=True, help_text='空：按月自动统计', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='统计人')),
            ],
            options={
                'verbose_name': '区域报告',
                'verbose_name_plural': '区域报告',
                'ordering': ['-first', '-last', 'area__code', '-version'],
            },
        ),
        migrations.CreateModel(
            name='RegionReportEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('verb', models.CharField(max_length=40, verbose_name='动作')),
                ('actor_label', models.CharField(blank=True, max_length=80, verbose_name='操作人称谓')),
                ('note', models.TextField(blank=True, verbose_name='说明')),
                ('at', models.DateTimeField(verbose_name='时间')),
                ('data', models.JSONField(default=dict, verbose_name='详情')),
                ('previous_hash', models.CharField(max_length=64)),
                ('hash', models.CharField(max_length=64)),
                ('actor', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='操作人')),
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='insights.regionreport', verbose_name='区域报告')),
            ],
            options={
                'verbose_name': '区域报告经过',
                'verbose_name_plural': '区域报告经过',
                'ordering': ['pk'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Briefing',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('queued', '排队中'), ('running', '进行中'), ('done', '已完成'), ('cancelled', '已取消'), ('failed', '未完成')], default='queued', max_length=10, verbose_name='状态')),
                ('total', models.PositiveIntegerField(default=0, verbose_name='总数')),
                ('done', models.PositiveIntegerField(default=0, verbose_name='已做')),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='说明')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='开始时间')),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='结束时间')),
                ('title', models.CharField(max_length=60, verbose_name='标题')),
                ('kind', models.CharField(max_length=8, verbose_name='时段种类')),
                ('first', models.DateField(verbose_name='起始日期')),
                ('last', models.DateField(verbose_name='截止日期')),
                ('categories', models.JSONField(blank=True, default=list, help_text='类别代码；空：全部', verbose_name='类别')),
                ('sources', models.JSONField(blank=True, default=list, help_text='来源编号；空：全部', verbose_name='来源')),
                ('themes', models.JSONField(blank=True, default=list, help_text='主题编号', verbose_name='热点主题')),
                ('outside', models.BooleanField(default=False, help_text='只写已经公开的数字', verbose_name='可外发')),
                ('html_bytes', models.PositiveIntegerField(default=0, verbose_name='网页文件字节')),
                ('pdf_bytes', models.PositiveIntegerField(default=0, verbose_name='PDF 字节')),
                ('area', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='territory.adminarea', verbose_name='范围')),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='经手人')),
            ],
            options={
                'verbose_name': '情况简报',
                'verbose_name_plural': '情况简报',
                'ordering': ['-pk'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='BriefingEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('verb', models.CharField(max_length=40, verbose_name='动作')),
                ('actor_label', models.CharField(blank=True, max_length=80, verbose_name='操作人称谓')),
                ('note', models.TextField(blank=True, verbose_name='说明')),
                ('at', models.DateTimeField(verbose_name='时间')),
                ('data', models.JSONField(default=dict, verbose_name='详情')),
                ('previous_hash', models.CharField(max_length=64)),
                ('hash', models.CharField(max_length=64)),
                ('actor', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='操作人')),
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='insights.briefing', verbose_name='情况简报')),
            ],
            options={
                'verbose_name': '情况简报经过',
                'verbose_name_plural': '情况简报经过',
                'ordering': ['pk'],
                'abstract': False,
            },
        ),
        migrations.AddIndex(
            model_name='regionreport',
            index=models.Index(fields=['-first', 'kind'], name='insights_regionreport_newest'),
        ),
        migrations.AddConstraint(
            model_name='regionreport',
            constraint=models.UniqueConstraint(fields=('area', 'kind', 'first', 'version'), name='insights_regionreport_once'),
        ),
        migrations.AddConstraint(
            model_name='regionreport',
            constraint=models.CheckConstraint(condition=models.Q(('first__lte', models.F('last'))), name='insights_regionreport_days'),
        ),
        migrations.AddConstraint(
            model_name='regionreportevent',
            constraint=models.UniqueConstraint(fields=('subject', 'previous_hash'), name='insights_regionreportevent_no_fork'),
        ),
        migrations.AddConstraint(
            model_name='briefing',
            constraint=models.CheckConstraint(condition=models.Q(('first__lte', models.F('last'))), name='insights_briefing_days'),
        ),
        migrations.AddConstraint(
            model_name='briefingevent',
            constraint=models.UniqueConstraint(fields=('subject', 'previous_hash'), name='insights_briefingevent_no_fork'),
        ),
        append_only('insights_regionreportevent'),
        append_only('insights_briefingevent'),
    ]
