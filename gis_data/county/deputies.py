"""Deputies of four levels: trades by weight, a district each, a home, a workplace, a group and a station."""

import datetime as dt
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from gis_data.county.areas import Land
from gis_data.county.content import material
from gis_data.county.districts import District
from gis_data.county.doorplates import Doors
from gis_data.county.names import Namer
from gis_data.county.organisations import Organisation, Organisations
from gis_data.county.plan import Plan, Term, apportion, in_words
from gis_data.county.stations import Station
from gis_data.layers import LAYERS

BOTH = 0.06  # of a township's seats held by people who sit in the county's congress too
REELECTED = 0.34
ENDED = 0.012  # seats left before the term's end
GROUP_SIZE = 24
ABROAD = ("hospital", "law_firm", "office", "bank", "court", "builder")  # workplaces one goes to from anywhere in the county
LIVES_IN_SEAT = ("县级领导干部", "县级机关部门负责人", "县人大专门委员会负责人")
ONE_A_TOWN = ("乡镇党委书记", "乡镇人大主席")
EMPLOYED = {"机关": ("gov",), "教育": ("school",), "卫健": ("hospital", "clinic"), "国企": ("utility", "bank", "depot"), "塑编": ("factory",), "印刷": ("factory",)}


@dataclass(frozen=True)
class Mandate:
    """What a person was elected to: a congress for a term, by a district or by the congress below."""

    congress: str
    level: str
    term: Term
    district: str | None
    elected_by: str | None
    reelected: bool
    ended_on: dt.date | None


@dataclass
class Person:
    """One deputy. `home` is a row of the doorplates, `base` the town he or she stands for, `work` is in metres."""

    code: str
    name: str
    sex: str
    birth_year: int
    ethnicity: str
    trade: dict
    home: int
    base: int
    organisation: str | None
    work: tuple[float, float]
    phone: str
    mandates: list[Mandate] = field(default_factory=list)
    group: str = ""
    leader: bool = False
    station: str = ""


def elect(plan: Plan, land: Land, doors: Doors, organisations: Organisations, stations: list[Station], county: list[District], township: list[District]) -> list[Person]:
    """Everyone, county first; the same person keeps one code over two mandates."""
    maker = _Maker(plan, land, doors, organisations)
    people = _chosen(plan, maker, county, "county", [])
    for town in sorted({district.town for district in township}):
        mine = [district for district in township if district.town == town]
        here = [p for p in people if p.base == town and len(p.mandates) == 1 and not p.mandates[0].ended_on and land.village_town[doors.village[p.home]] == town]
        here.sort(key=lambda p: p.trade["title"] not in ONE_A_TOWN)  # 人大主席 and 党委书记 sit in both
        held = {p.trade["title"] for p in people if p.base == town}
        people += _chosen(plan, maker, mine, "township", here[: round(sum(district.seats for district in mine) * BOTH)], held)
    people += _above(plan, maker)
    _gather(plan, doors, people, stations)
    return people


class _Maker:
    """Turns a trade and a place into a person with a home and a workplace."""

    def __init__(self, plan: Plan, land: Land, doors: Doors, organisations: Organisations) -> None:
        self.plan, self.land, self.doors, self.organisations = plan, land, doors, organisations
        self.rng = plan.rng("deputies")
        self.namer = Namer(plan, "deputies")
        self.count = 0
        living = np.flatnonzero((doors.use == "residence") & (doors.status == "active"))
        order = living[np.argsort(doors.grid[living], kind="stable")]
        bounds = np.searchsorted(doors.grid[order], np.arange(len(land.grid_code) + 1))
        self.homes = [order[a:b] for a, b in pairwise(bounds)]
        self.phones: set[str] = set()
        self.secretaries: set[int] = set()
        self.departments = [o.code for o in organisations.everyone if o.kind in ("department", "institution") and o.handles_cases and o.town == -1]

    def home(self, grids: np.ndarray) -> int:
        """A door where somebody lives, in one of the grids."""
        rows = np.concatenate([self.homes[int(g)] for g in grids])
        if len(rows) == 0:
            x, y = self.land.grid_centre[grids[0]]
            return int(self.doors.near(x, y)[0])
        return int(rows[int(self.rng.integers(len(rows)))])

    def person(self, trade: dict, home: int, base: int, employers: tuple[str, ...] = ()) -> Person:
        rng = self.rng
        town = int(self.land.village_town[self.doors.village[home]])
        female = bool(rng.random() < min(1.0, trade["female_share"] * 1.12))
        she = bool(rng.random() < (0.42 if "畲" in self.plan.towns[town].name else 0.03)) or "畲" in trade["title"]
        young = any(word in trade["title"] for word in ("创业青年", "外卖", "快递"))
        born = int(np.clip(rng.normal(self.plan.county_term.starts.year - (34 if young else 48), 4 if young else 8), 1956, 2000))
        name, ethnicity = self.namer.person(female, born, she)
        self.count += 1
        organisation, work = self.workplace(trade, home, base, employers)
        phone = f"154{int(rng.integers(0, 10**8)):08d}"
        while phone in self.phones:
            phone = f"154{int(rng.integers(0, 10**8)):08d}"
        self.phones.add(phone)
        return Person(f"D{self.plan.code6}{self.count:05d}", name, "female" if female else "male", born, ethnicity, trade, home, base, organisation, work, phone)

    def workplace(self, trade: dict, home: int, base: int, employers: tuple[str, ...]) -> tuple[str | None, tuple[float, float]]:
        """An organisation of the right kind, in the town if there is one; fields and shops are places without an organisation."""
        rng, kind = self.rng, trade["workplace"]
        x, y = float(self.doors.x[home]), float(self.doors.y[home])
        village = int(self.doors.village[home])
        if employers:
            suited = [code for code in employers if self.organisations.by_code[code].role == kind] or list(employers)
            return self._at(suited[int(rng.integers(len(suited)))])
        if kind in ("village_office", "community_office"):
            return self._at(f"v{self.land.village_code[village]}")
        if kind in ("farmland", "tideland", "hill"):
            angle, reach = rng.uniform(0, 2 * np.pi), rng.gamma(2.5, 260)
            spot = (x + reach * float(np.cos(angle)), y + reach * float(np.sin(angle)))
            return None, spot if bool(shapely.contains_xy(self.plan.outline, *spot)) else (x, y)
        if kind in ("shop", "guesthouse", "studio"):
            door = int(rng.choice(self.doors.near(x, y, 60)))
            return None, (float(self.doors.x[door]), float(self.doors.y[door]))
        if kind == "gov":
            return self._at(self._office(trade["title"], base))
        found = self.organisations.with_role(kind, None if kind in ABROAD else base)
        return self._at(found[int(rng.integers(len(found)))].code if found else self.organisations.township(base))

    def _at(self, code: str) -> tuple[str, tuple[float, float]]:
        organisation: Organisation = self.organisations.by_code[code]
        return code, (organisation.x, organisation.y)

    def _office(self, title: str, town: int) -> str:
        if title == "县级机关部门负责人":
            return self.departments[self.count % len(self.departments)]
        if title == "县级领导干部":
            return str(self.rng.choice(["npc", "gov"]))
        if title == "县人大专门委员会负责人":
            return "npc"
        congress = next((o.code for o in self.organisations.by_role["gov"] if o.kind == "congress" and o.town == town), None)
        return congress if "人大" in title and congress else self.organisations.township(town)


def _suits(plan: Plan, trade: dict, town: int) -> float:
    """How well a trade fits a town's land: fishermen by the sea, foresters in the mountains, teachers anywhere."""
    place, kind, title = plan.towns[town], trade["workplace"], trade["title"]
    if "畲" in title:
        return 20.0 if "畲" in place.name else 0.02
    if title in ("社区党委书记", "社区网格员"):
        return 4.0 if place.urban else 0.6
    if title in ("村党支部书记", "村民委员会副主任"):
        return 0.4 if place.urban else 2.0
    if title.startswith("乡镇"):
        return 0.01 if place.urban else 1.0
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


def _chosen(plan: Plan, maker: _Maker, districts: list[District], level: str, again: list[Person], held: set[str] | None = None) -> list[Person]:
    """One person for every seat; `again` are people who already sit elsewhere and take a seat here, in the district
    of their home; `held` are the offices of the town that are taken."""
    rng = maker.rng
    seats = [district for district in districts for _ in range(district.seats)]
    trades = _dealt(plan, level, seats, held or set(), rng)
    chosen: list[Person] = []
    for i in rng.permutation(len(seats)):
        district, trade = seats[int(i)], trades[int(i)]
        back = next((p for p in again if maker.doors.grid[p.home] in district.grids), None)
        if back is not None:
            again.remove(back)
            person = back
        else:
            person = maker.person(trade, _home(plan, maker, district, trade), district.town, district.employers if district.basis == "workplace" else ())
            chosen.append(person)
        served = (plan.today - district.term.starts).days
        ended = district.term.starts + dt.timedelta(days=int(rng.integers(200, served - 20))) if served > 240 and rng.random() < ENDED else None
        person.mandates.append(Mandate(district.congress, level, district.term, district.code, None, bool(rng.random() < REELECTED), ended))
    return chosen


def _home(plan: Plan, maker: _Maker, district: District, trade: dict) -> int:
    """In the district; but whoever works at county level lives in the seat, and voters of an employer anywhere in its town."""
    land, title = maker.land, trade["title"]
    if title in LIVES_IN_SEAT or len(district.grids) == 0:
        towns = [t for t, town in enumerate(plan.towns) if town.urban] or [0]
        return maker.home(np.flatnonzero(np.isin(land.village_town[land.grid_village], [district.town] if len(district.grids) == 0 else towns)))
    grids = district.grids
    if title in ("村党支部书记", "社区党委书记"):  # one to a village
        free = [v for v in dict.fromkeys(land.grid_village[grids].tolist()) if v not in maker.secretaries]
        if free:
            village = int(maker.rng.choice(free))
            maker.secretaries.add(village)
            grids = grids[land.grid_village[grids] == village]
    return maker.home(grids)


def _dealt(plan: Plan, level: str, seats: list[District], held: set[str], rng: np.random.Generator) -> list[dict]:
    """Trades for all seats: numbers by weight, employers' districts first, then the choosiest to the towns they suit."""
    trades = material("occupations")["occupations"]
    towns = sorted({district.town for district in seats})
    taken = held & {*ONE_A_TOWN}
    if not plan.town_level:  # no town's government whose people could sit
        taken |= {trade["title"] for trade in trades if trade["title"].startswith("乡镇") and trade["workplace"] == "gov"}
    weight = np.array([0 if trade["title"] in taken else trade[f"{level}_weight"] for trade in trades], float)
    count = apportion(weight, len(seats))
    for k, trade in enumerate(trades):  # no town has two of them; the first trade takes what is over
        if trade["title"] in ONE_A_TOWN and count[k] > len(towns):
            count[0] += count[k] - len(towns)
            count[k] = len(towns)
    pile = [k for k, n in enumerate(count) for _ in range(n)]
    given: dict[int, int] = {}
    for i, district in enumerate(seats):
        kinds = next((kinds for word, kinds in EMPLOYED.items() if district.gathers.startswith(word)), ())
        suited = [k for k in pile if trades[k]["workplace"] in kinds and not trades[k]["title"].startswith("乡镇")]
        if suited:
            given[i] = suited[int(rng.integers(len(suited)))]
            pile.remove(given[i])
    left = [i for i in range(len(seats)) if i not in given]
    fit = {t: np.array([_suits(plan, trade, t) for trade in trades]) for t in towns}
    even = {k: np.mean([fit[t][k] for t in towns]) / max(fit[t][k] for t in towns) for k in set(pile)}
    for k in sorted(pile, key=lambda k: (even[k], k)):
        score = np.array([fit[seats[i].town][k] for i in left]) * rng.uniform(0.6, 1.0, len(left))
        best = left.pop(int(np.argmax(score)))
        given[best] = k
        if trades[k]["title"] in ONE_A_TOWN:
            fit[seats[best].town][k] = 0.0
    return [trades[given[i]] for i in range(len(seats))]


def _above(plan: Plan, maker: _Maker) -> list[Person]:
    """Deputies of the city (elected by the county's congress) and the province (elected by the city's): no district."""
    trades = [t for t in material("occupations")["occupations"] if t["county_weight"] >= 3 and not t["title"].startswith("乡镇")]
    small = plan.scale.doorplates <= 5_000
    below = plan.city[1] if plan.city else plan.name
    levels = [("province", plan.province[0], plan.province_term, f"{below}人民代表大会", 1 if small else 3)]
    if plan.city:
        levels.insert(0, ("city", plan.city[0], plan.city_term, f"{plan.name}人民代表大会", 2 if small else 14))
    people = []
    for level, congress, term, by, count in levels:
        for _ in range(count):
            grid = int(maker.rng.integers(len(maker.land.grid_code)))
            trade = trades[int(maker.rng.integers(len(trades)))]
            person = maker.person(trade, maker.home(np.array([grid])), int(maker.land.village_town[maker.land.grid_village[grid]]))
            person.mandates.append(Mandate(congress, level, term, None, by, bool(maker.rng.random() < REELECTED), None))
            people.append(person)
    return people


def _gather(plan: Plan, doors: Doors, people: list[Person], stations: list[Station]) -> None:
    """Groups by town, several where deputies are many, each with a leader; the nearest station of the town, or the trade's."""
    for town in range(len(plan.towns)):
        mine = [person for person in people if person.base == town]
        if not mine:
            continue
        homes = np.array([[doors.x[person.home], doors.y[person.home]] for person in mine])
        order = np.argsort(homes[:, 0] + 0.6 * homes[:, 1], kind="stable")
        count = max(1, round(len(mine) / GROUP_SIZE))
        for k, part in enumerate(np.array_split(order, count), start=1):
            members = [mine[int(i)] for i in part]
            for person in members:
                person.group = f"{plan.towns[town].name}{'第' + in_words(k) if count > 1 else ''}代表小组"
            by_rank = ("乡镇人大主席", "社区党委书记", "村党支部书记")
            leader = next((p for title in by_rank for p in members if p.trade["title"] == title), members[0])
            leader.leader = True
        near = [station for station in stations if station.town == town and station.kind in ("town", "village")] or stations
        nearest = cKDTree([(station.x, station.y) for station in near]).query(homes)[1]
        for person, i in zip(mine, nearest, strict=True):
            person.station = near[int(i)].code
    for station in stations:
        if station.kind == "trade":
            for person in [p for p in people if p.trade["workplace"] == station.role][:12]:
                person.station = station.code


def employ(plan: Plan, districts: list[District], organisations: Organisations, joint: int = 4) -> None:
    """Give employers' districts their employers, and make a few residence districts joint ones with an employer beside."""
    rng = plan.rng("employ")
    for district in districts:
        if district.basis == "workplace":
            mine = [o.code for o in organisations.everyone if o.gathers.startswith(district.gathers)]
            while len(";".join(mine)) > LAYERS["district"].column("employers").length:
                mine.pop()
            district.employers = tuple(mine)
    taken = {code for district in districts for code in district.employers}
    firms = [o for o in organisations.everyone if o.role in ("factory", "school", "clinic") and o.code not in taken and o.town >= 0]
    for k in rng.permutation(len(firms)):
        here = [d for d in districts if d.basis == "residence" and d.town == firms[int(k)].town and d.seats >= 2]
        if joint and here:
            district = here[int(rng.integers(len(here)))]
            district.basis, district.employers = "joint", (firms[int(k)].code,)
            joint -= 1


def _called(plan: Plan, land: Land, doors: Doors, person: Person) -> str:
    """The trade as it is called where the person stands: a 街道 has no 镇人大主席, a community no 村党支部书记, 龙港市 no 乡镇卫生院."""
    title = str(person.trade["title"])
    village = str(land.village_name[doors.village[person.home]])
    urban = (plan.towns[person.base].urban or not plan.town_level) if title.startswith("乡镇") else village.endswith(("社区", "居委会"))
    return str(person.trade.get("urban_title", title)) if urban else title


def rows(plan: Plan, land: Land, doors: Doors, people: list[Person]) -> pd.DataFrame:
    """The layer `deputy`: one row a mandate, the point is the residence."""
    capacity = material("occupations")["composition"]["capacity"]
    work_lon, work_lat = plan.degrees(np.array([p.work[0] for p in people]), np.array([p.work[1] for p in people]))
    table = []
    for i, person in enumerate(people):
        trade = person.trade
        for mandate in person.mandates:
            table.append({
                "code": person.code, "name": person.name, "sex": person.sex, "birth_year": person.birth_year, "ethnicity": person.ethnicity,
                "occupation": _called(plan, land, doors, person), "occupation_group": trade["group"], "official": trade["group"] == "党政干部",
                "county_leader": trade["title"] == "县级领导干部", "fields": ";".join(trade["fields"]), "capacity": capacity[trade["group"]],
                "organisation": person.organisation, "workplace_lon": work_lon[i], "workplace_lat": work_lat[i], "congress": mandate.congress,
                "congress_level": mandate.level, "term": mandate.term.number, "term_starts": mandate.term.starts.isoformat(),
                "term_ends": mandate.term.ends.isoformat(), "district": mandate.district, "elected_by": mandate.elected_by, "reelected": mandate.reelected,
                "ended_on": mandate.ended_on.isoformat() if mandate.ended_on else None, "group": person.group, "group_leader": person.leader,
                "station": person.station, "phone": person.phone, "lon": doors.lon[person.home], "lat": doors.lat[person.home],
            })  # fmt: skip
    return pd.DataFrame(table)
