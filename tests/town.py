"""方格县: a toy county that everyone can compute by hand.

One unit is 0.01 degrees, so `at(x, y)` lies x units east and y units north of 120 °E 28 °N. Six villages, each one unit
square, two towns and a street office of two villages each:

    y=2 ┌────────┬────────┬────────┐      东溪镇 = V1 + V4, 南山乡 = V2 + V5, 城关街道 = V3 + V6 (no congress)
        │   V4   │   V5   │   V6   │      county districts    C1 = V1 + V2, C2 = V4 + V5, C3 = V3 (joint: with the factory),
    y=1 ├────────┼────────┼────────┤                          C4 = V6 (its deputy left), C5 = the county's organs (by workplace)
        │   V1   │   V2   │   V3   │      township districts  A1 = V1, A2 = V4 of 东溪镇; B1 = V2 + V5 of 南山乡
    y=0 └────────┴────────┴────────┘
       x=0       1        2        3      A unit is 983.6 m from west to east and 1,108.2 m from south to north there.
"""

import datetime as dt
from dataclasses import dataclass, field

from django.contrib.gis.geos import MultiPolygon, Point, Polygon

from apps.accounts.models import Role, User
from apps.deputies.models import Contact, Deputy, Field, Group, Home, Mandate, Station
from apps.organisations.models import Organisation
from apps.projects.models import KeyProject, ProgressReport, Subproject
from apps.territory.addressing import search_key
from apps.territory.models import AdminArea, Doorplate, ElectoralDistrict, Grid, LayerVersion, Term
from tests.written_again import WrittenAgain

ORIGIN = (120.0, 28.0)
UNIT = 0.01
TODAY = dt.date(2026, 3, 10)
PASSWORD = "only-for-the-toy-town"
COUNTY = "339999000000"


def at(x: float, y: float) -> Point:
    return Point(round(ORIGIN[0] + x * UNIT, 9), round(ORIGIN[1] + y * UNIT, 9), srid=4326)


def box(west: float, south: float, east: float, north: float) -> MultiPolygon:
    corners = [at(x, y) for x, y in ((west, south), (east, south), (east, north), (west, north), (west, south))]
    return MultiPolygon(Polygon(corners), srid=4326)


@dataclass
class Town:
    """The rows of the county by the short names of the picture above."""

    county: AdminArea
    towns: dict[str, AdminArea] = field(default_factory=dict)  # A B S
    villages: dict[str, AdminArea] = field(default_factory=dict)  # V1 … V6
    grids: dict[str, Grid] = field(default_factory=dict)  # V1 … V6
    terms: dict[str, Term] = field(default_factory=dict)  # county A B city
    districts: dict[str, ElectoralDistrict] = field(default_factory=dict)  # C1 … C5, A1, A2, B1
    organisations: dict[str, Organisation] = field(default_factory=dict)  # congress dispatcher construction water town_a town_b street factory
    stations: dict[str, Station] = field(default_factory=dict)  # SA SS
    deputies: dict[str, Deputy] = field(default_factory=dict)  # D1 … D8
    doorplates: dict[str, Doorplate] = field(default_factory=dict)  # P01 … P12
    projects: dict[str, KeyProject] = field(default_factory=dict)  # K1 K2 K3


VILLAGES = {  # name, town, code, west, south
    "V1": ("溪口村", "A", "339999100201", 0, 0), "V2": ("南山村", "B", "339999200201", 1, 0), "V3": ("城东社区", "S", "339999001001", 2, 0),
    "V4": ("上溪村", "A", "339999100202", 0, 1), "V5": ("岭头村", "B", "339999200202", 1, 1), "V6": ("城北社区", "S", "339999001002", 2, 1),
}  # fmt: skip
TOWNS = {"A": ("东溪镇", "339999100000", True, 0), "B": ("南山乡", "339999200000", True, 1), "S": ("城关街道", "339999001000", False, 2)}
DISTRICTS = {  # code, term, name, seats, basis, box
    "C1": ("C-01", "county", "第1选区", 2, "residence", (0, 0, 2, 1)),
    "C2": ("C-02", "county", "第2选区", 1, "residence", (0, 1, 2, 2)),
    "C3": ("C-03", "county", "第3选区", 1, "joint", (2, 0, 3, 1)),
    "C4": ("C-04", "county", "第4选区", 1, "residence", (2, 1, 3, 2)),
    "C5": ("C-05", "county", "县直机关选区", 1, "workplace", None),
    "A1": ("A-01", "A", "东溪镇第1选区", 1, "residence", (0, 0, 1, 1)),
    "A2": ("A-02", "A", "东溪镇第2选区", 1, "residence", (0, 1, 1, 2)),
    "B1": ("B-01", "B", "南山乡第1选区", 2, "residence", (1, 0, 2, 2)),
}
ORGANISATIONS = {  # code, name, short name, kind, area, handles cases, logs in
    "congress": ("CONGRESS", "方格县人大常委会", "县人大", "congress", COUNTY, False, True),
    "dispatcher": ("GOV-OFFICE", "方格县人民政府办公室", "县政府办", "dispatcher", COUNTY, True, True),
    "construction": ("CONSTRUCTION", "方格县住房和城乡建设局", "县住建局", "department", COUNTY, True, True),
    "water": ("WATER", "方格县水利局", "县水利局", "department", COUNTY, True, False),
    "town_a": ("TOWN-A", "东溪镇人民政府", "东溪镇政府", "township", "339999100000", True, True),
    "town_b": ("TOWN-B", "南山乡人民政府", "南山乡政府", "township", "339999200000", True, False),
    "street": ("STREET", "城关街道办事处", "城关街道", "township", "339999001000", True, False),
    "factory": ("FACTORY", "方格机械厂", "机械厂", "enterprise", "339999001000", False, False),
}
DEPUTIES = {  # name, residence village, home, workplace, station, organisation, group leader, fields, capacity
    "D1": ("陈安", "V1", (0.2, 0.8), (0.8, 0.5), "SA", None, True, ("water",), 2),
    "D2": ("林秀", "V2", (1.6, 0.4), None, None, "town_b", False, ("education",), 1),
    "D3": ("黄杰", "V4", (0.5, 1.4), None, "SA", None, False, ("transport", "construction"), 2),
    "D4": ("吴敏", "V3", (2.4, 0.6), (2.5, 0.2), "SS", "factory", False, ("industry",), 1),
    "D5": ("郑国", "V6", (2.5, 1.5), (2.2, 0.5), "SS", "congress", False, ("law",), 1),
    "D6": ("蓝天", "V1", (0.7, 0.3), None, "SA", None, False, (), 1),
    "D7": ("周宁", "V5", (1.5, 1.5), None, None, None, False, ("agriculture",), 1),
    "D8": ("王正", "V3", (2.6, 0.4), None, None, None, False, (), 1),
}
MANDATES = [  # deputy, term, district
    ("D1", "county", "C1"), ("D2", "county", "C1"), ("D3", "county", "C2"), ("D4", "county", "C3"), ("D5", "county", "C5"),
    ("D6", "A", "A1"), ("D2", "B", "B1"), ("D7", "B", "B1"), ("D8", "city", None),
]  # fmt: skip
DOORPLATES = {  # village, road or hamlet, number, estate, building, point, status
    "P01": ("V1", "人民路", "1号", "", "", (0.1, 0.5), "active"),
    "P02": ("V1", "人民路", "12号", "", "", (0.5, 0.5), "active"),
    "P03": ("V1", "人民路", "12号", "江滨花苑", "3幢", (0.5, 0.6), "active"),
    "P04": ("V1", "人民路", "100号", "", "", (1.0, 0.5), "active"),  # on the border of A1 and B1, inside C1
    "P05": ("V2", "人民路", "101号", "", "", (1.2, 0.5), "active"),
    "P06": ("V2", "南山街", "8号", "", "", (1.5, 0.5), "active"),
    "P07": ("V3", "人民路", "12号", "", "", (2.1, 0.2), "active"),  # the same road and number in another town
    "P08": ("V3", "中山路", "123号", "", "", (2.5, 0.5), "active"),
    "P09": ("V4", "", "12号", "", "", (0.5, 1.5), "active"),  # 上溪村后林12号
    "P10": ("V5", "", "7号", "", "", (1.5, 1.5), "active"),  # 岭头村茶亭7号
    "P11": ("V6", "建设路", "8号", "", "", (2.5, 1.5), "active"),
    "P12": ("V6", "建设路", "9号", "", "", (2.6, 1.5), "retired"),
}
HAMLETS = {"P09": "后林", "P10": "茶亭"}
PROJECTS = {  # name, field, responsible, owner, town, site, parts: name, weight, starts, ends, reports
    "K1": ("东溪防洪堤", "water", "water", "town_a", "A", (0.5, 0.2), [
        ("堤身", 60, dt.date(2025, 1, 1), dt.date(2026, 1, 1), [(dt.date(2025, 6, 1), 40), (dt.date(2025, 12, 1), 90)]),
        ("绿化", 40, dt.date(2025, 7, 1), dt.date(2026, 7, 1), [(dt.date(2025, 12, 1), 30)])]),
    "K2": ("南山中心小学迁建", "education", "construction", "town_b", "B", (1.5, 0.8), [
        ("主体", 100, dt.date(2026, 1, 1), dt.date(2027, 1, 1), [(dt.date(2026, 2, 1), 10)])]),
    "K3": ("城关老旧小区改造", "construction", "construction", "street", "S", (2.5, 0.6), [
        ("外墙", 50, dt.date(2025, 9, 1), dt.date(2026, 9, 1), []), ("管网", 50, dt.date(2026, 1, 1), dt.date(2026, 12, 1), [])]),
}  # fmt: skip


def build(anew: bool = False) -> Town:
    """Write the whole county into the database and return its rows. Fields and categories come from the migrations. anew: with the
    numbers that the tables' counters give."""
    town = _write() if anew else _rows()
    LayerVersion.raise_for("area", "organisation", "district", "grid", "doorplate", "station", "deputy", "project")
    return town


def _write() -> Town:
    county = AdminArea.objects.create(
        code=COUNTY, name="方格县", level="county", kind="县", has_congress=True, population=60000, geom=box(0, 0, 3, 2), synthetic=True
    )
    town = Town(county)
    _areas(town)
    _districts(town)
    _people(town)
    _plates(town)
    _projects(town)
    return town


_rows = WrittenAgain(_write, but=frozenset({"territory_layerversion"}))


def _areas(town: Town) -> None:
    for name, (label, code, congress, west) in TOWNS.items():
        town.towns[name] = AdminArea.objects.create(
            code=code, name=label, level="town", kind=label[-1], parent=town.county, has_congress=congress, population=20000,
            geom=box(west, 0, west + 1, 2), synthetic=True,
        )  # fmt: skip
    for name, (label, parent, code, west, south) in VILLAGES.items():
        shape = box(west, south, west + 1, south + 1)
        town.villages[name] = AdminArea.objects.create(
            code=code, name=label, level="village", parent=town.towns[parent], population=10000, geom=shape, synthetic=True
        )
        town.grids[name] = Grid.objects.create(code=f"{code}001", name=f"{label}第一网格", village=town.villages[name], population=10000, geom=shape)


def _districts(town: Town) -> None:
    began, ends = dt.date(2022, 2, 1), dt.date(2097, 2, 1)  # pages ask for today: the tests' town stays in office
    town.terms = {
        "county": Term.objects.create(congress=town.county, level="county", number=17, starts=began, ends=ends),
        "A": Term.objects.create(congress=town.towns["A"], level="township", number=15, starts=began, ends=ends),
        "B": Term.objects.create(congress=town.towns["B"], level="township", number=12, starts=began, ends=ends),
    }
    city = AdminArea.objects.create(code="339900000000", name="方州市", level="city", has_congress=True)
    town.terms["city"] = Term.objects.create(congress=city, level="city", number=14, starts=began, ends=ends)
    for name, (code, label, short, kind, area, handles, logs_in) in ORGANISATIONS.items():
        town.organisations[name] = Organisation.objects.create(
            code=code, name=label, short_name=short, kind=kind, area_code=area, handles_cases=handles, logs_in=logs_in
        )
    for name, (code, term, label, seats, basis, edges) in DISTRICTS.items():
        town.districts[name] = ElectoralDistrict.objects.create(
            code=code, term=town.terms[term], number=int(code[-2:]), name=label, seats=seats, basis=basis, population=10000,
            geom=box(*edges) if edges else None,
        )  # fmt: skip
    town.districts["C3"].employers.add(town.organisations["factory"])
    town.districts["C5"].employers.add(town.organisations["congress"], town.organisations["dispatcher"])


def _people(town: Town) -> None:
    town.stations = {
        "SA": Station.objects.create(code="S-A", name="东溪镇代表联络站", kind="town", area=town.towns["A"], point=at(0.5, 0.4), address="东溪镇人民路12号",
                                     duty_days="D15", duty_hours="09:00-11:00", liaison="小方", phone="0577-00000001"),
        "SS": Station.objects.create(code="S-S", name="城关街道代表联络站", kind="town", area=town.towns["S"], point=at(2.5, 0.9), address="城关街道中山路123号",
                                     duty_days="LFRI"),
    }  # fmt: skip
    group = Group.objects.create(name="东溪代表小组", area=town.towns["A"])
    for name, (label, village, home, workplace, station, organisation, leader, fields, capacity) in DEPUTIES.items():
        deputy = Deputy.objects.create(
            code=name, name=label, sex="male", occupation="村民", capacity=capacity, residence_village=town.villages[village],
            workplace=at(*workplace) if workplace else None, station=town.stations.get(station), group=group if station == "SA" else None,
            group_leader=leader, organisation=town.organisations.get(organisation),
        )  # fmt: skip
        deputy.fields.set(Field.objects.filter(code__in=fields))
        Home.objects.create(deputy=deputy, point=at(*home))
        Contact.objects.create(deputy=deputy, phone=f"1390000000{name[1]}")
        town.deputies[name] = deputy
    for name, term, district in MANDATES:
        Mandate.objects.create(
            deputy=town.deputies[name], term=town.terms[term], district=town.districts.get(district),
            elected_by="" if district else "方格县人民代表大会",
        )  # fmt: skip


def _plates(town: Town) -> None:
    for name, (village, road, number, estate, building, point, status) in DOORPLATES.items():
        parent = town.villages[village]
        hamlet = HAMLETS.get(name, "")
        address = f"{parent.parent.name}{road or parent.name + hamlet}{number}{estate}{building}"
        town.doorplates[name] = Doorplate.objects.create(
            code=name, town=parent.parent, village=parent, road=road, number=number, hamlet=hamlet, estate=estate, building=building,
            use="residence", status=status, address=address, address_key=search_key(address), point=at(*point),
        )  # fmt: skip


def _projects(town: Town) -> None:
    for name, (label, field_code, responsible, owner, area, site, parts) in PROJECTS.items():
        project = KeyProject.objects.create(
            code=f"KP-{name}", name=label, type="工程", field=Field.objects.get(code=field_code), kind="continuing", level="county",
            owner=town.organisations[owner], responsible=town.organisations[responsible], town=town.towns[area], geom=at(*site), site=at(*site),
            investment_total=10000, investment_year=4000, starts=dt.date(2025, 1, 1), ends=dt.date(2027, 6, 1), demand=2, experts=1,
        )  # fmt: skip
        for number, (part, weight, starts, ends, reports) in enumerate(parts, start=1):
            subproject = Subproject.objects.create(project=project, number=number, name=part, weight=weight, starts=starts, ends=ends)
            for month, percent in reports:
                ProgressReport.objects.create(subproject=subproject, month=month, percent=percent)
        town.projects[name] = project


@dataclass
class Users:
    """One login for each kind of user; all have `PASSWORD`."""

    deputy: User  # is D1
    town_clerk: User  # of 东溪镇
    county_office: User
    dispatcher: User
    unit_officer: User  # of 县住建局
    leader: User
    stranger: User  # signed in, with no role


def build_users(town: Town) -> Users:
    def user(name: str, role: str, scope: str, label: str) -> User:
        return User.objects.create_user(name, password=PASSWORD, role=role, scope=scope, display_name=label)

    users = Users(
        deputy=user("deputy", Role.DEPUTY, "339999", "陈安"),
        town_clerk=user("town_clerk", Role.TOWN_OFFICE, "339999100", "东溪镇人大"),
        county_office=user("county_office", Role.COUNTY_OFFICE, "339999", "县人大常委会工委"),
        dispatcher=user("dispatcher", Role.DISPATCHER, "339999", "县政府办"),
        unit_officer=user("unit_officer", Role.UNIT, "339999", "县住建局"),
        leader=user("leader", Role.LEADER, "339999", "县人大常委会主任"),
        stranger=user("stranger", "", "", "无岗位用户"),
    )
    Deputy.objects.filter(pk=town.deputies["D1"].pk).update(user=users.deputy)
    town.deputies["D1"].refresh_from_db()
    town.organisations["dispatcher"].members.add(users.dispatcher)
    town.organisations["construction"].members.add(users.unit_officer)
    return users
