"""Groups: when one was dissolved, its history; those called after a 街道, which has no congress, belong to it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from apps.record.events import append_only


class Migration(migrations.Migration):

    dependencies = [
        ('deputies', '0006_grid_members'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='group',
            name='closed_on',
            field=models.DateField(blank=True, null=True, verbose_name='撤销日期'),
        ),
        migrations.RunSQL(
            sql="""
            UPDATE deputies_group g SET area_id = (
                SELECT t.id FROM territory_adminarea t WHERE t.level = 'town' AND t.valid_to IS NULL AND starts_with(g.name, t.name)
                ORDER BY length(t.name) DESC, t.code LIMIT 1
            ) WHERE area_id IS NULL
            """,
            reverse_sql=migrations.RunSQL.noop,
        ),
        migrations.CreateModel(
            name='GroupEvent',
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
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='deputies.group')),
            ],
            options={
                'verbose_name': '代表小组经过',
                'verbose_name_plural': '代表小组经过',
                'ordering': ['pk'],
                'abstract': False,
            },
        ),
        migrations.AddConstraint(
            model_name='groupevent',
            constraint=models.UniqueConstraint(fields=('subject', 'previous_hash'), name='deputies_groupevent_no_fork'),
        ),
        append_only('deputies_groupevent'),
    ]
