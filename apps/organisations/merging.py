"""What staged rows become here: organisations."""

from apps.record.staging import SHAPE, Merged, Stage, Target, copied


def organisations(stage: Stage) -> Merged:
    wanted = stage.want(
        "organisations_organisation",
        "t.code = s.code",
        [
            copied("code"), copied("name"), copied("short_name", "''"), copied("kind"), copied("area", "''", target="area_code"),
            copied("address", "''"), copied("handles_cases", "false"), copied("logs_in", "false"),
            Target("point", "s.geom::geometry(Point, 4326)", (SHAPE,)),
        ],
    )  # fmt: skip
    wanted.write()
    return wanted.merged()
