"""A draft that is worked on: what was asked, revisions, locks, claims, how it was approved; and a published run that stays as it is."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from apps.record.events import append_only

FROZEN = """
    CREATE FUNCTION supervision_refuse_published() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        held bigint;
    BEGIN
        IF TG_TABLE_NAME = 'supervision_assignmentrun' THEN
            held := OLD.id;
        ELSIF TG_TABLE_NAME = 'supervision_team' THEN
            held := CASE TG_OP WHEN 'INSERT' THEN NEW.run_id ELSE OLD.run_id END;
        ELSE
            SELECT run_id INTO held FROM supervision_team WHERE id = CASE TG_OP WHEN 'INSERT' THEN NEW.team_id ELSE OLD.team_id END;
        END IF;
        IF EXISTS (SELECT FROM supervision_assignmentrun WHERE id = held AND state = 'published') THEN
            RAISE EXCEPTION '已发布的方案不能修改，只能另起新方案' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END $$;
    CREATE TRIGGER supervision_team_frozen BEFORE INSERT OR UPDATE OR DELETE ON supervision_team
        FOR EACH ROW EXECUTE FUNCTION supervision_refuse_published();
    CREATE TRIGGER supervision_member_frozen BEFORE INSERT OR UPDATE OR DELETE ON supervision_teammember
        FOR EACH ROW EXECUTE FUNCTION supervision_refuse_published();
    CREATE TRIGGER supervision_run_frozen BEFORE UPDATE OR DELETE ON supervision_assignmentrun
        FOR EACH ROW WHEN (OLD.state = 'published') EXECUTE FUNCTION supervision_refuse_published();
"""
FOLLOWS = """
    UPDATE supervision_assignmentrun r SET follows_id = (
        SELECT p.id FROM supervision_assignmentrun p WHERE p.state = 'published' AND p.published_at < r.created_at ORDER BY p.published_at DESC LIMIT 1
    );
    SET CONSTRAINTS ALL IMMEDIATE;
"""
THAWED = """
    DROP TRIGGER supervision_run_frozen ON supervision_assignmentrun;
    DROP TRIGGER supervision_member_frozen ON supervision_teammember;
    DROP TRIGGER supervision_team_frozen ON supervision_team;
    DROP FUNCTION supervision_refuse_published();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("supervision", "0003_topics"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.AddField(
            model_name='assignmentrun',
            name='approval_body',
            field=models.CharField(blank=True, choices=[('committee', '县人大常委会工委'), ('meeting', '主任会议')], max_length=10, verbose_name='批准机关'),
        ),
        migrations.AddField(
            model_name='assignmentrun',
            name='approval_words',
            field=models.CharField(blank=True, help_text='如“县十七届人大常委会第三十次主任会议”', max_length=200, verbose_name='批准依据'),
        ),
        migrations.AddField(
            model_name='assignmentrun',
            name='approved_on',
            field=models.DateField(blank=True, null=True, verbose_name='批准日期'),
        ),
        migrations.AddField(
            model_name='assignmentrun',
            name='asked_deputies',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), blank=True, null=True, size=None, verbose_name='所选代表'),
        ),
        migrations.AddField(
            model_name='assignmentrun',
            name='asked_topics',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), blank=True, null=True, size=None, verbose_name='所选事项'),
        ),
        migrations.AddField(
            model_name='assignmentrun',
            name='changed_total',
            field=models.BigIntegerField(blank=True, null=True, verbose_name='调整后总代价(米)'),
        ),
        migrations.AddField(
            model_name='assignmentrun',
            name='filters',
            field=models.JSONField(default=dict, help_text='起草时页面上所选，原样保存', verbose_name='筛选条件'),
        ),
        migrations.AddField(
            model_name='assignmentrun',
            name='follows',
            field=models.ForeignKey(blank=True, help_text='起草时在用的方案', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='supervision.assignmentrun', verbose_name='上一方案'),
        ),
        migrations.AddField(
            model_name='assignmentrun',
            name='revision',
            field=models.PositiveIntegerField(default=0, help_text='每调整一次加一；两人同时改时先到者成', verbose_name='修订号'),
        ),
        migrations.AddField(
            model_name='assignmentrun',
            name='supplements',
            field=models.BooleanField(default=False, help_text='只补上一方案的空缺，其余不动', verbose_name='补选'),
        ),
        migrations.AddField(
            model_name='team',
            name='carried',
            field=models.BooleanField(default=False, help_text='这次没有选这个事项，上一方案的小组照旧', verbose_name='沿用'),
        ),
        migrations.AddField(
            model_name='teammember',
            name='locked',
            field=models.BooleanField(default=False, verbose_name='锁定'),
        ),
        migrations.AlterField(
            model_name='assignmentrun',
            name='state',
            field=models.CharField(choices=[('queued', '排队中'), ('running', '计算中'), ('failed', '未算成'), ('cancelled', '已取消'), ('draft', '草案'), ('approved', '已批准'), ('published', '已发布')], default='queued', max_length=12, verbose_name='状态'),
        ),
        migrations.AlterField(
            model_name='teammember',
            name='origin',
            field=models.CharField(choices=[('solver', '系统推荐'), ('staff', '人工调整'), ('claim', '代表认领'), ('kept', '沿用')], default='solver', max_length=8, verbose_name='来源'),
        ),
        migrations.CreateModel(
            name='Claim',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('words', models.CharField(max_length=200, verbose_name='认领理由')),
                ('state', models.CharField(choices=[('open', '待确认'), ('confirmed', '已确认'), ('declined', '未同意'), ('withdrawn', '已撤回')], default='open', max_length=10, verbose_name='状态')),
                ('answer', models.CharField(blank=True, max_length=200, verbose_name='答复')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='提出时间')),
                ('decided_at', models.DateTimeField(blank=True, null=True, verbose_name='确认时间')),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='确认人')),
                ('deputy', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='claims', to='deputies.deputy', verbose_name='代表')),
                ('topic', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='claims', to='supervision.topic', verbose_name='监督事项')),
            ],
            options={
                'verbose_name': '认领',
                'verbose_name_plural': '认领',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='ClaimEvent',
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
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='supervision.claim', verbose_name='认领')),
            ],
            options={
                'verbose_name': '认领经过',
                'verbose_name_plural': '认领经过',
                'ordering': ['pk'],
                'abstract': False,
            },
        ),
        migrations.AddIndex(
            model_name='claim',
            index=models.Index(fields=['state', '-id'], name='supervision_claim_state'),
        ),
        migrations.AddConstraint(
            model_name='claim',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['open', 'confirmed'])), fields=('topic', 'deputy'), name='supervision_claim_once'),
        ),
        migrations.AddConstraint(
            model_name='claimevent',
            constraint=models.UniqueConstraint(fields=('subject', 'previous_hash'), name='supervision_claimevent_no_fork'),
        ),
        append_only("supervision_claimevent"),
        migrations.RunSQL(FOLLOWS, migrations.RunSQL.noop),
        migrations.RunSQL(FROZEN, THAWED),
    ]
