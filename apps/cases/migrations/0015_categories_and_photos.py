"""Categories that the office changes, photos of answers for everybody to read; a case that goes on in another is 合并, no court's word."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from apps.record.events import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0014_linked_orders"),
        ("record", "0005_messages"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.AddField(
            model_name='category',
            name='active',
            field=models.BooleanField(default=True, help_text='停用的不再供选、不再识别；已经是这一类的民情件不变', verbose_name='在用'),
        ),
        migrations.AddField(
            model_name='category',
            name='version',
            field=models.PositiveIntegerField(default=0, verbose_name='修订号'),
        ),
        migrations.AddField(
            model_name='publication',
            name='photos',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), blank=True, default=list, help_text='Photo 的编号', size=None, verbose_name='选出公开的照片'),
        ),
        migrations.AlterField(
            model_name='case',
            name='state',
            field=models.CharField(choices=[('with_deputy', '代表办理中'), ('with_town', '镇人大、街道工委办理中'), ('with_county', '县人大常委会工委办理中'), ('with_dispatcher', '县政府办待交办'), ('with_unit', '承办单位办理中'), ('answered', '已答复'), ('closed', '已办结'), ('merged', '已合并办理'), ('split', '已拆分办理'), ('withdrawn', '已撤回或不予受理')], max_length=20, verbose_name='状态'),
        ),
        migrations.AlterField(
            model_name='telling',
            name='what',
            field=models.CharField(choices=[('received', '已收到'), ('passed', '已转交'), ('paused', '请您补充'), ('answered', '已答复'), ('reopened', '重新办理'), ('merged', '合并办理'), ('closed', '已办结')], max_length=10, verbose_name='事由'),
        ),
        migrations.CreateModel(
            name='CategoryEvent',
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
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='cases.category', verbose_name='类别')),
            ],
            options={
                'verbose_name': '类别经过',
                'verbose_name_plural': '类别经过',
                'ordering': ['pk'],
                'abstract': False,
                'constraints': [models.UniqueConstraint(fields=('subject', 'previous_hash'), name='cases_categoryevent_no_fork')],
            },
        ),
        append_only("cases_categoryevent"),
        migrations.CreateModel(
            name='PublishedPhoto',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('answer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='photos', to='cases.publishedanswer', verbose_name='公开答复')),
                ('photo', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='record.photo', verbose_name='照片')),
            ],
            options={
                'verbose_name': '公开照片',
                'verbose_name_plural': '公开照片',
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('answer', 'photo'), name='cases_publishedphoto_once')],
            },
        ),
    ]
