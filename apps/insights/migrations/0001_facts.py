from django.db import migrations, models

# Who files a case on the public pages may not write here: the functions run with their owner's rights. One row a changed row, nothing is
# waited for; a statement's changes are noted at once, so that a file of 100,000 rows costs a second.
TOUCH = """
    CREATE FUNCTION insights_touch_cases() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
        $$ BEGIN INSERT INTO insights_touched (kind, ref) SELECT 0, id FROM changed; RETURN NULL; END $$;
    CREATE FUNCTION insights_touch_rated() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
        $$ BEGIN INSERT INTO insights_touched (kind, ref) SELECT DISTINCT 0, case_id FROM changed; RETURN NULL; END $$;
    CREATE FUNCTION insights_touch_records() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
        $$ BEGIN INSERT INTO insights_touched (kind, ref) SELECT 1, id FROM changed; RETURN NULL; END $$;
"""
WATCHED = {"cases_case": "cases", "cases_rating": "rated", "hotline_record": "records"}
MOMENTS = {"insert": "NEW", "update": "NEW", "delete": "OLD"}
TRIGGERS = "".join(
    f"CREATE TRIGGER insights_{moment} AFTER {moment.upper()} ON {table} REFERENCING {side} TABLE AS changed"
    f" FOR EACH STATEMENT EXECUTE FUNCTION insights_touch_{name}();\n"
    for table, name in WATCHED.items()
    for moment, side in MOMENTS.items()
)
UNTOUCH = "".join(f"DROP TRIGGER insights_{moment} ON {table};" for table in WATCHED for moment in MOMENTS) + "".join(
    f"DROP FUNCTION insights_touch_{name}();" for name in WATCHED.values()
)
# What was there before the triggers.
FIRST = """
    INSERT INTO insights_touched (kind, ref) SELECT 0, id FROM cases_case;
    INSERT INTO insights_touched (kind, ref) SELECT 1, id FROM hotline_record;
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("cases", "0013_newest_with_filters"),
        ("hotline", "0001_records"),
        ("territory", "0007_lattice"),
    ]

    operations = [
        migrations.CreateModel(
            name="Fact",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.PositiveSmallIntegerField(choices=[(0, "民情件"), (1, "诉求记录")], verbose_name="种类")),
                ("ref", models.BigIntegerField(verbose_name="民情件或诉求记录")),
                ("day", models.DateField(verbose_name="日期")),
                ("hour", models.SmallIntegerField(help_text="0 到 23；-1：来源没有给出时刻", verbose_name="时")),
                ("col", models.IntegerField(null=True, verbose_name="格列")),
                ("row", models.IntegerField(null=True, verbose_name="格行")),
                ("town", models.BigIntegerField(null=True, verbose_name="乡镇街道")),
                ("village", models.BigIntegerField(null=True, verbose_name="村社")),
                ("grid", models.BigIntegerField(null=True, verbose_name="网格")),
                ("category", models.BigIntegerField(null=True, verbose_name="类别")),
                ("source", models.PositiveSmallIntegerField(verbose_name="来源")),
                ("told_for", models.BooleanField(verbose_name="代录入")),
                ("elder", models.BooleanField(null=True, verbose_name="老年人")),
                ("state", models.PositiveSmallIntegerField(choices=[(0, "办理中"), (1, "已答复"), (2, "已办结")], verbose_name="状态")),
                ("due_on", models.DateField(null=True, verbose_name="期限")),
                ("met_late", models.BooleanField(null=True, verbose_name="逾期答复")),
                ("satisfied", models.PositiveSmallIntegerField(choices=[(1, "满意"), (2, "基本满意"), (3, "不满意")], null=True, verbose_name="满意度")),
                ("organisation", models.BigIntegerField(null=True, verbose_name="承办单位")),
                ("again", models.BooleanField(verbose_name="重办或重复反映")),
                ("counted", models.BooleanField(verbose_name="计数")),
                ("version", models.BigIntegerField(verbose_name="版次")),
            ],
            options={
                "verbose_name": "计数事实",
                "verbose_name_plural": "计数事实",
                "constraints": [models.UniqueConstraint(fields=("kind", "ref"), name="insights_fact_once")],
                "indexes": [
                    models.Index(fields=["version"], name="insights_fact_version"),
                    models.Index(condition=models.Q(("counted", True)), fields=["day"], name="insights_fact_day"),
                ],
            },
        ),
        migrations.CreateModel(
            name="FactState",
            fields=[
                ("only", models.BooleanField(default=True, primary_key=True, serialize=False)),
                ("epoch", models.UUIDField(help_text="另一个：此前的版次都不作数", verbose_name="重建标识")),
                ("version", models.BigIntegerField(default=0, verbose_name="版次")),
                ("refreshed_at", models.DateTimeField(null=True, verbose_name="更新时间")),
            ],
            options={
                "verbose_name": "计数版次",
                "verbose_name_plural": "计数版次",
                "constraints": [models.CheckConstraint(condition=models.Q(("only", True)), name="insights_factstate_one")],
            },
        ),
        migrations.CreateModel(
            name="Touched",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.PositiveSmallIntegerField(verbose_name="种类")),
                ("ref", models.BigIntegerField(verbose_name="民情件或诉求记录")),
            ],
            options={"verbose_name": "待计数", "verbose_name_plural": "待计数"},
        ),
        migrations.RunSQL(FIRST, migrations.RunSQL.noop),
        migrations.RunSQL(TOUCH + TRIGGERS, UNTOUCH),
    ]
