"""Records whose place is known: a doorplate of a county, spoken of in a hotline clerk's running text, with other places named beside it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tests.territory.counties import County

MATTERS = (
    "{}的路灯连续多日不亮，晚上行人摔倒过，希望尽快维修。", "{}门口的下水道堵塞，污水外溢，臭味很大。", "{}旁边有人夜间施工，噪音扰民，已报警两次。", "{}附近的垃圾桶满了没有人清运，苍蝇很多。",
    "在{}有一家店铺油烟直排，居民不敢开窗。", "位于{}的围墙倾斜，存在安全隐患，请相关部门现场查看。", "{}前面的路面塌陷，汽车颠簸严重。", "{}，自来水发黄已有一周，不能饮用。",
)  # fmt: skip
OPENINGS = ("", "市民来电反映，", "来电人称：", "诉求人表示，多次联系无果。", "您好，", "网友留言：")
HOMES = ("家住{}的市民反映，", "本人现住{}。", "诉求人住在{}，")
OFFICES = ("已向{}政府反映过，", "此前{}派出所来过，", "{}人民政府答复说在协调，")
CLOSINGS = ("", "要求5个工作日内答复。", "盼回复！", "诉求人同意公开。", "请转相关部门处理，谢谢。")
TITLES = ("反映路灯不亮", "关于环境问题的投诉", "咨询", "噪音扰民", "")


@dataclass(frozen=True)
class ToldPlace:
    """title, text and the town's column; the row of the doorplate that is meant; how its place is told."""

    title: str
    text: str
    town: str
    row: int
    kind: str


def told_places(county: County, count: int, seed: int) -> Iterator[ToldPlace]:
    rng = np.random.default_rng([seed, 77])
    plates, name = county.doorplates, county.name_of
    rows = rng.choice(len(county), count)
    for row, other in zip(rows.tolist(), rng.choice(len(county), count).tolist(), strict=True):
        part = {column: plates[column][row] for column in plates}
        town = name.get(part["town"], part["town"])
        kind, place = _place(part, town, name.get(part["village"], part["village"]), rng)
        beside = ""
        if rng.random() < 0.2:
            there = name.get(plates["village"][other], plates["village"][other])
            beside = _one(HOMES, rng).format(name.get(plates["town"][other], "") + there)
        elif rng.random() < 0.2:
            beside = _one(OFFICES, rng).format(town)
        text = _one(OPENINGS, rng) + beside + _one(MATTERS, rng).format(place) + _one(CLOSINGS, rng)
        yield ToldPlace(_one(TITLES, rng), text, town if rng.random() < 0.5 else "", row, kind)


def _place(part: dict[str, str], town: str, village: str, rng: np.random.Generator) -> tuple[str, str]:
    """How much of the address is told, and its words."""
    line = part["road"] or part["estate"] or f"{village}{part['hamlet']}"
    door = part["number"] if part["road"] or part["hamlet"] else part["building"]
    if door and door[-1].isascii():
        door += "号" if part["road"] or part["hamlet"] else "幢"
    draw = rng.random()
    if draw < 0.35:
        return "house with its town", f"{town}{line}{door}"
    if draw < 0.6:
        return "house", f"{line}{door}"
    if draw < 0.75:
        return "line with its town", f"{town}{line}"
    if draw < 0.85:
        return "line", line
    return "village", f"{town}{village}" if rng.random() < 0.5 else village


def _one(choices: tuple[str, ...], rng: np.random.Generator) -> str:
    return choices[int(rng.integers(len(choices)))]
