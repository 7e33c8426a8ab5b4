"""What staged rows become here: organisations."""

from apps.organisations.competence import COMPETENCES
from apps.record.staging import SHAPE, Merged, Stage, Target, copied

# A file may name a competence by its code or by its label; without any, the unit's name says it.
_ROWS = ", ".join(f"('{code}', '{label}')" for code, label in COMPETENCES.items())
_KNOWN = f"(VALUES {_ROWS}) known(code, label)"
_NAMED = f"(SELECT array_agg(DISTINCT known.code::varchar) FROM unnest(string_to_array(s.competences, ';')) item JOIN {_KNOWN} ON item IN (known.code, known.label))"
_STRANGERS = f"FROM unnest(string_to_array(s.competences, ';')) item WHERE NOT EXISTS (SELECT FROM {_KNOWN} WHERE item IN (known.code, known.label))"


def organisations(stage: Stage) -> Merged:
    stage.refuse(
        f"s.competences IS NOT NULL AND EXISTS (SELECT {_STRANGERS})",
        f"'职能“' || (SELECT string_agg(item, '、') {_STRANGERS}) || '”不存在。可用：{'、'.join(COMPETENCES.values())}'",
    )
    wanted = stage.want(
        "organisations_organisation",
        "t.code = s.code",
        [
            copied("code"), copied("name"), copied("short_name", "''"), copied("kind"), copied("area", "''", target="area_code"),
            copied("address", "''"), copied("handles_cases", "false"), copied("logs_in", "false"), Target("competences", _NAMED, ("competences",)),
            Target("point", "s.geom::geometry(Point, 4326)", (SHAPE,)),
        ],
    )  # fmt: skip
    wanted.write()
    return wanted.merged()
