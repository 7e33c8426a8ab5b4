"""Codes of deputies and stations, their histories, their scans by the day."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from apps.record.events import append_only


class Migration(migrations.Migration):

    dependencies = [
        ('deputies', '0004_rota'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='DeputyCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(editable=False, max_length=12, unique=True, verbose_name='码')),
                ('status', models.CharField(choices=[('active', '在用'), ('replaced', '已换发'), ('retired', '停用'), ('void', '作废')], default='active', max_length=8, verbose_name='状态')),
                ('issued_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='发码时间')),
                ('printed_at', models.DateTimeField(blank=True, null=True, verbose_name='最近印制')),
                ('prints', models.PositiveIntegerField(default=0, verbose_name='印制次数')),
                ('deputy', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='codes', to='deputies.deputy', verbose_name='代表')),
                ('successor', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='predecessors', to='deputies.deputycode', verbose_name='换发为')),
            ],
            options={
                'verbose_name': '代表码',
                'verbose_name_plural': '代表码',
                'ordering': ['-pk'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='DeputyCodeEvent',
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
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='deputies.deputycode', verbose_name='代表码')),
            ],
            options={
                'verbose_name': '代表码经过',
                'verbose_name_plural': '代表码经过',
                'ordering': ['pk'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='DeputyScan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(verbose_name='日期')),
                ('count', models.PositiveIntegerField(verbose_name='次数')),
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='scans', to='deputies.deputycode', verbose_name='代表码')),
            ],
            options={
                'verbose_name': '代表码扫码次数',
                'verbose_name_plural': '代表码扫码次数',
                'ordering': ['-day'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='StationCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(editable=False, max_length=12, unique=True, verbose_name='码')),
                ('status', models.CharField(choices=[('active', '在用'), ('replaced', '已换发'), ('retired', '停用'), ('void', '作废')], default='active', max_length=8, verbose_name='状态')),
                ('issued_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='发码时间')),
                ('printed_at', models.DateTimeField(blank=True, null=True, verbose_name='最近印制')),
                ('prints', models.PositiveIntegerField(default=0, verbose_name='印制次数')),
                ('station', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='codes', to='deputies.station', verbose_name='联络站')),
                ('successor', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='predecessors', to='deputies.stationcode', verbose_name='换发为')),
            ],
            options={
                'verbose_name': '联络站码',
                'verbose_name_plural': '联络站码',
                'ordering': ['-pk'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='StationCodeEvent',
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
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='deputies.stationcode', verbose_name='联络站码')),
            ],
            options={
                'verbose_name': '联络站码经过',
                'verbose_name_plural': '联络站码经过',
                'ordering': ['pk'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='StationScan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(verbose_name='日期')),
                ('count', models.PositiveIntegerField(verbose_name='次数')),
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='scans', to='deputies.stationcode', verbose_name='联络站码')),
            ],
            options={
                'verbose_name': '联络站码扫码次数',
                'verbose_name_plural': '联络站码扫码次数',
                'ordering': ['-day'],
                'abstract': False,
            },
        ),
        migrations.AddConstraint(
            model_name='deputycode',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'replaced'), ('successor__isnull', False)), models.Q(models.Q(('status', 'replaced'), _negated=True), ('successor__isnull', True)), _connector='OR'), name='deputies_deputycode_successor'),
        ),
        migrations.AddConstraint(
            model_name='deputycode',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'active')), fields=('deputy',), name='deputies_deputycode_one_each'),
        ),
        migrations.AddConstraint(
            model_name='deputycodeevent',
            constraint=models.UniqueConstraint(fields=('subject', 'previous_hash'), name='deputies_deputycodeevent_no_fork'),
        ),
        migrations.AddConstraint(
            model_name='deputyscan',
            constraint=models.UniqueConstraint(fields=('subject', 'day'), name='deputies_deputyscan_once_a_day'),
        ),
        migrations.AddConstraint(
            model_name='stationcode',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'replaced'), ('successor__isnull', False)), models.Q(models.Q(('status', 'replaced'), _negated=True), ('successor__isnull', True)), _connector='OR'), name='deputies_stationcode_successor'),
        ),
        migrations.AddConstraint(
            model_name='stationcode',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'active')), fields=('station',), name='deputies_stationcode_one_each'),
        ),
        migrations.AddConstraint(
            model_name='stationcodeevent',
            constraint=models.UniqueConstraint(fields=('subject', 'previous_hash'), name='deputies_stationcodeevent_no_fork'),
        ),
        migrations.AddConstraint(
            model_name='stationscan',
            constraint=models.UniqueConstraint(fields=('subject', 'day'), name='deputies_stationscan_once_a_day'),
        ),
        append_only('deputies_deputycodeevent'),
        append_only('deputies_stationcodeevent'),
    ]
