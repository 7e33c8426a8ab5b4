"""接待日: when residents are received in person, where and by whom."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from apps.record.events import append_only


class Migration(migrations.Migration):

    dependencies = [
        ('deputies', '0007_groups'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ReceptionDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(verbose_name='日期')),
                ('starts', models.TimeField(verbose_name='开始')),
                ('ends', models.TimeField(verbose_name='结束')),
                ('place', models.CharField(blank=True, help_text='空：在联络站', max_length=120, verbose_name='地点')),
                ('topic', models.CharField(blank=True, max_length=120, verbose_name='主题')),
                ('state', models.CharField(choices=[('planned', '已安排'), ('held', '已接待'), ('called_off', '已取消')], default='planned', max_length=12, verbose_name='状态')),
                ('visitors', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='来访人数')),
                ('revision', models.PositiveIntegerField(default=0, verbose_name='版本')),
                ('deputies', models.ManyToManyField(related_name='reception_days', to='deputies.deputy', verbose_name='接待代表')),
                ('station', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reception_days', to='deputies.station', verbose_name='联络站')),
            ],
            options={
                'verbose_name': '接待日',
                'verbose_name_plural': '接待日',
                'ordering': ['-day', 'starts', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='ReceptionEvent',
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
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='deputies.receptionday', verbose_name='接待日')),
            ],
            options={
                'verbose_name': '接待日经过',
                'verbose_name_plural': '接待日经过',
                'ordering': ['pk'],
                'abstract': False,
            },
        ),
        migrations.AddIndex(
            model_name='receptionday',
            index=models.Index(fields=['day'], name='deputies_reception_day'),
        ),
        migrations.AddConstraint(
            model_name='receptionday',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'called_off'), _negated=True), fields=('station', 'day', 'starts'), name='deputies_reception_once'),
        ),
        migrations.AddConstraint(
            model_name='receptionday',
            constraint=models.CheckConstraint(condition=models.Q(('ends__gt', models.F('starts'))), name='deputies_reception_hours'),
        ),
        migrations.AddConstraint(
            model_name='receptionday',
            constraint=models.CheckConstraint(condition=models.Q(('visitors__isnull', True), ('state', 'held'), _connector='OR'), name='deputies_reception_visitors'),
        ),
        migrations.AddConstraint(
            model_name='receptionevent',
            constraint=models.UniqueConstraint(fields=('subject', 'previous_hash'), name='deputies_receptionevent_no_fork'),
        ),
        append_only('deputies_receptionevent'),
    ]
