"""One declaration per layer: what a file must hold to be taken in, and what an export writes.

A layer's columns are the same in GeoJSON, GeoPackage, CSV and Shapefile; `dbf` is the Shapefile name (DBF allows ten
bytes). The staging table, the checks, the report and the synthetic county are all driven by these declarations, so a
new column is written once, here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "int", "float", "bool", "date", "month", "datetime", "list"]
Shape = Literal["point", "polygon", "any", "none"]

DBF_NAME_BYTES = 10
DBF_TEXT_BYTES = 254


@dataclass(frozen=True)
class Column:
    """One attribute. `label` is its Chinese heading, also accepted as a column name; `list` is text joined by ';'."""

    name: str
    kind: Kind
    label: str
    dbf: str
    length: int = 80
    required: bool = False
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    pattern: str = ""
    private: bool = False  # leaves in no export or tile without the permission to see homes or contacts


@dataclass(frozen=True)
class Layer:
    """One kind of file. `key` names the columns that identify a row: importing a key again updates its row."""

    name: str
    label: str
    shape: Shape
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    shape_required: bool = True

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


AREA_LEVELS = ("province", "city", "county", "town", "village")
DISTRICT_BASES = ("residence", "workplace", "joint")
CONGRESS_LEVELS = ("province", "city", "county", "township")
CODE12 = r"^\d{12}$"

AREA = Layer(
    "area", "行政区划", "polygon", ("code",), shape_required=False, columns=(
        Column("code", "text", "区划代码", "code", 12, required=True, pattern=CODE12),
        Column("name", "text", "名称", "name", 40, required=True),
        Column("level", "text", "层级", "level", 10, required=True, choices=AREA_LEVELS),
        Column("kind", "text", "类型", "kind", 12),
        Column("parent", "text", "上级代码", "parent", 12, pattern=CODE12),
        Column("has_congress", "bool", "设人大", "congress"),
        Column("population", "int", "人口", "population", minimum=0),
        Column("former_names", "list", "曾用名", "oldnames", 200),
        Column("valid_from", "date", "启用日期", "valid_from"),
        Column("valid_to", "date", "停用日期", "valid_to"),
        Column("synthetic", "bool", "合成数据", "synthetic"),
    ),
)

ORGANISATION = Layer(
    "organisation", "单位", "point", ("code",), shape_required=False, columns=(
        Column("code", "text", "单位编号", "code", 40, required=True),
        Column("name", "text", "名称", "name", 80, required=True),
        Column("short_name", "text", "简称", "short_name", 40),
        Column("kind", "text", "类别", "kind", 20, required=True, choices=(
            "congress", "government", "dispatcher", "department", "township", "institution", "enterprise", "village",
            "association", "school", "hospital", "court")),
        Column("area", "text", "所在区划", "area", 12, pattern=CODE12),
        Column("address", "text", "地址", "address", 120),
        Column("handles_cases", "bool", "承办单位", "handles"),
        Column("logs_in", "bool", "上线办理", "logs_in"),
        Column("competences", "list", "职能", "competent", 200),
    ),
)

DISTRICT = Layer(
    "district", "选区", "polygon", ("code",), shape_required=False, columns=(
        Column("code", "text", "选区编号", "code", 30, required=True),
        Column("name", "text", "选区名称", "name", 60, required=True),
        Column("number", "int", "选区序号", "number", required=True, minimum=1, maximum=99999),
        Column("congress", "text", "人大区划代码", "congress", 12, required=True, pattern=CODE12),
        Column("term", "int", "届次", "term", required=True, minimum=1, maximum=99),
        Column("term_starts", "date", "本届起", "term_from", required=True),
        Column("term_ends", "date", "本届止", "term_to", required=True),
        Column("seats", "int", "名额", "seats", required=True, minimum=1, maximum=3),
        Column("basis", "text", "划分方式", "basis", 10, required=True, choices=DISTRICT_BASES),
        Column("population", "int", "人口", "population", minimum=0),
        Column("employers", "list", "所含单位", "employers", 250),
    ),
)

# The districts of a term to come; several drafts of one term are told apart by `plan`. A file replaces the draft it names.
DRAFT = Layer("draft", "选区草案", "polygon", ("code",), shape_required=False, columns=(*DISTRICT.columns, Column("plan", "text", "方案", "plan", 20)))

GRID = Layer(
    "grid", "网格", "polygon", ("code",), columns=(
        Column("code", "text", "网格编码", "code", 20, required=True),
        Column("name", "text", "网格名称", "name", 60, required=True),
        Column("village", "text", "村社代码", "village", 12, required=True, pattern=CODE12),
        Column("population", "int", "人口", "population", minimum=0),
    ),
)

DOORPLATE = Layer(
    "doorplate", "门牌", "point", ("code",), columns=(
        Column("code", "text", "门牌编号", "code", 30, required=True),
        Column("town", "text", "乡镇街道代码", "town", 12, pattern=CODE12),
        Column("village", "text", "村社代码", "village", 12, pattern=CODE12),
        Column("road", "text", "道路", "road", 40),
        Column("number", "text", "门牌号", "number", 20),
        Column("hamlet", "text", "自然村", "hamlet", 40),
        Column("estate", "text", "小区或院落", "estate", 60),
        Column("building", "text", "幢", "building", 20),
        Column("unit", "text", "单元", "unit", 20),
        Column("room", "text", "室", "room", 20),
        Column("use", "text", "用途", "use", 12, choices=("residence", "business", "public", "industry")),
        Column("status", "text", "状态", "status", 10, choices=("active", "retired")),
    ),
)

ISSUER = Layer(
    "issuer", "发码单位", "none", ("slug",), shape_required=False, columns=(
        Column("slug", "text", "代号", "slug", 20, required=True, pattern=r"^[a-z0-9-]+$"),
        Column("name", "text", "名称", "name", 60, required=True),
        Column("pattern", "text", "规则", "pattern", 300, required=True),  # over the QR text; (?P<id>…) is what the list knows
        Column("example", "text", "示例", "example", 300, required=True),
        Column("hung", "bool", "牌子已挂在门上", "hung"),  # false: ids without plates, such as standard address codes
        Column("active", "bool", "启用", "active"),
    ),
)

PLATE = Layer(
    "plate", "外部门牌码", "none", ("issuer", "id"), shape_required=False, columns=(
        Column("issuer", "text", "发码单位代号", "issuer", 20, required=True),
        Column("id", "text", "编号", "id", 80, required=True),
        Column("doorplate", "text", "门牌编号", "doorplate", 30, required=True),
        Column("status", "text", "状态", "status", 10, choices=("active", "retired")),
    ),
)

DEPUTY = Layer(
    "deputy", "代表", "point", ("code", "congress", "term"), shape_required=False, columns=(
        # One row a mandate; a person with two mandates has two rows with the same code. The point is the residence.
        Column("code", "text", "代表编号", "code", 30, required=True),
        Column("name", "text", "姓名", "name", 30, required=True),
        Column("sex", "text", "性别", "sex", 6, choices=("male", "female")),
        Column("birth_year", "int", "出生年份", "birth_year", minimum=1920, maximum=2010),
        Column("ethnicity", "text", "民族", "ethnicity", 12),
        Column("occupation", "text", "职业职务", "occupation", 40),
        Column("occupation_group", "text", "界别", "occgroup", 20),
        Column("official", "bool", "党政干部", "official"),
        Column("county_leader", "bool", "县领导", "leader"),
        Column("fields", "list", "工作领域", "fields", 120),
        Column("capacity", "int", "可承担项目数", "capacity", required=True, minimum=0, maximum=20),
        Column("organisation", "text", "工作单位编号", "org", 40),
        Column("workplace_lon", "float", "工作地经度", "work_lon", minimum=-180, maximum=180),
        Column("workplace_lat", "float", "工作地纬度", "work_lat", minimum=-90, maximum=90),
        Column("congress", "text", "人大区划代码", "congress", 12, required=True, pattern=CODE12),
        Column("congress_level", "text", "人大层级", "conglevel", 10, required=True, choices=CONGRESS_LEVELS),
        Column("term", "int", "届次", "term", required=True, minimum=1, maximum=99),
        Column("term_starts", "date", "本届起", "term_from", required=True),
        Column("term_ends", "date", "本届止", "term_to", required=True),
        Column("district", "text", "选区编号", "district", 30),
        Column("elected_by", "text", "选举单位", "elected_by", 60),
        Column("reelected", "bool", "连任", "reelected"),
        Column("ended_on", "date", "终止日期", "ended_on"),
        Column("group", "text", "代表小组", "group", 60),
        Column("group_leader", "bool", "小组长", "grpleader"),
        Column("station", "text", "联络站编号", "station", 30),
        Column("phone", "text", "电话", "phone", 20, private=True),
    ),
)

STATION = Layer(
    "station", "联络站", "point", ("code",), columns=(
        Column("code", "text", "联络站编号", "code", 30, required=True),
        Column("name", "text", "名称", "name", 60, required=True),
        Column("kind", "text", "类型", "kind", 10, required=True, choices=("centre", "town", "village", "trade")),
        Column("area", "text", "所属区划", "area", 12, required=True, pattern=CODE12),
        Column("address", "text", "地址", "address", 120),
        Column("duty_days", "list", "接待日", "duty_days", 60),
        Column("duty_hours", "text", "接待时间", "duty_hours", 20),
        Column("liaison", "text", "联络员", "liaison", 30),
        Column("phone", "text", "电话", "phone", 20),
    ),
)

ROTA = Layer(
    "rota", "联络站排班", "none", ("station", "day", "order"), shape_required=False, columns=(
        # One row a turn: order 1 answers on that day, 2 and on take over when the ones before cannot.
        Column("station", "text", "联络站编号", "station", 30, required=True),
        Column("day", "date", "日期", "day", required=True),
        Column("order", "int", "次序", "order", required=True, minimum=1, maximum=9),
        Column("deputy", "text", "代表编号", "deputy", 30, required=True),
        Column("absent", "bool", "请假", "absent"),
    ),
)

PROJECT = Layer(
    "project", "重点项目", "any", ("code",), columns=(
        Column("code", "text", "项目编号", "code", 30, required=True),
        Column("name", "text", "项目名称", "name", 80, required=True),
        Column("type", "text", "项目类型", "type", 40),
        Column("field", "text", "领域", "field", 20),
        Column("kind", "text", "建设性质", "kind", 12, required=True, choices=("new", "continuing", "completing", "preparatory")),
        Column("level", "text", "级别", "level", 10, required=True, choices=("province", "city", "county")),
        Column("owner", "text", "业主单位编号", "owner", 40),
        Column("responsible", "text", "责任单位编号", "responsib", 40, required=True),
        Column("contractors", "list", "参建单位编号", "contract", 200),
        Column("site_lon", "float", "现场经度", "site_lon", minimum=-180, maximum=180),
        Column("site_lat", "float", "现场纬度", "site_lat", minimum=-90, maximum=90),
        Column("investment_total", "float", "总投资(万元)", "invtotal", minimum=0),
        Column("investment_year", "float", "年度计划投资(万元)", "invyear", minimum=0),
        Column("starts", "date", "开工日期", "starts", required=True),
        Column("ends", "date", "计划竣工", "ends", required=True),
        Column("summary", "text", "建设内容", "summary", 240),
        Column("experts", "int", "须懂行人数", "experts", minimum=0, maximum=5),
        Column("demand", "int", "监督小组人数", "demand", minimum=0, maximum=5),
    ),
)

SUBPROJECT = Layer(
    "subproject", "子项目", "none", ("project", "number"), shape_required=False, columns=(
        Column("project", "text", "项目编号", "project", 30, required=True),
        Column("number", "int", "序号", "number", required=True, minimum=1, maximum=999),
        Column("name", "text", "名称", "name", 60, required=True),
        Column("weight", "float", "权重", "weight", required=True, minimum=0, maximum=100),
        Column("starts", "date", "计划开始", "starts", required=True),
        Column("ends", "date", "计划完成", "ends", required=True),
    ),
)

PROGRESS = Layer(
    "progress", "进度月报", "none", ("project", "number", "month"), shape_required=False, columns=(
        Column("project", "text", "项目编号", "project", 30, required=True),
        Column("number", "int", "子项目序号", "number", required=True, minimum=1, maximum=999),
        Column("month", "month", "月份", "month", required=True),
        Column("percent", "float", "累计完成%", "percent", required=True, minimum=0, maximum=100),
        Column("invested", "float", "累计投资(万元)", "invested", minimum=0),
        Column("note", "text", "说明", "note", 200),
    ),
)

CASE = Layer(
    "case", "民情件", "point", ("code",), columns=(
        Column("code", "text", "民情件编号", "code", 30, required=True),
        Column("text", "text", "内容", "text", 2000, required=True),
        Column("category", "text", "类别", "category", 30, required=True),
        Column("channel", "text", "渠道", "channel", 12, required=True, choices=("scan", "web", "station", "visit", "letter", "phone")),
        Column("place", "text", "地点描述", "place", 120),
        Column("submitted_at", "datetime", "提交时间", "submitted", required=True),
        Column("level", "text", "分级", "level", 10, choices=("deputy", "town", "county")),
        Column("deputy", "text", "受理代表", "deputy", 30),
        Column("passed_at", "datetime", "转交时间", "passed"),
        Column("unit", "text", "承办单位编号", "unit", 40),
        Column("assigned_at", "datetime", "交办时间", "assigned"),
        Column("answered_at", "datetime", "答复时间", "answered"),
        Column("answer", "text", "答复内容", "answer", 2000),
        Column("rated_at", "datetime", "评价时间", "rated"),
        Column("rating", "text", "满意度", "rating", 12, choices=("satisfied", "fairly", "unsatisfied")),
        Column("follow_code", "text", "查询码", "follow", 30, private=True),
    ),
)

GRIDMEMBER = Layer(
    "gridmember", "网格代表", "none", ("grid", "deputy"), shape_required=False, columns=(
        Column("grid", "text", "网格编码", "grid", 20, required=True),
        Column("deputy", "text", "代表编号", "deputy", 30, required=True),
        Column("basis", "text", "依据", "basis", 10, required=True, choices=("residence", "workplace", "field")),
        Column("field", "text", "所需领域", "field", 20),
        Column("state", "text", "状态", "state", 10, choices=("proposed", "confirmed", "declined")),
        Column("since", "date", "起始日期", "since"),
        Column("reason", "text", "理由", "reason", 200),
    ),
)

# What is supervised besides the key projects, which are topics by themselves: 民生实事项目 and 重点督办建议.
TOPIC = Layer(
    "topic", "监督事项", "any", ("code",), columns=(
        Column("code", "text", "事项编号", "code", 30, required=True),
        Column("kind", "text", "类别", "kind", 12, required=True, choices=("livelihood", "suggestion", "concern")),
        Column("title", "text", "事项名称", "title", 80, required=True),
        Column("year", "int", "年度", "year", minimum=2000, maximum=2100),
        Column("field", "text", "领域", "field", 20),
        Column("responsible", "text", "责任单位编号", "responsib", 40, required=True),
        Column("owner", "text", "实施单位编号", "owner", 40),
        Column("demand", "int", "监督小组人数", "demand", minimum=0, maximum=5),
        Column("experts", "int", "须懂行人数", "experts", minimum=0, maximum=5),
        Column("text", "text", "内容", "text", 1000),
    ),
)

# One row a visit: planned, and recorded when it has visited_on. The shape is where whoever led it signed in; ratings: 指标=评分.
VISIT = Layer(
    "visit", "走访视察", "point", ("code",), shape_required=False, columns=(
        Column("code", "text", "走访编号", "code", 30, required=True),
        Column("kind", "text", "方式", "kind", 10, required=True, choices=("look", "inspection")),
        Column("topic", "text", "监督事项编号", "topic", 30, required=True),
        Column("deputy", "text", "代表编号", "deputy", 30, required=True),
        Column("participants", "list", "参加代表编号", "particip", 1000),
        Column("name", "text", "名称", "name", 60),
        Column("planned_on", "date", "计划日期", "planned_on", required=True),
        Column("meeting_place", "text", "集合地点", "meeting", 80),
        Column("agenda", "text", "安排", "agenda", 1000),
        Column("visited_on", "date", "走访日期", "visited_on"),
        Column("signed_at", "datetime", "签到时间", "signed_at"),
        Column("accuracy", "float", "定位误差(米)", "accuracy", minimum=0, maximum=100_000),
        Column("text", "text", "看到的情况", "text", 4000),
        Column("ratings", "list", "评分", "ratings", 1000),
        Column("recorded_at", "datetime", "记录时间", "recorded"),
    ),
)

# What a visit found wrong, and what became of it; the topic is a key project's code or a matter's own.
FINDING = Layer(
    "finding", "发现的问题", "none", ("code",), shape_required=False, columns=(
        Column("code", "text", "问题编号", "code", 30, required=True),
        Column("topic", "text", "监督事项编号", "topic", 30, required=True),
        Column("visit", "text", "走访编号", "visit", 30),
        Column("deputy", "text", "代表编号", "deputy", 30, required=True),
        Column("text", "text", "问题", "text", 2000, required=True),
        Column("severity", "int", "程度", "severity", minimum=1, maximum=3),
        Column("raised_at", "datetime", "提出时间", "raised", required=True),
        Column("forwarded_at", "datetime", "转交时间", "forwarded"),
        Column("declined_at", "datetime", "不予转交时间", "declined"),
        Column("decline_reason", "text", "不予转交理由", "declinewhy", 500),
        Column("unit", "text", "主办单位编号", "unit", 40),
        Column("co_units", "list", "会办单位编号", "counits", 200),
        Column("assigned_at", "datetime", "交办时间", "assigned"),
        Column("limit_days", "int", "整改期限(工作日)", "limitdays", minimum=1, maximum=250),
        Column("reminded_at", "datetime", "催办时间", "reminded"),
        Column("overseen_at", "datetime", "督办时间", "overseen"),
        Column("oversight", "text", "督办意见", "oversight", 1000),
        Column("answered_at", "datetime", "答复时间", "answered"),
        Column("answer", "text", "整改答复", "answer", 2000),
        Column("sent_back_at", "datetime", "退回重办时间", "sentback"),
        Column("send_back_reason", "text", "退回重办理由", "sentwhy", 2000),
        Column("reanswered_at", "datetime", "再次答复时间", "reanswered"),
        Column("reanswer", "text", "再次答复", "reanswer", 2000),
        Column("closed_at", "datetime", "办结时间", "closed"),
        Column("result", "text", "确认结果", "result", 12, choices=("put_right", "explained")),
    ),
)

# A month of a whole project: money and words. Percent only where there are no subprojects; reason: why something is put right.
MONTHLY = Layer(
    "monthly", "项目月报", "none", ("project", "month"), shape_required=False, columns=(
        Column("project", "text", "项目编号", "project", 30, required=True),
        Column("month", "month", "月份", "month", required=True),
        Column("percent", "float", "累计完成%", "percent", minimum=0, maximum=100),
        Column("invested", "float", "开工以来累计完成投资(万元)", "invested", minimum=0),
        Column("invested_year", "float", "本年累计完成投资(万元)", "investyear", minimum=0),
        Column("text", "text", "形象进度", "text", 300),
        Column("problems", "text", "存在问题", "problems", 300),
        Column("reason", "text", "更正理由", "reason", 200),
    ),
)

LAYERS: dict[str, Layer] = {
    layer.name: layer
    for layer in (AREA, ORGANISATION, DISTRICT, GRID, DOORPLATE, ISSUER, PLATE, STATION, DEPUTY, ROTA, DRAFT, PROJECT, SUBPROJECT, PROGRESS, CASE, TOPIC, GRIDMEMBER, VISIT, FINDING, MONTHLY)
}
"""Every layer, in the order in which they can be imported: each refers only to the ones before it."""
