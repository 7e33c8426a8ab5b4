"""诉求记录: sources, what comes in from them, and the records as they are kept."""

import django.contrib.gis.db.models.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from apps.record.events import append_only


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("cases", "0014_linked_orders"),
        ("organisations", "0003_competence"),
        ("record", "0001_append_only"),
        ("territory", "0006_issuer_hung"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Intake',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('way', models.CharField(choices=[('upload', '上传'), ('folder', '文件夹'), ('command', '命令'), ('push', '接口推送')], default='upload', max_length=8, verbose_name='方式')),
                ('file_name', models.CharField(max_length=120, verbose_name='文件名')),
                ('sha256', models.CharField(blank=True, default='', help_text='加密钥的摘要：认出同一个文件，查不回内容', max_length=64, verbose_name='文件摘要')),
                ('state', models.CharField(choices=[('waiting', '待确定列'), ('running', '接收中'), ('done', '已接收'), ('failed', '未完成'), ('cancelled', '已取消')], default='waiting', max_length=10, verbose_name='状态')),
                ('fault', models.CharField(blank=True, default='', max_length=300, verbose_name='没有完成的原因')),
                ('total', models.PositiveIntegerField(blank=True, help_text='空：还没有数过', null=True, verbose_name='行数')),
                ('cursor', models.PositiveIntegerField(default=0, verbose_name='已处理到第几行')),
                ('read', models.PositiveIntegerField(default=0, verbose_name='读了')),
                ('taken', models.PositiveIntegerField(default=0, verbose_name='新收')),
                ('changed', models.PositiveIntegerField(default=0, verbose_name='更新')),
                ('unchanged', models.PositiveIntegerField(default=0, verbose_name='没有变化')),
                ('refused', models.PositiveIntegerField(default=0, verbose_name='没读懂')),
                ('linked', models.PositiveIntegerField(default=0, verbose_name='关联民情件')),
                ('unlocated', models.PositiveIntegerField(default=0, verbose_name='没有定位')),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='收到时间')),
                ('started_at', models.DateTimeField(blank=True, null=True, verbose_name='开始时间')),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='结束时间')),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='谁接收的')),
            ],
            options={
                'verbose_name': '接收批次',
                'verbose_name_plural': '接收批次',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='Source',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.SlugField(help_text='用在接口地址里：小写字母、数字、短横线', max_length=30, unique=True, verbose_name='代码')),
                ('name', models.CharField(max_length=40, unique=True, verbose_name='名称')),
                ('kind', models.CharField(choices=[('hotline', '12345热线'), ('board', '领导留言板'), ('station', '联络站记录'), ('meeting', '会议意见'), ('other', '其他')], max_length=10, verbose_name='种类')),
                ('channel', models.CharField(blank=True, default='', help_text='表里没有渠道这一列时用', max_length=20, verbose_name='渠道')),
                ('mapping', models.JSONField(blank=True, default=dict, verbose_name='列的对应')),
                ('state_words', models.JSONField(blank=True, default=dict, verbose_name='状态用词')),
                ('folder', models.CharField(blank=True, default='', help_text='INTAKE_DIR 下的文件夹名；空：不看文件夹', max_length=60, verbose_name='收件文件夹')),
                ('pushers', models.JSONField(blank=True, default=list, help_text='接口密钥的名称', verbose_name='可推送的接口密钥')),
                ('crs', models.CharField(choices=[('wgs84', 'WGS 84、CGCS2000'), ('gcj02', 'GCJ-02（高德、腾讯）'), ('bd09', 'BD-09（百度）')], default='wgs84', max_length=8, verbose_name='坐标系')),
                ('is_open', models.BooleanField(default=True, verbose_name='接收')),
            ],
            options={
                'verbose_name': '诉求来源',
                'verbose_name_plural': '诉求来源',
                'ordering': ['kind', 'code'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('folder', ''), _negated=True), fields=('folder',), name='hotline_source_folder')],
            },
        ),
        migrations.CreateModel(
            name='Record',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(help_text='对方的编号', max_length=60, verbose_name='工单号')),
                ('received_at', models.DateTimeField(verbose_name='受理时间')),
                ('timed', models.BooleanField(default=True, help_text='否：只知道是哪一天', verbose_name='时刻可知')),
                ('channel', models.CharField(blank=True, max_length=20, verbose_name='渠道')),
                ('told_for', models.BooleanField(default=False, help_text='当面说给别人、由别人记下的', verbose_name='代录入')),
                ('elder', models.BooleanField(blank=True, null=True, verbose_name='老年人')),
                ('title', models.CharField(blank=True, max_length=200, verbose_name='标题')),
                ('text', models.TextField(max_length=4000, verbose_name='内容')),
                ('marks', models.JSONField(default=dict, help_text='每种标记各几处', verbose_name='隐去了什么')),
                ('state', models.CharField(choices=[('open', '办理中'), ('answered', '已答复'), ('closed', '已办结')], default='open', max_length=10, verbose_name='状态')),
                ('due_on', models.DateField(blank=True, null=True, verbose_name='期限')),
                ('answered_at', models.DateTimeField(blank=True, null=True, verbose_name='答复时间')),
                ('satisfied', models.CharField(blank=True, choices=[('satisfied', '满意'), ('plain', '基本满意'), ('unsatisfied', '不满意')], max_length=12, null=True, verbose_name='满意度')),
                ('unit_words', models.CharField(blank=True, max_length=80, verbose_name='承办单位（原文）')),
                ('category_sure', models.FloatField(default=0.0, verbose_name='识别把握')),
                ('point', django.contrib.gis.db.models.fields.PointField(blank=True, help_text='所在 100 米格的中心；空：只知道村社、乡镇，或没有定位', null=True, srid=4326, verbose_name='位置')),
                ('located_by', models.CharField(blank=True, choices=[('coordinates', '坐标'), ('doorplate', '门牌'), ('road', '道路'), ('village', '村社'), ('town', '乡镇街道')], default='', max_length=12, verbose_name='按什么定位')),
                ('reason', models.CharField(blank=True, default='', max_length=120, verbose_name='关联的理由')),
                ('created', models.DateTimeField(default=django.utils.timezone.now, verbose_name='收进来的时间')),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='最近变动')),
                ('case', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.case', verbose_name='关联的民情件')),
                ('category', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.category', verbose_name='类别')),
                ('intake', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='records', to='hotline.intake', verbose_name='接收批次')),
                ('like', models.ForeignKey(blank=True, help_text='同一件事较早的一条', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='repeats', to='hotline.record', verbose_name='重复反映')),
                ('organisation', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation', verbose_name='承办单位')),
                ('proposed', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.case', verbose_name='可能是同一件事的民情件')),
                ('town', models.ForeignKey(blank=True, db_index=False, help_text='不设乡镇的县填县', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='territory.adminarea', verbose_name='乡镇街道')),
                ('village', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='territory.adminarea', verbose_name='村社')),
                ('source', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='records', to='hotline.source', verbose_name='来源')),
            ],
            options={
                'verbose_name': '诉求记录',
                'verbose_name_plural': '诉求记录',
                'ordering': ['-received_at', '-pk'],
            },
        ),
        migrations.AddField(
            model_name='intake',
            name='source',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='intakes', to='hotline.source', verbose_name='来源'),
        ),
        migrations.CreateModel(
            name='SourceEvent',
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
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='hotline.source', verbose_name='诉求来源')),
            ],
            options={
                'verbose_name': '诉求来源经过',
                'verbose_name_plural': '诉求来源经过',
                'ordering': ['pk'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='IntakeEvent',
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
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='hotline.intake', verbose_name='接收批次')),
            ],
            options={
                'verbose_name': '接收批次经过',
                'verbose_name_plural': '接收批次经过',
                'ordering': ['pk'],
                'abstract': False,
                'constraints': [models.UniqueConstraint(fields=('subject', 'previous_hash'), name='hotline_intakeevent_no_fork')],
            },
        ),
        migrations.CreateModel(
            name='IntakePiece',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(verbose_name='序号')),
                ('sealed', models.BinaryField(verbose_name='密文')),
                ('intake', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pieces', to='hotline.intake', verbose_name='接收批次')),
            ],
            options={
                'verbose_name': '接收密文',
                'verbose_name_plural': '接收密文',
                'constraints': [models.UniqueConstraint(fields=('intake', 'number'), name='hotline_piece_once')],
            },
        ),
        migrations.CreateModel(
            name='IntakeProblem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('row', models.PositiveIntegerField(verbose_name='行号')),
                ('field', models.CharField(blank=True, max_length=20, verbose_name='栏目')),
                ('reason', models.CharField(max_length=120, verbose_name='原因')),
                ('refused', models.BooleanField(default=True, verbose_name='整行没有收')),
                ('intake', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='problems', to='hotline.intake', verbose_name='接收批次')),
            ],
            options={
                'verbose_name': '没读懂的行',
                'verbose_name_plural': '没读懂的行',
                'ordering': ['row', 'pk'],
                'indexes': [models.Index(fields=['intake', 'row'], name='hotline_problem_row')],
            },
        ),
        migrations.CreateModel(
            name='RecordEvent',
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
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='hotline.record', verbose_name='诉求记录')),
            ],
            options={
                'verbose_name': '诉求记录经过',
                'verbose_name_plural': '诉求记录经过',
                'ordering': ['pk'],
                'abstract': False,
                'constraints': [models.UniqueConstraint(fields=('subject', 'previous_hash'), name='hotline_recordevent_no_fork')],
            },
        ),
        migrations.AddIndex(
            model_name='record',
            index=models.Index(fields=['-received_at', '-id'], include=('source', 'state', 'town', 'category', 'case'), name='hotline_record_newest'),
        ),
        migrations.AddIndex(
            model_name='record',
            index=models.Index(fields=['town', '-received_at'], name='hotline_record_town'),
        ),
        migrations.AddIndex(
            model_name='record',
            index=models.Index(fields=['changed_at'], name='hotline_record_changed'),
        ),
        migrations.AddIndex(
            model_name='record',
            index=models.Index(fields=['number'], name='hotline_record_by_number', opclasses=['text_pattern_ops']),
        ),
        migrations.AddIndex(
            model_name='record',
            index=django.contrib.postgres.indexes.GinIndex(fields=['title', 'text'], name='hotline_record_words', opclasses=['gin_trgm_ops', 'gin_trgm_ops']),
        ),
        migrations.AddConstraint(
            model_name='record',
            constraint=models.UniqueConstraint(fields=('source', 'number'), name='hotline_record_number'),
        ),
        migrations.AddConstraint(
            model_name='record',
            constraint=models.CheckConstraint(condition=models.Q(('point__isnull', True), ('point__coveredby', 'SRID=4326;POLYGON((73 3, 136 3, 136 54, 73 54, 73 3))'), _connector='OR'), name='hotline_record_in_china'),
        ),
        migrations.AddConstraint(
            model_name='record',
            constraint=models.CheckConstraint(condition=models.Q(('point__isnull', True), models.Q(('located_by', ''), _negated=True), _connector='OR'), name='hotline_record_located'),
        ),
        migrations.AddIndex(
            model_name='intake',
            index=models.Index(fields=['state'], name='hotline_intake_state'),
        ),
        migrations.AddIndex(
            model_name='intake',
            index=models.Index(fields=['source', 'sha256'], name='hotline_intake_same'),
        ),
        migrations.AddConstraint(
            model_name='sourceevent',
            constraint=models.UniqueConstraint(fields=('subject', 'previous_hash'), name='hotline_sourceevent_no_fork'),
        ),
        append_only("hotline_sourceevent"),
        append_only("hotline_intakeevent"),
        append_only("hotline_recordevent"),
    ]
