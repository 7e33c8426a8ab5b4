"""What crosses between the zones, and ways out of the house for notices."""

import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models

from apps.record.events import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("record", "0004_photos"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        # Residents send photos too: `by` is empty then, and the same photo of one submission is still one row.
        migrations.AlterField(
            model_name='photo',
            name='by',
            field=models.ForeignKey(blank=True, help_text='空：居民', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='上传人'),
        ),
        migrations.RemoveConstraint(
            model_name='photo',
            name='record_photo_once',
        ),
        migrations.AddConstraint(
            model_name='photo',
            constraint=models.UniqueConstraint(condition=models.Q(('submission', ''), _negated=True), fields=('by', 'submission', 'sha256'), name='record_photo_once', nulls_distinct=False),
        ),
        migrations.CreateModel(
            name='Incoming',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(unique=True, verbose_name='编号')),
                ('sender', models.CharField(max_length=10, verbose_name='发出方')),
                ('sequence', models.PositiveBigIntegerField(verbose_name='序号')),
                ('previous', models.PositiveBigIntegerField(verbose_name='同一件的上一个序号')),
                ('stream', models.CharField(max_length=64, verbose_name='所属')),
                ('kind', models.CharField(max_length=30, verbose_name='种类')),
                ('body', models.JSONField(verbose_name='内容')),
                ('state', models.CharField(choices=[('waiting', '待处理'), ('applied', '已处理'), ('refused', '没有接受')], default='waiting', max_length=8, verbose_name='状态')),
                ('reason', models.CharField(blank=True, default='', max_length=300, verbose_name='说明')),
                ('sent_at', models.DateTimeField(verbose_name='发出时间')),
                ('received_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='收到时间')),
                ('settled_at', models.DateTimeField(null=True, verbose_name='处理时间')),
            ],
            options={
                'verbose_name': '跨区报文（收到）',
                'verbose_name_plural': '跨区报文（收到）',
                'ordering': ['sequence'],
            },
        ),
        migrations.CreateModel(
            name='NoticeWay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(blank=True, choices=[('deputy', '人大代表'), ('town_office', '镇人大、街道工委'), ('county_office', '县人大常委会工委'), ('dispatcher', '县政府办'), ('unit', '承办单位'), ('leader', '领导')], default='', max_length=20, verbose_name='角色')),
                ('mail', models.BooleanField(default=None, help_text='空：按岗位的设置', null=True, verbose_name='发邮件')),
                ('silent', models.JSONField(default=list, verbose_name='不发的种类')),
            ],
            options={
                'verbose_name': '通知方式',
                'verbose_name_plural': '通知方式',
            },
        ),
        migrations.CreateModel(
            name='NoticeWayEvent',
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
                'verbose_name': '通知方式经过',
                'verbose_name_plural': '通知方式经过',
                'ordering': ['pk'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Outgoing',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name='编号')),
                ('kind', models.CharField(max_length=30, verbose_name='种类')),
                ('stream', models.CharField(max_length=64, verbose_name='所属')),
                ('body', models.JSONField(verbose_name='内容')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='时间')),
                ('sequence', models.PositiveBigIntegerField(null=True, unique=True, verbose_name='序号')),
                ('previous', models.PositiveBigIntegerField(null=True, verbose_name='同一件的上一个序号')),
                ('written_at', models.DateTimeField(null=True, verbose_name='写出时间')),
                ('acknowledged_at', models.DateTimeField(null=True, verbose_name='对方收到时间')),
            ],
            options={
                'verbose_name': '跨区报文（发出）',
                'verbose_name_plural': '跨区报文（发出）',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='Robot',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=40, unique=True, verbose_name='名称')),
                ('format', models.CharField(choices=[('dingtalk', '钉钉'), ('wecom', '企业微信')], max_length=10, verbose_name='平台')),
                ('sealed', models.BinaryField(verbose_name='地址与密钥（密文）')),
                ('host', models.CharField(max_length=120, verbose_name='主机')),
                ('roles', models.JSONField(default=list, verbose_name='角色')),
                ('scope', models.CharField(blank=True, default='', help_text='区划代码前缀：只说其中的人收到的；空：不限', max_length=12, verbose_name='管辖区划')),
                ('kinds', models.JSONField(default=list, help_text='空：都说', verbose_name='种类')),
                ('stopped_at', models.DateTimeField(blank=True, null=True, verbose_name='停用时间')),
            ],
            options={
                'verbose_name': '群机器人',
                'verbose_name_plural': '群机器人',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='RobotEvent',
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
                'verbose_name': '群机器人经过',
                'verbose_name_plural': '群机器人经过',
                'ordering': ['pk'],
                'abstract': False,
            },
        ),
        migrations.RemoveConstraint(
            model_name='delivery',
            name='record_delivery_once',
        ),
        migrations.AddField(
            model_name='delivery',
            name='target',
            field=models.CharField(blank=True, default='', max_length=40, verbose_name='对象'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state', 'sent'), _negated=True), fields=['-id'], name='record_delivery_unsent'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.UniqueConstraint(fields=('notice', 'channel', 'target'), name='record_delivery_once'),
        ),
        migrations.AddIndex(
            model_name='incoming',
            index=models.Index(condition=models.Q(('state', 'waiting')), fields=['sequence'], name='record_incoming_waiting'),
        ),
        migrations.AddConstraint(
            model_name='incoming',
            constraint=models.UniqueConstraint(fields=('sender', 'sequence'), name='record_incoming_once'),
        ),
        migrations.AddField(
            model_name='noticeway',
            name='user',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='notice_way', to=settings.AUTH_USER_MODEL, verbose_name='用户'),
        ),
        migrations.AddField(
            model_name='noticewayevent',
            name='actor',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='操作人'),
        ),
        migrations.AddField(
            model_name='noticewayevent',
            name='subject',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='record.noticeway', verbose_name='通知方式'),
        ),
        migrations.AddIndex(
            model_name='outgoing',
            index=models.Index(fields=['stream', 'sequence'], name='record_outgoing_stream'),
        ),
        migrations.AddIndex(
            model_name='outgoing',
            index=models.Index(condition=models.Q(('acknowledged_at', None)), fields=['written_at'], name='record_outgoing_waiting'),
        ),
        migrations.AddIndex(
            model_name='outgoing',
            index=models.Index(condition=models.Q(('sequence', None)), fields=['id'], name='record_outgoing_new'),
        ),
        migrations.AddField(
            model_name='robotevent',
            name='actor',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='操作人'),
        ),
        migrations.AddField(
            model_name='robotevent',
            name='subject',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='record.robot', verbose_name='群机器人'),
        ),
        migrations.AddConstraint(
            model_name='noticeway',
            constraint=models.CheckConstraint(condition=models.Q(('user__isnull', True), ('role', ''), _connector='XOR'), name='record_noticeway_whose'),
        ),
        migrations.AddConstraint(
            model_name='noticeway',
            constraint=models.UniqueConstraint(condition=models.Q(('user', None)), fields=('role',), name='record_noticeway_role'),
        ),
        migrations.AddConstraint(
            model_name='noticewayevent',
            constraint=models.UniqueConstraint(fields=('subject', 'previous_hash'), name='record_noticewayevent_no_fork'),
        ),
        migrations.AddConstraint(
            model_name='robotevent',
            constraint=models.UniqueConstraint(fields=('subject', 'previous_hash'), name='record_robotevent_no_fork'),
        ),
        append_only("record_noticewayevent"),
        append_only("record_robotevent"),
    ]
