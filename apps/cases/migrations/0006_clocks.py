"""The clocks of cases, from the events of those that are there already; the rules by which limits are told on, and what they did."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from apps.record.events import append_only

# Also what an import calls: a file tells a history, and its steps have had their limits. What a clock would have been is read from the
# events: a step lasts while the state stays; its last day is the one last said; who was relieved of it has not done it. A clock that was
# kept stays, with what hangs on it; it only ends when the history goes on.
PAST_CLOCKS = """
CREATE FUNCTION cases_past_steps(wanted bigint[]) RETURNS TABLE (case_id bigint, town_id bigint, step text, deputy_id bigint, organisation_id bigint,
    started_on date, due_on date, met_at timestamptz, ended_at timestamptz, late boolean) LANGUAGE sql STABLE AS $$
    WITH told AS (
        SELECT id, subject_id, at, verb, data, data->>'state' AS state, (data->>'due_on')::date AS due_on,
               CASE WHEN data->>'state' IS DISTINCT FROM lag(data->>'state') OVER (PARTITION BY subject_id ORDER BY id) THEN 1 ELSE 0 END AS begins
        FROM cases_caseevent WHERE subject_id = ANY (wanted) AND data ? 'state'
    ), numbered AS (
        SELECT *, sum(begins) OVER (PARTITION BY subject_id ORDER BY id) AS number FROM told
    ), steps AS (
        SELECT subject_id, number, (array_agg(state ORDER BY id))[1] AS state, (array_agg(data ORDER BY id))[1] AS data, (array_agg(verb ORDER BY id))[1] AS verb,
               min(at) AS began, (array_agg(due_on ORDER BY id DESC) FILTER (WHERE due_on IS NOT NULL))[1] AS due_on
        FROM numbered GROUP BY subject_id, number
    ), spans AS (
        SELECT *, (began AT TIME ZONE 'Asia/Shanghai')::date AS started_on, lead(began) OVER following AS ended, lead(verb) OVER following AS next_verb
        FROM steps WINDOW following AS (PARTITION BY subject_id ORDER BY number)
    )
    SELECT c.id, c.town_id, s.state, CASE WHEN s.state = 'with_deputy' THEN c.deputy_id END,
           CASE WHEN s.state = 'with_unit' THEN coalesce(
               (SELECT min(o.id) FROM organisations_organisation o WHERE o.code = s.data->>'unit_code'),
               (SELECT min(o.id) FROM organisations_organisation o WHERE s.data->>'unit' IN (o.short_name, o.name)), c.organisation_id) END,
           s.started_on, greatest(s.due_on, s.started_on), CASE WHEN s.next_verb NOT IN ('take_over', 'take_over_by_county', 'withdraw') THEN s.ended END,
           coalesce(s.ended, CASE WHEN c.state <> s.state THEN s.began END), coalesce((s.ended AT TIME ZONE 'Asia/Shanghai')::date > s.due_on, false)
    FROM spans s JOIN cases_case c ON c.id = s.subject_id WHERE s.state LIKE 'with\\_%' AND s.due_on IS NOT NULL
$$;
CREATE FUNCTION cases_write_past_clocks(wanted bigint[]) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    written bigint;
BEGIN
    UPDATE cases_clock k SET met_at = p.met_at, ended_at = p.ended_at, late = p.late, paused_on = NULL FROM cases_past_steps(wanted) p
    WHERE k.case_id = p.case_id AND k.kind = 'answer' AND k.step = p.step AND k.started_on = p.started_on AND k.ended_at IS NULL AND p.ended_at IS NOT NULL;
    INSERT INTO cases_clock (case_id, town_id, kind, step, round, deputy_id, organisation_id, started_on, base_on, due_on, pauses, paused_days, met_at, ended_at, late)
    SELECT p.case_id, p.town_id, 'answer', p.step, 0, p.deputy_id, p.organisation_id, p.started_on, p.due_on, p.due_on, '[]', 0, p.met_at, p.ended_at, p.late
    FROM cases_past_steps(wanted) p
    WHERE NOT EXISTS (SELECT FROM cases_clock k WHERE k.case_id = p.case_id AND k.kind = 'answer' AND k.step = p.step AND k.started_on = p.started_on);
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN written;
END $$;
"""
RULES = [  # step, duty, working days after its last day, what, to whom
    *((step, "answer", -2, "tell", "holder") for step in ("with_deputy", "with_town", "with_county", "with_dispatcher", "with_unit")),
    *((step, "answer", 1, "tell", "holder") for step in ("with_deputy", "with_town", "with_county", "with_dispatcher", "with_unit")),
    ("with_deputy", "answer", 1, "tell", "town_office"), ("with_deputy", "answer", 3, "take_over", "town_office"),
    ("with_town", "answer", 1, "tell", "county_office"), ("with_town", "answer", 5, "take_over", "county_office"),
    ("with_county", "answer", 3, "tell", "leader"),
    ("with_dispatcher", "answer", 1, "tell", "county_office"), ("with_dispatcher", "answer", 5, "tell", "leader"),
    ("with_unit", "answer", 1, "tell", "dispatcher"), ("with_unit", "answer", 3, "tell", "county_office"), ("with_unit", "answer", 10, "tell", "leader"),
    ("with_unit", "sign", 1, "tell", "holder"), ("with_unit", "sign", 1, "tell", "dispatcher"), ("with_unit", "opinion", 1, "tell", "holder"),
]  # fmt: skip


def load(apps, schema_editor):
    Rule = apps.get_model("cases", "EscalationRule")
    Rule.objects.bulk_create(
        Rule(step=step, kind=kind, days=days, action=action, to=to) for step, kind, days, action, to in RULES
    )
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT cases_write_past_clocks(array(SELECT id FROM cases_case))")


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0005_loop"),
        ("accounts", "0001_initial"),
        ("territory", "0001_initial"),
        ("deputies", "0001_initial"),
        ("organisations", "0001_initial"),
        ("worktime", "0004_stages"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations: list = [
        migrations.CreateModel(
            name="Clock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("sign", "签收"),
                            ("return", "退回"),
                            ("contact", "首次联系"),
                            ("answer", "办理"),
                            ("opinion", "会办意见"),
                            ("rate", "评价"),
                        ],
                        max_length=8,
                        verbose_name="事项",
                    ),
                ),
                ("step", models.CharField(help_text="民情件当时的状态", max_length=20, verbose_name="环节")),
                ("round", models.PositiveSmallIntegerField(default=0, verbose_name="第几次重办")),
                (
                    "town",
                    models.ForeignKey(help_text="与民情件的相同", on_delete=django.db.models.deletion.PROTECT, related_name="+", to="territory.adminarea", verbose_name="乡镇街道"),
                ),
                ("started_on", models.DateField(verbose_name="起算日")),
                ("base_on", models.DateField(help_text="按时限或经同意延期定的", verbose_name="未扣暂停的最后一日")),
                ("due_on", models.DateField(verbose_name="最后一日")),
                ("extended_on", models.DateField(blank=True, null=True, verbose_name="延期日")),
                ("pauses", models.JSONField(default=list, help_text="[起, 止]，延期以后的", verbose_name="暂停")),
                ("paused_on", models.DateField(blank=True, null=True, verbose_name="停在")),
                ("paused_days", models.PositiveSmallIntegerField(default=0, verbose_name="暂停工作日")),
                ("met_at", models.DateTimeField(blank=True, null=True, verbose_name="办到时间")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="停止时间")),
                ("late", models.BooleanField(default=False, verbose_name="超期")),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="clocks",
                        to="cases.case",
                        verbose_name="民情件",
                    ),
                ),
                (
                    "co_handler",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="clocks",
                        to="cases.cohandler",
                        verbose_name="会办",
                    ),
                ),
                (
                    "deputy",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="deputies.deputy",
                        verbose_name="代表",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organisations.organisation",
                        verbose_name="单位",
                    ),
                ),
            ],
            options={
                "verbose_name": "期限时钟",
                "verbose_name_plural": "期限时钟",
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="EscalationRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "step",
                    models.CharField(
                        choices=[
                            ("with_deputy", "代表办理中"),
                            ("with_town", "镇人大、街道工委办理中"),
                            ("with_county", "县人大常委会工委办理中"),
                            ("with_dispatcher", "县政府办待交办"),
                            ("with_unit", "承办单位办理中"),
                            ("answered", "已答复"),
                        ],
                        max_length=20,
                        verbose_name="环节",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("sign", "签收"),
                            ("return", "退回"),
                            ("contact", "首次联系"),
                            ("answer", "办理"),
                            ("opinion", "会办意见"),
                            ("rate", "评价"),
                        ],
                        default="answer",
                        max_length=8,
                        verbose_name="事项",
                    ),
                ),
                ("days", models.SmallIntegerField(help_text="负数：到期前几个工作日", verbose_name="超期几个工作日")),
                (
                    "action",
                    models.CharField(
                        choices=[("tell", "告知"), ("take_over", "接手")],
                        default="tell",
                        max_length=10,
                        verbose_name="做什么",
                    ),
                ),
                (
                    "to",
                    models.CharField(
                        choices=[
                            ("holder", "办理人"),
                            ("town_office", "镇人大、街道工委"),
                            ("county_office", "县人大常委会工委"),
                            ("dispatcher", "县政府办"),
                            ("leader", "领导"),
                            ("person", "指定的人"),
                        ],
                        max_length=14,
                        verbose_name="对谁",
                    ),
                ),
                ("active", models.BooleanField(default=True, verbose_name="启用")),
                ("since", models.DateField(default=django.utils.timezone.localdate, help_text="那一天已经到了这一步的不补做", verbose_name="从哪一天起")),
                (
                    "person",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="指定的人",
                    ),
                ),
                (
                    "town",
                    models.ForeignKey(
                        blank=True,
                        help_text="空：各乡镇街道",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.adminarea",
                        verbose_name="只在",
                    ),
                ),
            ],
            options={
                "verbose_name": "催报规则",
                "verbose_name_plural": "催报规则",
                "ordering": ["step", "kind", "days", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Escalation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("due_on", models.DateField(verbose_name="最后一日")),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="时间")),
                ("told", models.PositiveSmallIntegerField(default=0, verbose_name="告知人数")),
                (
                    "clock",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="escalations",
                        to="cases.clock",
                        verbose_name="期限时钟",
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="escalations",
                        to="cases.escalationrule",
                        verbose_name="催报规则",
                    ),
                ),
            ],
            options={
                "verbose_name": "催报",
                "verbose_name_plural": "催报",
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="EscalationRuleEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("verb", models.CharField(max_length=40, verbose_name="动作")),
                ("actor_label", models.CharField(blank=True, max_length=80, verbose_name="操作人称谓")),
                ("note", models.TextField(blank=True, verbose_name="说明")),
                ("at", models.DateTimeField(verbose_name="时间")),
                ("data", models.JSONField(default=dict, verbose_name="详情")),
                ("previous_hash", models.CharField(max_length=64)),
                ("hash", models.CharField(max_length=64)),
                (
                    "actor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="操作人",
                    ),
                ),
                (
                    "subject",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="cases.escalationrule",
                        verbose_name="催报规则",
                    ),
                ),
            ],
            options={
                "verbose_name": "催报规则经过",
                "verbose_name_plural": "催报规则经过",
                "ordering": ["pk"],
                "abstract": False,
            },
        ),
        migrations.AddIndex(
            model_name="clock",
            index=models.Index(condition=models.Q(("ended_at", None)), fields=["case"], name="cases_clock_running"),
        ),
        migrations.AddIndex(
            model_name="clock",
            index=models.Index(
                condition=models.Q(("ended_at", None), ("paused_on", None)),
                fields=["due_on", "kind", "step"],
                name="cases_clock_due",
            ),
        ),
        migrations.AddIndex(
            model_name="clock",
            index=models.Index(fields=["due_on"], name="cases_clock_period"),
        ),
        migrations.AddIndex(model_name="clock", index=models.Index(fields=["town", "due_on"], name="cases_clock_town")),
        migrations.AddConstraint(
            model_name="clock",
            constraint=models.UniqueConstraint(
                condition=models.Q(("co_handler", None), ("ended_at", None)),
                fields=("case", "kind"),
                name="cases_clock_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="clock",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)), fields=("co_handler",), name="cases_clock_opinion_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="clock",
            constraint=models.CheckConstraint(
                condition=models.Q(("due_on__gte", models.F("started_on"))), name="cases_clock_forward"
            ),
        ),
        migrations.AddConstraint(
            model_name="clock",
            constraint=models.CheckConstraint(
                condition=models.Q(("met_at", None), ("ended_at__isnull", False), _connector="OR"),
                name="cases_clock_met_ended",
            ),
        ),
        migrations.AddConstraint(
            model_name="escalationrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("person__isnull", False), ("to", "person")),
                    models.Q(models.Q(("to", "person"), _negated=True), ("person", None)),
                    _connector="OR",
                ),
                name="cases_escalationrule_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="escalationrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("days__range", (-30, 60))), name="cases_escalationrule_days"
            ),
        ),
        migrations.AddConstraint(
            model_name="escalationrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("action", "take_over"), _negated=True),
                    models.Q(
                        ("days__gte", 1),
                        ("kind", "answer"),
                        ("step__in", ("with_deputy", "with_town")),
                        ("to__in", ("town_office", "county_office", "person")),
                    ),
                    _connector="OR",
                ),
                name="cases_escalationrule_take_over",
            ),
        ),
        migrations.AddIndex(
            model_name="escalation",
            index=models.Index(
                models.F("rule"), models.OrderBy(models.F("id"), descending=True), name="cases_escalation_rule"
            ),
        ),
        migrations.AddConstraint(
            model_name="escalation",
            constraint=models.UniqueConstraint(fields=("clock", "rule", "due_on"), name="cases_escalation_once"),
        ),
        migrations.AddConstraint(
            model_name="escalationruleevent",
            constraint=models.UniqueConstraint(
                fields=("subject", "previous_hash"), name="cases_escalationruleevent_no_fork"
            ),
        ),
        append_only("cases_escalationruleevent"),
        migrations.RunSQL(PAST_CLOCKS, "DROP FUNCTION cases_write_past_clocks(bigint[]); DROP FUNCTION cases_past_steps(bigint[])"),
        migrations.RunPython(load, migrations.RunPython.noop),
    ]
