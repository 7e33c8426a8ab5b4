from django.db import migrations

# A record counts again when the case it was linked with is withdrawn: what becomes of a case is noted for its records too.
CASES = """
    CREATE OR REPLACE FUNCTION insights_touch_cases() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
        $$ BEGIN
            INSERT INTO insights_touched (kind, ref) SELECT 0, id FROM changed;
            {records}
            RETURN NULL;
        END $$;
"""
RECORDS = "INSERT INTO insights_touched (kind, ref) SELECT 1, r.id FROM hotline_record r JOIN changed ON r.case_id = changed.id;"


class Migration(migrations.Migration):
    dependencies = [("insights", "0007_around_kinds")]

    operations = [migrations.RunSQL(CASES.format(records=RECORDS), CASES.format(records=""))]
