"""Terms are drafts until they are published; a draft is in no tile. Reviews of drafts, and their doorplates that change district."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from apps.record.events import append_only
from apps.territory.tiles import margin, simplified, tile_function

DISTRICT = f"""
    SELECT ST_AsMVT(t, 'district', 4096, 'geom') FROM (
        SELECT d.code, d.name, term.level, {simplified('d.geom_3857')} AS geom
        FROM territory_electoraldistrict d JOIN territory_term term ON term.id = d.term_id
        WHERE {margin('d.geom_3857')} AND term.state = 'published'
            AND (now() AT TIME ZONE 'Asia/Shanghai')::date >= term.starts AND (now() AT TIME ZONE 'Asia/Shanghai')::date < term.ends
            AND (query->>'level' IS NULL OR term.level = query->>'level')
    ) t WHERE geom IS NOT NULL
"""


class Migration(migrations.Migration):

    dependencies = [
        ('territory', '0004_plates'),
        ('record', '0001_append_only'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='DistrictChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ],
            options={
                'verbose_name': '门牌改属',
                'verbose_name_plural': '门牌改属',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='TermEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('verb', models.CharField(max_length=40, verbose_name='动作')),
                ('actor_label', models.CharField(blank=True, max_length=80, verbose_name='操作人称谓')),
                ('note', models.TextField(blank=True, verbose_name='说明')),
                ('at', models.DateTimeField(verbose_name='时间')),
                ('data', models.JSONField(default=dict, verbose_name='详情')),
                ('previous_hash', models.CharField(max_length=64)),
                ('hash', models.CharField(max_length=64)),
            ],
            options={
                'verbose_name': '届的经过',
                'verbose_name_plural': '届的经过',
                'ordering': ['pk'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='TurnoverReview',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('queued', '排队中'), ('running', '计算中'), ('done', '已算成'), ('failed', '未算成')], default='queued', max_length=8, verbose_name='状态')),
                ('progress', models.PositiveSmallIntegerField(default=0, verbose_name='进度%')),
                ('progress_note', models.CharField(blank=True, max_length=200, verbose_name='进度说明')),
                ('requested_at', models.DateTimeField(auto_now_add=True, verbose_name='提出时间')),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='算成时间')),
                ('fingerprint', models.CharField(blank=True, max_length=64, verbose_name='数据指纹')),
                ('result', models.JSONField(default=dict, verbose_name='结果')),
            ],
            options={
                'verbose_name': '换届比对',
                'verbose_name_plural': '换届比对',
                'ordering': ['-requested_at', '-pk'],
            },
        ),
        migrations.AlterModelOptions(
            name='term',
            options={'ordering': ['level', 'congress__code', 'number', 'plan'], 'verbose_name': '届', 'verbose_name_plural': '届'},
        ),
        migrations.RemoveConstraint(
            model_name='term',
            name='territory_term_once',
        ),
        migrations.AddField(
            model_name='term',
            name='approval',
            field=models.CharField(blank=True, max_length=120, verbose_name='批准依据'),
        ),
        migrations.AddField(
            model_name='term',
            name='approved_on',
            field=models.DateField(blank=True, null=True, verbose_name='批准日期'),
        ),
        migrations.AddField(
            model_name='term',
            name='plan',
            field=models.CharField(blank=True, help_text='同一届有几个草案时的名称', max_length=20, verbose_name='方案'),
        ),
        migrations.AddField(
            model_name='term',
            name='published_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='公布时间'),
        ),
        migrations.AddField(
            model_name='term',
            name='seats',
            field=models.PositiveSmallIntegerField(blank=True, help_text='选举法第十三条：县级由省级、乡级由县级人大常委会确定', null=True, verbose_name='核定名额'),
        ),
        migrations.AddField(
            model_name='term',
            name='state',
            field=models.CharField(choices=[('draft', '草案'), ('published', '已公布'), ('set_aside', '未采用')], default='published', max_length=10, verbose_name='状态'),
        ),
        migrations.AddConstraint(
            model_name='term',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'set_aside'), _negated=True), fields=('congress', 'number', 'plan'), name='territory_term_once'),
        ),
        migrations.AddConstraint(
            model_name='term',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'published')), fields=('congress', 'number'), name='territory_term_published_once'),
        ),
        migrations.AddField(
            model_name='districtchange',
            name='doorplate',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='territory.doorplate', verbose_name='门牌'),
        ),
        migrations.AddField(
            model_name='districtchange',
            name='new',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='territory.electoraldistrict', verbose_name='新选区'),
        ),
        migrations.AddField(
            model_name='districtchange',
            name='old',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='territory.electoraldistrict', verbose_name='原选区'),
        ),
        migrations.AddField(
            model_name='termevent',
            name='actor',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='操作人'),
        ),
        migrations.AddField(
            model_name='termevent',
            name='subject',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='territory.term', verbose_name='届'),
        ),
        migrations.AddField(
            model_name='turnoverreview',
            name='base',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='territory.term', verbose_name='对照'),
        ),
        migrations.AddField(
            model_name='turnoverreview',
            name='requested_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='提出人'),
        ),
        migrations.AddField(
            model_name='turnoverreview',
            name='term',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reviews', to='territory.term', verbose_name='届'),
        ),
        migrations.AddField(
            model_name='districtchange',
            name='review',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='changes', to='territory.turnoverreview', verbose_name='换届比对'),
        ),
        migrations.AddConstraint(
            model_name='termevent',
            constraint=models.UniqueConstraint(fields=('subject', 'previous_hash'), name='territory_termevent_no_fork'),
        ),
        migrations.AddIndex(
            model_name='turnoverreview',
            index=models.Index(fields=['term', 'base', '-requested_at'], name='territory_review_latest'),
        ),
        migrations.AddIndex(
            model_name='districtchange',
            index=models.Index(fields=['review', 'old', 'new'], name='territory_change_pair'),
        ),
        append_only("territory_termevent"),
        tile_function("district", DISTRICT),
    ]
