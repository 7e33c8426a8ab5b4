"""Themes: what many voices say, which voices, and what became of each theme."""

import django.contrib.gis.db.models.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from apps.record.events import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("insights", "0002_hotspots"),
        ("cases", "0013_newest_with_filters"),
        ("organisations", "0003_competence"),
        ("supervision", "0007_calls"),
        ("territory", "0006_issuer_hung"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name='Theme',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, verbose_name='名称')),
                ('words', models.JSONField(default=list, verbose_name='关键词')),
                ('state', models.CharField(choices=[('active', '进行中'), ('quiet', '已平息'), ('merged', '已并入其他主题'), ('dissolved', '已散开')], default='active', max_length=10, verbose_name='状态')),
                ('voices', models.PositiveIntegerField(default=0, verbose_name='诉求数')),
                ('first_on', models.DateField(verbose_name='最早')),
                ('last_on', models.DateField(verbose_name='最近')),
                ('point', django.contrib.gis.db.models.fields.PointField(blank=True, help_text='离各诉求最近的那一处；诉求都没有位置时为空', null=True, srid=4326, verbose_name='代表地点')),
                ('profile', models.BinaryField(help_text='新来的诉求据此归入', verbose_name='词的轮廓')),
                ('rising_since', models.DateField(blank=True, null=True, verbose_name='上升始于')),
                ('rise', models.JSONField(default=dict, verbose_name='上升的依据')),
                ('noted_at', models.DateTimeField(blank=True, null=True, verbose_name='预警已阅')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='首次归成')),
                ('category', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.category', verbose_name='主要类别')),
                ('merged_into', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='merged', to='insights.theme', verbose_name='并入')),
                ('named_by', models.ForeignKey(blank=True, help_text='空：系统取的名', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='命名人')),
                ('noted_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='已阅人')),
                ('organisation', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation', verbose_name='主要承办单位')),
                ('split_from', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='parts', to='insights.theme', verbose_name='分自')),
                ('topic', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='theme', to='supervision.topic', verbose_name='监督事项')),
                ('town', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='territory.adminarea', verbose_name='主要乡镇街道')),
                ('village', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='territory.adminarea', verbose_name='主要村社')),
            ],
            options={
                'verbose_name': '民情主题',
                'verbose_name_plural': '民情主题',
                'ordering': ['-last_on', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='ThemeEvent',
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
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='insights.theme', verbose_name='民情主题')),
            ],
            options={
                'verbose_name': '民情主题经过',
                'verbose_name_plural': '民情主题经过',
                'ordering': ['pk'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='ThemeMember',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.PositiveSmallIntegerField(choices=[(0, '民情件'), (1, '诉求记录')], verbose_name='种类')),
                ('ref', models.BigIntegerField(verbose_name='民情件或诉求记录')),
                ('day', models.DateField(verbose_name='日期')),
                ('likeness', models.FloatField(help_text='0 到 1', verbose_name='与主题的相近程度')),
                ('theme', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='members', to='insights.theme', verbose_name='主题')),
                ('town', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='territory.adminarea', verbose_name='乡镇街道')),
            ],
            options={
                'verbose_name': '主题成员',
                'verbose_name_plural': '主题成员',
                'ordering': ['-day', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='ThemeRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('whole', models.BooleanField(default=True, help_text='否：只把新来的归入已有的主题', verbose_name='全部重排')),
                ('state', models.CharField(choices=[('queued', '排队中'), ('running', '进行中'), ('done', '已完成'), ('failed', '未完成')], default='queued', max_length=8, verbose_name='状态')),
                ('progress', models.PositiveSmallIntegerField(default=0, verbose_name='进度%')),
                ('progress_note', models.CharField(blank=True, max_length=120, verbose_name='进度说明')),
                ('asked_at', models.DateTimeField(auto_now_add=True, verbose_name='发起时间')),
                ('started_at', models.DateTimeField(blank=True, null=True, verbose_name='开始时间')),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='完成时间')),
                ('figures', models.JSONField(default=dict, help_text='读了多少条，归成多少个主题，新增、拆分、合并、上升各多少', verbose_name='结果')),
                ('weights', models.BinaryField(blank=True, help_text='空：之后又有全部重排', null=True, verbose_name='词的稀有程度')),
                ('asked_by', models.ForeignKey(blank=True, help_text='空：系统', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='由谁发起')),
            ],
            options={
                'verbose_name': '主题归并',
                'verbose_name_plural': '主题归并',
                'ordering': ['-pk'],
            },
        ),
        migrations.AddIndex(
            model_name='theme',
            index=models.Index(fields=['state', '-voices'], name='insights_theme_largest'),
        ),
        migrations.AddIndex(
            model_name='theme',
            index=models.Index(fields=['-last_on', '-id'], name='insights_theme_latest'),
        ),
        migrations.AddIndex(
            model_name='theme',
            index=models.Index(condition=models.Q(('rising_since__isnull', False)), fields=['rising_since'], name='insights_theme_rising'),
        ),
        migrations.AddConstraint(
            model_name='theme',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('merged_into__isnull', False), ('state', 'merged')), models.Q(models.Q(('state', 'merged'), _negated=True), ('merged_into', None)), _connector='OR'), name='insights_theme_merged'),
        ),
        migrations.AddConstraint(
            model_name='theme',
            constraint=models.CheckConstraint(condition=models.Q(('first_on__lte', models.F('last_on'))), name='insights_theme_days'),
        ),
        migrations.AddConstraint(
            model_name='themeevent',
            constraint=models.UniqueConstraint(fields=('subject', 'previous_hash'), name='insights_themeevent_no_fork'),
        ),
        migrations.AddIndex(
            model_name='thememember',
            index=models.Index(fields=['theme', '-day'], name='insights_member_newest'),
        ),
        migrations.AddIndex(
            model_name='thememember',
            index=models.Index(fields=['town', 'theme', 'day'], name='insights_member_town'),
        ),
        migrations.AddConstraint(
            model_name='thememember',
            constraint=models.UniqueConstraint(fields=('kind', 'ref'), name='insights_thememember_once'),
        ),
        migrations.AddConstraint(
            model_name='themerun',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'running')), fields=('state',), name='insights_themerun_one_running'),
        ),
        append_only("insights_themeevent"),
    ]
