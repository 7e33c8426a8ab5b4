"""职能: what a unit is competent for, so that rules and lists of one county fit another whose units have other names.

A register that says nothing of it is read by the units' names.
"""

import re
from collections.abc import Sequence

COMPETENCES = {
    "local": "属地镇街", "gov_office": "政府综合协调", "petition": "信访", "development": "发展改革", "industry": "经济信息化", "education": "教育",
    "police": "公安", "traffic_police": "交警", "civil": "民政", "justice": "司法行政", "finance": "财政", "labour": "人力社保", "land": "自然资源规划",
    "ecology": "生态环境", "construction": "住房城乡建设", "transport": "交通运输", "water": "水利", "agriculture": "农业农村", "commerce": "商务",
    "culture": "文旅体", "health": "卫生健康", "emergency": "应急管理", "audit": "审计", "market": "市场监管", "enforcement": "综合执法",
    "insurance": "医疗保障", "veterans": "退役军人", "data": "政务服务和数据", "tax": "税务", "fire": "消防", "resettlement": "征收安置",
    "ethnic": "民族宗教", "disabled": "残联", "water_supply": "供水排水", "bus": "公共交通", "gas": "燃气", "power": "供电", "telecom": "通信",
}  # fmt: skip

_BY_NAME = [
    (re.compile(pattern), competences)
    for pattern, competences in [
        ("人民政府办公|政府办$", ["gov_office"]), ("信访", ["petition"]), ("发展和改革|发展改革|发改", ["development"]),
        ("经济和信息化|经信|工业和信息化|工信", ["industry"]), ("教育", ["education"]), ("交通警察|交警|交管|交通管理", ["traffic_police"]),
        ("公安局$|公安分局$", ["police"]), ("民政", ["civil"]), ("司法局", ["justice"]), ("财政", ["finance"]), ("人力资源|人社|劳动保障", ["labour"]),
        ("自然资源|规划局|国土", ["land"]), ("生态环境|环境保护|环保", ["ecology"]), ("住房|城乡建设|住建|建设局", ["construction"]),
        ("交通运输|交通局", ["transport"]), ("水利", ["water"]), ("农业|农村", ["agriculture"]), ("商务", ["commerce"]),
        ("文化|旅游|体育|文旅", ["culture"]), ("卫生|卫健", ["health"]), ("应急", ["emergency"]), ("审计", ["audit"]), ("市场监督|市场监管|工商", ["market"]),
        ("综合行政执法|综合执法|城市管理|城管", ["enforcement"]), ("医疗保障|医保", ["insurance"]), ("退役军人", ["veterans"]),
        ("数据局|大数据|政务服务|行政审批|营商", ["data"]), ("税务", ["tax"]), ("消防", ["fire"]), ("征收|安置|拆迁", ["resettlement"]),
        ("民族|宗教", ["ethnic"]), ("残疾人|残联", ["disabled"]), ("水务集团|水务公司|水务有限|自来水|供水|排水", ["water_supply"]),
        ("公共交通|公交", ["bus"]), ("燃气|天然气", ["gas"]), ("供电|电力", ["power"]), ("电信|移动通信|联通|通信", ["telecom"]),
    ]
]  # fmt: skip
_BODIES = ("government", "dispatcher", "department", "institution", "enterprise", "association")


def recognised(name: str, kind: str) -> list[str]:
    """What a unit of this name and kind (`Organisation.Kind`) is competent for; a merged bureau for several things, most for nothing."""
    if kind == "township":
        return ["local"]
    if kind not in _BODIES:
        return []
    found = list(dict.fromkeys(one for pattern, competences in _BY_NAME if pattern.search(name) for one in competences))
    # The traffic police are a part of the police and called after it.
    return [one for one in found if not (one in ("police", "transport") and "traffic_police" in found)]


def named(competences: Sequence[str]) -> str:
    return "、".join(COMPETENCES.get(one, one) for one in competences)
