"""What staged rows become here: topics that are no key projects, with their town."""

from apps.record.staging import SHAPE, STAGE, Merged, Stage, Target, copied
from apps.territory.merging import COVERING, NEAREST

SITE = "CASE WHEN ST_Dimension(s.geom) = 0 THEN ST_GeometryN(s.geom, 1) ELSE ST_PointOnSurface(s.geom) END"
EXPERTS = "coalesce(s.experts, least(1, coalesce(s.demand, 3)))"


def topics(stage: Stage) -> Merged:
    for name in ("owner", "responsible"):
        stage.refuse_unknown(name, "organisations_organisation", "单位")
    stage.refuse(
        "s.field IS NOT NULL AND NOT EXISTS (SELECT FROM deputies_field t WHERE s.field IN (t.code, t.label))",
        "'领域“' || s.field || '”不存在。可用：' || (SELECT string_agg(t.label, '、' ORDER BY t.id) FROM deputies_field t)",
    )
    stage.refuse(f"{EXPERTS} > coalesce(s.demand, 3)", "'须懂行人数不能多于监督小组人数'")
    stage.refuse(
        "EXISTS (SELECT FROM projects_keyproject p WHERE p.code = s.code)",
        "'事项编号“' || s.code || '”已是重点项目的编号。重点项目自动成为监督事项，不用另外导入；其他事项请换一个编号'",
    )
    at_site = {"level": "town", "point": SITE}
    wanted = stage.want(
        "supervision_topic",
        "t.own_code = s.code",
        [
            copied("code", target="own_code"), copied("kind"), copied("title", target="own_title"), copied("year"), copied("text", "''"),
            Target("own_field_id", "f.id", ("field",)), Target("own_responsible_id", "r.id"), Target("own_owner_id", "o.id", ("owner",)),
            Target("own_site", SITE, (SHAPE,)),
            Target("own_town_id", f"coalesce({COVERING.format(**at_site)}, {NEAREST.format(**at_site)})"),
            Target("own_demand", "coalesce(s.demand, 3)", ("demand",)), Target("own_experts", EXPERTS, ("experts", "demand")),
        ],
        source=f"""{STAGE} s LEFT JOIN organisations_organisation r ON r.code = s.responsible
                   LEFT JOIN organisations_organisation o ON o.code = s.owner
                   LEFT JOIN deputies_field f ON f.id = (SELECT min(x.id) FROM deputies_field x WHERE s.field IN (x.code, x.label))""",
    )  # fmt: skip
    wanted.write()
    return wanted.merged()
