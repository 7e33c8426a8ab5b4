"""A second injection of personal data, written apart from the rules: as a hotline's clerk and as letters put it, with other names, other ways to
write a number and other sentences than `injected`. The rules are never tuned on its seeds' texts, only on kinds that it shows to be missing.
"""

import random
from collections.abc import Iterator

from apps.cases.redaction_numbers import CHECKS, WEIGHTS, luhn
from tests.cases.injected import Injected

_SURNAMES = (
    "王 李 张 刘 陈 杨 黄 赵 吴 周 徐 孙 马 朱 胡 郭 何 林 高 罗 郑 梁 谢 宋 唐 许 韩 邓 冯 曹 彭 曾 肖 田 董 潘 袁 蔡 蒋 余 于 杜 叶 程 魏 苏 吕 丁 任 卢 姚 沈 钟 姜 崔 谭 陆 范 汪 廖 石 金 韦 贾 夏 付 方 邹 熊 白 孟 秦 邱 侯 江 尹 薛 闫 段 "
    "雷 龙 黎 史 陶 贺 毛 郝 顾 龚 邵 万 覃 武 钱 戴 严 莫 孔 向 常 温 缪 池 上官 欧阳 诸葛 章 项 华 包 翁 施 柯 尤"
)
_FULL_NAMES = (  # given names as registers have them
    "建国 建军 建华 志强 志明 国强 国庆 卫国 爱国 文革 解放 援朝 红卫 向东 学军 秀英 秀兰 桂兰 桂英 玉兰 玉梅 凤英 凤霞 淑珍 淑芬 丽华 丽娟 小红 小燕 美玲 美珍 雪梅 春花 春生 冬生 金花 银花 阿根 阿英 水根 火旺 土根 木森 连生 有才 有福 长发 长根 德胜 德顺 永强 永康 "
    "志远 俊杰 浩然 子轩 子涵 梓涵 梓豪 欣怡 欣妍 诗涵 雨桐 雨萱 语桐 思远 思琪 佳怡 佳琪 嘉豪 嘉欣 宇航 宇轩 天佑 博文 皓轩 一诺 一鸣 亦辰 沐宸 奕辰 若曦 紫涵 可馨 昊天 铭泽 睿哲 瑾瑜 书瑶 晓东 晓峰 晓雯 海波 海燕 伟民 伟强 丽萍 丽霞 艳红 艳丽 燕飞 翠花 翠平 菊芬 菊香 杏花 "
    "超 磊 鹏 杰 斌 波 辉 涛 刚 强 勇 敏 静 丽 芳 娟 艳 玲 霞 燕 萍 琴 兰 平 明 亮 健 宁 凯 浩 鑫 晨 阳 洋 欢 悦 颖 慧 婷 倩 薇 蕾 琳 瑶 娜 莉 军 兵 林 峰 松 柏 云 龙 虎 飞 翔 成 功 全 定 进 正 来 发 富 贵 荣 华 兴 旺 昌 盛 法 方 高 银 炳 培 根"
)
SURNAMES, FULL_NAMES = _SURNAMES.split(), _FULL_NAMES.split()
OTHER_NAMES = (
    "阿依古丽",
    "买买提·艾力",
    "迪丽努尔·吐尔逊",
    "扎西顿珠",
    "巴特尔",
    "欧阳晓晓",
    "司马文",
    "阿布都热合曼·玉素甫",
)
NAMED = (
    "市民{}来电反映，", "来电人{}称该路段无人管理。", "诉求人：{}，希望尽快处理。", "反映人{}（女）要求答复。", "投诉人系{}，被投诉人不详。", "被投诉人{}至今没有退款。", "法人{}已失联。", "该店老板名叫{}，一直不接电话。", "施工队长{}拒绝沟通。",
    "我是{}的女儿，替父亲反映。", "其父{}今年八十二岁，行动不便。", "其子{}在该校就读。", "该户主{}去年就申请过。", "业主代表{}已经递交了材料。", "村支书{}说没有办法。", "户主姓名{}。", "与{}同志联系过。", "经办人员{}答复说再等等。", "工作人员{}回电称已处理。",
    "网格员{}上门看过。", "承包户{}不同意。", "这块地由{}承包。", "已经给{}打过电话。", "{}家的猪圈臭味很大。", "{}等三人一起去过镇里。", "老人{}（82岁）独居。", "以上内容由{}反映。", "此致敬礼\n{}\n2026年3月5日", "房主为{}，一直没有出面。", "房子登记在{}名下。", "车主是{}。",
    "姓名{}，性别男。", "申请人{}于3月提交申请。", "请联系{}，谢谢。", "联系人是{}。", "患者{}在住院期间。", "邻居{}经常半夜吵闹。", "班主任{}收了班费。", "物业经理{}态度恶劣。", "包工头{}欠了工资。", "开车的人叫{}。", "我丈夫{}在工地受伤。", "我爱人{}没有社保。", "受害人{}已报警。",
    "{}医生开的药。", "{}校长没有回应。", "镇里的{}副镇长来看过。", "向{}书记反映过两次。", "房东{}不退押金。", "来信人：{}", "写信人{}敬上", "本人{}，系本村村民。", "我叫{}今年45岁", "店主{}（音）已跑路。", "{}律师是我的代理人。", "{}反映：路灯不亮。", "网友{}留言反映。", "由{}代为反映。", "签名：{}",
)  # fmt: skip
UNANNOUNCED = (  # nothing says that a name comes: the rules were tried on these only when they were made
    "我和{}是邻居。", "{}夫妇两人在家。", "由{}签字确认。", "被{}打伤住院。", "{}的电动车被偷。", "肇事者{}逃逸。", "据{}说是镇里同意的。", "{}（13900000000）",
    "联系人 {} 13900000000", "村主任{}带头。", "{}村主任带头。", "{}等村民联名反映。", "原告{}诉至法院。", "叫{}的那个人", "我老公{}去年去世。", "孩子{}，6岁。",
    "{}反映：楼上漏水", "反映人:{},女", "楼上502{}家养狗", "受{}委托代为反映", "{}同学被欺负", "我是{}，住在这里", "投诉{}医生乱收费", "{}老师体罚学生", "镇干部{}收了钱",
    "{}、李四海、王五妹三人", "请转{}同志", "村民小组长{}占地", "店主名叫{}", "欠条写的是{}的名字", "快递员{}送错件", "嫌疑人{}在逃", "{}今年78岁，独居。", "残疾人{}要求补贴",
    "户口在{}名下", "妻子{}，在外打工", "{}自述腿疼", "此事由{}负责", "向{}缴纳了押金", "{}\n2026年3月", "经手人：{}", "见证人{}", "{}将垃圾倒在河边",
    "隔壁{}家装修", "楼下的{}经常吵", "保洁员{}没有工资", "{}已签收",
)  # fmt: skip
SURNAME_ONLY = ("{}先生来电反映噪音。", "一位姓{}的师傅。", "来电人姓{}。", "{}女士反映停水。", "市民（{}女士）来电。", "{}某某多次闹事。", "{}阿姨摔倒了。", "老{}家的围墙。", "{}姓村民堵路。", "找{}主任。")  # fmt: skip
NUMBERED = {
    "电话": ("回电号码：{}。", "来电号码{}", "可联系{}", "TEL:{}", "本人电话为{}，24小时开机", "打不通{}", "（{}）", "短信发到{}即可", "{}（同微信）", "联系方式：李女士/{}", "老板的手机号{}", "座机是{}。", "拨打{}无人接听。", "Phone {}", "☎{}", "电话号码是{},谢谢"),
    "身份证号": ("身份证号为{}。", "证件号码：{}，", "公民身份号码{}", "（身份证：{}）", "ID:{}", "本人{}办理过户", "申请人证件{}", "sfz {}"),
    "银行卡号": ("收款账户{}", "工资卡{}", "退到农行卡{}", "开户行农商银行，账号{}", "卡号是{}，请核对。", "社保卡银行账号为{}", "打款至{}"),
    "车牌号": ("车牌为{}的货车", "{}号小车", "一辆白色轿车（{}）", "车辆{}违停", "牌照{}", "挂{}牌照的渣土车", "车号是{}。", "出租车{}拒载"),
    "邮箱": ("电子邮箱为{}", "材料发{}", "E-mail: {}", "邮件已发至{}。", "请回复{}"),
    "微信号": ("微信号是{}", "微信:{}", "可加微信{}联系", "V信 {}", "对方微信（{}）", "微信名片：{}", "wechat:{}", "绿泡泡{}"),
    "QQ号": ("QQ号码：{}", "扣扣{}", "qq是{}", "Q号{}", "可以加qq {}"),
    "户号": ("用电户号{}。", "水表户号：{}", "燃气用户编号{}", "户号是{}", "住院号{}", "病历号：{}", "快递单号{}", "保单号为{}", "订单号{}至今未退款", "社保编号{}"),
    "证件号": ("护照号{}", "残疾证号：{}", "驾驶证档案编号{}", "不动产权证号{}", "房产证号是{}"),
    "门牌": ("家住澄江社区{}。", "地址在幸福路{}", "住{}，漏水", "位于解放街{}的店铺", "业主住在锦绣花园{}", "家庭住址：大桥村{}", "{}的住户养狗", "在{}楼下", "居住地为滨海小区{}"),
}  # fmt: skip
DISGUISED = {
    "plain": lambda number, rng: number,
    "slashes": lambda number, rng: _grouped(number, "/"),
    "underscores": lambda number, rng: _grouped(number, "_"),
    "Chinese commas": lambda number, rng: _grouped(number, "，"),
    "long dash": lambda number, rng: _grouped(number, "—"),
    "middle dot": lambda number, rng: _grouped(number, "·"),
    "two gaps": lambda number, rng: _grouped(number, "  "),
    "spoken": lambda number, rng: number.translate(str.maketrans("0123456789", "零幺二三四五六七八九")),
    "spoken in groups": lambda number, rng: _grouped(
        number.translate(str.maketrans("0123456789", "零幺二三四五六七八九")), "，"
    ),
    "ideographic space": lambda number, rng: _grouped(number, "\u3000"),
    "mathematical": lambda number, rng: number.translate(str.maketrans("0123456789", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗")),
    "Arabic digits": lambda number, rng: number.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")),
    "emphasised": lambda number, rng: number,
    "soft hyphens": lambda number, rng: "\u00ad".join(number),
    "mixed width": lambda number, rng: "".join(
        chr(ord(c) + 0xFEE0) if c.isdigit() and rng.random() < 0.5 else c for c in number
    ),
    "l and o": lambda number, rng: number.replace("0", "o").replace("1", "l"),
    "a line break": lambda number, rng: number[: len(number) // 2] + "\n" + number[len(number) // 2 :],
}
WHOLE = ("电话", "身份证号", "银行卡号")
CARRIERS = (
    "该路段近期多次发生积水，影响车辆通行，要求相关部门核实处理。", "此前已通过热线反映，得到的答复是正在协调，但至今没有结果。", "希望职能部门到现场查看，并将处理结果告知。", "工单于2026年3月12日转至属地，要求5个工作日内办结。",
    "小区共有12栋楼、860户居民，停车位只有300个。", "每平方米物业费1.8元，去年涨到2.3元。", "夜里十一点以后仍在施工，影响孩子休息。", "该企业自2019年10月起拖欠工资共计136000元。", "110已出警，现场没有发现异常。", "公交215路改道以后老人出行不便。",
)  # fmt: skip


def injected_otherwise(count: int, seed: int) -> Iterator[Injected]:
    """`count` texts of each kind and disguise; of names ten times as many."""
    rng = random.Random(seed)
    for index in range(count * 10):
        name = rng.choice(OTHER_NAMES) if index % 50 == 0 else rng.choice(SURNAMES) + rng.choice(FULL_NAMES)
        yield _carried("姓名", "whole", NAMED[index % len(NAMED)], name, rng)
    for index in range(count * 5):
        name = rng.choice(SURNAMES) + rng.choice(FULL_NAMES)
        yield _carried("姓名", "unannounced", UNANNOUNCED[index % len(UNANNOUNCED)], name, rng)
    for index in range(count * 2):
        yield _carried("姓名", "surname", SURNAME_ONLY[index % len(SURNAME_ONLY)], rng.choice(SURNAMES[:90]), rng)
    for mark, sentences in NUMBERED.items():
        for disguise, disguised in (DISGUISED if mark in WHOLE else {"plain": DISGUISED["plain"]}).items():
            for index in range(count):
                yield _carried(
                    mark, disguise, sentences[index % len(sentences)], disguised(VALUES[mark](rng), rng), rng
                )


def _carried(mark: str, disguise: str, sentence: str, what: str, rng: random.Random) -> Injected:
    before, _, after = sentence.partition("{}")
    head, tail = (rng.choice(CARRIERS), "") if rng.random() < 0.5 else ("", rng.choice(CARRIERS))
    if tail and (after or what)[-1].isalnum():
        tail = "。" + tail
    if disguise == "emphasised":
        before, after = before + "【", "】" + after
    start = len(head) + len(before)
    return Injected(head + before + what + after + tail, mark, disguise, start, start + len(what))


def _grouped(number: str, sign: str) -> str:
    plain = number.replace("-", "")
    size = {11: (3, 4, 4), 12: (4, 4, 4), 18: (6, 8, 4), 16: (4, 4, 4, 4), 19: (4, 4, 4, 4, 3), 15: (6, 6, 3)}.get(
        len(plain), (4, len(plain) - 4)
    )
    parts, at = [], 0
    for length in size:
        parts.append(plain[at : at + length])
        at += length
    return sign.join(parts)


def _digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choice("0123456789") for _ in range(count))


def _telephone(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.7:
        return f"1{rng.choice('3456789')}{rng.randrange(10)}{_digits(rng, 8)}"
    return f"0{rng.choice(('380', '577', '571'))}{rng.choice('5678')}{_digits(rng, 7)}"


def _identity(rng: random.Random) -> str:
    place = rng.choice(("339901", "330327", "421126", "110105"))
    start = f"{place}{rng.randrange(1935, 2015)}{rng.randrange(1, 13):02d}{rng.randrange(1, 29):02d}{_digits(rng, 3)}"
    check = CHECKS[sum(weight * int(digit) for weight, digit in zip(WEIGHTS, start, strict=True)) % 11]
    return start + (check.lower() if rng.random() < 0.5 else check)


def _card(rng: random.Random) -> str:
    start = rng.choice(("622848", "621700", "436742", "625965")) + _digits(rng, rng.choice((9, 12)))
    return next(start + last for last in "0123456789" if luhn(start + last))


def _plate(rng: random.Random) -> str:
    body = _digits(rng, 3) + "".join(rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789") for _ in range(2))
    first = f"{rng.choice('浙京沪苏皖闽赣鄂粤')}{rng.choice('ABCDEFGHJK')}"
    return rng.choice((f"{first}{body}", f"{first} {body}", f"{first}·{body}", f"{first}-{body}", f"{first}D{_digits(rng, 5)}", f"{first}{_digits(rng, 5)}F", f"{first}{_digits(rng, 4)}挂", f"{first}{_digits(rng, 4)}学"))  # fmt: skip


def _handle(rng: random.Random) -> str:
    return rng.choice("abcdefghijklmnopqrstuvwxyzABCXYZ") + "".join(
        rng.choice("abcdefghijkmnpqrstuvwxyz0123456789_-") for _ in range(rng.randrange(5, 14))
    )


def _mail(rng: random.Random) -> str:
    user = rng.choice((_handle(rng).strip("-_"), f"{_handle(rng)[:4]}.{_handle(rng)[:5]}1", _digits(rng, 9)))
    return user + rng.choice(
        ("@126.com", "@sina.com.cn", "@foxmail.com", " @ 139.com", "＠qq.com", "[at]163.com", "@gmail.com")
    )


def _account(rng: random.Random) -> str:
    return rng.choice(
        (_digits(rng, 10), f"33{_digits(rng, 8)}", f"SF{_digits(rng, 13)}", f"ZY{_digits(rng, 6)}", _digits(rng, 13))
    )


def _paper(rng: random.Random) -> str:
    return rng.choice((f"E{_digits(rng, 8)}", f"EA{_digits(rng, 7)}", _digits(rng, 12), f"{_digits(rng, 20)}"))


def _door(rng: random.Random) -> str:
    n = rng.randrange
    return rng.choice((
        f"{n(1, 999)}号", f"{n(1, 60)}号楼{n(1, 6)}单元{n(101, 2999)}", f"{n(1, 40)}栋{n(101, 3200)}", f"{n(1, 40)}幢{n(101, 3200)}室", f"{n(1, 200)}-{n(1, 9)}号", f"{n(1, 30)}座{n(1, 30)}楼{n(101, 3009)}室", f"{n(1, 9)}组{n(1, 90)}号",
        f"{n(1, 40)}#{n(101, 2600)}", f"{n(1, 40)}-{n(101, 2600)}室", f"{n(1, 300)}弄{n(1, 60)}号{n(101, 900)}室", f"第{n(1, 20)}村民小组{n(1, 90)}号",
    ))  # fmt: skip


VALUES = {
    "电话": _telephone, "身份证号": _identity, "银行卡号": _card, "车牌号": _plate, "邮箱": _mail, "微信号": _handle, "户号": _account, "证件号": _paper, "门牌": _door,
    "QQ号": lambda rng: rng.choice("123456789") + _digits(rng, rng.randrange(6, 10)),
}  # fmt: skip
