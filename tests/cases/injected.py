"""Personal data made up by the rules of its kinds, disguised as people disguise it, and put into harmless sentences: what `redact` must find.

Numbers that belong to somebody are avoided as in gis_data/content/pii.json where a kind has a range that is not given out.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from apps.cases.redaction import Redaction
from apps.cases.redaction_numbers import CHECKS, WEIGHTS, luhn

CONTENT = Path(__file__).resolve().parents[2] / "gis_data" / "content"
SENTENCES = {  # mark -> how people write it; {} is what must be found
    "姓名": (
        "我叫{}，是这个村的。", "联系人：{}", "我是业主{}，住了十年。", "我邻居{}家里也这样。", "找{}主任说了三次。", "村民{}反映过。", "{}女士说没人管。", "姓名：{}", "司机叫{}，态度很差。",
        "我父亲{}今年八十岁。", "本人{}，家住本地。", "老板{}不肯退钱。", "投诉人：{}", "我儿子{}在这里上学。", "{}，男，52岁，村民。", "房东{}把水停了。", "{}书记来看过。", "和{}局长说过这件事。",
    ),
    "电话": ("电话{}", "请打{}联系我。", "手机：{}。", "联系方式 {}，随时可打", "微信同号{}", "我的号码是{}谢谢"),
    "身份证号": ("身份证{}，麻烦查一下低保。", "身份证号码：{}", "我的证件{}查不到。", "他（{}）没有领到补贴。"),
    "银行卡号": ("转账到{}的收据我有。", "卡号：{}", "打到{}这张卡里。"),
    "车牌号": ("那辆{}天天乱停。", "车牌号：{}", "{}占了消防通道。"),
    "邮箱": ("邮箱{}", "请发到{}。", "联系：{}，谢谢。"),
    "微信号": ("微信号：{}", "加我微信{}", "vx {}"),
    "QQ号": ("QQ：{}", "qq号{}", "加QQ{}聊"),
    "门牌": ("住在人民路{}。", "家住江滨花苑{}，天天漏水。", "地址：建设村{}", "我家在南山街{}。"),
}  # fmt: skip
NAMES = 10  # times as many as of another kind: they are many and alike
DISGUISED = ("电话", "身份证号", "银行卡号")
HIDDEN = "\u200b\u200c\u200d\u2060\ufeff\u00ad"


@dataclass(frozen=True)
class Injected:
    """A text, and where in it stands what must be found."""

    text: str
    mark: str
    disguise: str
    start: int
    end: int

    def found(self, redaction: Redaction) -> bool:
        """Whether all of it is gone."""
        upto = self.start
        for span in redaction.spans:
            if span.start <= upto < span.end:
                upto = span.end
        return upto >= self.end


def injected(count: int, seed: int, carriers: list[str]) -> Iterator[Injected]:
    """`count` texts of each kind (and of each disguise, where a kind is disguised), each in one of the carriers."""
    rng, made = random.Random(seed), _Maker(random.Random(seed + 1))
    for mark, sentences in SENTENCES.items():
        disguises = DISGUISES if mark in DISGUISED else {"plain": lambda number, _: number}
        for disguise, disguised in disguises.items():
            for _ in range(count * NAMES if mark == "姓名" else count):
                what = disguised(made.a(mark), rng)
                sentence, carrier = rng.choice(sentences), rng.choice(carriers)
                before, _, after = sentence.partition("{}")
                head = carrier + ("" if carrier.endswith(("。", "！", "？", "\n")) else "。") + before
                yield Injected(head + what + after, mark, disguise, len(head), len(head) + len(what))


def harmless() -> list[str]:
    """Sentences of the demo county in which nobody is named, and words that look like names and addresses and are none."""
    categories = json.loads((CONTENT / "categories.json").read_text())
    texts = [template for category in categories for template in category["templates"]]
    fill = {
        "road": "人民路",
        "number": "",
        "days": "三",
        "estate": "江滨花苑",
        "village": "上垟村",
        "school": "实验小学",
        "town": "灵桥镇",
        "hours": "两",
        "times": "四",
    }
    return [text.format_map(_Filled(fill)) for text in texts if "{number}号" not in text]


def hard_negatives() -> list[str]:
    return json.loads((CONTENT / "pii.json").read_text())["hard_negatives"]


class _Filled(dict):
    def __missing__(self, key: str) -> str:
        return ""


class _Maker:
    """Values of each kind."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        names = json.loads((CONTENT / "names.json").read_text())
        self.surnames, self.weights = zip(*(names["surnames"] + names["she_surnames"]), strict=True)
        given = [given[years] for sex in ("male", "female") for given in [names["given_names"][sex]] for years in given]
        self.first = [character for each in given for character in each["first"]]
        self.second = [character for each in given for character in each["second"]]

    def a(self, mark: str) -> str:
        return {
            "姓名": self.name, "电话": self.telephone, "身份证号": self.identity, "银行卡号": self.card, "车牌号": self.plate, "邮箱": self.mail,
            "微信号": self.wechat, "QQ号": lambda: str(self.rng.randrange(10**7, 10**10)), "门牌": self.door,
        }[mark]()  # fmt: skip

    def name(self) -> str:
        surname = self.rng.choices(self.surnames, self.weights)[0]
        return (
            surname + (self.rng.choice(self.first) if self.rng.random() < 0.85 else "") + self.rng.choice(self.second)
        )

    def telephone(self) -> str:
        if self.rng.random() < 0.3:
            return f"0380-55{self.rng.randrange(10**6):06d}"
        return f"154{self.rng.randrange(10**8):08d}"

    def identity(self) -> str:
        start = f"339901{self.rng.randrange(1931, 2013)}{self.rng.randrange(1, 13):02d}{self.rng.randrange(1, 29):02d}{self.rng.randrange(1000):03d}"
        return start + CHECKS[sum(weight * int(digit) for weight, digit in zip(WEIGHTS, start, strict=True)) % 11]

    def card(self) -> str:
        start = f"000000{self.rng.randrange(10**12):012d}"
        return next(start + str(last) for last in range(10) if luhn(start + str(last)))

    def plate(self) -> str:
        letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
        number = "".join(self.rng.choice("0123456789") for _ in range(4)) + self.rng.choice(letters)
        kind = self.rng.random()
        plate = f"浙{self.rng.choice('IO')}{number}" if kind < 0.6 else f"浙{self.rng.choice('IO')}D{number}"
        return (
            plate
            if kind < 0.3
            else plate[:2] + "·" + plate[2:]
            if kind < 0.6
            else plate.lower()
            if kind > 0.9
            else plate
        )

    def mail(self) -> str:
        return f"{self.handle()}@{self.rng.choice(('163.com', 'qq.com', 'mail.example.cn'))}"

    def wechat(self) -> str:
        return self.handle()

    def handle(self) -> str:
        return self.rng.choice("abcdwxyz") + "".join(
            self.rng.choice("abcxyz0123456789_") for _ in range(self.rng.randrange(6, 12))
        )

    def door(self) -> str:
        rng = self.rng
        return rng.choice((
            f"{rng.randrange(1, 900)}号", f"{rng.randrange(1, 40)}幢{rng.randrange(1, 5)}单元{rng.randrange(101, 1900)}室", f"{rng.randrange(1, 300)}号{rng.randrange(1, 20)}栋{rng.randrange(101, 999)}",
            f"{rng.randrange(1, 40)}-{rng.randrange(1, 5)}-{rng.randrange(101, 999)}室", f"{rng.choice('一二三四五六七八九')}栋{rng.choice('一二三')}单元", f"{rng.randrange(2, 200)}弄{rng.randrange(2, 90)}号",
        ))  # fmt: skip


def _between(sign: str):
    return lambda number, _: sign.join(number.replace("-", ""))


def _grouped(sign: str):
    def disguised(number: str, _: random.Random) -> str:
        plain = number.replace("-", "")
        sizes = {11: (3, 4, 4), 12: (4, 4, 4), 18: (6, 8, 4), 19: (4, 4, 4, 4, 3)}[len(plain)]
        starts = [sum(sizes[:index]) for index in range(len(sizes))]
        return sign.join(plain[start : start + size] for start, size in zip(starts, sizes, strict=True))

    return disguised


def _told(digits: str):
    return lambda number, _: number.translate(str.maketrans("0123456789", digits))


def _hidden(number: str, rng: random.Random) -> str:
    return "".join(sign + (rng.choice(HIDDEN) if rng.random() < 0.4 else "") for sign in number[:-1]) + number[-1]


def _some_told(number: str, rng: random.Random) -> str:
    return "".join(
        "零一二三四五六七八九"[int(sign)] if sign.isdigit() and rng.random() < 0.4 else sign for sign in number
    )


DISGUISES = {
    "plain": lambda number, _: number,
    "full width": _told("０１２３４５６７８９"),
    "groups apart": _grouped(" "),
    "groups with hyphens": _grouped("-"),
    "every digit apart": _between(" "),
    "dots": _between("."),
    "hidden characters": _hidden,
    "Chinese numerals": _told("零一二三四五六七八九"),
    "numerals of banknotes": _told("零壹贰叁肆伍陆柒捌玖"),
    "some told": _some_told,
    "letters for digits": _told("O123456789"),
    "circled": _told("⓪①②③④⑤⑥⑦⑧⑨"),
    "keycaps": lambda number, _: "".join(f"{sign}\ufe0f\u20e3" if sign.isdigit() else sign for sign in number),
}
