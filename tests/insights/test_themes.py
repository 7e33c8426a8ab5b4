"""Grouping of texts over place and time: small cases told by hand, and what a theme is called."""

import numpy as np
import pytest
import scipy.sparse as sparse

from apps.insights import theme_keeping
from apps.insights.linkage import joined
from apps.insights.telling_words import called
from apps.insights.themes import Bags, Circumstances, Grouping, group, read

WATER = [
    "翡翠湾小区自来水发黄有铁锈味，放十几分钟还是浑的",
    "反映翡翠湾二次供水水箱换了以后自来水发黄，沉淀物很多",
    "翡翠湾高层住户家里放出来黄水，净水器滤芯一个星期就堵了",
    "翡翠湾小区生活用水发黄发臭，已经找过物业三次",
]
PLANT = [
    "暮山街搅拌站夜里施工，粉尘和噪音让人睡不着",
    "暮山街旁边的混凝土搅拌站没有环评，粉尘太大",
    "投诉暮山街搅拌站噪音扰民，凌晨还在打料",
    "暮山街搅拌站的水泥车漏料，路上全是粉尘",
]
LAMPS = [
    "村口路灯坏了一个月没人修，晚上漆黑一片",
    "路灯坏了没人修，晚上回家看不见路",
    "门口路灯不亮，报修了一个月没人来修",
    "路灯坏了半个月，老人晚上不敢出门",
]
OTHERS = [
    "孩子上小学的学区怎么划分，什么时候公布", "医保卡丢了在哪里补办", "公司拖欠三个月工资不发", "公园健身器材坏了", "请问老年人乘车证怎么办理", "菜市场缺斤少两",
    "广场舞音响太大", "高考报名时间是哪天", "农田灌溉渠道淤塞", "出租车拒载", "幼儿园收费太高", "快递柜超时收费", "宅基地审批要等多久", "银行网点排队太长",
]  # fmt: skip


def grouped(texts: list[str], day=0.0, **known) -> Grouping:
    count = len(texts)
    days = np.broadcast_to(np.asarray(day, float), count)
    if known:
        seen = Circumstances(*(np.asarray(known[name], float) for name in ("east", "north", "within")), days)
    else:
        seen = Circumstances.placeless(count, days)
    return group(read([("", text) for text in texts]), seen)


def test_texts_of_one_matter_come_together():
    found = grouped([*WATER, *PLANT, *OTHERS])
    assert found.theme[:4].tolist() == [found.theme[0]] * 4
    assert found.theme[4:8].tolist() == [found.theme[4]] * 4
    assert found.theme[0] != found.theme[4]
    assert (found.theme[8:] == -1).all()
    assert (found.likeness[found.theme == -1] == 0).all()
    assert ((found.likeness[:8] > 0) & (found.likeness[:8] <= 1)).all()


def test_the_order_of_texts_does_not_matter():
    texts = [*WATER, *PLANT, *OTHERS]
    order = np.random.default_rng(1).permutation(len(texts))
    here, there = grouped(texts).theme, grouped([texts[row] for row in order]).theme
    back = np.empty(len(texts), int)
    back[order] = there
    assert np.array_equal(here[:, None] == here, back[:, None] == back)


APART = {
    "east": [*[0.0] * 4, *[20_000.0] * 4, *[50_000.0 + 900 * row for row in range(14)]],
    "north": [0.0] * 22,
    "within": [100.0] * 22,
}


def test_the_same_words_far_apart_are_two_matters():
    found = grouped([*LAMPS, *LAMPS, *OTHERS], day=[0, 200, 400, 600] * 2 + [300] * 14, **APART)
    assert len(set(found.theme[:4].tolist())) == 1
    assert len(set(found.theme[4:8].tolist())) == 1
    assert found.theme[0] != found.theme[4]


def test_the_same_words_in_the_same_days_are_a_wave_over_the_county():
    found = grouped([*LAMPS, *LAMPS, *OTHERS], day=[0, 3, 9, 14] * 2 + [7] * 14, **APART)
    assert len(set(found.theme[:8].tolist())) == 1
    assert (found.theme[8:] == -1).all()


def test_near_by_words_decide():
    here = {"east": np.zeros(22), "north": np.zeros(22), "within": np.full(22, 100.0)}
    found = grouped([*WATER, *PLANT, *OTHERS], **here)
    assert found.theme[0] != found.theme[4]
    assert (found.theme[8:] == -1).all()


def test_newcomers_go_to_their_theme_or_to_none():
    found = grouped([*WATER, *PLANT, *OTHERS])
    kept = [theme_keeping.profile(found.profiles, row) for row in range(found.profiles.rows.shape[0])]
    profiles = theme_keeping.restored(kept, theme_keeping.weights(found.profiles))
    new = ["翡翠湾的自来水还是发黄，沉淀物烧开一层", "暮山街搅拌站又在夜里施工，噪音扰民", "图书馆周末几点开门"]
    best, likeness = profiles.assigned(read([("", text) for text in new]), Circumstances.placeless(3))
    assert best.tolist() == [found.theme[0], found.theme[4], -1]
    assert likeness[2] == 0
    again, _ = found.profiles.assigned(read([("", text) for text in new]), Circumstances.placeless(3))
    assert again.tolist() == best.tolist()


@pytest.mark.parametrize(
    "texts", [[], ["只有一条"], ["", "", ""], ["一样的一样的"] * 3, ["，。！", "123", "〔姓名〕〔电话〕"]]
)
def test_any_texts_will_do(texts):
    found = grouped(texts)
    assert len(found.theme) == len(texts)


def test_marks_of_redaction_are_no_words():
    """Texts that only share that a name was taken out share nothing."""
    texts = [f"〔姓名〕〔电话〕〔门牌〕{text}" for text in OTHERS]
    assert (grouped(texts).theme == -1).all()


def test_batches_are_one():
    texts = [("", text) for text in [*WATER, *PLANT, *OTHERS]]
    whole, parts = read(texts), Bags.of([read(texts[:5]), read(texts[5:6]), read([]), read(texts[6:])])
    assert all(np.array_equal(getattr(whole, name), getattr(parts, name)) for name in ("first", "buckets", "times"))


def linkage(values: dict[tuple[int, int], float], count: int, level: float) -> list[int]:
    rows, columns = zip(*values, strict=True)
    one_way = sparse.csr_matrix((list(values.values()), (rows, columns)), shape=(count, count))
    return joined((one_way + one_way.T).tocsr(), np.ones(count), level).tolist()


def test_average_linkage_by_hand():
    """0-1 .8, then {0,1}-2: (.5 + .1) / 2 = .3; 3-4 .4, and nothing between."""
    near = {(0, 1): 0.8, (0, 2): 0.5, (1, 2): 0.1, (3, 4): 0.4}
    assert linkage(near, 5, 0.3) == [0, 0, 0, 1, 1]
    assert linkage(near, 5, 0.31) == [0, 0, 1, 2, 2]
    assert linkage(near, 5, 0.5) == [0, 0, 1, 2, 3]


def test_average_linkage_as_scipy_does_it():
    from scipy.cluster.hierarchy import fcluster
    from scipy.cluster.hierarchy import linkage as peer

    random = np.random.default_rng(5)
    for _ in range(20):
        near = random.uniform(0.01, 1, (12, 12))
        near = np.triu(near, 1) + np.triu(near, 1).T
        ours = joined(sparse.csr_matrix(near), np.ones(12), 0.45)
        theirs = fcluster(peer((1 - near)[np.triu_indices(12, 1)], "average"), 1 - 0.45, "distance")
        assert np.array_equal(ours[:, None] == ours, theirs[:, None] == theirs)


def test_a_theme_is_called_by_what_its_texts_share():
    found = grouped([*WATER, *PLANT, *OTHERS])
    name = called([("", text) for text in WATER], found.profiles.rarer)
    assert "翡翠湾" in name.name
    assert any("发黄" in word or "黄水" in word for word in name.words)
    assert len(name.name) <= 26
    assert called([("", text) for text in OTHERS[:3]], found.profiles.rarer).name == ""


def test_no_theme_is_called_by_a_person():
    texts = [f"投诉王建国主任{act}" for act in ("不作为乱收费", "吃拿卡要乱收费", "办事拖拉乱收费", "态度恶劣乱收费")]
    found = grouped([*texts, *OTHERS])
    named = called([("", text) for text in texts], found.profiles.rarer)
    assert not any("建国" in word or "王建" in word for word in (*named.words, named.name))


def test_grouping_leaves_the_bags_as_they_were():
    bags = read([("", text) for text in [*WATER, *PLANT, *OTHERS]])
    seen = Circumstances.placeless(len(bags))
    assert np.array_equal(group(bags, seen).theme, group(bags, seen).theme)
