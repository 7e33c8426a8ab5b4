"""Time limits as cities and provinces have set them, article by article: what an office may start from and change.

A preset says something of some steps and nothing of the others, whose limits stay. The texts speak of deputies' suggestions
(代表建议) and of 12345 orders; cases and findings go the same way from the dispatcher to the unit and back.
"""

from dataclasses import dataclass

WORKING_DAYS, DAYS, MONTHS = "working_days", "days", "months"

GROUPS = {  # heading -> steps, in the order in which they are taken
    "民情件": (
        "deputy_contact", "with_deputy", "with_town", "with_county", "with_dispatcher", "unit_sign", "unit_return", "unit_contact", "cohandler_opinion",
        "with_unit", "unit_extend", "case_redo", "case_rate",
    ),
    "监督发现的问题": ("finding_forward", "finding_assign", "finding_return", "finding_answer", "finding_redo", "finding_confirm"),
}  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """How long one step may take, and the article that says so."""

    amount: int
    unit: str
    article: str


@dataclass(frozen=True)
class Preset:
    label: str
    source: str
    rules: dict[str, Rule]

    def source_of(self, step: str) -> str:
        return f"{self.source}{self.rules[step].article}"


def _everywhere(
    assign: Rule | None, back: Rule, answer: Rule, extend: Rule, redo: Rule | None, confirm: Rule | None, opinion: Rule, contact: Rule | None = None,
) -> dict[str, Rule]:  # fmt: skip
    """One text's rules for the steps of cases and of findings that they are about."""
    named = {
        "with_dispatcher": assign, "unit_return": back, "unit_contact": contact, "cohandler_opinion": opinion, "with_unit": answer, "unit_extend": extend,
        "case_redo": redo, "case_rate": confirm,
        "finding_assign": assign, "finding_return": back, "finding_answer": answer, "finding_redo": redo, "finding_confirm": confirm,
    }  # fmt: skip
    return {step: rule for step, rule in named.items() if rule}


PRESETS = {
    "zhejiang_2016": Preset("浙江（2016）", "《浙江省人民代表大会代表建议、批评和意见办理的规定》", _everywhere(
        None, Rule(10, DAYS, "第十四条"), Rule(3, MONTHS, "第二十一条（经同意可延长至六个月）"), Rule(6, MONTHS, "第二十一条"), Rule(1, MONTHS, "第二十四条"), None,
        Rule(2, MONTHS, "第十八条"),
    )),
    "qingdao_2021": Preset("青岛（2021）", "《青岛市人民代表大会代表建议、批评和意见工作条例》", _everywhere(
        Rule(5, WORKING_DAYS, "第十四条"), Rule(5, WORKING_DAYS, "第十九条"), Rule(3, MONTHS, "第二十五条（经同意可延长，最长六个月）"), Rule(6, MONTHS, "第二十五条"),
        None, None, Rule(1, MONTHS, "第二十四条"),
    )),
    "chongqing_2017": Preset("重庆（2017）", "《重庆市人民代表大会代表建议批评和意见工作条例》", _everywhere(
        Rule(10, WORKING_DAYS, "第十三条"), Rule(10, WORKING_DAYS, "第十六条"), Rule(3, MONTHS, "第二十一条（难度大的六个月）"), Rule(6, MONTHS, "第二十一条"),
        Rule(2, MONTHS, "第二十七条"), Rule(20, WORKING_DAYS, "第二十七条"), Rule(30, WORKING_DAYS, "第二十条"), Rule(20, WORKING_DAYS, "第十八条"),
    )),
    "hotline_12345": Preset("12345 热线", "", {
        "unit_sign": Rule(1, WORKING_DAYS, "各地 12345 工单管理办法的通行做法：一个工作日内签收"),
        "with_unit": Rule(5, WORKING_DAYS, "《潍坊市12345政务服务便民热线条例》第二十条、《济南市12345市民服务热线条例》第二十四条"),
        "finding_answer": Rule(5, WORKING_DAYS, "参照《潍坊市12345政务服务便民热线条例》第二十条"),
    }),
}  # fmt: skip
