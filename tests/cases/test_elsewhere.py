"""What is led elsewhere, what is not, and how rarely citizens' real letters are taken for something else."""

import csv
import json
import time
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

import gis_data
from apps.cases.elsewhere import DOORS, Kind, elsewhere

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
LETTERS = SHARED / "complaints"

LED = [
    ("3幢2单元现在着火了，浓烟很大，快来人！", Kind.FIRE), ("楼下仓库起火了", Kind.FIRE), ("燃气正在泄漏，整栋楼都闻到味道，马上派人", Kind.FIRE),
    ("我被困在电梯里了，赶快来人", Kind.FIRE), ("广场上有个老人晕倒了", Kind.MEDICAL), ("有孩子掉进河里了，快来人救命", Kind.MEDICAL),
    ("隔壁有人正在打人，拿着刀", Kind.POLICE), ("桥上有人要跳河，赶紧派人", Kind.POLICE), ("有人撬门，我一个人在家，快来", Kind.POLICE),
    ("我家昨晚被盗走了两万元现金和首饰", Kind.CRIME), ("我妈妈被诈骗了八万元积蓄", Kind.CRIME), ("举报某宾馆有人卖淫嫖娼", Kind.CRIME), ("发现隔壁有人聚众赌博，开设赌场", Kind.CRIME),
    ("实名举报村书记贪污征地补偿款", Kind.DISCIPLINE), ("某局局长利用职务之便收受回扣，侵吞公款，请查处", Kind.DISCIPLINE), ("镇里干部吃拿卡要，不给好处费就不盖章", Kind.DISCIPLINE),
    ("我的案子法院一审判决不公，我要上诉，请代表过问", Kind.COURT), ("我们起诉开发商的案件法院迟迟不开庭", Kind.COURT), ("判决已经生效，执行局一直不执行，被告有钱不还", Kind.COURT),
    ("举报道路改造工程围标串标", Kind.TENDER), ("我公司投标被废标，评标不公，要求重新评标", Kind.TENDER), ("附上一份机密文件的照片，请代表看看", Kind.SECRET),
    ("这件事12345已经受理，工单号为20260310001234，请代表也催一下", Kind.HOTLINE), ("打了12345，正在处理，再向你们说一声", Kind.HOTLINE),
    ("火灾", Kind.FIRE), ("煤气泄漏", Kind.FIRE), ("电梯困人", Kind.FIRE), ("我被困电梯里了", Kind.FIRE), ("有人落水了", Kind.MEDICAL), ("前面路口车祸，有人受伤流血", Kind.MEDICAL),
    ("有人打人", Kind.POLICE), ("我老公打我，家暴", Kind.POLICE), ("我不想活了", Kind.POLICE), ("小区里有人持刀", Kind.POLICE),
    ("法院判决我不服", Kind.COURT), ("法院判决下来了对方不赔钱，怎么办", Kind.COURT), ("学校食堂招标内定", Kind.TENDER),
]  # fmt: skip
TAKEN = [
    "小区消防通道长期被堵，一旦着火消防车进不来", "去年我们楼着火了，到现在楼道照明还没有修", "燃气管道老化，担心泄漏，希望尽快更换", "学校门口经常有人打架，希望加强巡逻",
    "河边没有护栏，去年有小孩落水，险些出事", "电瓶车多次被偷，希望安装监控", "路口没有红绿灯，天天差点撞人，容易出人命", "12345打了三次没人解决，路灯还是不亮", "向12345反映过，回复说已办结，其实没有修",
    "村里修路没有公开招标，路面半年就坏", "希望杜绝腐败，把钱用在修路上", "法院门口停车难，希望增加车位", "法院旁边的路坑坑洼洼", "医院急诊排队太久，老人差点晕倒", "政务大厅工作人员态度不好，来回跑三趟",
    "物业公司挪用维修基金，电梯没人修", "村里账务不公开，希望公示", "工地扬尘，楼下像着火一样冒灰", "养老诈骗宣传很好，希望多办几次", "变压器打火花，隐患很大", "井盖被偷，车掉进去了", "开发商承诺的学校没有建，我们被骗了", "火灾报警器坏了", "烧烤店浓烟滚滚", "这个路段经常发生车祸", "人行道的树被砍了", "校园霸凌打人没人管", "火灾保险怎么办理", "这几年车祸多发", "电梯老困人", "噪音吵得人睡不着，快活不下去了", "噪音太大，把人逼得要跳楼",
    "垃圾站着火的隐患一直没人管", "幼儿园食堂卫生不放心", "小区地下车库被判给开发商以后收费太高", "请公开保密局搬迁后那块地的规划",
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind"), LED)
def test_it_is_led_where_it_belongs(text: str, kind: Kind) -> None:
    found = elsewhere(text)
    assert found is not None and found.kind is kind and found.found in unicodedata.normalize("NFKC", text)
    assert found.door.why and (found.door.number or kind in (Kind.TENDER, Kind.SECRET))


@pytest.mark.parametrize("text", TAKEN)
def test_what_belongs_here_is_taken(text: str) -> None:
    assert elsewhere(text) is None


@pytest.mark.parametrize("text", ["", "  \n", "。。。", "\x00", "🙂", "<script>着火了吗</script>" * 40])
def test_odd_texts_are_taken(text: str) -> None:
    assert elsewhere(text) is None


def test_width_and_spaces_between_do_not_matter() -> None:
    assert elsewhere("１２３４５已经受理，工单号为２０２６０３１０").kind is Kind.HOTLINE


@pytest.mark.parametrize("piece", ["我被骗", "12345", "工作人员", "举报", "(", "被盗", "着火现在", "a"])
def test_time_is_linear_in_the_length(piece: str) -> None:
    began = time.process_time()
    elsewhere(piece * (100_000 // len(piece)))
    assert time.process_time() - began < 0.5


def test_every_kind_has_its_door() -> None:
    assert DOORS.keys() == set(Kind)
    assert {door.number for door in DOORS.values()} == {"110", "119", "120", "12388", "12368", "12345", ""}


@pytest.mark.skipif(not LETTERS.exists(), reason="the citizens' letters are not there")
def test_real_letters_are_rarely_taken_for_something_else() -> None:
    """Of 21,000 letters and titles to mayors none is an emergency; courts, tenders, corruption and fraud are written about, and were
    read by hand when the ceilings were set."""
    csv.field_size_limit(10**8)
    counts, letters = Counter(), 0
    for name, column in (("details.csv", "detail"), ("subjects.csv", "subject"), ("hot_issues.csv", "留言详情"), ("hot_issues.csv", "留言主题")):
        with (LETTERS / name).open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                letters += 1
                found = elsewhere(row[column])
                counts[found.kind if found else None] += 1
    urgent = sum(counts[kind] for kind in (Kind.FIRE, Kind.MEDICAL, Kind.POLICE))
    assert letters > 20_000 and urgent <= 2 and counts[Kind.HOTLINE] + counts[Kind.SECRET] <= 3
    assert letters - counts[None] <= 0.01 * letters


def test_what_the_fictional_county_writes_is_taken() -> None:
    templates = [text for category in content("categories") for text in category["templates"]]
    assert len(templates) > 100
    assert [text for text in templates if elsewhere(text)] == []


def test_the_fictional_county_s_redirects_are_led_there() -> None:
    """Those with a number of their own; disputes between private people are a deputy's to explain."""
    expected = {"119": Kind.FIRE, "110": Kind.POLICE, "120": Kind.MEDICAL, "12388": Kind.DISCIPLINE, "12368": Kind.COURT, "110、96110": Kind.CRIME}
    asked = [(row["text"], expected[number]) for row in content("redirects") if (number := row["to"].split(" ")[0].split("；")[0]) in expected]
    assert len(asked) == 6
    assert [(text, found and found.kind) for text, _ in asked for found in [elsewhere(text)]] == asked


def content(name: str) -> list[dict]:
    return json.loads((Path(gis_data.__file__).parent / "content" / f"{name}.json").read_text(encoding="utf-8"))
