"""A run's topics and deputies as the solver's arrays: which row is whom, who is recused, who lives in which town, what is firm."""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray

from apps.deputies.models import Deputy, Field, FieldAffinity, Mandate
from apps.matching.assignment import Deputies, Projects, Rules
from apps.matching.costs import PairTable, price_pairs
from apps.record.staging import query
from apps.supervision.claims import Claim
from apps.supervision.models import AssignmentRun, Team, TeamMember
from apps.supervision.presets import DraftRules
from apps.supervision.topics import Topic
from apps.territory.locate import PolygonLocator
from apps.territory.models import AdminArea, Term

Pair = tuple[int, int]  # ids of a topic and a deputy


@dataclass(frozen=True, eq=False)
class Instance:
    """Rows in the order of codes, so that the same data gives the same arrays.

    topic_keys int64[n], deputy_keys int64[m]: ids. official: bool[m]. carried: ids of topics that only keep the team they have.
    left_out: pairs that should have been held and cannot be, and why. claimed: locked because the deputy asked for the topic.
    """

    topic_keys: NDArray[np.int64]
    topic_codes: list[str]
    deputy_keys: NDArray[np.int64]
    deputy_codes: list[str]
    deputy_names: list[str]
    official: NDArray[np.bool_]
    projects: Projects
    deputies: Deputies
    rules: Rules
    carried: frozenset[int] = frozenset()
    claimed: frozenset[Pair] = frozenset()
    left_out: dict[Pair, str] = field(default_factory=dict)

    @cached_property
    def topic_index(self) -> dict[int, int]:
        return {key: row for row, key in enumerate(self.topic_keys.tolist())}

    @cached_property
    def deputy_index(self) -> dict[int, int]:
        return {key: row for row, key in enumerate(self.deputy_keys.tolist())}

    @cached_property
    def _sorted(self) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Of topics and deputies: rows in the order of their keys, and those keys."""
        return [(order := np.argsort(keys), keys[order]) for keys in (self.topic_keys, self.deputy_keys)]

    def rows(self, pairs: Iterable[Pair]) -> NDArray[np.int64]:
        """int64[k, 2], rows of those pairs that are here."""
        asked = np.array(pairs if isinstance(pairs, np.ndarray) else list(pairs), np.int64).reshape(-1, 2)
        found = np.column_stack([_places(order, keys, column) for (order, keys), column in zip(self._sorted, asked.T, strict=True)])
        return found[(found >= 0).all(axis=1)]

    def topic_rows(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """Rows of topics that are here."""
        return _places(*self._sorted[0], keys)

    def pairs(self, rows: NDArray[np.int64]) -> list[Pair]:
        return list(zip(self.topic_keys[rows[:, 0]].tolist(), self.deputy_keys[rows[:, 1]].tolist(), strict=True))

    def priced(self, rows: NDArray[np.int64]) -> PairTable:
        return price_pairs(self.projects, self.deputies, self.rules, rows[:, 0], rows[:, 1])


def _places(order: NDArray[np.int64], keys: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows of the wanted keys, -1 where there is none."""
    if not len(keys):
        return np.full(len(wanted), -1)
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, order[at], -1)


def instance(run: AssignmentRun, on: dt.date) -> Instance:
    """What a run is asked on a day: its topics, who may supervise them, and what must stay as it is."""
    rules = DraftRules(**run.rules)
    before = _teams(run.follows_id) if run.follows_id else {}
    places: dict[int, int | None]
    if run.supplements:
        places, carried = {topic: len(members) + unmet for topic, (members, unmet) in before.items()}, set()
    else:
        current = set(Topic.objects.current(on.year).values_list("pk", flat=True))
        asked = current if run.asked_topics is None else current & set(run.asked_topics)
        if run.asked_topics and not asked:
            raise ValueError("所选的监督事项都已结束或已删除，请重新起草。")
        carried = (current & set(before)) - asked
        places = dict.fromkeys(asked)
    serving = set(serving_on(on))
    stay = before if run.supplements else {topic: before[topic] for topic in carried}
    firm = [(topic, deputy) for topic, (members, _) in stay.items() for deputy in members if deputy in serving]
    held = Counter(topic for topic, _ in firm)
    places |= {topic: held[topic] for topic in carried}
    claimed = [(t, d) for t, d in Claim.objects.confirmed().order_by("pk").values_list("topic", "deputy") if t in places and t not in carried and d in serving]
    return _built(rules, places, _eligible(rules, serving, run.asked_deputies), previous_pairs(run), firm, claimed, frozenset(carried))


def stored_instance(run: AssignmentRun, on: dt.date, topics: Collection[int] | None = None, deputies: Collection[int] | None = None) -> Instance:
    """A computed run as it stands now: its teams' places, its locks, what staff have ruled out.

    topics, deputies: ids, only these (an answer about one place need not read the county); None: all.
    """
    rules = DraftRules(**run.rules)
    teams = _teams(run.pk, topics)
    locked = run_members(run, topics).filter(locked=True).values_list("team__topic", "deputy")
    places = {topic: len(members) + unmet for topic, (members, unmet) in teams.items()}
    inside = {deputy for members, _ in teams.values() for deputy in members}
    eligible = set(deputies) if deputies is not None else _eligible(rules, set(serving_on(on)), run.asked_deputies) | inside
    loads = Counter(run_members(run).values_list("deputy", flat=True)) if deputies is None else Counter()
    return _built(rules, places, eligible, previous_pairs(run, topics), list(locked), [], loads=loads, forbidden=ruled_out(run))


def bare_instance(rules: DraftRules, topics: Collection[int], deputies: Collection[int]) -> Instance:
    """These topics and deputies (ids) under the rules alone: nothing kept, locked or ruled out."""
    return _built(rules, dict.fromkeys(topics), set(deputies), [], [], [])


def serving_on(on: dt.date):
    """Ids of the deputies of the county's congress in office on a day."""
    return Mandate.objects.in_force(on).filter(term__level=Term.Level.COUNTY).values_list("deputy", flat=True)


def run_members(run: AssignmentRun, topics: Collection[int] | None = None):
    found = TeamMember.objects.filter(team__run=run).order_by()
    return found if topics is None else found.filter(team__topic__in=topics)


def previous_pairs(run: AssignmentRun, topics: Collection[int] | None = None) -> list[Pair]:
    """The pairs of the list that was in force when the run was drafted."""
    return list(run_members(run.follows, topics).values_list("team__topic", "deputy")) if run.follows_id else []


def ruled_out(run: AssignmentRun) -> list[Pair]:
    """Pairs that staff have taken out of a draft and not put back: nobody rearranges them in again."""
    out: dict[Pair, None] = {}
    for data in run.events.filter(data__has_key="topic_id").order_by("pk").values_list("data", flat=True):
        if data.get("was_id"):
            out[data["topic_id"], data["was_id"]] = None
        if data.get("now_id"):
            out.pop((data["topic_id"], data["now_id"]), None)
    return list(out)


def _teams(run: int, topics: Collection[int] | None = None) -> dict[int, tuple[list[int], int]]:
    """By topic: ids of its deputies, and how many places are empty."""
    rows = Team.objects.filter(run=run).order_by()
    rows = rows if topics is None else rows.filter(topic__in=topics)
    found: dict[int, tuple[list[int], int]] = {topic: ([], unmet) for topic, unmet in rows.values_list("topic", "unmet")}
    members = TeamMember.objects.filter(team__in=rows).order_by().values_list("team__topic", "deputy")
    for topic, deputy in members:
        found[topic][0].append(deputy)
    return found


def _eligible(rules: DraftRules, serving: set[int], asked: list[int] | None) -> set[int]:
    leaders = set() if rules.county_leaders else set(Deputy.objects.filter(county_leader=True).values_list("pk", flat=True))
    return (serving if asked is None else serving & set(asked)) - leaders


def _built(
    rules: DraftRules,
    places: dict[int, int | None],
    eligible: set[int],
    previous: list[Pair],
    firm: list[Pair],
    claimed: list[Pair],
    carried: frozenset[int] = frozenset(),
    loads: Counter | None = None,
    forbidden: Iterable[Pair] = (),
) -> Instance:
    """places: of each topic, None: as the topic or the rules say. firm pairs stand whatever it takes, claimed ones where there is room."""
    fields = {pk: column for column, pk in enumerate(Field.objects.order_by("pk").values_list("pk", flat=True))}
    topic_keys, topic_codes, projects = _projects(places, fields, rules)
    guests = {deputy for _, deputy in (*firm, *claimed)} - eligible  # they hold what is theirs and get nothing more
    people = _people(eligible | guests, fields, rules)
    near = [(fields[first], fields[second], closeness) for first, second, closeness in FieldAffinity.objects.values_list("first", "second", "closeness")]
    asked = Instance(topic_keys, topic_codes, *people[:-1], projects, people[-1], rules.for_fields(len(fields), near), carried)
    capacity = asked.deputies.capacity.copy()
    capacity[[asked.deputy_index[key] for key in guests if key in asked.deputy_index]] = 0
    locked, left_out, demand, experts, capacity = _held(asked, firm, claimed, capacity, loads or Counter())
    return replace(
        asked,
        projects=replace(projects, demand=demand, experts=experts),
        deputies=replace(asked.deputies, capacity=capacity),
        rules=replace(asked.rules, previous=asked.rows(previous), locked=locked, forbidden=asked.rows(forbidden)),
        left_out=left_out,
        claimed=frozenset(set(claimed) & set(asked.pairs(locked))),
    )


def _held(asked: Instance, firm: list[Pair], claimed: list[Pair], capacity: NDArray, loads: Counter) -> tuple:
    """What can be locked of the pairs, what cannot and why; demand, experts and capacity as the firm ones need them."""
    demand, experts = asked.projects.demand.copy(), asked.projects.experts.copy()
    for key, load in loads.items():
        if (row := asked.deputy_index.get(key)) is not None:
            capacity[row] = max(capacity[row], load)
    rows = asked.rows((*firm, *claimed))
    table, firm_pairs = asked.priced(rows), set(firm)
    team, outside, load = Counter(), Counter(), Counter()
    locked, left_out = {}, {}
    for k, ((t, d), pair) in enumerate(zip(rows.tolist(), asked.pairs(rows), strict=True)):
        stands, knows = pair in firm_pairs, bool(table.has_field[k])
        if pair in locked:
            continue
        if table.recused[k]:
            left_out[pair] = "所在单位与事项有关，须回避"
        elif not table.measured[k]:
            left_out[pair] = "没有登记居住地或工作地"
        elif not stands and team[t] >= demand[t]:
            left_out[pair] = "名额已满"
        elif not stands and not knows and outside[t] >= demand[t] - experts[t]:
            left_out[pair] = "余下的名额须留给懂行的代表"
        else:
            locked[pair] = (t, d)
            team[t], outside[t], load[d] = team[t] + 1, outside[t] + (not knows), load[d] + 1
            capacity[d], demand[t] = max(capacity[d], load[d]), max(demand[t], team[t])
            experts[t] = min(experts[t], demand[t] - outside[t])
    return np.array(list(locked.values()), np.int64).reshape(-1, 2), left_out, demand, experts, capacity


def _projects(places: dict[int, int | None], fields: dict[int, int], rules: DraftRules) -> tuple[NDArray[np.int64], list[str], Projects]:
    # As columns, not as objects: of ten thousand topics those would take a second.
    rows = query(
        """
        SELECT t.id, coalesce(p.code, t.own_code) AS code, ST_X(coalesce(p.site, t.own_site)), ST_Y(coalesce(p.site, t.own_site)),
               coalesce(p.field_id, t.own_field_id), coalesce(p.demand, t.own_demand), coalesce(p.experts, t.own_experts),
               coalesce(p.town_id, t.own_town_id, -1), coalesce(p.owner_id, t.own_owner_id), coalesce(p.responsible_id, t.own_responsible_id),
               (SELECT array_agg(c.organisation_id) FROM projects_keyproject_contractors c WHERE c.keyproject_id = p.id)
        FROM supervision_topic t LEFT JOIN projects_keyproject p ON p.id = t.project_id WHERE t.id = ANY(%s) ORDER BY code
        """,
        [list(places)],
    )
    keys, codes, lon, lat, field, demand, experts, town, owner, responsible, contractors = zip(*rows, strict=True) if rows else [()] * 11
    bodies = [
        sorted({o, r if rules.recuse_responsible else None, *(c or () if rules.recuse_contractors else ())} - {None})
        for o, r, c in zip(owner, responsible, contractors, strict=True)
    ]
    width = max(map(len, bodies), default=0)
    wanted = [places[key] if places[key] is not None else rules.demand or said for key, said in zip(keys, demand, strict=True)]
    knowing = [min(said if rules.experts is None else rules.experts, most) if f else 0 for said, most, f in zip(experts, wanted, field, strict=True)]
    return np.array(keys, np.int64), list(codes), Projects(
        lon=np.array(lon, float), lat=np.array(lat, float), field=np.array([fields.get(f, -1) for f in field], np.int32),
        demand=np.array(wanted, np.int32), experts=np.array(knowing, np.int32), town=np.array(town, np.int32),
        organisations=np.array([body + [-1] * (width - len(body)) for body in bodies], np.int32).reshape(len(rows), width),
    )  # fmt: skip


def _people(keys: set[int], fields: dict[int, int], rules: DraftRules) -> tuple:
    """Keys, codes, names, who is an official, and the solver's deputies."""
    # As columns, not as objects: of twenty thousand deputies with their fields those would take seconds.
    rows = query(
        """
        SELECT d.id, d.code, d.name, d.official, d.capacity, coalesce(d.organisation_id, -1), ST_X(h.point), ST_Y(h.point), ST_X(d.workplace),
               ST_Y(d.workplace), coalesce(v.parent_id, -1), k.fields
        FROM deputies_deputy d LEFT JOIN deputies_home h ON h.deputy_id = d.id LEFT JOIN territory_adminarea v ON v.id = d.residence_village_id
             LEFT JOIN (SELECT deputy_id, array_agg(field_id) AS fields FROM deputies_deputy_fields GROUP BY deputy_id) k ON k.deputy_id = d.id
        WHERE d.id = ANY(%s) ORDER BY d.code
        """,
        [list(keys)],
    )
    ids, codes, names, official, capacity, organisation, home_x, home_y, work_x, work_y, town, known = zip(*rows, strict=True) if rows else [()] * 12
    home, work = np.array([home_x, home_y], float).T.reshape(-1, 2), np.array([work_x, work_y], float).T.reshape(-1, 2)
    knows = np.zeros((len(rows), len(fields)), bool)
    for row, mine in enumerate(known):
        knows[row, [fields[pk] for pk in mine or ()]] = True
    return np.array(ids, np.int64), list(codes), list(names), np.array(official, bool), Deputies(
        residence_lon=home[:, 0], residence_lat=home[:, 1], workplace_lon=work[:, 0], workplace_lat=work[:, 1],
        fields=knows,
        capacity=np.array(capacity if rules.capacity is None else [rules.capacity] * len(rows), np.int32),
        organisation=np.array(organisation, np.int32),
        towns=np.column_stack((np.array(town, np.int32), _towns_at(work))).astype(np.int32).reshape(-1, 2),
    )  # fmt: skip


def _towns_at(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Primary keys of the towns that the points lie in, -1 outside all."""
    towns = [(pk, geom) for pk, geom in AdminArea.objects.towns().filter(geom__isnull=False).values_list("pk", "geom")]
    if not towns or not len(points):
        return np.full(len(points), -1)
    found = PolygonLocator(shapely.from_wkb([bytes(geom.wkb) for _, geom in towns])).locate(points[:, 0], points[:, 1])
    keys = np.array([pk for pk, _ in towns] + [-1])
    return keys[found]
