import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models
from django.db.models import Q

import apps.cases.models
import apps.record.codes
from apps.record.codes import new_code

BATCH = 2000
# The public role files cases and may not touch the sequence: the function lends it its owner's right to the next number.
NEXT_CODE = """
CREATE SEQUENCE cases_case_code;
CREATE FUNCTION cases_next_code(at timestamptz DEFAULT now()) RETURNS varchar LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    number bigint;
    found varchar;
BEGIN
    LOOP  -- an imported case may have the number already
        number := nextval('cases_case_code');
        found := to_char(at AT TIME ZONE 'Asia/Shanghai', 'YYYY') || '-' || lpad(number::text, greatest(6, length(number::text)), '0');
        EXIT WHEN NOT EXISTS (SELECT FROM cases_case c WHERE c.code = found);
    END LOOP;
    RETURN found;
END $$;
"""
# Until now one code was both: what residents hold stays their follow code, and the office gets a number. Imported cases, whose first event
# names the deputy's code, keep the file's number: by it they are found again.
PART_CODES = """
UPDATE cases_case c SET follow_code = c.code, code = cases_next_code(c.submitted_at)
WHERE EXISTS (SELECT FROM cases_caseevent e WHERE e.subject_id = c.id AND e.verb = 'submit' AND NOT e.data ? 'deputy_code')
"""
# Rows that other programs write by SQL need not know these columns. Not db_default: Django would read them back on INSERT, and the public role
# may not.
DEFAULTS = {
    "revision": "0", "reopened": "0", "pause_reason": "''", "reminded": "0", "oversight": "''", "joint": "false", "result": "''", "unrated": "false",
}  # fmt: skip


def draw_follow_codes(registry, schema_editor) -> None:
    case = registry.get_model("cases", "Case")
    wanting = list(case.objects.filter(follow_code=None).values_list("pk", flat=True))
    for start in range(0, len(wanting), BATCH):
        rows = [case(pk=pk, follow_code=new_code()) for pk in wanting[start : start + BATCH]]
        case.objects.bulk_update(rows, ["follow_code"])


class Migration(migrations.Migration):
    dependencies = [("cases", "0004_place_as_known")]

    operations = [
        migrations.RunSQL(NEXT_CODE, "DROP FUNCTION cases_next_code; DROP SEQUENCE cases_case_code"),
        migrations.AddField("case", "follow_code", models.CharField("查询码", max_length=30, null=True)),
        migrations.RunSQL(PART_CODES, migrations.RunSQL.noop),
        migrations.RunPython(draw_follow_codes, migrations.RunPython.noop),
        # What the tables' checks still have to look at is looked at before the tables are altered.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.AlterField(
            "case", "follow_code", models.CharField("查询码", max_length=30, unique=True, default=apps.record.codes.new_code, help_text="只给反映人")
        ),
        migrations.AlterField("case", "code", models.CharField("民情件编号", max_length=30, unique=True, db_default=apps.cases.models.CaseNumber())),
        migrations.AlterField(
            "case",
            "state",
            models.CharField(
                "状态",
                max_length=20,
                choices=[
                    ("with_deputy", "代表办理中"), ("with_town", "镇人大、街道工委办理中"), ("with_county", "县人大常委会工委办理中"),
                    ("with_dispatcher", "县政府办待交办"), ("with_unit", "承办单位办理中"), ("answered", "已答复"), ("closed", "已办结"),
                    ("merged", "已并案"), ("split", "已拆分办理"), ("withdrawn", "已撤回或不予受理"),
                ],
            ),
        ),
        migrations.AddField("case", "revision", models.PositiveIntegerField("修订号", default=0, help_text="每办一步加一：两个人同时办，后一个会知道")),
        migrations.AddField("case", "reopened", models.PositiveSmallIntegerField("重办次数", default=0)),
        migrations.AddField("case", "paused_at", models.DateTimeField("暂停时间", null=True, blank=True)),
        migrations.AddField("case", "pause_reason", models.CharField("等反映人补充什么", max_length=300, blank=True, default="")),
        migrations.AddField(
            "case",
            "parent",
            models.ForeignKey("cases.case", verbose_name="拆自", null=True, blank=True, on_delete=django.db.models.deletion.PROTECT, related_name="parts"),
        ),
        migrations.AddField(
            "case",
            "merged_into",
            models.ForeignKey("cases.case", verbose_name="并入", null=True, blank=True, on_delete=django.db.models.deletion.PROTECT, related_name="merged"),
        ),
        migrations.AddField("case", "signed_at", models.DateTimeField("签收时间", null=True, blank=True)),
        migrations.AddField("case", "contacted_at", models.DateTimeField("首次联系反映人", null=True, blank=True)),
        migrations.AddField("case", "reminded", models.PositiveSmallIntegerField("催办次数", default=0)),
        migrations.AddField("case", "reminded_at", models.DateTimeField("最近催办", null=True, blank=True)),
        migrations.AddField("case", "overseen_on", models.DateField("督办日期", null=True, blank=True)),
        migrations.AddField("case", "oversight", models.CharField("督办决定", max_length=300, blank=True, default="")),
        migrations.AddField("case", "joint", models.BooleanField("列入联席会议", default=False)),
        migrations.AddField(
            "case",
            "result",
            models.CharField(
                "办理结果", max_length=1, blank=True, default="",
                choices=[("A", "A 已经解决"), ("B", "B 列入计划解决"), ("C", "C 受条件限制，作解释说明"), ("D", "D 留作参考")],
            ),
        ),
        migrations.AddField("case", "unrated", models.BooleanField("未评价办结", default=False, help_text="评价期满没有评价；不算满意")),
        migrations.RunSQL(
            f"ALTER TABLE cases_case {', '.join(f'ALTER COLUMN {name} SET DEFAULT {value}' for name, value in DEFAULTS.items())}",
            f"ALTER TABLE cases_case {', '.join(f'ALTER COLUMN {name} DROP DEFAULT' for name in DEFAULTS)}",
        ),
        migrations.AddIndex("case", models.Index(fields=["-overseen_on"], condition=Q(overseen_on__isnull=False), name="cases_case_overseen")),
        migrations.AddIndex("case", models.Index(fields=["-submitted_at"], condition=Q(joint=True), name="cases_case_joint")),
        migrations.AddConstraint(
            "case",
            models.CheckConstraint(condition=Q(state="merged", merged_into__isnull=False) | (~Q(state="merged") & Q(merged_into=None)), name="cases_case_merged"),
        ),
        migrations.AddConstraint(
            "case",
            models.CheckConstraint(condition=Q(paused_at=None, pause_reason="") | (Q(paused_at__isnull=False) & ~Q(pause_reason="")), name="cases_case_paused"),
        ),
        migrations.AddConstraint(
            "case",
            models.CheckConstraint(
                condition=Q(paused_at=None) | Q(state__in=("with_deputy", "with_town", "with_county", "with_dispatcher", "with_unit")),
                name="cases_case_paused_open",
            ),
        ),
        migrations.CreateModel(
            "CoHandler",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("added_at", models.DateTimeField("加入时间", default=django.utils.timezone.now)),
                ("due_on", models.DateField("会办期限", null=True, blank=True)),
                ("opinion", models.TextField("会办意见", max_length=1000, blank=True)),
                ("opinion_at", models.DateTimeField("提出时间", null=True, blank=True)),
                ("withdrawn", models.BooleanField("已撤出", default=False)),
                ("case", models.ForeignKey("cases.case", verbose_name="民情件", on_delete=django.db.models.deletion.CASCADE, related_name="joining")),
                (
                    "organisation",
                    models.ForeignKey(
                        "organisations.organisation", verbose_name="会办单位", on_delete=django.db.models.deletion.PROTECT, related_name="cases_joined"
                    ),
                ),
            ],
            {
                "verbose_name": "民情件会办单位", "verbose_name_plural": "民情件会办单位", "ordering": ["pk"],
                "constraints": [models.UniqueConstraint(fields=["case", "organisation"], condition=Q(withdrawn=False), name="cases_cohandler_once")],
            },
        ),
        migrations.CreateModel(
            "Joiner",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("follow_code", models.CharField("查询码", max_length=30, unique=True, default=apps.record.codes.new_code)),
                ("submission", models.UUIDField(unique=True, default=uuid.uuid4, help_text="浏览器生成：同一次提交只收一次")),
                ("words", models.TextField("补充", max_length=500, blank=True)),
                ("contact", models.BinaryField("联系方式密文", blank=True, default=b"")),
                ("joined_at", models.DateTimeField("加入时间", default=django.utils.timezone.now)),
                ("told", models.BooleanField("已告知结果", default=False)),
                ("case", models.ForeignKey("cases.case", verbose_name="民情件", on_delete=django.db.models.deletion.PROTECT, related_name="joiners")),
            ],
            {"verbose_name": "共同反映人", "verbose_name_plural": "共同反映人", "ordering": ["pk"]},
        ),
        migrations.CreateModel(
            "Untold",
            [
                (
                    "event",
                    models.OneToOneField(
                        "cases.caseevent", verbose_name="经过", primary_key=True, serialize=False, on_delete=django.db.models.deletion.CASCADE, related_name="untold"
                    ),
                ),
            ],
            {"verbose_name": "待通知", "verbose_name_plural": "待通知"},
        ),
        migrations.RemoveConstraint("rating", "cases_rating_once"),
        migrations.AlterField(
            "rating", "by", models.CharField("评价人", max_length=10, choices=[("reporter", "反映人"), ("joiner", "共同反映人"), ("deputy", "代表")])
        ),
        migrations.AddField(
            "rating",
            "joiner",
            models.ForeignKey(
                "cases.joiner", verbose_name="共同反映人", null=True, blank=True, on_delete=django.db.models.deletion.CASCADE, related_name="ratings"
            ),
        ),
        migrations.AddField(
            "rating",
            "part",
            models.CharField(
                "评价什么", max_length=10, default="outcome", choices=[("service", "代表的服务"), ("outcome", "办理的结果"), ("handling", "承办单位的办理")]
            ),
        ),
        migrations.AddField("rating", "words", models.CharField("意见", max_length=300, blank=True, default="")),
        migrations.AddField("rating", "round", models.PositiveSmallIntegerField("第几轮", default=0, help_text="评价时已重办几次")),
        migrations.RunSQL("UPDATE cases_rating SET part = 'handling' WHERE by = 'deputy'", migrations.RunSQL.noop),
        migrations.AddConstraint(
            "rating",
            models.UniqueConstraint(fields=["case", "by", "joiner", "part", "round"], nulls_distinct=False, name="cases_rating_once"),
        ),
        migrations.AddConstraint(
            "rating",
            models.CheckConstraint(condition=Q(by="joiner", joiner__isnull=False) | (~Q(by="joiner") & Q(joiner=None)), name="cases_rating_joiner"),
        ),
        migrations.AddConstraint(
            "rating",
            models.CheckConstraint(condition=Q(by="deputy", part="handling") | (~Q(by="deputy") & ~Q(part="handling")), name="cases_rating_part"),
        ),
    ]
