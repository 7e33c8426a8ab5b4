"""走访查看 and 视察: visits with participants, check-ins and ratings by sheet, and the three sheets that are there from the start."""

import django.contrib.gis.db.models.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import apps.record.codes
from apps.record.events import append_only

S, Y = "score", "yes_no"
SHEETS = [  # kind of topic, name, indicators: label, hint, scale
    ("", "监督事项走访表", [
        ("推进情况", "5 分：比预期快；3 分：正常；1 分：停滞", S),
        ("办理质量", "5 分：群众看得见成效；1 分：走过场", S),
        ("群众评价", "问两三位群众。5 分：满意；1 分：意见大", S),
        ("负责人在场", "现场有没有人负责、说得清情况", Y),
    ]),
    ("project", "重点项目走访表", [
        ("形象进度", "与上报的进度比。5 分：相符或更快；3 分：略慢；1 分：差很多", S),
        ("施工质量", "5 分：看不出毛病；1 分：有明显缺陷", S),
        ("安全文明施工", "围挡、警示、扬尘、用电。5 分：规范；1 分：有隐患", S),
        ("周边群众反映", "问两三位附近群众。5 分：支持；1 分：意见大", S),
        ("现场有人施工", "工作日走访时，现场有没有人在干活", Y),
        ("公示牌内容属实", "责任人、工期、投诉电话是否在、是否对", Y),
    ]),
    ("livelihood", "民生实事项目走访表", [
        ("完成进度", "与年初票决的目标比。5 分：达到或更快；1 分：差很多", S),
        ("建设质量", "5 分：看不出毛病；1 分：有明显缺陷", S),
        ("实际使用", "建成的是否在用、好用。5 分：常用；1 分：闲置", S),
        ("群众满意", "问两三位受益群众。5 分：满意；1 分：意见大", S),
        ("惠及面与公示一致", "户数、人数、点位与公示是否一致", Y),
    ]),
]


def load(apps, schema_editor):
    RatingSheet, Indicator = apps.get_model("supervision", "RatingSheet"), apps.get_model("supervision", "Indicator")
    for kind, name, lines in SHEETS:
        sheet = RatingSheet.objects.create(name=name, topic_kind=kind)
        Indicator.objects.bulk_create(
            Indicator(sheet=sheet, number=number, label=label, hint=hint, scale=scale) for number, (label, hint, scale) in enumerate(lines, 1)
        )


class Migration(migrations.Migration):

    dependencies = [
        ("supervision", "0004_changes"),
        ("deputies", "0001_initial"),
        ("organisations", "0001_initial"),
        ("record", "0004_photos"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Visit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(default=apps.record.codes.new_code, max_length=30, unique=True, verbose_name='编号')),
                ('kind', models.CharField(choices=[('look', '走访查看'), ('inspection', '视察')], max_length=10, verbose_name='方式')),
                ('state', models.CharField(choices=[('planned', '已计划'), ('checked_in', '已签到'), ('recorded', '已记录'), ('cancelled', '已取消')], default='planned', max_length=10, verbose_name='状态')),
                ('name', models.CharField(blank=True, max_length=60, verbose_name='名称')),
                ('agenda', models.TextField(blank=True, max_length=1000, verbose_name='安排')),
                ('meeting_place', models.CharField(blank=True, max_length=80, verbose_name='集合地点')),
                ('planned_on', models.DateField(verbose_name='计划日期')),
                ('planned_at', models.TimeField(blank=True, null=True, verbose_name='集合时间')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='登记时间')),
                ('version', models.PositiveIntegerField(default=0, help_text='安排每改一次加一', verbose_name='版本')),
                ('plan_submission', models.UUIDField(blank=True, help_text='浏览器生成：同一次提交只收一次', null=True, unique=True)),
                ('record_submission', models.UUIDField(blank=True, help_text='浏览器生成：同一次提交只收一次', null=True, unique=True)),
                ('record_digest', models.CharField(blank=True, help_text='记录内容的 SHA-256：认出同一次提交', max_length=64)),
                ('visited_on', models.DateField(blank=True, null=True, verbose_name='走访日期')),
                ('text', models.TextField(blank=True, max_length=4000, verbose_name='看到的情况')),
                ('recorded_at', models.DateTimeField(blank=True, null=True, verbose_name='记录时间')),
                ('accompanying', models.ManyToManyField(blank=True, related_name='+', to='organisations.organisation', verbose_name='陪同单位')),
                ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='登记人')),
                ('deputy', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='looks', to='deputies.deputy', verbose_name='走访代表')),
                ('group', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='inspections', to='deputies.group', verbose_name='代表小组')),
                ('recorded_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='记录人')),
            ],
            options={
                'verbose_name': '走访视察',
                'verbose_name_plural': '走访视察',
                'ordering': ['-planned_on', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='RatingSheet',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=40, verbose_name='名称')),
                ('topic_kind', models.CharField(blank=True, choices=[('project', '重点项目'), ('livelihood', '民生实事项目'), ('suggestion', '重点督办建议')], default='', help_text='空：各类事项', max_length=12, verbose_name='适用事项')),
                ('version', models.PositiveSmallIntegerField(default=1, verbose_name='版本')),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='制表时间')),
                ('replaced_at', models.DateTimeField(blank=True, null=True, verbose_name='停用时间')),
                ('field', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='deputies.field', verbose_name='适用领域')),
            ],
            options={
                'verbose_name': '查看评分表',
                'verbose_name_plural': '查看评分表',
                'ordering': ['topic_kind', 'field', '-version'],
            },
        ),
        migrations.CreateModel(
            name='Indicator',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField(verbose_name='序号')),
                ('label', models.CharField(max_length=30, verbose_name='指标')),
                ('hint', models.CharField(blank=True, max_length=80, verbose_name='怎么看')),
                ('scale', models.CharField(choices=[('score', '1–5 分'), ('yes_no', '是、否')], default='score', max_length=8, verbose_name='评分方式')),
                ('sheet', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='indicators', to='supervision.ratingsheet', verbose_name='查看评分表')),
            ],
            options={
                'verbose_name': '查看指标',
                'verbose_name_plural': '查看指标',
                'ordering': ['sheet', 'number'],
            },
        ),
        migrations.CreateModel(
            name='RatingSheetEvent',
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
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='supervision.ratingsheet', verbose_name='查看评分表')),
            ],
            options={
                'verbose_name': '查看评分表经过',
                'verbose_name_plural': '查看评分表经过',
                'ordering': ['pk'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='VisitParticipant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('leader', models.BooleanField(default=False, verbose_name='带队')),
                ('deputy', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='visits', to='deputies.deputy', verbose_name='代表')),
                ('visit', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='participants', to='supervision.visit', verbose_name='走访视察')),
            ],
            options={
                'verbose_name': '走访参加人',
                'verbose_name_plural': '走访参加人',
                'ordering': ['-leader', 'deputy__code'],
            },
        ),
        migrations.AddField(
            model_name='visit',
            name='sheet',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='visits', to='supervision.ratingsheet', verbose_name='查看评分表'),
        ),
        migrations.AddField(
            model_name='visit',
            name='topic',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='visits', to='supervision.topic', verbose_name='监督事项'),
        ),
        migrations.CreateModel(
            name='IndicatorRating',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('value', models.PositiveSmallIntegerField(verbose_name='评分')),
                ('indicator', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='ratings', to='supervision.indicator', verbose_name='指标')),
                ('visit', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='ratings', to='supervision.visit', verbose_name='走访视察')),
            ],
            options={
                'verbose_name': '指标评分',
                'verbose_name_plural': '指标评分',
                'ordering': ['visit', 'indicator__number'],
            },
        ),
        migrations.CreateModel(
            name='VisitEvent',
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
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='supervision.visit', verbose_name='走访视察')),
            ],
            options={
                'verbose_name': '走访视察经过',
                'verbose_name_plural': '走访视察经过',
                'ordering': ['pk'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='VisitPhoto',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('caption', models.CharField(blank=True, max_length=80, verbose_name='说明')),
                ('photo', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='record.photo', verbose_name='照片')),
                ('visit', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='photos', to='supervision.visit', verbose_name='走访视察')),
            ],
            options={
                'verbose_name': '走访照片',
                'verbose_name_plural': '走访照片',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='CheckIn',
            fields=[
                ('participant', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='check_in', serialize=False, to='supervision.visitparticipant', verbose_name='参加人')),
                ('at', models.DateTimeField(verbose_name='签到时间')),
                ('received_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='收到时间')),
                ('point', django.contrib.gis.db.models.fields.PointField(blank=True, null=True, srid=4326, verbose_name='位置')),
                ('accuracy_m', models.FloatField(blank=True, null=True, verbose_name='定位误差（米）')),
                ('datum', models.CharField(blank=True, default='', help_text='空：WGS 84，未换算', max_length=8, verbose_name='换算前的坐标系')),
                ('distance_m', models.FloatField(blank=True, null=True, verbose_name='离现场（米）')),
                ('reason', models.CharField(blank=True, max_length=120, verbose_name='没有定位的原因')),
                ('entered_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='代签')),
            ],
            options={
                'verbose_name': '现场签到',
                'verbose_name_plural': '现场签到',
            },
        ),
        migrations.AddConstraint(
            model_name='ratingsheet',
            constraint=models.UniqueConstraint(fields=('topic_kind', 'field', 'version'), name='supervision_sheet_version', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='ratingsheet',
            constraint=models.UniqueConstraint(condition=models.Q(('replaced_at', None)), fields=('topic_kind', 'field'), name='supervision_sheet_one_in_use', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='indicator',
            constraint=models.UniqueConstraint(fields=('sheet', 'number'), name='supervision_indicator_once'),
        ),
        migrations.AddConstraint(
            model_name='ratingsheetevent',
            constraint=models.UniqueConstraint(fields=('subject', 'previous_hash'), name='supervision_ratingsheetevent_no_fork'),
        ),
        migrations.AddConstraint(
            model_name='visitparticipant',
            constraint=models.UniqueConstraint(fields=('visit', 'deputy'), name='supervision_participant_once'),
        ),
        migrations.AddConstraint(
            model_name='visitparticipant',
            constraint=models.UniqueConstraint(condition=models.Q(('leader', True)), fields=('visit',), name='supervision_participant_one_leader'),
        ),
        migrations.AddIndex(
            model_name='visit',
            index=models.Index(fields=['-planned_on', '-id'], name='supervision_visit_newest'),
        ),
        migrations.AddIndex(
            model_name='visit',
            index=models.Index(fields=['topic', '-planned_on'], name='supervision_visit_topic'),
        ),
        migrations.AddIndex(
            model_name='visit',
            index=models.Index(fields=['deputy', '-planned_on'], name='supervision_visit_deputy'),
        ),
        migrations.AddIndex(
            model_name='visit',
            index=models.Index(fields=['state', 'visited_on'], name='supervision_visit_made'),
        ),
        migrations.AddConstraint(
            model_name='visit',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('deputy__isnull', False), ('kind', 'look')), models.Q(('deputy__isnull', True), ('kind', 'inspection')), _connector='OR'), name='supervision_visit_whose'),
        ),
        migrations.AddConstraint(
            model_name='visit',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'recorded'), _negated=True), models.Q(('recorded_at__isnull', False), ('visited_on__isnull', False), models.Q(('text', ''), _negated=True)), _connector='OR'), name='supervision_visit_recorded'),
        ),
        migrations.AddConstraint(
            model_name='indicatorrating',
            constraint=models.UniqueConstraint(fields=('visit', 'indicator'), name='supervision_indicatorrating_once'),
        ),
        migrations.AddConstraint(
            model_name='indicatorrating',
            constraint=models.CheckConstraint(condition=models.Q(('value__lte', 5)), name='supervision_indicatorrating_value'),
        ),
        migrations.AddConstraint(
            model_name='visitevent',
            constraint=models.UniqueConstraint(fields=('subject', 'previous_hash'), name='supervision_visitevent_no_fork'),
        ),
        migrations.AddConstraint(
            model_name='visitphoto',
            constraint=models.UniqueConstraint(fields=('visit', 'photo'), name='supervision_visitphoto_once'),
        ),
        migrations.AddConstraint(
            model_name='checkin',
            constraint=models.CheckConstraint(condition=models.Q(('point__coveredby', 'SRID=4326;POLYGON((73 3, 136 3, 136 54, 73 54, 73 3))')), name='supervision_checkin_in_china'),
        ),
        migrations.AddConstraint(
            model_name='checkin',
            constraint=models.CheckConstraint(condition=models.Q(('point__isnull', False), models.Q(('reason', ''), _negated=True), _connector='OR'), name='supervision_checkin_why'),
        ),
        migrations.AddConstraint(
            model_name='checkin',
            constraint=models.CheckConstraint(condition=models.Q(('point__isnull', True), ('distance_m__isnull', False), _connector='OR'), name='supervision_checkin_distance'),
        ),
        append_only("supervision_visitevent"),
        append_only("supervision_ratingsheetevent"),
        migrations.RunPython(load, migrations.RunPython.noop),
    ]
