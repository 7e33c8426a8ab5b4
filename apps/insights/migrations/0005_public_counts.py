"""民情公开: counts of a quarter as they were published, and the switch of their page."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from apps.record.events import append_only


def event_columns() -> list:
    return [
        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
        ('verb', models.CharField(max_length=40, verbose_name='动作')),
        ('actor_label', models.CharField(blank=True, max_length=80, verbose_name='操作人称谓')),
        ('note', models.TextField(blank=True, verbose_name='说明')),
        ('at', models.DateTimeField(verbose_name='时间')),
        ('data', models.JSONField(default=dict, verbose_name='详情')),
        ('previous_hash', models.CharField(max_length=64)),
        ('hash', models.CharField(max_length=64)),
        ('actor', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='操作人')),
    ]


class Migration(migrations.Migration):
    dependencies = [
        ("insights", "0004_reports"),
        ("record", "0001_append_only"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name='PublicTable',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('quarter', models.DateField(help_text='季度的第一天', verbose_name='季度')),
                ('version', models.PositiveSmallIntegerField(default=1, verbose_name='版本')),
                ('is_current', models.BooleanField(default=True, verbose_name='现行')),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='公布时间')),
                ('reason', models.CharField(blank=True, default='', max_length=300, verbose_name='更正原因')),
                ('since', models.DateField(help_text='季度开始以后才有记录的，从这一天算起', verbose_name='有记录的第一天')),
                ('reach', models.JSONField(blank=True, default=dict, help_text='区划代码对应：联络站数、门牌数、有码的门牌数', verbose_name='渠道的覆盖')),
                ('threshold', models.PositiveSmallIntegerField(default=5, verbose_name='不单列的下限')),
                ('cells', models.PositiveIntegerField(default=0, verbose_name='统计格数')),
                ('hidden', models.PositiveIntegerField(default=0, verbose_name='不单列的格数')),
                ('behind', models.JSONField(blank=True, default=list, help_text='只供办公区：更正时和以前公开的一起保护', verbose_name='原数')),
                ('by', models.ForeignKey(blank=True, help_text='空：到时自动公布', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='公布人')),
            ],
            options={
                'verbose_name': '公开统计表',
                'verbose_name_plural': '公开统计表',
                'ordering': ['-quarter', '-version'],
                'constraints': [
                    models.UniqueConstraint(fields=('quarter', 'version'), name='insights_publictable_once'),
                    models.UniqueConstraint(condition=models.Q(('is_current', True)), fields=('quarter',), name='insights_publictable_current'),
                    models.CheckConstraint(condition=models.Q(('version', 1), models.Q(('reason', ''), _negated=True), _connector='OR'), name='insights_publictable_reason'),
                ],
            },
        ),
        migrations.CreateModel(
            name='VoicesPage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_open', models.BooleanField(default=False, verbose_name='已开通')),
            ],
            options={
                'verbose_name': '民情公开页',
                'verbose_name_plural': '民情公开页',
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='insights_voicespage_one')],
            },
        ),
        migrations.CreateModel(
            name='PublicCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('region', models.CharField(help_text='未定位的：上级的代码加 *', max_length=13, verbose_name='区划代码')),
                ('parent', models.CharField(blank=True, default='', max_length=13, verbose_name='上级代码')),
                ('level', models.CharField(choices=[('county', '全县'), ('town', '乡镇街道'), ('village', '村社'), ('rest', '未定位')], max_length=8, verbose_name='层级')),
                ('name', models.CharField(max_length=40, verbose_name='地名')),
                ('population', models.PositiveIntegerField(blank=True, null=True, verbose_name='人口')),
                ('part', models.CharField(choices=[('all', '全部'), ('category', '类别'), ('channel', '渠道'), ('told', '代录入'), ('elder', '老年人')], max_length=8, verbose_name='分项')),
                ('key', models.CharField(blank=True, default='', max_length=30, verbose_name='代码')),
                ('label', models.CharField(blank=True, default='', max_length=40, verbose_name='名称')),
                ('order', models.PositiveIntegerField(default=0, verbose_name='次序')),
                ('count', models.PositiveIntegerField(blank=True, help_text='空：不单列', null=True, verbose_name='件数')),
                ('table', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='counts', to='insights.publictable', verbose_name='公开统计表')),
            ],
            options={
                'verbose_name': '公开数',
                'verbose_name_plural': '公开数',
                'ordering': ['table', 'order'],
                'constraints': [
                    models.UniqueConstraint(fields=('table', 'region', 'part', 'key'), name='insights_publiccount_once'),
                    models.CheckConstraint(condition=models.Q(('count', None), ('count', 0), ('count__gte', 5), _connector='OR'), name='insights_publiccount_not_small'),
                ],
            },
        ),
        migrations.CreateModel(
            name='PublicTableEvent',
            fields=[
                *event_columns(),
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='insights.publictable', verbose_name='公开统计表')),
            ],
            options={
                'verbose_name': '公开统计表经过',
                'verbose_name_plural': '公开统计表经过',
                'ordering': ['pk'],
                'abstract': False,
                'constraints': [models.UniqueConstraint(fields=('subject', 'previous_hash'), name='insights_publictableevent_no_fork')],
            },
        ),
        migrations.CreateModel(
            name='VoicesPageEvent',
            fields=[
                *event_columns(),
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='insights.voicespage', verbose_name='民情公开页')),
            ],
            options={
                'verbose_name': '民情公开页经过',
                'verbose_name_plural': '民情公开页经过',
                'ordering': ['pk'],
                'abstract': False,
                'constraints': [models.UniqueConstraint(fields=('subject', 'previous_hash'), name='insights_voicespageevent_no_fork')],
            },
        ),
        append_only("insights_publictableevent"),
        append_only("insights_voicespageevent"),
    ]
