"""What does not belong here, told from its words: emergencies, crimes, breaches of discipline, court cases, tenders, secrets, orders that
12345 has in hand. No Django here.

Led elsewhere is only what says so plainly: somebody who complains of dark fire lanes, of a neighbourhood where bicycles vanish, or of a
hotline that never called back is at the right door. So a rule needs the thing and that it happens or has happened to somebody, and a
sentence that speaks of prevention, of long ago, or of what might be is not one. Every rule is linear in the length of the text.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    FIRE = "fire"
    MEDICAL = "medical"
    POLICE = "police"
    CRIME = "crime"
    DISCIPLINE = "discipline"
    COURT = "court"
    TENDER = "tender"
    SECRET = "secret"
    HOTLINE = "hotline"


@dataclass(frozen=True)
class Door:
    """Where a kind belongs. number: to be rung up, empty where there is none. why: what is to be done, in words for the one who wrote."""

    label: str
    number: str
    why: str


DOORS = {
    Kind.FIRE: Door("火情、险情", "119", "像是正在发生的火情或险情。请马上拨打 119；这里不是即时受理的，会耽误救援。"),
    Kind.MEDICAL: Door("有人受伤、发病", "120", "像是有人正需要急救。请马上拨打 120；这里不是即时受理的，会耽误救治。"),
    Kind.POLICE: Door("正在发生的危险", "110", "像是正在发生的危险。请马上拨打 110；这里不是即时受理的，会耽误出警。"),
    Kind.CRIME: Door("违法犯罪线索", "110", "违法犯罪由公安机关查办，人大代表不办理具体案件。请拨打 110 或到派出所报案，尽快留住证据。"),
    Kind.DISCIPLINE: Door("干部违纪违法", "12388", "公职人员违纪违法由纪委监委受理，会为您保密。请拨打 12388 举报。"),
    Kind.COURT: Door("诉讼案件", "12368", "已经起诉或判决的案件由法院依法独立办理，人大代表不干预个案。请拨打 12368 查询、反映。"),
    Kind.TENDER: Door("招标投标", "", "招标投标的质疑和投诉有法定的途径和期限，人大代表不介入具体项目。请向招标人提出异议，或向县公共资源交易监督管理部门投诉。"),
    Kind.SECRET: Door("涉密内容", "", "涉密的内容不能在网上写。请删掉涉密的部分；要反映泄密的，请当面找县国家保密局。"),
    Kind.HOTLINE: Door("12345 正在办理的", "12345", "12345 已经受理的，由 12345 办完并答复您，这里不重复办。请凭工单号拨打 12345 查进度；办完还不满意，再来反映。"),
}  # fmt: skip
MOST_READ = 4000  # characters: reports have at most half of it
CRY = 150  # characters of a call for help
CALL = 40  # characters: who writes no more than this while it happens leaves out that it happens now
SHORT, LONG = 80, 800  # characters: in a long letter a word or two more are mentioned in passing
URGENT = frozenset({Kind.FIRE, Kind.MEDICAL, Kind.POLICE})  # the one who writes knows better than we do whether it is happening now


@dataclass(frozen=True)
class Elsewhere:
    """kind: where it belongs. found: the words that say so, as they were written."""

    kind: Kind
    found: str

    @property
    def door(self) -> Door:
        return DOORS[self.kind]

    @property
    def urgent(self) -> bool:
        return self.kind in URGENT


def _any(*words: str) -> re.Pattern:
    return re.compile("|".join(words))


@dataclass(frozen=True)
class _Event:
    """Something that happens: a sentence says `thing`, and `near` besides, and nothing of `unless`."""

    kind: Kind
    thing: re.Pattern
    near: re.Pattern | None = None
    unless: re.Pattern | None = None
    within: int = MOST_READ  # characters: nobody writes a long letter about what is happening now

    def found(self, sentences: list[str], text: str) -> str:
        for sentence in sentences if len(text) <= self.within else ():
            said = self.thing.search(sentence)
            if said and (self.near is None or self.near.search(sentence)) and not (self.unless and self.unless.search(sentence)):
                return said.group()
        return ""


@dataclass(frozen=True)
class _Subject:
    """What a whole text is about: so many different `signs`; in few words, or in the first sentence, one is enough if `alone` is said too."""

    kind: Kind
    signs: re.Pattern
    needed: int
    alone: re.Pattern
    unless: re.Pattern | None = None

    def found(self, sentences: list[str], text: str) -> str:
        signs = list(dict.fromkeys(self.signs.findall(text)))
        if not signs or (self.unless and self.unless.search(text)):
            return ""
        head = text if len(text) <= SHORT else sentences[0]
        enough = len(signs) >= self.needed + len(text) // LONG or (self.alone.search(head) and self.signs.search(head))
        return signs[0] if enough else ""


NOT_NOW = _any(
    "隐患", "容易", "可能", "万一", "如果", "一旦", "担心", "怕", "避免", "防止", "预防", "以防", "杜绝", "谨防", "曾", "以前", "之前", "去年", "前年", "昨天", "前天", "上个?月", "上周", "上次", "多次", "每次", "经常", "时常",
    "常常", "总是", "每天", "天天", "每晚", "当时", "后来", "扑灭", "救出", "事后", "事故", "赔偿", "认定", "演练", "培训", "宣传", "通道", "器材", "设施", "消防栓", "会不会", "假如", "要是", "极易", "过$", r"\d年", r"\d月", r"\d日", r"[一二两三四五六七八九十几\d]+个?[年月天周]",
    "险些", "差点", "死者", "死亡", "去世", "抢救", "住院", "出院", "报销", "医保", "工伤", "后果", "不堪设想", "谁负责", "诊断", "好像", "如同", "一样", "食品", "中毒事件", "电影", "小说", "网上", "新闻", "听说", "难道", "是不是", "非要等",
)  # fmt: skip
NOW = _any("正在", "现在", "刚才", "刚刚", "马上", "快来", "快点", "救命", "求救", "赶紧", "赶快", "紧急", "立刻", "此刻", "这会儿?", "眼下")
STREETS = _any("监控", "巡逻", "治安", "加强", "多次", "经常", "频繁", "安装", "路灯", "门禁", "物业", "保安", "时有发生", "屡", "隐患", "防盗", "接连", "又", "好几", "容易", "会被", "怕", "井盖", "花", "菜")
PLACED = _any("老师", "学校", "校园", "城管", "物业", "保安", "工地", "霸凌", "加强", "巡逻", "报警[器铃]", "警报", "烟感", "灭火", "保险", "补[助偿贴]", "救助", "困难户", "公道", "受害", "护栏", "栏杆", "警示", "路段", "老困", "频发", "多发", "问题", "希望", "建议", "应该", "咨询", "举报")
NOT_A_CALL = _any(NOT_NOW.pattern, PLACED.pattern)
OFFICIALS = _any("干部", "书记", "主任", "局长", "镇长", "乡长", "村长", "所长", "科长", "院长", "校长", "处长", "县长", "支书", "会计", "民警", "交警", "城管", "公务员", "公职人员", "领导", "工作人员", "村委", "官员", "局里", "镇里")
RULES: tuple[_Event | _Subject, ...] = (
    _Event(Kind.FIRE, _any("着火", "起火", "失火", "火灾", "冒浓烟", "火势", "(?:煤气|燃气|天然气|液化气)管?道?(?:正在|在)?(?:大量)?(?:泄漏|泄露|漏气)", "困在(?:电梯|火|楼)"), NOW, NOT_NOW, CRY),
    _Event(Kind.FIRE, _any("着火了", "起火了", "失火了", "爆炸了", "困在电梯里"), None, NOT_NOW, CRY),
    _Event(Kind.MEDICAL, _any("晕倒", "昏迷", "不省人事", "没有?呼吸", "大出血", "休克", "(?:煤气|一氧化碳|农药)中毒", "心脏病发", "溺水", "落水", "掉进?(?:河|水|井)里", "触电", "口吐白沫"), NOW, NOT_NOW, CRY),
    _Event(Kind.MEDICAL, _any("晕倒了", "昏过去了", "掉进?(?:河|水|井)里了?", "触电了", "喝农药了", "突然(?:胸口|心口|胸|头).{0,3}[疼痛]", "突然抽搐"), None, NOT_NOW, CRY),
    _Event(Kind.POLICE, _any("持刀", "拿着?刀", "砍人", "打人", "打架", "斗殴", "跳楼", "跳河", "轻生", "自杀", "绑架", "劫持", "撬门", "撬锁", "入室", "尾随我", "跟踪我", "打起来", "出人命"), NOW, NOT_NOW, CRY),
    _Event(Kind.POLICE, _any("救命啊", "喊救命", "快来救", "打起来了"), None, NOT_NOW, CRY),
    _Event(Kind.POLICE, _any("我.{0,4}(?:想|要|去)(?:自杀|跳楼|跳河|轻生)", "我.{0,3}(?:不想活|活不下去)了", "我.{0,3}想死(?!$)"), None, NOT_NOW, CALL),
    _Event(Kind.FIRE, _any("着火", "起火", "失火", "火灾", "(?:煤气|燃气|天然气|液化气)(?:管道)?(?:泄漏|泄露|漏气|漏了)", "困(?:在)?.{0,3}电梯", "电梯.{0,3}困"), None, NOT_A_CALL, CALL),
    _Event(Kind.MEDICAL, _any("(?:有人|老人|小孩|孩子|我[爸妈]|工人).{0,6}(?:落水|溺水|晕倒|昏迷|触电|受伤|流血|中毒|被埋|被砸|被.{0,2}撞|抽搐)", "(?:出|发生)?车祸"), None, NOT_A_CALL, CALL),
    _Event(Kind.POLICE, _any("有人.{0,10}(?:打人|打架|斗殴|持刀|拿刀|砍|行凶|抢劫|跳楼|跳河|自杀|轻生)", "^打人$", "打[我他她]", "家暴", "被人?(?:打|殴打|砍伤|捅)"), None, NOT_A_CALL, CALL),
    _Event(Kind.SECRET, _any("(?:绝密|机密|秘密级|涉密)的?(?:文件|资料|图纸|会议|数据|档案|电报)", "(?:泄露|泄漏|泄密).{0,6}(?:国家秘密|国家机密|涉密)", "内部红头文件", "军事机密", "军事禁区的?(?:照片|坐标|位置)", "部队的?(?:番号|部署)"), None, _any("商业", "以.{0,8}为由", "不是", "不属于", "并非", "法》", "条例")),
    _Subject(Kind.COURT, _any("判决书?", "裁定书?", "[一二]审", "终审", "再审", "上诉", "开庭", "庭审", "强制执行", "执行局", "法官", "审判长", "(?:民|刑|行)[初终]", "原告", "被告(?!知)", "中级?人?民?法院", "申诉", "抗诉", "立案庭", "法院判", "法院"), 4,
             _any("(?:我|我们|我家|本人).{0,14}(?:判决|上诉|开庭|起诉|立案|执行)", "(?:判决|裁定|执行)(?:不公|错误|不了|难|不到位)", "(?:不服|枉法).{0,10}(?:判|裁)", "(?:判决|裁定|一审|二审).{0,6}不服", "^法院(?:已经?|都)?判(?:决|了)", "案.{0,12}(?:判决|不立案|不执行|开庭|再审)", "判决.{0,8}生效", "判了.{0,6}不执行", "执行局.{0,8}不", "给(?:法院|法官)打.?招呼")),
    _Subject(Kind.TENDER, _any("投标人?", "招标文件", "招标公告", "招标人", "招标代理", "评标", "(?<!报)废标", "流标", "围标", "串标", "开标", "标书", "中标公示", "中标候选人", "质疑函", "[招中评]标(?=.{0,6}(?:内定|不公|作弊|造假|猫腻))"), 3,
             _any("围标", "串标", "评标不公", "(?:招标|投标|中标|评标).{0,16}(?:不公|违规|造假|作弊|虚假|内定|猫腻|质疑|操纵|控制|作废|举报|投诉)", "(?:举报|投诉|质疑).{0,20}(?:招标|投标|中标|评标)"), _any("物业招标", "物业公司招标", "选聘物业", "(?:无|没有|未|不)(?:经过?|公开)?招标")),
    _Subject(Kind.DISCIPLINE, _any("贪污", "受贿", "行贿", "索贿", "挪用", "侵吞", "中饱私囊", "以权谋私", "吃拿卡要", "买官卖官", "收红包", "收受", "好处费", "回扣", "权钱交易", "贪官", "公款吃喝", "公款旅游", "公车私用", "虚报冒领", "冒领", "优亲厚友", "利用职务", "职务之便", "贪腐", "私分", "套取"), 3,
               re.compile(f"(?:{OFFICIALS.pattern}).{{0,20}}(?:贪污|受贿|索贿|挪用|侵吞|中饱私囊|以权谋私|吃拿卡要|收红包|收受|要?好处费|公款|公车|冒领|贪腐|私分|套取)(?!.{{0,3}}[吗？?])|(?:举报|查处).{{0,20}}(?:贪污|受贿|贪官|公款吃喝|公车私用)")),
    _Event(Kind.CRIME, _any("(?:被|遭).{0,3}(?:偷走?了?|盗走?了?|抢走?了|抢劫|强奸|猥亵|绑架|敲诈)"), _any("我", "家里", "昨", "今", "刚才", "报案", "老人", "孩子", "女儿"), STREETS),
    _Event(Kind.CRIME, _any("(?:我|我们|我妈|我爸|老人|父母|母亲|父亲|孩子).{0,16}(?:被|遭|遇).{0,6}(?:诈骗|骗走?了?).{0,8}(?:万|千|元|钱|积蓄)", "(?:诈骗|骗子).{0,6}骗(?:走|了)我?.{0,6}[万千元]"), None, _any("开发商", "物业", "商家", "中介", "培训", "消费", "卖家", "店")),
    _Event(Kind.CRIME, _any("贩毒", "吸毒", "卖淫", "嫖娼", "开设?赌场", "聚众赌博", "放高利贷", "制假窝点", "传销窝点", "搞传销", "非法集资", "贩卖枪支"), _any("举报", "有人", "发现", "窝点", "涉嫌"), _any("严打", "预防", "宣传", "记录", "治理", "教育", "防范")),
    _Event(Kind.HOTLINE, re.compile(r"12345.{0,40}(?:已经?受理|受理了|正在(?:办|处)理|已经?派单|已经?转办|工单(?:编?号|为|是)|等待(?:答复|回复|处理))|工单(?:编?号)?[:：是为]?.{0,6}\d{6}"), _any("12345", "热线", "市长电话"), _any("没有?(?:人|解决|结果|回复|答复|处理|效果)", "未", "不满意", "无果", "推", "拖", "至今", "多次", "敷衍", "办结", "迟迟", "还是", "仍", "依然", "继续", "照样", "整夜", "无人", "不了了之")),
)  # fmt: skip


def elsewhere(text: str) -> Elsewhere | None:
    """Where a report belongs when it does not belong here; None for what is taken in. The most urgent of what it says counts."""
    plain = unicodedata.normalize("NFKC", text)[:MOST_READ]
    sentences = [each.strip() for each in re.split(r"[。！？!?；;\n]+", plain) if each.strip()]
    if not sentences:
        return None
    for rule in RULES:
        if found := rule.found(sentences, plain):
            return Elsewhere(rule.kind, found)
    return None
