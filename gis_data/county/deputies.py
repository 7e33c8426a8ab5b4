"""Deputies of four levels: trades by weight, a district each, a home, a workplace, a group and a station."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from gis_data.county.areas import Land
from gis_data.county.content import material
from gis_data.county.districts import District
from gis_data.county.doorplates import Doors
from gis_data.county.names import Namer
from gis_data.county.organisations import Organisations
from gis_data.county.plan import Plan, Term, in_words

BOTH = 0.05  # share of people who sit in the county's and a township's congress
REELECTED = 0.34
ENDED = 0.012  # seats left before the term's end
OUTDOORS = {"farmland", "tideland", "hill"}
LIVES_ELSEWHERE = {"县级领导干部", "县级机关部门负责人", "县人大专门委员会负责人"}
CAPACITY = {"党政干部": 1, "企业负责人": 2, "专业技术": 2, "村社干部": 3, "基层一线": 2, "社会组织": 2}


@dataclass
class Person:
    """One deputy; `mandates` hold what he or she was elected to."""

    code: str
    name: str
    sex: str
    birth_year: int
    ethnicity: str
    trade: dict
    home: int  # row of the doorplate
    town: int  # of the home
    organisation: str | None
    work: tuple[float, float]  # metres
    mandates: list[dict] = field(default_factory=list)
    group: str = ""
    leader: bool = False
    station: str = ""
    phone: str = ""
    base: int = 0  # the town he or she stands for


def elect(plan: Plan, land: Land, doors: Doors, organisations: Organisations, stations: pd.DataFrame, county: list[District], township: list[District]) -> list[Person]:
    """Everyone, county first; the same person keeps one code over two mandates."""
    maker = _Maker(plan, land, doors, organisations)
    people = _chosen(plan, maker, county, "county_weight", plan.code, "county", plan.county_term)
    towns = sorted({district.town for district in township})
    for town in towns:
        mine = [district for district in township if district.town == town]
        code = plan.towns[town].code
        both = [p for p in people if p.base == town and doors.frame["village"].iloc[p.home] in set(np.flatnonzero(land.village_town == town)) and len(p.mandates) == 1]
        seats = sum(district.seats for district in mine)
        again = both[: round(seats * BOTH)]
        people += _chosen(plan, maker, mine, "township_weight", code, "township", plan.township_term, again)
    people += _above(plan, maker)
    _gather(plan, land, doors, people, stations)
    return people


class _Maker:
    """Turns a trade and a town into a person with a home and a workplace."""

    def __init__(self, plan: Plan, land: Land, doors: Doors, organisations: Organisations) -> None:
        self.plan, self.land, self.doors, self.organisations = plan, land, doors, organisations
        self.rng = plan.rng("deputies")
        self.namer = Namer(plan, "deputies")
        self.count = 0
        frame = doors.frame
        living = np.flatnonzero((frame["use"] == "residence") & (frame["status"] == "active"))
        self.by_village = {v: rows for v, rows in pd.Series(living).groupby(frame["village"].to_numpy()[living])}
        self.phones: set[str] = set()

    def person(self, trade: dict, village: int, town: int) -> Person:
        rng = self.rng
        female = bool(rng.random() < min(1.0, trade["female_share"] * 1.12))
        she_town = "畲" in self.plan.towns[town].name
        she = bool(rng.random() < (0.42 if she_town else 0.015)) or "畲" in trade["title"]
        young = "创业青年" in trade["title"] or "外卖" in trade["title"]
        born = int(np.clip(rng.normal(self.plan.county_term.starts.year - (35 if young else 48), 4 if young else 8), 1956, 2000))
        name, ethnicity = self.namer.person(female, born, she)
        self.count += 1
        home = self.home(village)
        organisation, work = self.workplace(trade, village, town, home)
        phone = ""
        while not phone or phone in self.phones:
            phone = f"154{int(rng.integers(0, 10**8)):08d}"
        self.phones.add(phone)
        return Person(f"D{self.plan.code6}{self.count:05d}", name, "female" if female else "male", born, ethnicity, trade, home, town, organisation, work, phone=phone, base=town)

    def home(self, village: int) -> int:
        rows = self.by_village.get(village)
        if rows is None:
            return int(self.doors.near(*self.land.village_centre[village])[0])
        return int(rows.iloc[int(self.rng.integers(len(rows)))])

    def workplace(self, trade: dict, village: int, town: int, home: int) -> tuple[str | None, tuple[float, float]]:
        """An organisation of the right kind in the town if there is one; fields and shops are places without an organisation."""
        rng, kind = self.rng, trade["workplace"]
        x, y = self.doors.frame.iloc[home][["x", "y"]].astype(float)
        if kind in ("village_office", "community_office"):
            row = self.organisations.frame.iloc[self.organisations.at[f"v{self.land.village_code[village]}"]]
            return str(row["code"]), (row["x"], row["y"])
        if kind in OUTDOORS:
            angle, reach = rng.uniform(0, 2 * np.pi), rng.gamma(2.5, 260)
            spot = np.clip([x + reach * np.cos(angle), y + reach * np.sin(angle)], *np.array(self.plan.outline.bounds).reshape(2, 2))
            return None, (float(spot[0]), float(spot[1])) if self._inside(spot) else (float(x), float(y))
        if kind in ("shop", "guesthouse", "studio"):
            near = self.doors.near(x, y, 60)
            door = self.doors.frame.iloc[int(rng.choice(near))]
            return None, (float(door["x"]), float(door["y"]))
        if kind == "gov":
            code = self._office(trade, town)
        else:
            found = self.organisations.with_role(kind, town if kind not in ("hospital", "law_firm", "office", "bank") else None)
            code = str(found["code"].iloc[int(rng.integers(len(found)))]) if len(found) else self.organisations.township(town)
        row = self.organisations.frame.iloc[self.organisations.at[code]]
        return code, (float(row["x"]), float(row["y"]))

    def _inside(self, spot: np.ndarray) -> bool:
        import shapely

        return bool(shapely.contains_xy(self.plan.outline, *spot))

    def _office(self, trade: dict, town: int) -> str:
        frame = self.organisations.frame
        if trade["title"] == "县级机关部门负责人":
            departments = frame[frame["kind"].isin(["department", "institution"]) & frame["handles_cases"] & (frame["town"] == -1)]
            return str(departments["code"].iloc[self.count % len(departments)])
        if trade["title"] == "县级领导干部":
            return str(self.rng.choice(["npc", "gov"]))
        if trade["title"] == "县人大专门委员会负责人":
            return "npc"
        congress = frame[(frame["kind"] == "congress") & (frame["town"] == town)]
        return str(congress["code"].iloc[0]) if "人大" in trade["title"] and len(congress) else self.organisations.township(town)


def _suits(plan: Plan, trade: dict, town: int) -> float:
    """How well a trade fits a town's land: fishermen by the sea, foresters in the mountains, nobody's teacher anywhere."""
    place, kind, title = plan.towns[town], trade["workplace"], trade["title"]
    if "畲" in title:
        return 20.0 if "畲" in place.name else 0.02
    if title in ("社区党委书记", "社区网格员"):
        return 4.0 if place.urban else 0.6
    if title in ("村党支部书记", "村民委员会副主任"):
        return 0.4 if place.urban else 2.0
    if kind in ("tideland", "port"):
        return 6.0 if 0 < place.relief <= 0.32 else 0.05
    if kind == "hill":
        return 5.0 * place.relief + 0.02
    if "茶" in title or "果园" in title:
        return 3.0 * place.relief + 0.05
    if kind == "farmland":
        return 0.15 if place.urban else 1.5 - place.relief
    if kind == "factory":
        return 5.0 if place.hot[:1] == ("labour",) else 0.5
    return 1.0


def _chosen(plan: Plan, maker: _Maker, districts: list[District], weight: str, congress: str, level: str, term: Term, again: list[Person] | None = None) -> list[Person]:
    """One person for every seat. `again` are people who already sit elsewhere and take a seat here too."""
    rng = maker.rng
    trades = material("occupations")["occupations"]
    seats = [district for district in districts for _ in range(district.seats)]
    again = list(again or [])
    chosen: list[Person] = []
    left = _dealt(plan, trades, weight, seats, rng)
    order = rng.permutation(len(seats))
    for i in order:
        district = seats[i]
        village = int(rng.choice(_villages_of(maker, district)))
        back = again.pop() if again and level == "township" and rng.random() < 0.3 else None
        trade = left[i]
        if district.basis == "workplace":
            person = _from_employers(maker, district, trade)
        elif back is not None:
            person = back
        else:
            home = village
            if trade["title"] in LIVES_ELSEWHERE:
                home = int(rng.choice(np.flatnonzero(np.isin(maker.land.village_town, [t for t, town in enumerate(plan.towns) if town.urban] or [0]))))
            person = maker.person(trade, home, int(maker.land.village_town[home]))
            person.base = district.town
        ended = None
        if rng.random() < ENDED:
            days = int(rng.integers(200, 1500))
            ended = min(term.starts + pd.Timedelta(days=days), plan.today - pd.Timedelta(days=20))
        person.mandates.append({"congress": congress, "congress_level": level, "term": term, "district": district.code, "elected_by": None,
                                "reelected": bool(rng.random() < REELECTED), "ended_on": ended})  # fmt: skip
        if person is not back:
            chosen.append(person)
    return chosen


def _villages_of(maker: _Maker, district: District) -> np.ndarray:
    grids = district.grids
    if len(grids) == 0:
        return np.flatnonzero(maker.land.village_town == district.town)
    return np.unique(maker.land.grid_village[grids])


def _dealt(plan: Plan, trades: list[dict], weight: str, seats: list[District], rng: np.random.Generator) -> list[dict]:
    """Trades for all seats: numbers by weight, the choosiest dealt first to the towns they suit."""
    weights = np.array([trade[weight] for trade in trades], float)
    exact = weights / weights.sum() * len(seats)
    count = np.floor(exact).astype(int)
    short = len(seats) - count.sum()
    count[np.argsort(-(exact - count) - 1e-6 * rng.random(len(count)))[:short]] += 1
    pile = [trade for trade, n in zip(trades, count, strict=True) for _ in range(n)]
    towns = np.array([district.town for district in seats])
    fit = {town: np.array([_suits(plan, trade, town) for trade in trades]) for town in set(towns)}
    index = {id(trade): k for k, trade in enumerate(trades)}
    choosy = sorted(pile, key=lambda trade: -max(fit[t][index[id(trade)]] for t in fit) / (np.mean([fit[t][index[id(trade)]] for t in fit]) + 1e-9))
    given: list[dict | None] = [None] * len(seats)
    free = np.ones(len(seats), bool)
    for trade in choosy:
        score = np.array([fit[t][index[id(trade)]] for t in towns]) * rng.uniform(0.6, 1.0, len(seats)) * free
        best = int(np.argmax(score + free * 1e-9))
        given[best] = trade
        free[best] = False
    return [trade for trade in given if trade is not None]


def _from_employers(maker: _Maker, district: District, trade: dict) -> Person:
    """Elected where he works: a home anywhere near, the workplace one of the district's employers."""
    rng, frame = maker.rng, maker.organisations.frame
    trades = [t for t in material("occupations")["occupations"] if t["workplace"] in
              {"教育": ("school",), "卫健": ("hospital", "clinic"), "机关一": ("gov",), "机关二": ("gov", "office"), "国企": ("utility", "bank")}.get(district.gathers, ("factory",))
              and "乡镇" not in t["title"]]  # fmt: skip
    picked = trades[int(rng.choice(len(trades), p=(w := np.array([t["county_weight"] + 0.01 for t in trades])) / w.sum()))] if trades else trade
    village = int(rng.choice(np.flatnonzero(maker.land.village_town == district.town)))
    person = maker.person(picked, village, district.town)
    if district.employers:
        code = str(rng.choice(district.employers))
        row = frame.iloc[maker.organisations.at[code]]
        person.organisation, person.work = code, (float(row["x"]), float(row["y"]))
    return person


def _above(plan: Plan, maker: _Maker) -> list[Person]:
    """Deputies of the city (elected by the county's congress) and the province (elected by the city's): no district."""
    trades = [t for t in material("occupations")["occupations"] if t["county_weight"] >= 3]
    people = []
    city = 14 if plan.scale.doorplates > 5_000 else 2
    province = 3 if plan.scale.doorplates > 5_000 else 1
    levels = [("city", plan.city[0], plan.city_term, f"{plan.name}人民代表大会", city)] if plan.city else []
    levels.append(("province", plan.province[0], plan.province_term, f"{plan.city[1]}人民代表大会" if plan.city else f"{plan.name}人民代表大会", province))
    for level, congress, term, by, count in levels:
        for _ in range(count):
            village = int(maker.rng.integers(len(maker.land.village_code)))
            trade = trades[int(maker.rng.integers(len(trades)))]
            person = maker.person(trade, village, int(maker.land.village_town[village]))
            person.mandates.append({"congress": congress, "congress_level": level, "term": term, "district": None, "elected_by": by,
                                    "reelected": bool(maker.rng.random() < REELECTED), "ended_on": None})  # fmt: skip
            people.append(person)
    return people


def _gather(plan: Plan, land: Land, doors: Doors, people: list[Person], stations: pd.DataFrame) -> None:
    """Groups of 8–30 by town (several where there are many), each with a leader; the station nearest to the home in the town."""
    xy = doors.frame[["x", "y"]].to_numpy()
    for town in range(len(plan.towns)):
        mine = [person for person in people if person.base == town]
        if not mine:
            continue
        homes = xy[[person.home for person in mine]]
        count = max(1, round(len(mine) / 24))
        order = np.argsort(homes[:, 0] + 0.6 * homes[:, 1], kind="stable")
        for k, part in enumerate(np.array_split(order, count)):
            name = f"{plan.towns[town].name}{'第' + in_words(k + 1) if count > 1 else ''}代表小组"
            members = [mine[int(i)] for i in part]
            for person in members:
                person.group = name
            leader = next((p for p in members if "人大主席" in p.trade["title"]), None)
            leader = leader or next((p for p in members if p.trade["group"] == "村社干部"), members[0])
            leader.leader = True
        near = stations[(stations["town"] == town) & stations["kind"].isin(["town", "village"])]
        if near.empty:
            near = stations
        nearest = cKDTree(near[["x", "y"]].to_numpy()).query(homes)[1]
        for person, k in zip(mine, nearest, strict=True):
            person.station = str(near["code"].iloc[int(k)])
    for trade_station in stations[stations["kind"] == "trade"].itertuples():
        word = trade_station.name.split("行业")[0]
        role = next((item["role"] for item in material("stations")["trades"] if item["name"] == word), "")
        for person in [p for p in people if p.trade["workplace"] == role][:12]:
            person.station = trade_station.code


def rows(plan: Plan, doors: Doors, people: list[Person]) -> pd.DataFrame:
    """The layer `deputy`: one row a mandate, the point is the residence."""
    table = []
    lon, lat = doors.frame["lon"].to_numpy(), doors.frame["lat"].to_numpy()
    for person in people:
        work_lon, work_lat = plan.degrees([person.work[0]], [person.work[1]])
        title = person.trade["title"]
        for mandate in person.mandates:
            term: Term = mandate["term"]
            table.append({
                "code": person.code, "name": person.name, "sex": person.sex, "birth_year": person.birth_year, "ethnicity": person.ethnicity, "occupation": title,
                "occupation_group": person.trade["group"], "official": person.trade["group"] == "党政干部", "county_leader": title == "县级领导干部",
                "fields": ";".join(person.trade["fields"]), "capacity": CAPACITY[person.trade["group"]], "organisation": person.organisation,
                "workplace_lon": work_lon[0], "workplace_lat": work_lat[0], "congress": mandate["congress"], "congress_level": mandate["congress_level"],
                "term": term.number, "term_starts": term.starts.isoformat(), "term_ends": term.ends.isoformat(), "district": mandate["district"],
                "elected_by": mandate["elected_by"], "reelected": mandate["reelected"], "ended_on": mandate["ended_on"].isoformat()[:10] if mandate["ended_on"] else None,
                "group": person.group, "group_leader": person.leader, "station": person.station, "phone": person.phone,
                "lon": lon[person.home], "lat": lat[person.home],
            })  # fmt: skip
    return pd.DataFrame(table)


def employ(districts: list[District], organisations: Organisations, rng: np.random.Generator, joint: int = 4) -> None:
    """Give employers' districts their employers, and make a few residence districts joint ones with an employer beside."""
    frame = organisations.frame
    for district in districts:
        if district.basis == "workplace":
            mine = frame[frame["gathers"] == district.gathers]
            if mine.empty:
                mine = frame[(frame["town"] == -1) & (frame["role"] == ("school" if district.gathers == "教育" else "gov"))]
            district.employers = tuple(mine["code"])[:14]
            district.name = f"第{district.number}选区({district.gathers}单位)" if "企业" not in district.gathers else f"第{district.number}选区({district.gathers})"
    taken = {code for district in districts for code in district.employers}
    firms = frame[frame["role"].isin(["factory", "school", "clinic"]) & ~frame["code"].isin(taken) & (frame["town"] >= 0)]
    for _, firm in firms.iloc[rng.permutation(len(firms))].iterrows():
        if joint == 0:
            break
        here = [d for d in districts if d.basis == "residence" and d.town == firm["town"] and not d.employers and d.seats >= 2]
        if here:
            district = here[int(rng.integers(len(here)))]
            district.basis, district.employers = "joint", (str(firm["code"]),)
            joint -= 1
