"""Rota of stations: months, turns, and what was changed."""

import django.db.models.constraints
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from apps.record.events import append_only


class Migration(migrations.Migration):

    dependencies = [
        ('deputies', '0003_tiles'),
        ('record', '0001_append_only'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Rota',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('month', models.DateField(verbose_name='月份')),
                ('version', models.PositiveIntegerField(default=0, verbose_name='版本')),
                ('rule', models.JSONField(default=dict, verbose_name='排班规则')),
                ('station', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='rotas', to='deputies.station', verbose_name='联络站')),
            ],
            options={
                'verbose_name': '排班表',
                'verbose_name_plural': '排班表',
                'ordering': ['station', 'month'],
            },
        ),
        migrations.CreateModel(
            name='DutyTurn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(verbose_name='日期')),
                ('order', models.PositiveSmallIntegerField(verbose_name='次序')),
                ('absent', models.BooleanField(default=False, verbose_name='请假')),
                ('deputy', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='turns', to='deputies.deputy', verbose_name='代表')),
                ('rota', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='turns', to='deputies.rota', verbose_name='排班表')),
            ],
            options={
                'verbose_name': '值班',
                'verbose_name_plural': '值班',
                'ordering': ['day', 'rota', 'order'],
            },
        ),
        migrations.CreateModel(
            name='RotaEvent',
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
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='deputies.rota')),
            ],
            options={
                'verbose_name': '排班经过',
                'verbose_name_plural': '排班经过',
                'ordering': ['pk'],
                'abstract': False,
            },
        ),
        migrations.AddConstraint(
            model_name='rota',
            constraint=models.UniqueConstraint(fields=('station', 'month'), name='deputies_rota_once'),
        ),
        migrations.AddConstraint(
            model_name='rota',
            constraint=models.CheckConstraint(condition=models.Q(('month__day', 1)), name='deputies_rota_month'),
        ),
        migrations.AddIndex(
            model_name='dutyturn',
            index=models.Index(fields=['deputy', 'day'], name='deputies_turn_deputy'),
        ),
        migrations.AddIndex(
            model_name='dutyturn',
            index=models.Index(fields=['day'], name='deputies_turn_day'),
        ),
        migrations.AddConstraint(
            model_name='dutyturn',
            constraint=models.UniqueConstraint(deferrable=django.db.models.constraints.Deferrable['DEFERRED'], fields=('rota', 'day', 'order'), name='deputies_turn_once'),
        ),
        migrations.AddConstraint(
            model_name='dutyturn',
            constraint=models.UniqueConstraint(deferrable=django.db.models.constraints.Deferrable['DEFERRED'], fields=('rota', 'day', 'deputy'), name='deputies_turn_of_one'),
        ),
        migrations.AddConstraint(
            model_name='dutyturn',
            constraint=models.CheckConstraint(condition=models.Q(('order__gte', 1), ('order__lte', 9)), name='deputies_turn_order'),
        ),
        migrations.AddConstraint(
            model_name='rotaevent',
            constraint=models.UniqueConstraint(fields=('subject', 'previous_hash'), name='deputies_rotaevent_no_fork'),
        ),
        append_only('deputies_rotaevent'),
    ]
