"""告知: what residents are told, and how."""

import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0010_desks"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Telling',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('what', models.CharField(choices=[('received', '已收到'), ('passed', '已转交'), ('paused', '请您补充'), ('answered', '已答复'), ('reopened', '重新办理'), ('merged', '并案办理'), ('closed', '已办结')], max_length=10, verbose_name='事由')),
                ('words', models.TextField(verbose_name='要告知的话')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='时间')),
                ('way', models.CharField(blank=True, choices=[('sms', '短信'), ('wechat', '微信'), ('call', '电话告知'), ('told', '办理人当面或电话告知'), ('page', '只在进度页上')], default='', help_text='空：还没有定', max_length=10, verbose_name='方式')),
                ('state', models.CharField(choices=[('waiting', '待告知'), ('done', '已告知'), ('unreached', '没有联系上'), ('dropped', '不必再告知')], default='waiting', max_length=10, verbose_name='状态')),
                ('due_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='不早于')),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='已试次数')),
                ('reference', models.UUIDField(default=uuid.uuid4, editable=False, verbose_name='发送编号')),
                ('error', models.CharField(blank=True, default='', max_length=200, verbose_name='最近一次的问题')),
                ('claimed_at', models.DateTimeField(blank=True, null=True, verbose_name='开始打电话的时间')),
                ('outcome', models.CharField(blank=True, choices=[('reached', '已告知本人'), ('no_answer', '没有接听'), ('wrong_number', '号码不对')], default='', max_length=14, verbose_name='结果')),
                ('told_at', models.DateTimeField(blank=True, null=True, verbose_name='告知时间')),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tellings', to='cases.case', verbose_name='民情件')),
                ('claimed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='正在打电话的人')),
                ('joiner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='tellings', to='cases.joiner', verbose_name='共同反映人')),
                ('told_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='告知人')),
            ],
            options={
                'verbose_name': '告知反映人',
                'verbose_name_plural': '告知反映人',
                'ordering': ['pk'],
                'indexes': [models.Index(condition=models.Q(('state', 'waiting'), ('way', 'call')), fields=['due_at', 'id'], name='cases_telling_calls'), models.Index(condition=models.Q(('state', 'waiting'), models.Q(('way', 'call'), _negated=True)), fields=['due_at'], name='cases_telling_due')],
            },
        ),
    ]
