"""The deputy grid: who stands for which grid, its history, and its tiles."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from apps.record.events import append_only
from apps.territory.tiles import margin, simplified, tile_function

# Far out a village stands for its grids: as many deputies as the one of them has that has fewest.
GRID_MEMBER = f"""
    SELECT CASE WHEN z >= 11 THEN (
        SELECT ST_AsMVT(t, 'gridmember', 4096, 'geom') FROM (
            SELECT g.code AS id, g.name, m.confirmed, m.waiting, {simplified('g.geom_3857')} AS geom
            FROM territory_grid g CROSS JOIN LATERAL (
                SELECT count(*) FILTER (WHERE state = 'confirmed') AS confirmed, count(*) FILTER (WHERE state = 'proposed') AS waiting
                FROM deputies_gridmember WHERE grid_id = g.id AND state <> 'ended'
            ) m WHERE {margin('g.geom_3857')}
        ) t WHERE geom IS NOT NULL
    ) ELSE (
        SELECT ST_AsMVT(t, 'gridmember', 4096, 'geom') FROM (
            SELECT v.code AS village, v.name, m.confirmed, m.waiting, m.grids, {simplified('v.geom_3857')} AS geom
            FROM territory_adminarea v CROSS JOIN LATERAL (
                SELECT count(*) AS grids, min(n.confirmed) AS confirmed, sum(n.waiting)::int AS waiting FROM (
                    SELECT count(*) FILTER (WHERE state = 'confirmed') AS confirmed, count(*) FILTER (WHERE state = 'proposed') AS waiting
                    FROM territory_grid g LEFT JOIN deputies_gridmember k ON k.grid_id = g.id AND k.state <> 'ended'
                    WHERE g.village_id = v.id GROUP BY g.id
                ) n
            ) m WHERE {margin('v.geom_3857')} AND v.level = 'village' AND m.grids > 0
        ) t WHERE geom IS NOT NULL
    ) END
"""


class Migration(migrations.Migration):

    dependencies = [
        ('deputies', '0005_codes'),
        ('territory', '0006_issuer_hung'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='GridMember',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('basis', models.CharField(choices=[('residence', '居住地'), ('workplace', '工作地'), ('field', '工作领域')], max_length=10, verbose_name='依据')),
                ('origin', models.CharField(choices=[('data', '按资料推荐'), ('staff', '人工添加')], default='data', max_length=6, verbose_name='来源')),
                ('state', models.CharField(choices=[('proposed', '待确认'), ('confirmed', '已确认'), ('declined', '不采用'), ('ended', '已结束')], default='proposed', max_length=10, verbose_name='状态')),
                ('reason', models.CharField(blank=True, max_length=200, verbose_name='理由')),
                ('fits', models.BooleanField(default=True, verbose_name='与资料相符')),
                ('since', models.DateField(verbose_name='起始日期')),
                ('until', models.DateField(blank=True, null=True, verbose_name='结束日期')),
                ('decided_at', models.DateTimeField(blank=True, null=True, verbose_name='确认时间')),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='确认人')),
                ('deputy', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='grids', to='deputies.deputy', verbose_name='代表')),
                ('field', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='deputies.field', verbose_name='所需领域')),
                ('grid', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='members', to='territory.grid', verbose_name='网格')),
            ],
            options={
                'verbose_name': '网格代表',
                'verbose_name_plural': '网格代表',
                'ordering': ['grid__code', 'deputy__code'],
            },
        ),
        migrations.CreateModel(
            name='GridMemberEvent',
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
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='deputies.gridmember')),
            ],
            options={
                'verbose_name': '网格代表经过',
                'verbose_name_plural': '网格代表经过',
                'ordering': ['pk'],
                'abstract': False,
            },
        ),
        migrations.AddIndex(
            model_name='gridmember',
            index=models.Index(fields=['deputy', 'state'], name='deputies_gridmember_deputy'),
        ),
        migrations.AddConstraint(
            model_name='gridmember',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'ended'), _negated=True), fields=('grid', 'deputy'), name='deputies_gridmember_once'),
        ),
        migrations.AddConstraint(
            model_name='gridmember',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'ended'), ('until__isnull', False)), models.Q(models.Q(('state', 'ended'), _negated=True), ('until', None)), _connector='OR'), name='deputies_gridmember_ended'),
        ),
        migrations.AddConstraint(
            model_name='gridmember',
            constraint=models.CheckConstraint(condition=models.Q(('until', None), ('until__gte', models.F('since')), _connector='OR'), name='deputies_gridmember_order'),
        ),
        migrations.AddConstraint(
            model_name='gridmember',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('origin', 'staff'), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='deputies_gridmember_reason'),
        ),
        migrations.AddConstraint(
            model_name='gridmemberevent',
            constraint=models.UniqueConstraint(fields=('subject', 'previous_hash'), name='deputies_gridmemberevent_no_fork'),
        ),
        append_only('deputies_gridmemberevent'),
        tile_function('gridmember', GRID_MEMBER, public=False),
    ]
