"""发现的问题: findings with their units, evidence, oversight and history."""

import django.contrib.postgres.indexes
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import apps.record.codes
from apps.record.events import append_only


class Migration(migrations.Migration):

    dependencies = [
        ('supervision', '0005_visits'),
        ('deputies', '0001_initial'),
        ('organisations', '0002_closed'),
        ('record', '0004_photos'),
        ('territory', '0006_issuer_hung'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CoHandler',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('opinion', models.TextField(blank=True, max_length=1000, verbose_name='会办意见')),
                ('given_at', models.DateTimeField(blank=True, null=True, verbose_name='提出时间')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation', verbose_name='会办单位')),
            ],
            options={
                'verbose_name': '会办单位',
                'verbose_name_plural': '会办单位',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='Finding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(default=apps.record.codes.new_code, max_length=30, unique=True, verbose_name='问题编号')),
                ('text', models.TextField(max_length=2000, verbose_name='问题')),
                ('severity', models.PositiveSmallIntegerField(choices=[(1, '一般'), (2, '较重'), (3, '严重')], default=1, verbose_name='程度')),
                ('state', models.CharField(choices=[('raised', '待工委转交'), ('with_dispatcher', '县政府办待交办'), ('with_unit', '承办单位整改中'), ('answered', '已答复，待代表确认'), ('closed', '已办结'), ('declined', '不予转交'), ('merged', '已合并'), ('withdrawn', '代表已撤回')], default='raised', max_length=20, verbose_name='状态')),
                ('revision', models.PositiveIntegerField(default=0, help_text='每办一步加一：两个人同时办，后一个会知道', verbose_name='修订号')),
                ('raised_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='提出时间')),
                ('forwarded_at', models.DateTimeField(blank=True, null=True, verbose_name='转交时间')),
                ('assigned_at', models.DateTimeField(blank=True, null=True, verbose_name='交办时间')),
                ('limit_days', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='整改期限（工作日）')),
                ('rectify_by', models.DateField(blank=True, null=True, verbose_name='整改期限')),
                ('due_on', models.DateField(blank=True, null=True, verbose_name='本环节期限')),
                ('extension_days', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='申请延期（工作日）')),
                ('extensions', models.PositiveSmallIntegerField(default=0, verbose_name='延期次数')),
                ('answer', models.TextField(blank=True, max_length=2000, verbose_name='整改答复')),
                ('answered_at', models.DateTimeField(blank=True, null=True, verbose_name='答复时间')),
                ('late', models.BooleanField(default=False, help_text='有一次答复或退回超过了整改期限', verbose_name='逾期答复')),
                ('late_with', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation', verbose_name='超期的单位')),
                ('sent_back', models.PositiveSmallIntegerField(default=0, verbose_name='退回重办次数')),
                ('result', models.CharField(blank=True, choices=[('put_right', '整改到位'), ('explained', '说明情况，代表认可')], max_length=12, verbose_name='确认结果')),
                ('closed_at', models.DateTimeField(blank=True, null=True, verbose_name='办结时间')),
                ('reminders', models.PositiveSmallIntegerField(default=0, verbose_name='催办次数')),
                ('reminded_at', models.DateTimeField(blank=True, null=True, verbose_name='最近催办')),
                ('overdue_noted', models.DateField(blank=True, null=True, verbose_name='已记逾期的期限')),
                ('co_handlers', models.ManyToManyField(related_name='findings_joined', through='supervision.CoHandler', to='organisations.organisation', verbose_name='会办单位')),
                ('confirmed_on_visit', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='supervision.visit', verbose_name='确认时的走访')),
                ('entered_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='录入人')),
                ('follower', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='findings_followed', to='deputies.deputy', verbose_name='跟进代表')),
                ('lead', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='findings_led', to='organisations.organisation', verbose_name='主办单位')),
                ('merged_into', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='merged', to='supervision.finding', verbose_name='合并到')),
                ('raised_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='findings_raised', to='deputies.deputy', verbose_name='提出代表')),
                ('topic', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='findings', to='supervision.topic', verbose_name='监督事项')),
                ('town', models.ForeignKey(blank=True, help_text='提出时监督事项所在', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='territory.adminarea', verbose_name='乡镇街道')),
                ('visit', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='findings', to='supervision.visit', verbose_name='走访视察')),
            ],
            options={
                'verbose_name': '发现的问题',
                'verbose_name_plural': '发现的问题',
                'ordering': ['-raised_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='EvidencePhoto',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stage', models.CharField(choices=[('raised', '发现问题'), ('answered', '整改答复'), ('checked', '现场确认')], max_length=10, verbose_name='环节')),
                ('round', models.PositiveSmallIntegerField(default=0, help_text='退回重办几次之后的', verbose_name='第几次')),
                ('caption', models.CharField(blank=True, max_length=80, verbose_name='说明')),
                ('photo', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='evidence', to='record.photo', verbose_name='照片')),
                ('finding', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='photos', to='supervision.finding', verbose_name='问题')),
            ],
            options={
                'verbose_name': '问题照片',
                'verbose_name_plural': '问题照片',
                'ordering': ['pk'],
            },
        ),
        migrations.AddField(
            model_name='cohandler',
            name='finding',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='joining', to='supervision.finding', verbose_name='问题'),
        ),
        migrations.CreateModel(
            name='FindingEvent',
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
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='supervision.finding', verbose_name='发现的问题')),
            ],
            options={
                'verbose_name': '问题经过',
                'verbose_name_plural': '问题经过',
                'ordering': ['pk'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Oversight',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('body', models.CharField(choices=[('office', '县人大常委会工委'), ('council', '县人大常委会主任会议')], max_length=10, verbose_name='决定机构')),
                ('decided_on', models.DateField(verbose_name='决定日期')),
                ('words', models.TextField(max_length=1000, verbose_name='督办意见')),
                ('entered_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='录入人')),
                ('finding', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='oversights', to='supervision.finding', verbose_name='问题')),
            ],
            options={
                'verbose_name': '督办',
                'verbose_name_plural': '督办',
                'ordering': ['decided_on', 'pk'],
            },
        ),
        migrations.AddIndex(
            model_name='finding',
            index=models.Index(fields=['-raised_at', '-id'], name='supervision_finding_newest'),
        ),
        migrations.AddIndex(
            model_name='finding',
            index=models.Index(fields=['state', 'due_on'], name='supervision_finding_due'),
        ),
        migrations.AddIndex(
            model_name='finding',
            index=models.Index(fields=['due_on', 'id'], name='supervision_finding_due_first'),
        ),
        migrations.AddIndex(
            model_name='finding',
            index=models.Index(fields=['lead', 'state'], name='supervision_finding_lead'),
        ),
        migrations.AddIndex(
            model_name='finding',
            index=models.Index(fields=['follower', 'state'], name='supervision_finding_follower'),
        ),
        migrations.AddIndex(
            model_name='finding',
            index=models.Index(fields=['town', '-raised_at'], name='supervision_finding_town'),
        ),
        migrations.AddIndex(
            model_name='finding',
            index=django.contrib.postgres.indexes.GinIndex(fields=['text'], name='supervision_finding_text', opclasses=['gin_trgm_ops']),
        ),
        migrations.AddConstraint(
            model_name='finding',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['with_unit', 'answered', 'closed']), _negated=True), ('lead__isnull', False), _connector='OR'), name='supervision_finding_lead_named'),
        ),
        migrations.AddConstraint(
            model_name='finding',
            constraint=models.CheckConstraint(condition=models.Q(('severity__range', (1, 3))), name='supervision_finding_severity'),
        ),
        migrations.AddConstraint(
            model_name='finding',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('merged_into__isnull', False), ('state', 'merged')), models.Q(models.Q(('state', 'merged'), _negated=True), ('merged_into', None)), _connector='OR'), name='supervision_finding_merged'),
        ),
        migrations.AddConstraint(
            model_name='finding',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'closed'), models.Q(('result', ''), _negated=True)), models.Q(models.Q(('state', 'closed'), _negated=True), ('result', '')), _connector='OR'), name='supervision_finding_result'),
        ),
        migrations.AddConstraint(
            model_name='evidencephoto',
            constraint=models.UniqueConstraint(fields=('finding', 'photo', 'stage', 'round'), name='supervision_evidence_once'),
        ),
        migrations.AddConstraint(
            model_name='cohandler',
            constraint=models.UniqueConstraint(fields=('finding', 'organisation'), name='supervision_cohandler_once'),
        ),
        migrations.AddConstraint(
            model_name='findingevent',
            constraint=models.UniqueConstraint(fields=('subject', 'previous_hash'), name='supervision_findingevent_no_fork'),
        ),
        migrations.AddConstraint(
            model_name='oversight',
            constraint=models.UniqueConstraint(fields=('finding', 'body'), name='supervision_oversight_once'),
        ),
        append_only('supervision_findingevent'),
    ]
