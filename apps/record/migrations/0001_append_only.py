"""The function that append-only tables call to refuse a change."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = []
    operations = [
        migrations.RunSQL(
            sql="""
            CREATE FUNCTION record_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION '% 只能追加，不能修改或删除', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
            END $$;
            """,
            reverse_sql="DROP FUNCTION record_refuse_change();",
        )
    ]
