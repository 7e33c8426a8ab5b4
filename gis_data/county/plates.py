"""Plates that others have hung up: the police's on streets and estates, civil affairs' in hamlets, the standard address code for
every street door; and houses that have no plate at all.
"""

import csv
from pathlib import Path

import numpy as np
import pandas as pd

from gis_data.county.areas import Land
from gis_data.county.doorplates import Doors
from gis_data.county.plan import Plan

POLICE, CIVIL, STANDARD = "police", "civil", "dzbm"
HUNG = {POLICE: 0.9, CIVIL: 0.35}  # share of the doors that already carry one
LOOKS = ("黄色平房", "两层砖房", "红瓦老屋", "石头房", "蓝顶彩钢房", "青砖小院")
BESIDE = ("水井旁", "祠堂后", "晒谷场边", "村口桥头", "老樟树下", "茶园脚下")


def issuers(plan: Plan, doors: Doors) -> pd.DataFrame:
    """The layer `issuer`; each example is an id of its list."""
    in_use = doors.status != "retired"
    police, civil, standard = (_id(plan, slug, int(np.argmax(listed & in_use))) for slug, listed in _lists(plan, doors).items())
    rows = [
        (POLICE, f"{plan.name}公安局", r"https://mp\.example\.gov\.cn/q\?c=(?P<id>\d{16})", f"https://mp.example.gov.cn/q?c={police}", True, True),
        (CIVIL, f"{plan.name}民政局", r"门牌编号：(?P<id>MZ\d{12})\s+地址：.*", f"门牌编号：{civil} 地址：村里12号", True, True),
        (STANDARD, "标准地址编码", r"(?P<id>\d{25})", standard, False, True),
    ]
    return pd.DataFrame(rows, columns=["slug", "name", "pattern", "example", "hung", "active"])


def rows(plan: Plan, doors: Doors) -> pd.DataFrame:
    """The layer `plate`: each issuer's list."""
    code, status = doors.frame["code"].to_numpy(str), np.where(doors.status == "retired", "retired", "active")
    parts = []
    for slug, listed in _lists(plan, doors).items():
        chosen = np.flatnonzero(listed)
        ids = [_id(plan, slug, int(door)) for door in chosen]
        parts.append(pd.DataFrame({"issuer": slug, "id": ids, "doorplate": code[chosen], "status": status[chosen]}))
    return pd.concat(parts, ignore_index=True)


def _lists(plan: Plan, doors: Doors) -> dict[str, np.ndarray]:
    """Which doors each issuer has in its list."""
    drawn = plan.rng("plates").random(len(doors))
    street = (doors.road != "") | (doors.estate != "")
    return {POLICE: street & (drawn < HUNG[POLICE]), CIVIL: ~street & (drawn < HUNG[CIVIL]), STANDARD: doors.road != ""}


def _id(plan: Plan, slug: str, door: int) -> str:
    """An issuer's id of a door: the police end theirs with a check digit."""
    if slug == CIVIL:
        return f"MZ{plan.code6}{door:06d}"
    if slug == STANDARD:
        return f"{plan.code6}{door:019d}"
    digits = f"{plan.code6}{door:09d}"
    return digits + str(-sum(int(d) * (3 if place % 2 else 1) for place, d in enumerate(digits)) % 10)


def write_unplated(plan: Plan, land: Land, folder: Path) -> Path:
    """`unplated.csv`: houses without any plate, each with words that let somebody find it and a point (EPSG:4490)."""
    rng = plan.rng("unplated")
    count = max(6, min(60, len(land.village_code) // 4))
    villages = np.sort(rng.choice(len(land.village_code), min(count, len(land.village_code)), replace=False))
    cells = []
    for village in villages:
        inside = land.cells_of_village(int(village))
        cells.append(int(inside[np.argmax(land.mesh.people[inside] * rng.random(len(inside)))]))
    lon, lat = plan.degrees(land.mesh.x[cells], land.mesh.y[cells])
    path = folder / "unplated.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("words", "lon", "lat"))
        for village, x, y in zip(villages, lon, lat, strict=True):
            table.writerow((f"{land.village_name[village]}{rng.choice(BESIDE)}{rng.choice(LOOKS)}", f"{x:.8f}", f"{y:.8f}"))
    return path
