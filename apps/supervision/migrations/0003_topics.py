"""监督事项: what is supervised, a key project or another matter; teams now belong to it."""

import django.contrib.gis.db.models.fields
import django.db.models.deletion
import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models

from apps.record.events import append_only

TOPICS_OF_TEAMS = """
    INSERT INTO supervision_topic (kind, project_id, text, own_title) SELECT DISTINCT 'project', t.project_id, '', '' FROM supervision_team t;
    UPDATE supervision_team t SET topic_id = o.id FROM supervision_topic o WHERE o.project_id = t.project_id;
    UPDATE supervision_assignmentrun SET statistics = statistics - 'projects' || jsonb_build_object('topics', statistics->'projects')
        WHERE statistics->'projects' IS NOT NULL;
    SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):

    dependencies = [
        ("supervision", "0002_append_only"),
        ("deputies", "0001_initial"),
        ("organisations", "0001_initial"),
        ("projects", "0001_initial"),
        ("record", "0001_append_only"),
        ("territory", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Topic',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('project', '重点项目'), ('livelihood', '民生实事项目'), ('suggestion', '重点督办建议')], max_length=10, verbose_name='类别')),
                ('year', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='年度')),
                ('text', models.CharField(blank=True, max_length=1000, verbose_name='内容')),
                ('own_code', models.CharField(blank=True, max_length=30, null=True, unique=True, verbose_name='事项编号')),
                ('own_title', models.CharField(blank=True, max_length=80, verbose_name='事项名称')),
                ('own_site', django.contrib.gis.db.models.fields.PointField(blank=True, null=True, srid=4326, verbose_name='地点')),
                ('own_demand', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='监督小组人数')),
                ('own_experts', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='须懂行人数')),
            ],
            options={
                'verbose_name': '监督事项',
                'verbose_name_plural': '监督事项',
                'ordering': [django.db.models.functions.comparison.Coalesce('project__code', 'own_code')],
            },
        ),
        migrations.CreateModel(
            name='TopicEvent',
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
                'verbose_name': '监督事项经过',
                'verbose_name_plural': '监督事项经过',
                'ordering': ['pk'],
                'abstract': False,
            },
        ),
        migrations.AddField(
            model_name='topic',
            name='own_field',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='deputies.field', verbose_name='领域'),
        ),
        migrations.AddField(
            model_name='topic',
            name='own_owner',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='owned_topics', to='organisations.organisation', verbose_name='实施单位'),
        ),
        migrations.AddField(
            model_name='topic',
            name='own_responsible',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='responsible_topics', to='organisations.organisation', verbose_name='责任单位'),
        ),
        migrations.AddField(
            model_name='topic',
            name='own_town',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='territory.adminarea', verbose_name='所在乡镇街道'),
        ),
        migrations.AddField(
            model_name='topic',
            name='project',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='topic', to='projects.keyproject', verbose_name='重点项目'),
        ),
        migrations.AddField(
            model_name='topicevent',
            name='actor',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='操作人'),
        ),
        migrations.AddField(
            model_name='topicevent',
            name='subject',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='supervision.topic', verbose_name='监督事项'),
        ),
        migrations.AddConstraint(
            model_name='topic',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'project'), ('own_code', None), ('own_demand', None), ('own_experts', None), ('own_field', None), ('own_owner', None), ('own_responsible', None), ('own_site', None), ('own_title', ''), ('own_town', None), ('project__isnull', False)), models.Q(models.Q(('kind', 'project'), _negated=True), ('own_code__isnull', False), ('own_demand__isnull', False), ('own_experts__isnull', False), ('own_site__isnull', False), ('own_title__gt', ''), ('project', None)), _connector='OR'), name='supervision_topic_told_once'),
        ),
        migrations.AddConstraint(
            model_name='topic',
            constraint=models.CheckConstraint(condition=models.Q(('own_experts__lte', models.F('own_demand'))), name='supervision_topic_experts'),
        ),
        migrations.AddConstraint(
            model_name='topic',
            constraint=models.CheckConstraint(condition=models.Q(('own_demand__lte', 5)), name='supervision_topic_demand'),
        ),
        migrations.AddConstraint(
            model_name='topicevent',
            constraint=models.UniqueConstraint(fields=('subject', 'previous_hash'), name='supervision_topicevent_no_fork'),
        ),
        # Teams of projects become teams of their topics.
        migrations.AddField(
            model_name='team',
            name='topic',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='teams', to='supervision.topic', verbose_name='监督事项'),
        ),
        migrations.RunSQL(TOPICS_OF_TEAMS, migrations.RunSQL.noop),
        migrations.RemoveConstraint(
            model_name='team',
            name='supervision_team_once',
        ),
        migrations.AlterModelOptions(
            name='team',
            options={'ordering': [django.db.models.functions.comparison.Coalesce('topic__project__code', 'topic__own_code')], 'verbose_name': '监督小组', 'verbose_name_plural': '监督小组'},
        ),
        migrations.RemoveField(
            model_name='team',
            name='project',
        ),
        migrations.AlterField(
            model_name='team',
            name='topic',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='teams', to='supervision.topic', verbose_name='监督事项'),
        ),
        migrations.AddConstraint(
            model_name='team',
            constraint=models.UniqueConstraint(fields=('run', 'topic'), name='supervision_team_once'),
        ),
        append_only("supervision_topicevent"),
    ]
