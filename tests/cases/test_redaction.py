"""What leads to a person is found however it is typed, and what leads to nobody stays."""

import time
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.cases.redaction import MARKS, redact
from apps.cases.redaction_numbers import checked, luhn
from tests.cases.injected import DISGUISED, DISGUISES, NAMES, SENTENCES, hard_negatives, harmless, injected
from tests.cases.injected_otherwise import injected_otherwise

EACH = 12


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("我叫张琼，电话１３９　００００　０００１。", "我叫〔姓名〕，电话〔电话〕。"),
        ("139\u200b0000\u200b0001", "〔电话〕"),
        ("打一三九零零零零零零零二", "打〔电话〕"),
        ("（0577）6888 1234转801", "〔电话〕"),
        ("0577-68881234、68881235", "〔电话〕、〔电话〕"),
        ("身份证11010519491231002X", "身份证〔身份证号〕"),
        ("身份证110105194912310021", "身份证〔身份证号〕"),  # the check is wrong: mistyped, still somebody's
        ("住人民路12号3幢2单元501室", "住人民路〔门牌〕"),
        ("2栋、3栋和16栋业主", "2栋、3栋和〔门牌〕业主"),
        ("花苑2栋、3栋和16栋", "花苑〔门牌〕、〔门牌〕和〔门牌〕"),
        ("李师傅的车浙C·12345", "〔姓名〕师傅的车〔车牌号〕"),
        ("邮箱 zhang.san（at）163.com", "邮箱 〔邮箱〕"),
        ("微信号：abc_12345，QQ 307485222", "微信号：〔微信号〕，QQ 〔QQ号〕"),
        ("户主：张 三", "户主：〔姓名〕"),
        ("唐向阳局长和班主任老师", "〔姓名〕局长和班主任老师"),
        ("丁乾峰院长、蒋燕等人，蒋燕还说", "〔姓名〕院长、〔姓名〕等人，〔姓名〕还说"),
        ("在东经120.40312，北纬27.51189", "在〔位置〕，〔位置〕"),
        ("来电号码0577/6888/1234", "来电号码〔电话〕"),
        ("电话13900\n000001。", "电话〔电话〕。"),
        ("用电户号3300123456，快递单号SF1234567890123", "用电户号〔户号〕，快递单号〔户号〕"),
        ("住160弄41号802室，5组18号", "住〔门牌〕，〔门牌〕"),
        ("市民周建平来电，经办人员林晓雯答复", "市民〔姓名〕来电，经办人员〔姓名〕答复"),
        (
            "我丈夫买买提·艾力在工地受伤，王姓村民、李某某在场",
            "我丈夫〔姓名〕在工地受伤，〔姓名〕姓村民、〔姓名〕某某在场",
        ),
        ("这块地由陈国强承包，房子登记在吴丽萍名下", "这块地由〔姓名〕承包，房子登记在〔姓名〕名下"),
        ("快递员张洁送错件", "快递员〔姓名〕送错件"),
        ("尊敬的陈书记：李经理说唐经理不管", "尊敬的〔姓名〕书记：〔姓名〕经理说〔姓名〕经理不管"),
        ("村民李钰、业主陈昀祺和法人董宾寿反映", "村民〔姓名〕、业主〔姓名〕和法人〔姓名〕反映"),
        (
            "王大娘家漏水，李婶也说，我同事小陈（物业）知道",
            "〔姓名〕大娘家漏水，〔姓名〕婶也说，我同事小〔姓名〕（物业）知道",
        ),
        ("上垟村樟树下49号，和平社区十八间11号", "上垟村樟树下〔门牌〕，和平社区十八间〔门牌〕"),
        ("我住5栋A座1203，邻居住2-3-501，三单元四楼东户", "我住〔门牌〕，邻居住〔门牌〕，〔门牌〕"),
        (
            "我的v：zhang_san88，医保卡A12345678，银行卡尾号1234",
            "我的v：〔微信号〕，医保卡〔证件号〕，银行卡尾号〔银行卡号〕",
        ),
        ("邮箱：zhangsan at qq.com", "邮箱：〔邮箱〕"),
        ("沙塘镇桐云线1934号楼下", "沙塘镇桐云线〔门牌〕楼下"),
        (
            "行政院长夏院长答复，班主任吴老师和店主林先生在",
            "行政院长〔姓名〕院长答复，班主任〔姓名〕老师和店主〔姓名〕先生在",
        ),
        ("业主梅源反映，梅源路积水", "业主〔姓名〕反映，梅源路积水"),
        ("今天刘能、赵四两人在路口打架，刘能先动手", "今天〔姓名〕、〔姓名〕两人在路口打架，〔姓名〕先动手"),
        ("村民张三、李四和王建业不同意", "村民〔姓名〕、〔姓名〕和〔姓名〕不同意"),
        ("证人：吴学武、许二妹、叶向东", "证人：〔姓名〕、〔姓名〕、〔姓名〕"),
        ("陈总不退钱，找林总协商，项目部肖总说等等", "〔姓名〕总不退钱，找〔姓名〕总协商，项目部〔姓名〕总说等等"),
        ("张工说可以，李哥，王局：您好，阿陈说", "〔姓名〕工说可以，〔姓名〕哥，〔姓名〕局：您好，阿〔姓名〕说"),
        ("皇甫端先生反映，上官婉儿女士也来", "〔姓名〕先生反映，〔姓名〕女士也来"),
        ("投诉人丹增·罗布称，阿不都拉·艾合买提女士", "投诉人〔姓名〕称，〔姓名〕女士"),
        ("程大勇村长占地", "〔姓名〕村长占地"),
        (
            "老板田总电话不通，财务小吴、销售小邓都离职，镇里林副镇长知道",
            "老板〔姓名〕总电话不通，财务小〔姓名〕、销售小〔姓名〕都离职，镇里〔姓名〕副镇长知道",
        ),
        ("反映人方某称，车主蒋文明驾驶小车", "反映人〔姓名〕某称，车主〔姓名〕驾驶小车"),
        ("负责人俞敏承诺交房，胡总、董总都说没钱", "负责人〔姓名〕承诺交房，〔姓名〕总、〔姓名〕总都说没钱"),
        ("锦绣家园3-2-401漏水，江滨花苑3-2-501室也漏", "锦绣家园〔门牌〕漏水，江滨花苑〔门牌〕也漏"),
        ("签名：丁向荣", "签名：〔姓名〕"),
        ("138 - 0000 - 0001，139（0000）0001，1390000000113900000002", "〔电话〕，〔电话〕，〔电话〕"),
        ("妖三九洞洞洞洞洞洞洞两", "〔电话〕"),
        ("+86-577-68881234，0577-68881234（分机801），0577 68881234 转 801", "〔电话〕，〔电话〕，〔电话〕"),
        ("浙C：12345，浙牌C12345，浙C—D12345", "〔车牌号〕，〔车牌号〕，〔车牌号〕"),
        ("发到abc_12＃163.com，abc12艾特qq.com，卫星号abc_12345", "发到〔邮箱〕，〔邮箱〕，卫星号〔微信号〕"),
        ("上垟村门牌号643，人民街12号3楼", "上垟村门牌号〔门牌〕，人民街〔门牌〕"),
    ],
)
def test_as_people_write(text, public):
    assert redact(text).text == public


@pytest.mark.parametrize(
    "text",
    [
        "请拨打12345、110或12315", "13栋楼房，300户居民", "坐5号线到人民路", "县政办〔2015〕12号文件", "5月12号停电", "票价2018元，共1390000元", "2019-11-12 15:30至2020-1-3",
        "19、812、501、213路公交", "提高老师待遇，高中校长，安全主任，双方经理，公安民警", "患者家属要求", "客服热线400-820-8820", "增加500、700、900、1200、1500元", "每平方米12000元", "长期以来市长期待", "周边居民提高警惕，施工单位张贴公告", "原工单号2026031200123，请转相关部门", "江滨花苑物业承诺整改", "7张病假条，三段路面，身份证是1935年的",
        "https://example.cn/?publish_id=1704", "梅峰村委会、龙浦社区和马屿镇的路灯，郑祥村、陈叶路、杨梅桥工业区", "东方广场", "苏安新村门口",
        "王府井百货、李宁专卖店", "杨梅、柚子、枇杷卖不掉", "高中、初中、小学", "石材、金属、木材", "苏州、常州的白杨树、柳树", "费了九牛二虎之力", "总体陈旧，陈旧、老化、破损", "工程总包，项目总监理", "每张总价三元，两张三百", "下周三、周四停水", "高三学生", "门牌号10年没有换",
        "多谢代表，谢谢代表，答谢老师", "梅源路过去一点积水", "毛竹倒了压断电线", "司机师傅态度差", "实习医生和实习护士", "请从根本上解决，业主的费用，群众纪律，学生、商场、地铁", "这些员工曾多次要求", "等了20分钟警察才来", "跟班主任说过，还是走老路。",
        "业主和夏天的游客", "荣盛花语城和金茂府", "住在高瑞雅园和林美水郡的人", "现任法定代表人",
        "东溪镇计划本月25号停电", "村里说25号开会", "镇地铁3号线和村大礼堂2号楼", "街道办事处12号文件",
    ],
)  # fmt: skip
def test_what_leads_to_nobody_stays(text):
    assert redact(text).text == text


def test_injected_data_is_found_in_all_its_disguises():
    found, asked = Counter(), Counter()
    for one in injected(EACH, 5, harmless()):
        asked[one.mark] += 1
        found[one.mark] += one.found(redact(one.text))
    assert set(asked) == set(SENTENCES) and sum(asked.values()) == EACH * (
        len(SENTENCES) - len(DISGUISED) + len(DISGUISED) * len(DISGUISES) + NAMES - 1
    )
    assert all(found[mark] == asked[mark] for mark in asked if mark not in ("姓名", "银行卡号", "身份证号"))
    assert (
        all(found[mark] >= 0.97 * asked[mark] for mark in ("银行卡号", "身份证号"))
        and found["姓名"] >= 0.95 * asked["姓名"]
    )


def test_a_second_injection_written_apart_is_found_too():
    found, asked = Counter(), Counter()
    for one in injected_otherwise(5, 5):
        kind = one.disguise if one.mark == "姓名" else "numbers"
        asked[kind] += 1
        found[kind] += one.found(redact(one.text))
    shares = {kind: found[kind] / asked[kind] for kind in asked}
    assert (
        shares["whole"] >= 0.95
        and shares["surname"] >= 0.95
        and shares["unannounced"] >= 0.8
        and shares["numbers"] >= 0.99
    )


def test_what_a_table_says_of_its_persons_is_found_in_the_text():
    text = "联系余华明（１３９ ０００ ００００１），华明说住大桥头"
    assert (
        redact(text, private=("余华明", "13900000001", "匿名", "", "市民")).text
        == "联系〔姓名〕（〔电话〕），华明说住大桥头"
    )
    assert redact("可以明天来", private=("可以明",)).text == "〔姓名〕天来"
    assert redact("可以明说打13900000001", private=("可以明（电话13900000001）",)).text == "〔姓名〕说打〔电话〕"
    assert redact("小区全体业主要求", private=("全体业主",)).text == "小区全体业主要求"
    assert redact("自来水厂边上的老屋", private=("大桥头老屋", "自来水厂边上")).text == "〔门牌〕的老屋"


def test_harmless_sentences_are_left_alone():
    assert [text for text in harmless() if redact(text).spans] == []
    assert [words for words in hard_negatives() if redact(words).spans] == [
        "陈家弄12号",
        "安置小区3幢",
    ]  # house numbers


SIGNS = "0123456789０１零壹OlX-—. ·\u200b\n张李王建国主任老师书记电话身份证号路栋室村叫我是，。：（）a@.com浙A微信"


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from(SIGNS), max_size=60) | st.text(max_size=60))
def test_spans_lie_in_the_text_and_nothing_is_found_twice(text):
    redaction = redact(text)
    ends = [0]
    for span in redaction.spans:
        assert ends[-1] <= span.start < span.end <= len(text) and span.mark in MARKS
        ends.append(span.end)
    assert redact(text).text == redaction.text
    kept = "".join(
        text[begin:end] for begin, end in zip(ends, [*(span.start for span in redaction.spans), len(text)], strict=True)
    )
    for mark in MARKS:
        redaction_without = redaction.text.replace(f"〔{mark}〕", "")
    assert len(redaction_without) <= len(kept) + 12 * len(redaction.spans)


@pytest.mark.parametrize(
    "unit",
    [
        "1",
        "1 ",
        "1-",
        "a@",
        "a.",
        "张",
        "1栋",
        "路1号",
        "我叫",
        "、张伟",
        "张伟、",
        "李总",
        "和王五",
        "由张建国",
        "姓名张·",
        "户号1 ",
        "李先生",
        "0577-",
        "\u200b",
        "三",
        "姓名：",
        "Ol0",
        "1张 栋-@a号零",
    ],
)
def test_no_text_takes_long(unit):
    text = (unit * (30_000 // len(unit) + 1))[:30_000]
    began = time.process_time()
    redact(text)
    assert time.process_time() - began < 0.5


def test_checks_of_numbers():
    assert checked("11010519491231002X") and not checked("110105194912310021")
    assert luhn("6222021234567890128") == (
        sum(int(d) if i % 2 == 0 else sum(divmod(2 * int(d), 10)) for i, d in enumerate("6222021234567890128"[::-1]))
        % 10
        == 0
    )
