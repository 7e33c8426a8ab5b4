"""A second, slow answer to every question of the assignment, pair by pair, sharing nothing with the product but its inputs."""

import math
from itertools import combinations

import numpy as np
from pyproj import Geod

GEOD = Geod(ellps="WGS84")
PARTS = ("residence", "workplace", "field", "town")


def metres(lon, lat, to_lon, to_lat):
    """None where either end has no position."""
    ends = (lon, lat, to_lon, to_lat)
    return None if any(math.isnan(value) for value in ends) else GEOD.inv(*map(float, ends))[2]


def rows_of(pairs):
    return set() if pairs is None else {(int(i), int(j)) for i, j in pairs}


class Reference:
    """Costs, rules, the best assignment by enumeration, and the certificate's left side."""

    def __init__(self, projects, deputies, rules):
        self.projects, self.deputies, self.rules = projects, deputies, rules
        self.n, self.m = len(projects.lon), len(deputies.capacity)
        self.locked, self.forbidden, self.previous = (
            rows_of(p) for p in (rules.locked, rules.forbidden, rules.previous)
        )
        grid = [(i, j) for i in range(self.n) for j in range(self.m)]
        self.parts = {pair: self._parts(*pair) for pair in grid}
        measured = [pair for pair in grid if self.parts[pair] is not None]
        self.cost = {pair: int(np.rint(sum(self.parts[pair].values()))) for pair in measured}
        self.price = {pair: cost - rules.keep_bonus * (pair in self.previous) for pair, cost in self.cost.items()}
        self.allowed = {pair for pair in measured if self._may(*pair)}

    def _parts(self, i, j):
        p, d, rules = self.projects, self.deputies, self.rules
        home = metres(p.lon[i], p.lat[i], d.residence_lon[j], d.residence_lat[j])
        work = metres(p.lon[i], p.lat[i], d.workplace_lon[j], d.workplace_lat[j])
        if home is None and work is None:
            return None
        parts = dict.fromkeys(PARTS, 0.0)
        if rules.anchor == "nearest":
            parts["residence" if work is None or (home is not None and home <= work) else "workplace"] = min(
                x for x in (home, work) if x is not None
            )
        elif work is None:
            parts["residence"] = home * (rules.residence_weight + rules.workplace_weight)
        elif home is None:
            parts["workplace"] = work * (rules.residence_weight + rules.workplace_weight)
        else:
            parts["residence"], parts["workplace"] = home * rules.residence_weight, work * rules.workplace_weight
        if rules.field_cost is not None and p.field[i] >= 0:
            row = rules.field_cost[p.field[i]]
            parts["field"] = float(min((row[q] for q in range(len(row)) if d.fields[j, q]), default=max(row)))
        if p.town[i] >= 0 and p.town[i] not in d.towns[j]:
            parts["town"] = float(rules.town_cost)
        return parts

    def recused(self, i, j):
        return self.deputies.organisation[j] >= 0 and self.deputies.organisation[j] in self.projects.organisations[i]

    def _may(self, i, j):
        p, d, limit = self.projects, self.deputies, self.rules.max_distance
        if self.recused(i, j):
            return False
        if (i, j) in self.locked:
            return True
        near = (
            metres(p.lon[i], p.lat[i], d.residence_lon[j], d.residence_lat[j]),
            metres(p.lon[i], p.lat[i], d.workplace_lon[j], d.workplace_lat[j]),
        )
        return (i, j) not in self.forbidden and (limit is None or min(x for x in near if x is not None) <= limit)

    def expert(self, i, j):
        return self.projects.field[i] >= 0 and bool(self.deputies.fields[j, self.projects.field[i]])

    def lock_stands(self):
        """Whether the locked pairs alone keep recusal, positions, capacity, demand and expert places."""
        if any(pair not in self.cost or self.recused(*pair) for pair in self.locked):
            return False
        if any(sum(j == k for _, j in self.locked) > self.deputies.capacity[k] for k in range(self.m)):
            return False
        return all(self._fits(i, [j for k, j in self.locked if k == i]) for i in range(self.n))

    def _fits(self, i, team):
        outside = sum(not self.expert(i, j) for j in team)
        return len(team) <= self.projects.demand[i] and outside <= self.projects.demand[i] - self.projects.experts[i]

    def keeps_rules(self, pairs):
        """Whether an assignment may be made at all."""
        pairs = [tuple(map(int, pair)) for pair in pairs]
        return (
            len(set(pairs)) == len(pairs)
            and set(pairs) <= self.allowed
            and self.locked <= set(pairs)
            and all(self._fits(i, [j for k, j in pairs if k == i]) for i in range(self.n))
            and all(sum(j == k for _, j in pairs) <= self.deputies.capacity[k] for k in range(self.m))
        )

    def objective(self, pairs):
        pairs = [tuple(map(int, pair)) for pair in pairs]
        loads = [sum(j == k for _, j in pairs) for k in range(self.m)]
        return sum(self.price[pair] for pair in pairs) + self.rules.balance * sum(y * (y - 1) // 2 for y in loads)

    def assignments(self):
        """Every assignment that keeps the rules, as a tuple of pairs."""
        left = self.deputies.capacity.tolist()
        options = []
        for i in range(self.n):
            must = {j for k, j in self.locked if k == i}
            may = [j for j in range(self.m) if (i, j) in self.allowed]
            teams = [set(team) for size in range(len(may) + 1) for team in combinations(may, size)]
            options.append([team for team in teams if must <= team and self._fits(i, team)])

        def extend(i, chosen):
            if i == self.n:
                yield tuple(chosen)
                return
            for team in options[i]:
                if all(left[j] for j in team):
                    for j in team:
                        left[j] -= 1
                    yield from extend(i + 1, chosen + [(i, j) for j in sorted(team)])
                    for j in team:
                        left[j] += 1

        return extend(0, [])

    def best(self, fair=None):
        """(empty places, worst cost or 0, total) of the best assignment, by looking at all of them."""
        fair = self.rules.fair if fair is None else fair
        wanted = int(self.projects.demand.sum())

        def key(pairs):
            worst = max((self.cost[pair] for pair in pairs), default=0) if fair else 0
            return wanted - len(pairs), worst, self.objective(pairs)

        return min(map(key, self.assignments()))

    def cheapest_with(self, empty_price):
        """The least total + empty_price * empty places over all assignments."""
        wanted = int(self.projects.demand.sum())
        return min(self.objective(pairs) + empty_price * (wanted - len(pairs)) for pairs in self.assignments())

    def certificate(self, deputy_price, empty_price, worst=None):
        """The left side of the inequality, over all allowed pairs (no worse than `worst`)."""
        v = [int(price) for price in deputy_price]
        assert min(v, default=0) >= 0
        loads = [sum(j == k for _, j in self.locked) for k in range(self.m)]
        bound = self.objective(self.locked)
        for i in range(self.n):
            team = [j for k, j in self.locked if k == i]
            wanted = int(self.projects.demand[i]) - len(team)
            gate = int(self.projects.demand[i] - self.projects.experts[i]) - sum(not self.expert(i, j) for j in team)
            offers = sorted(
                (self.price[i, j] + v[j], self.expert(i, j))
                for j in range(self.m)
                if (i, j) in self.allowed - self.locked and (worst is None or self.cost[i, j] <= worst)
            )
            for offer, expert in offers:
                if wanted and offer < empty_price and (expert or gate):
                    bound, wanted, gate = bound + offer, wanted - 1, gate - (not expert)
            bound += wanted * empty_price
        for j in range(self.m):
            bound -= sum(max(0, v[j] - k * self.rules.balance) for k in range(loads[j], int(self.deputies.capacity[j])))
        return bound

    def most_filled(self, rows, below):
        """The most places of these projects that pairs of less than `below` metres, and the locked ones, can fill; nobody else asks."""
        usable = {pair for pair in self.allowed if pair in self.locked or (pair[0] in rows and self.cost[pair] < below)}
        keep, self.allowed = self.allowed, usable
        try:
            return max(sum(i in rows for i, _ in pairs) for pairs in self.assignments())
        finally:
            self.allowed = keep
