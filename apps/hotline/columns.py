"""LAB. What the columns of somebody else's table mean: guessed from their headings, settled once by a person, remembered by heading."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """What a column can mean. several: more than one column may; hint: what to know about it."""

    name: str
    label: str
    several: bool = False
    hint: str = ""


FIELDS = {
    field.name: field
    for field in (
        Field("number", "工单号", hint="对方的编号；同一编号再来就是更新"),
        Field("received_at", "受理时间"),
        Field("title", "标题"),
        Field("text", "内容", several=True, hint="几列的话接在一起"),
        Field("state", "办理状态"),
        Field("due_on", "办理期限"),
        Field("answered_at", "答复时间"),
        Field("satisfied", "满意度"),
        Field("unit_words", "承办单位"),
        Field("category", "对方的分类", several=True, hint="由粗到细"),
        Field("channel", "渠道"),
        Field("told_for", "是否代录"),
        Field("elder", "是否老年人"),
        Field("age", "年龄", hint="只用来看是不是满 60 岁，不保存"),
        Field("address", "地址", several=True, hint="只用来定到 100 米格，不保存"),
        Field("town", "乡镇街道"),
        Field("village", "村社"),
        Field("lon", "经度"),
        Field("lat", "纬度"),
        Field("private", "个人信息", several=True, hint="姓名、电话、证件；不保存，并从内容里去掉"),
    )
}
UNREAD = ""  # a column that is left alone

# Looked for in this order; the first that fits a heading decides. What leads to a person comes before what merely sounds like it.
MARKS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        (UNREAD, r"(回复|答复|处理|办理)(内容|意见|结果|情况|详情|过程)|^备注|^序号$|^性别$|人数|次数|时长|(诉求|来电|工单|信件|留言|业务|受理|办件|反映)(类型|目的|性质|形式)|是否(公开|保密|匿名|回访|重复)"),
        ("age", r"年龄|年纪|岁数|^age$"),
        ("elder", r"老年|老人|六旬|60岁"),
        ("told_for", r"代录|代办|代填|代为|代写|代反映"),
        ("private", r"姓名|(来电|反映|诉求|投诉|举报|联系|留言|求助|申请|当事|提出|登记|接访|来访|信访|发言)人(姓名|员)?$|电话|手机|号码|联系方式|身份证|证件|邮箱|微信|QQ|车牌|账号|网名|昵称|^(name|phone|tel|mobile|caller|reporter)"),
        ("number", r"(工单|诉求|事件|留言|流水|登记|信件|案件|办件|来件|任务|业务|意见|记录|受理|单据)(编|单|流水)?(号|编码|ID)|^(编号|单号|编码|流水号|工单)$|^(id|no|number|code|order_?(id|no|number)|case_?(id|no))$"),
        ("answered_at", r"(答复|回复|反馈|办结|办理完成|完成|结案|归档|回访)(日期|时间|时刻)|^(answered|closed|replied|finished)_?(at|on|time|date)?$"),
        ("due_on", r"期限|截止|到期|应办结|应答复|限办|时限|^(due|deadline)"),
        ("received_at", r"(受理|来电|登记|反映|诉求|留言|接收|录入|创建|提交|接待|投诉|会议|提出|来信|发生|派单|建单|生成)(日期|时间|时刻)|^(日期|时间)$|^(received|created|opened|submitted|reported)?_?(at|on|time|date|datetime)$"),
        ("satisfied", r"满意|评价|^(satisfied|satisfaction|rating)$"),
        ("state", r"状态|进度|进展|当前环节|办理环节|^(state|status)$"),
        ("category", r"类别|分类|类型|领域|专题|行业|(一|二|三|四)级|事项名称|^(category|type|service|topic)"),
        ("unit_words", r"(承办|主办|责任|处理|办理|转办|交办|答复|回复|处置|派往|被反映|主管)(单位|部门|机构)|留言对象|^(单位|部门|承办|unit|agency|department|org\w*)$"),
        ("lon", r"经度|^(lon|lng|long|longitude|x)$"),
        ("lat", r"纬度|^(lat|latitude|y)$"),
        ("town", r"乡镇|街道|镇街|镇乡|属地|区域|片区|^(town|area|district)"),
        ("village", r"村社|社区|村居|行政村|^村$|^(village|community)"),
        ("address", r"地址|地点|位置|事发地|发生地|地段|场所|^(address|place|location|where)$"),
        ("channel", r"渠道|来源|方式|途径|^(channel|source|via)$"),
        ("title", r"标题|主题|概要|摘要|诉求名称|^(title|subject|summary)$"),
        ("text", r"内容|描述|详情|诉求|正文|问题|意见|建议|反映事项|情况|^(text|content|description|detail|body)"),
    )
)  # fmt: skip
LIKELY_LONG = 40  # characters: no heading is longer


def meaning_of(heading: str) -> str | None:
    """The field that a heading seems to mean, UNREAD for one that is better left alone, None where nothing is known of it."""
    text = unicodedata.normalize("NFKC", heading).strip()
    text = text.lower() if text.isascii() else re.sub(r"[（(].*?[）)]|\s", "", text)
    return next((name for name, pattern in MARKS if pattern.search(text)), None)


def is_known(heading: str) -> bool:
    return len(heading) <= LIKELY_LONG and meaning_of(heading) is not None


def guess(headings: Sequence[str]) -> dict[str, str]:
    """Heading -> field. A field that only one column may have goes to the first that seems to mean it; if there is no text, the title is it."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for heading in headings:
        name = meaning_of(heading) or UNREAD
        if name in taken and not FIELDS[name].several:
            name = "private" if name == "number" else UNREAD
        if name:
            taken.add(name)
        found[heading] = name
    if "text" not in taken and "title" in taken:
        found = {heading: "text" if name == "title" else name for heading, name in found.items()}
    return found


def remembered(headings: Sequence[str], mapping: Mapping[str, str]) -> dict[str, str] | None:
    """What was settled for these headings; None when one of them has not been seen before and seems to mean something."""
    if not any(heading in mapping for heading in headings):
        return None
    fresh = [heading for heading in headings if heading not in mapping and meaning_of(heading) not in (None, UNREAD)]
    return None if fresh else {heading: mapping.get(heading, UNREAD) for heading in headings}


def fault(mapping: Mapping[str, str], *, numbered: bool) -> str:
    """Why a table cannot be taken in as it is mapped, in Chinese; "" when it can. numbered: every record has its owner's number."""
    used = [name for name in mapping.values() if name]
    twice = next((name for name in used if used.count(name) > 1 and not FIELDS[name].several), "")
    if twice:
        return f"有两列都说是“{FIELDS[twice].label}”，只能有一列。"
    if numbered and "number" not in used:
        return "请指明哪一列是工单号：没有它，同一张工单会重复收进来。"
    if not {"text", "title", "state", "answered_at", "satisfied"} & set(used):
        return "请指明哪一列是内容；只更新状态的表，请指明哪一列是办理状态。"
    if {"text", "title"} & set(used) and "received_at" not in used:
        return "请指明哪一列是受理时间。"
    if ("lon" in used) != ("lat" in used):
        return "经度和纬度要两列都指明，或都不用。"
    return ""
