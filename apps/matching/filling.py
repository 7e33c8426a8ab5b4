"""The assignment as a flow: filled by the compiled `network`, corrected by the geodesic, priced and proven.

    project ──► deputy ──► seats of the deputy: 0, balance, 2·balance, ...
       │           ▲
       ├──► gate ──┘      a deputy without the field passes a gate; at most demand − experts places do
       └──► empty, at the empty price
"""

import itertools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from apps.matching import network, scaling
from apps.matching.costs import PairTable, price_pairs
from apps.matching.layout import deputy_order, in_order, laid_out, project_order
from apps.matching.network import CHOSEN, DONE, DOUBTFUL, INFINITE, KEPT, POOL_FULL, TOO_FAR, Net
from apps.matching.problem import Deputies, Projects, Rules

Ints = NDArray[np.int64]
Watch = Callable[[str, float], None]  # told the stage (fill, scale, fair, prove) and its share done, 0 to 1, between rounds; may raise to stop

NEVER = 2**60  # metres; what a listed pair costs that turned out not to be allowed
_AT_A_TIME = 500  # places filled between two moments at which whoever watches is told
_PATIENCE = 600  # nodes a path may visit on average before all places are filled at once
_MARGIN, _FORGETTING = 5_000, 8  # metres above its price at which a bidder forgets a pair between rounds; rounds in which it does
_CHANGING = ("places", "seats", "price", "lists", "pool", "head", "links", "spare", "falls", "counts", "box_price", "back_price")
_ROOMS = 2  # flows kept to be written over: one trial inside another

class Filling:
    """One problem and its flow; `network` changes the arrays in place, so no two threads may work on one Filling.

    Rows given and returned are the caller's; inside they follow a curve, so that what a path visits lies close together in memory.
    """

    def __init__(
        self, projects: Projects, deputies: Deputies, rules: Rules, locked: Ints, previous: Ints, forbidden: Ints, spare: int = 0
    ) -> None:
        """locked, previous, forbidden: int64[k, 2], checked pairs. spare: how many more places may come to be wanted. Nothing is filled yet."""
        self._projects, self._deputies, self._rules = projects, deputies, rules
        self.watch: Watch | None = None
        self._given_up: list[Net] = []  # flows gone back from: the next copies are laid into their arrays, since new memory costs more than copying
        self.project_at, self.deputy_at = project_order(projects), deputy_order(deputies)  # the caller's row of each row inside
        self.project_row, self.deputy_row = np.argsort(self.project_at), np.argsort(self.deputy_at)
        wanted = (projects.demand - np.bincount(locked[:, 0], minlength=len(projects))).astype(np.int64)
        # A pair counts once: what is wanted beyond one more than there are deputies stays empty, and is only counted.
        self.wanted = np.minimum(wanted, len(deputies) + 1)
        self.beyond = wanted - self.wanted
        self._locked = self._inside(locked)
        closed = _sorted(np.concatenate((self._inside(locked), self._inside(forbidden))))
        self.net: Net = laid_out(
            in_order(projects, self.project_at), in_order(deputies, self.deputy_at), rules, self._inside(locked), self._inside(previous), closed, spare
        )
        self._list_previous(previous)

    # -- filling --------------------------------------------------------------------------------------------------------

    def fill(self) -> None:
        """Fills every wanted place along a cheapest path, or leaves it empty.

        Where seats are short, paths grow long: then cost scaling fills all places at once on the pairs listed so far, until the prices show that no other pair matters.
        """
        order, begin = np.repeat(np.arange(len(self.wanted)), self.wanted[self.project_at]), 0
        patience = _PATIENCE * (len(order) + 1000)
        while begin < len(order):
            self.told("fill", begin / len(order))
            stop = len(order) if self.watch is None else min(len(order), begin + max(_AT_A_TIME, len(order) // 50))
            begin, status = network.fill(self.net, order[:stop], begin, patience)
            if status == TOO_FAR:
                if self._fill_at_once():
                    break
                patience = INFINITE
            else:
                self._grow(status)
        network.measure_boxes(self.net)
        self.mend()

    def _fill_at_once(self) -> bool:
        """Column generation: the cheapest flow on the listed pairs, its prices, the pairs these have overlooked, and again until there are none.

        False when the numbers pass what the solver can hold; then nothing has changed.
        """
        for i in np.flatnonzero(self.wanted[self.project_at]):
            self.open(int(i))
        for tried in itertools.count():
            self.told("scale", 1 - 0.8**tried)
            if tried < _FORGETTING:
                network.forget(self.net, _MARGIN)
            self._decide_doubtful()
            bidder, place = self._listed()
            cost, mark = self.net.pool[place].T
            taken = scaling.cheapest(self.net, bidder, mark // 8, cost, self.wanted[self.project_at])
            if taken is None:
                return False
            self._choose(bidder[taken], mark[taken] // 8)
            self.net.price[:] = self._settled_prices()
            network.measure_boxes(self.net)
            reach = self.net.lists[:, network.REACH]
            reach[reach < INFINITE] = self.net.price[: len(reach)][reach < INFINITE]
            self.net.lists[:, network.REACH_FALLS] = self.net.counts[network.FALLS]
            # All who have empty places look to the same nearest seats: only ever longer lists reach beyond those.
            if not self._overlooked(self.net, network.ROUND << min(tried + 1, 16)):
                break
        return True

    def told(self, stage: str, share: float) -> None:
        """Tells whoever watches how far a stage is."""
        if self.watch is not None:
            self.watch(stage, share)

    def _choose(self, bidder: Ints, deputy: Ints) -> None:
        """Takes over a flow: these pairs, and what follows from them."""
        net = self.net
        network.choose_all(net, bidder, deputy)
        held = np.bincount(bidder, minlength=len(net.bidder))
        n, gate = len(net.places), net.places[:, network.GATE]
        net.places[:, network.GATE_USED] = np.where(gate >= 0, held[gate], 0)
        net.places[:, network.UNMET] = self.wanted[self.project_at] - held[:n] - net.places[:, network.GATE_USED]
        locked = net.seats[:, network.LOAD] - net.seats[:, network.FREE_LOAD]
        net.seats[:, network.FREE_LOAD] = np.bincount(deputy, minlength=len(net.seats))
        net.seats[:, network.LOAD] = locked + net.seats[:, network.FREE_LOAD]

    def mend(self) -> None:
        """Lets the geodesic decide what the chord could not, and repairs the flow where that, or a ceiling, has changed something."""
        while True:
            self._decide_doubtful()
            bidder, place = self._listed()
            cost, mark = self.net.pool[place].T
            wrong = np.flatnonzero(self._wrong(bidder, cost, mark))
            if not len(wrong):
                return
            self.toggle(bidder[wrong], mark[wrong] // 8)

    def wrong(self, k: int, j: int) -> bool:
        """Whether a listed pair contradicts the prices."""
        place = network.listed(self.net.lists, self.net.pool, k, j)
        return bool(self._wrong(np.array([k]), *self.net.pool[[place]].T)[0])

    def _wrong(self, bidder: Ints, cost: Ints, mark: Ints) -> NDArray[np.bool_]:
        """Which listed pairs contradict the prices: chosen ones that are too dear or above the ceiling, others that are too cheap."""
        slack = cost + self.net.price[len(self.net.bidder) + mark // 8] - self.net.price[bidder]
        barred = cost + np.where(mark & KEPT, self._rules.keep_bonus, 0) > self.net.counts[network.CEILING]
        return np.where(mark & CHOSEN, (slack > 0) | barred, (slack < 0) & ~barred)

    def _decide_doubtful(self) -> bool:
        """Whether any listed pair was doubtful; none is afterwards."""
        bidder, place = self._listed()
        doubtful = np.flatnonzero(self.net.pool[place, 1] & DOUBTFUL)
        self.decide(bidder[doubtful], self.net.pool[place[doubtful], 1] // 8)
        return len(doubtful) > 0

    def decide(self, bidder: Ints, deputy: Ints) -> None:
        """Measures listed pairs by the geodesic. A pair that turns out not to be allowed costs more than any place."""
        if len(bidder):
            table = self._table(self.net.bidder[bidder, 0], deputy)
            cost = np.where(table.within, table.cost, NEVER)
            for each in zip(bidder.tolist(), deputy.tolist(), cost.tolist(), strict=True):
                self._put(*each, 0)

    def toggle(self, bidders: Ints, deputies: Ints) -> None:
        """Takes chosen pairs away and chooses others; whoever lost a place or has one too many then finds another.

        All at once before any path is sought: a path must not meet a pair that contradicts the prices.
        """
        too_many: list[int] = []
        too_few: list[int] = []
        # One more than are chosen here: the path that follows chooses before it gives up.
        if len(bidders) >= (spare := int(self.net.counts[network.SPARE])):
            more = np.arange(len(self.net.spare), len(self.net.spare) + len(bidders) + 1)
            self.net = self.net._replace(
                spare=np.concatenate((self.net.spare[:spare], more, self.net.spare[spare:])), links=np.concatenate((self.net.links, np.zeros((len(more), 3), np.int64)))
            )
            self.net.counts[network.SPARE] += len(more)
        for k, j in zip(bidders.tolist(), deputies.tolist(), strict=True):
            cost, mark = self.net.pool[network.listed(self.net.lists, self.net.pool, k, j)]
            load, free, capacity = self.net.seats[j]
            if not (chosen := mark & CHOSEN) and load >= capacity and not free:
                # All seats are locked: nobody could make room, whatever the pair costs.
                node = len(self.net.bidder) + j
                self.net.price[node] = max(self.net.price[node], self.net.price[k] - cost)
                continue
            (network.unchoose if chosen else network.choose)(self.net, k, j)
            too_many.append(k if chosen else len(self.net.bidder) + j)
            too_few.append(len(self.net.bidder) + j if chosen else k)
        for node in too_many:
            self.forward(node)
        for node in too_few:
            self.backward(node)

    def open(self, i: int) -> None:
        """Lists the first pairs of a project and its gate, if that has not been done."""
        for k in (int(self.net.places[i, network.GATE]), i):
            while k >= 0 and (status := network.open_bidder(self.net, k)) != DONE:
                self._grow(status)

    def bidder_of(self, i: int, j: int) -> int:
        """Through which bidder a project takes a deputy: itself, or its gate."""
        gate = int(self.net.places[i, network.GATE])
        return gate if gate >= 0 and not self.net.fields[self.net.project_is[i, network.FIELD], j] else i

    def close(self, i: int, j: int) -> None:
        """The pair may not be chosen any more; it must not be chosen now."""
        start, end = self.net.closed_start[i : i + 2]
        place = int(start + np.searchsorted(self.net.closed[start:end], j))
        self.net.closed_start[i + 1 :] += 1
        self.net = self.net._replace(closed=np.insert(self.net.closed, place, j))
        k = self.bidder_of(i, j)
        if network.listed(self.net.lists, self.net.pool, k, j) >= 0:
            self._put(k, j, NEVER, 0)

    def follow(self, rules: Rules) -> None:
        """Other rules from now on, which differ in the pairs they forbid."""
        self._rules = rules

    def reopen(self, i: int, j: int, locked: bool = False) -> bool:
        """The reverse of `close`; False when the rules do not allow the pair anyway, or it is locked still."""
        start, end = self.net.closed_start[i : i + 2]
        place = start + int(np.flatnonzero(self.net.closed[start:end] == j)[0])
        self.net.closed_start[i + 1 :] -= 1
        self.net = self.net._replace(closed=np.delete(self.net.closed, place))
        table = self._table(np.array([i]), np.array([j]))
        if locked or not table.allowed[0]:
            return False
        kept = KEPT if table.price[0] != table.cost[0] else 0
        self._put(self.bidder_of(i, j), j, int(table.price[0]), kept)
        return True

    def set_ceiling(self, metres: int) -> None:
        """From now on no pair may cost more, before the bonus."""
        self.net.counts[network.CEILING] = metres
        self.mend()

    def forward(self, node: int) -> None:
        while (status := network.forward(self.net, node)) != DONE:
            self._grow(status)

    def backward(self, node: int, at_most: int = INFINITE) -> None:
        while (status := network.backward(self.net, node, at_most)) != DONE:
            self._grow(status)

    def copy(self) -> Net:
        """The arrays as they are now, to go back to with `restore`."""
        room = self._given_up.pop() if self._given_up else None
        return self.net._replace(**{name: _copied(getattr(self.net, name), getattr(room, name, None)) for name in _CHANGING})

    def restore(self, saved: Net) -> None:
        """Goes back to a copy; the copy then is the flow itself and can be gone back to no more."""
        for number in (network.TICK, network.PATH):  # marks in the scratch arrays must stay behind them
            saved.counts[number] = self.net.counts[number]
        if len(self._given_up) < _ROOMS:
            self._given_up.append(self.net)
        self.net = saved

    # -- what came out ----------------------------------------------------------------------------------------------------

    def pairs(self) -> Ints:
        """Chosen pairs, sorted int64[s, 2], locked ones apart."""
        bidder, place = self._listed()
        mark = self.net.pool[place, 1]
        chosen = (mark & CHOSEN) > 0
        return self._outside(self.net.bidder[bidder[chosen], 0], mark[chosen] // 8)

    @property
    def unmet(self) -> Ints:
        """int64[n], places left empty."""
        return self.net.places[self.project_row, network.UNMET] + self.beyond

    @property
    def empty_price(self) -> int:
        return int(self.net.counts[network.EMPTY_PRICE])

    @property
    def arcs(self) -> int:
        """How many pairs were ever looked at closely enough to be listed."""
        return int(self.net.lists[:, network.SIZE].sum())

    @property
    def rounds(self) -> int:
        """How often a list was extended."""
        return int(self.net.counts[network.GROWTH])

    def worst(self) -> int | None:
        """The largest cost, before the bonus, of a chosen pair, locked ones apart; None without pairs."""
        _, place = self._listed()
        cost, mark = self.net.pool[place[(self.net.pool[place, 1] & CHOSEN) > 0]].T
        return int((cost + np.where(mark & KEPT, self._rules.keep_bonus, 0)).max()) if len(cost) else None

    def prices(self) -> tuple[Ints, Ints, int]:
        """The smallest prices that prove the flow, of projects int64[n] and deputies int64[m], and the bound they give.

        Smallest over all pairs: what is not listed is searched for pairs below the prices, until there is none. The bound counts
        empty places at the empty price and leaves locked pairs out. RuntimeError when the flow is not the cheapest.
        """
        price, found = self._settled_prices(), 1
        while found:
            priced = self.net._replace(price=price, box_price=np.empty_like(self.net.box_price), back_price=np.empty_like(self.net.back_price))
            network.measure_boxes(priced)
            found = self._overlooked(priced)
            priced = priced._replace(pool=self.net.pool)
            if found:
                self.mend()
                price = self._settled_prices(price)
        b = len(self.net.bidder)
        wanted = self.wanted[self.project_at]
        bound = int(network.cheapest_places(priced, wanted)) + self.empty_price * int(self.beyond.sum()) - self._worth(price[b:])
        return np.where(wanted > 0, price[: len(wanted)], 0)[self.project_row], price[b:][self.deputy_row], bound

    def _settled_prices(self, price: Ints | None = None) -> Ints:
        """The least prices (bidders, deputies) that explain the flow on the listed pairs, raised from `price`, which must be no higher."""
        if price is None:
            load, free = self.net.seats[:, network.LOAD], self.net.seats[:, network.FREE_LOAD]
            least = np.where(free > 0, (load - 1) * self._rules.balance, 0)
            price = np.concatenate((np.full(len(self.net.bidder), -INFINITE // 4), least))
        if not network.settle_prices(self.net, price, np.zeros(len(self.net.places), np.int64), np.zeros(len(self.net.places), bool)):
            raise RuntimeError("the prices of this assignment do not settle: it is not the cheapest")
        return price

    def _overlooked(self, priced: Net, for_empty: int = network.ROUND) -> int:
        """Lists pairs that are cheaper than the prices and were not listed; how many."""
        begin, found = 0, 0
        while begin < len(priced.bidder):
            begin, status, more = network.overlooked(priced, begin, min(for_empty, len(self.net.seats)))
            found += more
            self._grow(status)
            priced = priced._replace(pool=self.net.pool)
        return found

    def _worth(self, price: Ints) -> int:
        """What the deputies' free seats are worth: the sum of max(0, price − k·balance) over locked load <= k < capacity."""
        load, free, capacity = self.net.seats.T
        first, balance = load - free, self._rules.balance
        end = np.minimum(capacity, -(-price // balance)) if balance else capacity
        worth = 0
        for number, j in zip((seats := np.maximum(end - first, 0))[rich := np.flatnonzero((price > 0) & (seats > 0))].tolist(), rich.tolist(), strict=True):
            worth += number * int(price[j]) - balance * (number * (2 * int(first[j]) + number - 1) // 2)
        return worth

    def shut_in(self) -> Ints:
        """Rows of the projects that, with the deputies they can reach, cannot all be served: the cut that proves the empty places."""
        bidder_in, deputy_in = np.zeros(len(self.net.bidder), bool), np.zeros(len(self.net.seats), bool)
        while True:
            bidder_in[:], deputy_in[:] = False, False
            bidder_in[np.flatnonzero(self.net.places[:, network.UNMET])] = True
            status, free = network.shut_in(self.net, bidder_in, deputy_in)
            if status != DONE:
                self._grow(status)
            elif not self._decide_doubtful():
                break
        if free:
            raise RuntimeError("a place is empty that could be filled")
        rows = np.unique(self.net.bidder[bidder_in, 0])
        return np.sort(self.project_at[rows])

    # -- arrays ---------------------------------------------------------------------------------------------------------

    def _put(self, k: int, j: int, cost: int, marks: int) -> None:
        while not network.put(self.net, k, j, cost, marks):
            self._grow(POOL_FULL)

    def _list_previous(self, previous: Ints) -> None:
        """Previous pairs are always listed: the bonus breaks the bound by distance, so that no search would be sure to find them."""
        table = price_pairs(self._projects, self._deputies, self._rules, previous[:, 0], previous[:, 1])
        gate = self.net.places[:, network.GATE]
        locked = set(map(tuple, self._locked.tolist()))
        inside = np.column_stack((self.project_row[previous[:, 0]], self.deputy_row[previous[:, 1]]))
        for (i, j), allowed, cost, knows in zip(inside.tolist(), table.allowed, table.price.tolist(), table.has_field, strict=True):
            k = i if knows or gate[i] < 0 else gate[i]
            if allowed and (i, j) not in locked:
                self._put(k, j, cost, KEPT)

    def _table(self, project: Ints, deputy: Ints) -> PairTable:
        return price_pairs(self._projects, self._deputies, self._rules, self.project_at[project], self.deputy_at[deputy])

    def _listed(self) -> tuple[Ints, Ints]:
        """Bidder and place in the pool of every listed pair."""
        size = self.net.lists[:, network.SIZE]
        bidder = np.repeat(np.arange(len(size)), size)
        first = np.repeat(self.net.lists[:, network.START] - (np.cumsum(size) - size), size)
        return bidder, np.arange(len(bidder)) + first

    def _grow(self, status: int) -> None:
        """Twice the room for what was full."""
        if status != DONE:
            name = "pool" if status == POOL_FULL else "heap"
            self.net = self.net._replace(**{name: np.concatenate((full := getattr(self.net, name), np.zeros_like(full)))})

    def _inside(self, pairs: Ints) -> Ints:
        return _sorted(np.column_stack((self.project_row[pairs[:, 0]], self.deputy_row[pairs[:, 1]])))

    def _outside(self, project: Ints, deputy: Ints) -> Ints:
        return _sorted(np.column_stack((self.project_at[project], self.deputy_at[deputy])))


def _sorted(pairs: Ints) -> Ints:
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]



def _copied(array: NDArray, room: NDArray | None) -> NDArray:
    if room is None or room.shape != array.shape or room.dtype != array.dtype:
        return array.copy()
    np.copyto(room, array)
    return room
