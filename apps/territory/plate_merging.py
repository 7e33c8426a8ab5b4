"""What staged rows become here: issuers of plates, and their lists."""

from apps.record.staging import STAGE, Merged, Stage, Target, copied, query
from apps.territory.patterns import PatternRefused, read_id


def issuers(stage: Stage) -> Merged:
    """Issuers; a rule that cannot be used, or does not fit its own example, is refused."""
    reasons: dict[int, str] = {}
    for row, pattern, example in query(f"SELECT row, pattern, example FROM {STAGE}"):
        if reason := fault(pattern, example):
            reasons[row] = reason
    if reasons:
        stage.refuse_rows(reasons)
    wanted = stage.want(
        "territory_issuer",
        "t.slug = s.slug",
        [copied("slug"), copied("name"), copied("pattern"), copied("example"), copied("hung", "true"), copied("active", "true")],
    )
    wanted.write()
    return wanted.merged()


def fault(pattern: str, example: str) -> str:
    """Why a rule cannot be taken, with what to do; empty when it can."""
    try:
        found = read_id(pattern, example.strip())
    except PatternRefused as refusal:
        return str(refusal)
    return "" if found else "规则从示例里读不出编号。规则要从头到尾对上整段文字，编号用 (?P<id>…) 括出。"


def plates(stage: Stage) -> Merged:
    """Entries of issuers' lists, each leading to a doorplate."""
    stage.refuse(
        "NOT EXISTS (SELECT FROM territory_issuer t WHERE t.slug = s.issuer)",
        "'发码单位“' || s.issuer || '”不存在，请先登记发码单位，或改正代号'",
    )
    stage.refuse_unknown("doorplate", "territory_doorplate", "门牌")
    wanted = stage.want(
        "territory_issuedplate",
        "t.issuer_id = s.issuer_id AND t.external_id = s.id",
        [
            Target("issuer_id", "s.issuer_id"), Target("external_id", "s.id"), Target("doorplate_id", "s.doorplate_id", ("doorplate",)),
            copied("status", "'active'"),
        ],
        source=f"""(SELECT s.*, i.id AS issuer_id, d.id AS doorplate_id FROM {STAGE} s JOIN territory_issuer i ON i.slug = s.issuer
                    LEFT JOIN territory_doorplate d ON d.code = s.doorplate) s""",
    )  # fmt: skip
    wanted.write()
    return wanted.merged()
