"""Keys for programs that file reports, and what came with them."""

import django.db.models.deletion
import django.utils.timezone
import apps.record.codes
from django.conf import settings
from django.db import migrations, models

from apps.record.events import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("cases", "0011_tellings"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ApiKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, unique=True, verbose_name='给谁用')),
                ('contact', models.CharField(max_length=80, verbose_name='联系人和电话')),
                ('digest', models.CharField(editable=False, max_length=64, unique=True, verbose_name='密钥摘要')),
                ('shown', models.CharField(editable=False, max_length=6, verbose_name='密钥开头')),
                ('per_hour', models.PositiveIntegerField(default=120, verbose_name='每小时最多')),
                ('by_token', models.BooleanField(default=False, verbose_name='先给凭证')),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='发放时间')),
                ('stopped_at', models.DateTimeField(blank=True, null=True, verbose_name='停用时间')),
            ],
            options={
                'verbose_name': '接口密钥',
                'verbose_name_plural': '接口密钥',
                'ordering': ['-made_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='PostedRequest',
            fields=[
                ('case', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='posted_request', serialize=False, to='cases.case', verbose_name='民情件')),
                ('code', models.CharField(default=apps.record.codes.new_code, max_length=20, unique=True, verbose_name='来件编号')),
                ('token', models.CharField(default=apps.record.codes.new_code, max_length=20, unique=True, verbose_name='凭证')),
                ('device', models.CharField(blank=True, default='', max_length=120, verbose_name='设备')),
                ('key', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='requests', to='interop.apikey', verbose_name='接口密钥')),
            ],
            options={
                'verbose_name': '接口来件',
                'verbose_name_plural': '接口来件',
            },
        ),
        migrations.CreateModel(
            name='ApiKeyEvent',
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
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='interop.apikey', verbose_name='接口密钥')),
            ],
            options={
                'verbose_name': '接口密钥经过',
                'verbose_name_plural': '接口密钥经过',
                'ordering': ['pk'],
                'abstract': False,
                'constraints': [models.UniqueConstraint(fields=('subject', 'previous_hash'), name='interop_apikeyevent_no_fork')],
            },
        ),
        append_only("interop_apikeyevent"),
    ]
