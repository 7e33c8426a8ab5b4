"""Counties to look addresses up in: one made up here, with names that no material of ours holds, and the one that `gis_data.county` grows.

Both are plain columns, as `Gazetteer` takes them.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

PARTS = ("town", "village", "road", "number", "hamlet", "estate", "building", "unit", "room")
FIRST = "丰庆怀绍瑞嘉景崇靖德颐敦昌裕慈义仁礼信敬弘毅致宜祥荣盛茂隆泽润沛涵清澄碧翠岚峻岳峰岭崖砚墨梧桐槐榆柏梓楠枫栎椿棠梨杏李荷莲菱芦蒲荻苇菊"
SECOND = "源泉溪涧浦港湾洲渚汀坡岗坪坝垄塬川原野田畈圩埠渡津桥亭台楼阁塔寺庵观祠庙坊桐林园圃苑庄屯堡寨营关隘口沟坳冲坞墩塘池井潭"
ROADS, LANES = ("路", "路", "路", "街", "大道", "东路", "西路", "南路", "北路"), ("巷", "弄", "里弄")
ESTATES = ("花苑", "家园", "华庭", "公寓", "名邸", "新村", "雅居", "小区", "府", "国际城")
HAMLETS = ("湾", "冲", "坳", "屋", "家大屋", "家咀", "塘", "坝上", "角", "垅")


@dataclass(frozen=True)
class County:
    """Doorplates and areas as columns; `above` is the province, the city and the county by name; `former` the old names of towns and villages."""

    doorplates: dict[str, list]
    areas: dict[str, list]
    above: tuple[str, str, str]
    former: dict[str, str]  # area code: one old name

    def __len__(self) -> int:
        return len(self.doorplates["code"])

    @cached_property
    def name_of(self) -> dict[str, str]:
        return dict(zip(self.areas["code"], self.areas["name"], strict=True))

    def without(self, rows: np.ndarray) -> "County":
        """The county whose table lacks these doorplates."""
        left = np.ones(len(self), bool)
        left[rows] = False
        kept = np.flatnonzero(left).tolist()
        return County(
            {name: [values[row] for row in kept] for name, values in self.doorplates.items()},
            self.areas,
            self.above,
            self.former,
        )


def made_up(doors: int, seed: int, towns: int = 18) -> County:
    """A county of some doors: a half on roads, a quarter in estates (to the unit, some to the room), a quarter in hamlets."""
    rng = np.random.default_rng([seed, 404])
    areas: dict[str, list] = {name: [] for name in ("code", "name", "level", "parent", "former_names")}

    def area(code: str, name: str, level: str, parent: str, former: str = "") -> None:
        for column, value in zip(areas.values(), (code, name, level, parent, former), strict=True):
            column.append(value)

    def stems(count: int, taken: set[str]) -> list[str]:
        found: list[str] = []
        while len(found) < count:
            stem = "".join((FIRST[rng.integers(len(FIRST))], (FIRST + SECOND)[rng.integers(len(FIRST) + len(SECOND))]))
            if rng.random() < 0.15:
                stem += SECOND[rng.integers(len(SECOND))]
            if stem not in taken and stem[0] != stem[1]:
                taken.add(stem)
                found.append(stem)
        return found

    used: set[str] = set()
    province, city, county = "岭东省", "泽州市", "绍桐县"
    area("350000000000", province, "province", "")
    area("359900000000", city, "city", "350000000000")
    area("359921000000", county, "county", "359900000000", "绍桐市")
    former: dict[str, str] = {}
    columns: dict[str, list] = {name: [] for name in ("code", *PARTS, "lon", "lat")}
    share = rng.dirichlet(np.full(towns, 3.0))
    town_stems = stems(towns, used)
    for t in range(towns):
        town = f"359921{100 + t}000"
        old = stems(1, used)[0] + "乡" if rng.random() < 0.5 else ""
        if old:
            former[town] = old
        area(town, town_stems[t] + ("街道" if t < 3 else "镇" if t % 5 else "乡"), "town", "359921000000", old)
        _town(
            columns,
            rng,
            area,
            stems,
            used,
            former,
            town,
            int(doors * share[t]),
            (118.0 + 0.09 * (t % 6), 25.5 + 0.09 * (t // 6)),
        )
    return County({name: values[:doors] for name, values in columns.items()}, areas, (province, city, county), former)


def _town(columns, rng, area, stems, used, former, town, doors, corner) -> None:
    villages = []
    for v, stem in enumerate(stems(max(4, min(30, doors // 700)), set())):
        code = f"{town[:9]}{200 + v}"
        old = stems(1, used)[0] + "村" if rng.random() < 0.2 else ""
        if old:
            former[code] = old
        area(code, stem + ("社区" if v < 3 else "村"), "village", town, old)
        villages.append((code, corner[0] + 0.015 * (v % 6), corner[1] + 0.015 * (v // 6)))
    made, roads = len(columns["code"]), set()

    def door(village, lon, lat, **parts) -> None:
        columns["code"].append(f"{town[:9]}{len(columns['code']):08d}")
        columns["lon"].append(round(lon, 7))
        columns["lat"].append(round(lat, 7))
        for name in PARTS:
            columns[name].append({"town": town, "village": village, **parts}.get(name, ""))

    while len(columns["code"]) - made < doors * 0.5:  # roads through two villages
        name = ("人民路", "解放路", "建设路")[rng.integers(3)] if rng.random() < 0.06 else stems(1, set())[0]
        name = (
            name
            if name.endswith("路")
            else name + (LANES[rng.integers(3)] if rng.random() < 0.3 else ROADS[rng.integers(len(ROADS))])
        )
        if name in roads:
            continue
        roads.add(name)
        first, second = villages[rng.integers(len(villages))], villages[rng.integers(len(villages))]
        angle, step = rng.uniform(0, 2 * np.pi), rng.uniform(0.00004, 0.0001)
        for number in np.flatnonzero(rng.random(int(rng.integers(30, 400))) < rng.uniform(0.5, 0.97)) + 1:
            village, lon, lat = first if number % 200 < 120 else second
            side = 0.0001 if number % 2 else -0.0001
            text = f"{number}号" if rng.random() > 0.03 else f"{number}-{rng.integers(1, 4)}号"
            door(
                village,
                first[1] + step * number * np.cos(angle) + side * np.sin(angle),
                first[2] + step * number * np.sin(angle) - side * np.cos(angle),
                road=name,
                number=text,
            )
    while len(columns["code"]) - made < doors * 0.75:
        village, lon, lat = villages[rng.integers(len(villages))]
        name, rooms = stems(1, set())[0] + ESTATES[rng.integers(len(ESTATES))], rng.random() < 0.3
        x, y = lon + rng.uniform(0, 0.01), lat + rng.uniform(0, 0.01)
        for building in range(1, int(rng.integers(4, 24))):
            units = int(rng.integers(1, 4))
            for unit in range(1, units + 1):
                at = (x + 0.0003 * (building % 5), y + 0.0003 * (building // 5))
                parts = {"estate": name, "building": f"{building}幢", "unit": f"{unit}单元" if units > 1 else ""}
                if rooms and building < 4:
                    for floor in range(1, 7):
                        for side in (1, 2):
                            door(village, *at, **parts, room=f"{floor}0{side}室")
                else:
                    door(village, *at, **parts)
    pool = stems(40, set())
    while len(columns["code"]) - made < doors:
        village, lon, lat = villages[rng.integers(len(villages))]
        name = (
            pool[rng.integers(40)][: rng.integers(1, 3)] + HAMLETS[rng.integers(len(HAMLETS))]
            if rng.random() < 0.7
            else f"第{'一二三四五六七八九十'[rng.integers(10)]}村民小组"
        )
        if (village, name) in roads:
            continue
        roads.add((village, name))
        x, y = lon + rng.uniform(0, 0.012), lat + rng.uniform(0, 0.012)
        for number in range(1, int(rng.integers(8, 90))):
            door(village, x + 0.0001 * (number % 9), y + 0.0001 * (number // 9), hamlet=name, number=f"{number}号")


def grown(folder) -> County:
    """The county that `python -m gis_data.county` wrote into a folder."""
    import pandas as pd
    import pyogrio

    plates = pd.read_csv(folder / "doorplate.csv", dtype=str, keep_default_na=False)
    plates = plates[plates["status"] == "active"].reset_index(drop=True)
    areas = pyogrio.read_dataframe(folder / "area.gpkg", read_geometry=False)
    table = {
        name: [value if isinstance(value, str) else "" for value in areas[name]]
        for name in ("code", "name", "level", "parent", "former_names")
    }
    columns: dict[str, list] = {name: plates[name].tolist() for name in ("code", *PARTS)}
    columns |= {axis: plates[axis].astype(float).tolist() for axis in ("lon", "lat")}
    former = {code: old.split(";")[0] for code, old in zip(table["code"], table["former_names"], strict=True) if old}
    named = [
        next(name for name, level in zip(table["name"], table["level"], strict=True) if level == wanted)
        for wanted in ("province", "city", "county")
    ]
    return County(columns, table, (named[0], named[1], named[2]), former)
