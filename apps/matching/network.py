"""The assignment as a flow over pairs that are looked up only when they can matter: compiled.

Nodes are bidders (projects, and for a project with expert places its gate, through which deputies without the field come) and
deputies. A bidder's price y and a deputy's price v always obey, for every pair there is and not only for those that are listed,

    cost + v >= y  of a pair that is not chosen,      cost + v <= y  of one that is,      y <= the empty price.

A place is filled along the shortest path by these reduced costs (successive shortest paths: Ahuja, Magnanti, Orlin, Network Flows,
1993, ch. 9.7); prices move by the lengths found, so that what is chosen is the optimum of the places filled so far. A bidder knows a list of
pairs and a `reach`: no pair that is not listed has cost + v below it. Only when a path is about to go beyond the reach is the list
extended, from a tree of boxes over the deputies that knows the least price in every box (in the spirit of the spatial pruning of
U, Mouratidis and Mamoulis, Continuous spatial assignment of moving users, 2010). So the proof covers all pairs and most are never looked at.

Costs are whole metres. A geodesic s of chord c obeys 2R asin(c / 2R) <= s <= 2r asin(c / 2r) with the largest radius of curvature R = a²/b
and the smallest r = b²/a: the lower bound because the ellipsoid holds the spindle of radius R between any two of its points (Blaschke's
rolling theorem), the upper one by Schur's comparison theorem. They part by 36 µm at 10 km, by 36 mm at 100 km. Where both round to one
integer that is the cost; elsewhere the pair is listed at the lower one and marked doubtful, for the geodesic to decide later.

One long file, because a compiled function calls only those of its own (see `gis_data.compiled`); `layout` makes the arrays, `filling` is the
door. In order: what a pair costs; searches; prices in boxes; the heap; chosen pairs; shortest paths with the flow and against it; the proof.
"""

from typing import NamedTuple

import numpy as np
import pyproj
from numpy.typing import NDArray

from gis_data.compiled import compiled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_GEOD = pyproj.Geod(ellps="WGS84")
_LARGEST, _SMALLEST = _GEOD.b / (2.0 * _GEOD.a**2), _GEOD.a / (2.0 * _GEOD.b**2)  # of twice the radii of curvature, one over it
_SLACK = 1e-6  # metres; chord and geodesic are each rounded by some nanometres
_FARTHEST = 2.1e7  # metres; more than half way round

INFINITE = 1 << 62
LEAF = 8  # places in a box of the lowest level
UNLOGGED = -1  # nobody keeps account of what changes
CHOSEN, DOUBTFUL, KEPT = 1, 2, 4  # marks of a listed pair; kept: a previous pair, whose cost has the bonus taken off
DONE, POOL_FULL, HEAP_FULL, TOO_FAR = 0, -1, -2, -3
# columns of the packed arrays
HOME_WEIGHT, WORK_WEIGHT = 6, 7  # of `deputy_at`, behind the places of home and workplace
FIELD, TOWN, BODIES = 0, 1, 2  # of `project_is`; bodies follow
BODY, TOWNS = 0, 1  # of `deputy_is`
NEAREST, WEIGHT, TOWN_COST, MAX_DISTANCE = range(4)  # of `amounts`
GATE, GATE_ROOM, GATE_USED, UNMET = range(4)  # of `places`
LOAD, FREE_LOAD, CAPACITY = range(3)  # of `seats`
START, SIZE, ROOM, REACH, REACH_FALLS = range(5)  # of `lists`
FOLLOWING, HOLDER, HELD_COST = range(3)  # of `links`
LENGTH, MARKED, SETTLED, PARENT = range(4)  # of `visits`
TICK, PATH, USED, SPARE, HEAP, WORK_DONE, GROWTH, FALLS, CEILING, EMPTY_PRICE, STALE, BALANCE, BONUS, LOGGED, READY = range(15)  # of `counts`
SPARE_METRES = 2_000  # farther than the path that asks needs, so that the next need not ask again
FIRST, NEXT, ROUND = 8, 16, 16  # pairs listed at once: at first, when a path would go beyond the reach, when prices are looked through
ANYONE, EXPERTS, OTHERS = 0, 1, 2  # whom a bidder may take


class Net(NamedTuple):
    """All arrays of one problem. n projects, m deputies, b bidders (the projects first, then gates), e entries of the tree.

    Arrays are packed by row, because a path visits rows at random; the constants above name the columns.
    """

    project_at: Floats  # (n, 3) earth-centred metres, NaN: nowhere
    deputy_at: Floats  # (m, 8) home, workplace, and the weights of their distances
    project_is: Ints  # (n, 2 + a) row of its field in `field_cost`, town, bodies it is recused from
    deputy_is: Ints  # (m, 3) body, towns
    field_cost: Floats  # (f + 1, m), last row: no field
    fields: NDArray[np.bool_]  # (f + 1, m) who knows it
    least_field: Floats  # (f + 1,) the least in a row of `field_cost`
    amounts: Floats  # (4,)
    closed_start: Ints  # (n + 1,) of `closed`: deputies a project may not take, or holds by lock
    closed: Ints
    # tree over deputies: node 1 is the root, node t has 2t and 2t + 1; `leaves` leaves follow from node `leaves`
    entry: Ints  # (e, 2) deputy; whom the point belongs to: 0 both anchors, 1 home, 2 workplace
    entry_of: Ints  # (m, 2) entries of a deputy, -1
    box: Floats  # (2 * leaves, 6)
    box_price: Ints  # (2 * leaves,) least v
    box_fields: Ints  # (2 * leaves,) bits of the fields somebody there knows, modulo 64
    # tree over bidders, for paths against the flow
    back_entry: Ints  # (b,)
    back_of: Ints  # (b,)
    back_box: Floats
    back_price: Ints  # (2 * leaves,) largest y
    kept_start: Ints  # (m + 1,) of `kept`: bidders whose previous pair a deputy is
    kept: Ints
    # the flow
    bidder: Ints  # (b, 2) project, whom it may take
    places: Ints  # (n, 4)
    seats: Ints  # (m, 3) load with and without locked places, capacity
    price: Ints  # (b + m,) y, then v
    lists: Ints  # (b, 5)
    pool: Ints  # (., 2) cost; deputy * 8 + marks
    head: Ints  # (m,) first link of the pairs that hold a deputy
    links: Ints  # (., 3)
    spare: Ints
    falls: Floats  # (., 8) a box of deputies whose prices fell, the least of them now, and how far they fell at most
    log: Ints  # (., 3) mark or its negative, bidder, deputy: what was chosen, given up, or listed as doubtful
    # scratch
    counts: Ints
    seen: Ints  # (m,)
    seen_back: Ints  # (m, 2) key and bidder a search against the flow has come to
    found: Ints  # (max(b, m) + 1, 4) key, deputy or bidder, cost, order among equals
    stack: Ints
    stack_bound: Floats
    heap: Ints  # (., 2) key, node
    visits: Ints  # (b + m, 4)
    order: Ints  # (b + m,)
    ready: Ints  # (b + m + 1,)


# --- what a pair costs -----------------------------------------------------------------------------------------------


@compiled
def _arc(chord, per_diameter):
    x = chord * per_diameter
    if x < 0.05:
        s = x * x
        return chord * (1.0 + s * (1.0 / 6.0 + s * (3.0 / 40.0 + s * (15.0 / 336.0))))
    if x > 0.9999:
        return _FARTHEST
    return np.arcsin(x) / per_diameter


@compiled
def _chords(x, y, z, deputy_at, j):
    """Straight metres to the home and the workplace of a deputy; NaN: none."""
    hx, hy, hz = deputy_at[j, 0] - x, deputy_at[j, 1] - y, deputy_at[j, 2] - z
    wx, wy, wz = deputy_at[j, 3] - x, deputy_at[j, 4] - y, deputy_at[j, 5] - z
    return np.sqrt(hx * hx + hy * hy + hz * hz), np.sqrt(wx * wx + wy * wy + wz * wz)


@compiled
def _metres(home, work, deputy_at, nearest, j):
    """What the distances of both anchors (NaN: none) count together, and the smaller of them."""
    near = work if not home <= work and work == work else home
    if nearest:
        return near, near
    if work != work:
        return deputy_at[j, HOME_WEIGHT] * home, near
    if home != home:
        return deputy_at[j, WORK_WEIGHT] * work, near
    return deputy_at[j, HOME_WEIGHT] * home + deputy_at[j, WORK_WEIGHT] * work, near


@compiled
def _least_cost(home, work, more, deputy_at, amounts, j):
    """The least whole metres that chords and other costs allow, and the least distance of the nearer anchor."""
    metres, near = _metres(
        max(0.0, _arc(home, _LARGEST) - _SLACK) if home == home else home,
        max(0.0, _arc(work, _LARGEST) - _SLACK) if work == work else work,
        deputy_at, amounts[NEAREST], j,
    )
    metres += more
    return np.int64(np.floor(metres + 0.5 - (1e-9 + 1e-14 * metres))), near


@compiled
def _doubtful(project_at, deputy_at, project_is, deputy_is, field_cost, amounts, i, j, least):
    """Whether the geodesic must decide: the largest whole metres differ from the least, or the largest distance lies between."""
    home, work = _chords(project_at[i, 0], project_at[i, 1], project_at[i, 2], deputy_at, j)
    metres, near = _metres(_arc(home, _SMALLEST) + _SLACK, _arc(work, _SMALLEST) + _SLACK, deputy_at, amounts[NEAREST], j)
    metres += _more(project_is, deputy_is, field_cost, amounts, i, j)
    most = np.int64(np.floor(metres + 0.5 + (1e-9 + 1e-14 * metres)))
    return most != least or near > amounts[MAX_DISTANCE]


@compiled
def _more(project_is, deputy_is, field_cost, amounts, i, j):
    """What field and town cost."""
    more, town = field_cost[project_is[i, FIELD], j], project_is[i, TOWN]
    if town >= 0 and deputy_is[j, TOWNS] != town and deputy_is[j, TOWNS + 1] != town:
        more += amounts[TOWN_COST]
    return more


@compiled
def _may(project_is, deputy_is, fields, closed_start, closed, i, j, whom):
    """Whether a bidder of project i may take a deputy, distance apart."""
    if whom != ANYONE and fields[project_is[i, FIELD], j] != (whom == EXPERTS):
        return False
    body = deputy_is[j, BODY]
    if body >= 0:
        for a in range(BODIES, project_is.shape[1]):
            if project_is[i, a] == body:
                return False
    low, end = closed_start[i], closed_start[i + 1]
    while low < end:
        middle = (low + end) // 2
        if closed[middle] < j:
            low = middle + 1
        else:
            end = middle
    return low == closed_start[i + 1] or closed[low] != j


# --- the best pairs not listed yet -------------------------------------------------------------------------------------


@compiled
def _box_chord(box, t, x, y, z):
    dx = max(0.0, max(box[t, 0] - x, x - box[t, 3]))
    dy = max(0.0, max(box[t, 1] - y, y - box[t, 4]))
    dz = max(0.0, max(box[t, 2] - z, z - box[t, 5]))
    return np.sqrt(dx * dx + dy * dy + dz * dz)


@compiled
def _keep(found, count, limit, key, tie, who, cost):
    """Keeps the `limit` rows of the smallest (key, tie) in a heap with the largest on top; returns how many there are."""
    if count < limit:
        place = count
        count += 1
        while place > 0:
            up = (place - 1) // 2
            if found[up, 0] > key or (found[up, 0] == key and found[up, 3] > tie):
                break
            found[place] = found[up]
            place = up
    else:
        place = 0
        while True:
            down = 2 * place + 1
            if down >= count:
                break
            right = down + 1
            if right < count and (found[right, 0] > found[down, 0] or (found[right, 0] == found[down, 0] and found[right, 3] > found[down, 3])):
                down = right
            if found[down, 0] < key or (found[down, 0] == key and found[down, 3] < tie):
                break
            found[place] = found[down]
            place = down
    found[place, 0], found[place, 1], found[place, 2], found[place, 3] = key, who, cost, tie
    return count


@compiled
def search(net, k, limit, below):
    """The `limit` pairs of a bidder with the least cost + v, all < below, of deputies not marked as seen, in `found`; returns how many."""
    project_at, deputy_at, project_is, deputy_is = net.project_at, net.deputy_at, net.project_is, net.deputy_is
    fields, field_cost, amounts, closed_start, closed = net.fields, net.field_cost, net.amounts, net.closed_start, net.closed
    box, box_price, box_fields = net.box, net.box_price, net.box_fields
    entry, price, found = net.entry, net.price, net.found
    stack, stack_bound, seen, seats = net.stack, net.stack_bound, net.seen, net.seats
    i, whom, bidders = net.bidder[k, 0], net.bidder[k, 1], len(net.bidder)
    x, y, z = project_at[i, 0], project_at[i, 1], project_at[i, 2]
    if x != x:
        return 0
    field, town, town_cost = project_is[i, FIELD], project_is[i, TOWN], amounts[TOWN_COST]
    least_field, bit = net.least_field[field], 1 << (field & 63)
    ceiling, tick, leaves, weight, farthest = net.counts[CEILING], net.counts[TICK], len(box) // 2, amounts[WEIGHT], amounts[MAX_DISTANCE]
    count, depth, worst = 0, 1, below
    stack[0], stack_bound[0] = 1, -np.inf
    while depth:
        depth -= 1
        t = stack[depth]
        if stack_bound[depth] - 1.0 > worst:
            continue
        if t < leaves:
            left = right = np.inf
            for child in (2 * t, 2 * t + 1):
                bound = np.inf
                if box_price[child] < INFINITE:
                    chord = _box_chord(box, child, x, y, z)
                    metres = weight * chord + least_field
                    if metres - 1.0 <= ceiling and (whom != EXPERTS or box_fields[child] & bit):
                        bound = metres + box_price[child]
                left, right = (bound, right) if child == 2 * t else (left, bound)
            near = 0 if left <= right else 1
            if max(left, right) - 1.0 <= worst:
                stack[depth], stack_bound[depth] = 2 * t + 1 - near, max(left, right)
                depth += 1
            if min(left, right) - 1.0 <= worst:
                stack[depth], stack_bound[depth] = 2 * t + near, min(left, right)
                depth += 1
            continue
        first = (t - leaves) * LEAF
        for e in range(first, min(first + LEAF, len(entry))):
            j = entry[e, 0]
            if seen[j] == tick:
                continue
            v = price[bidders + j]
            more = field_cost[field, j]
            if town >= 0 and deputy_is[j, TOWNS] != town and deputy_is[j, TOWNS + 1] != town:
                more += town_cost
            home, work = _chords(x, y, z, deputy_at, j)
            straight, near = _metres(home, work, deputy_at, amounts[NEAREST], j)
            if straight + more - 1.0 + v > worst or straight + more - 1.0 > ceiling or near - 1.0 > farthest:
                continue
            if not _may(project_is, deputy_is, fields, closed_start, closed, i, j, whom):
                continue
            cost, near = _least_cost(home, work, more, deputy_at, amounts, j)
            if near > farthest or cost > ceiling:
                continue
            if entry[e, 1] > 0 and entry[e, 1] != (1 if home <= work or work != work else 2):
                continue  # of a deputy who stands in the tree with each anchor, the entry of the nearer one counts
            key = cost + v
            if key >= below or (count == limit and key > worst):
                continue
            # Of many at one place those with a free seat come first, and every bidder sees the others in another order: else all would ask
            # the same few.
            tie = (j * 40_503 + k * 30_011) & 0xFFFF if seats[j, LOAD] >= seats[j, CAPACITY] else -1 - ((j * 40_503 + k * 30_011) & 0xFFFF)
            if count == limit and key == worst and tie >= found[0, 3]:
                continue
            count = _keep(found, count, limit, key, tie, j, cost)
            if count == limit:
                worst = found[0, 0]
    return count


@compiled
def make_room(net, k, more):
    """Room for so many more pairs in a bidder's list; False when the pool is full."""
    lists, pool = net.lists, net.pool
    size = lists[k, SIZE]
    if size + more <= lists[k, ROOM]:
        return True
    room, used, start = 2 * (size + more), net.counts[USED], lists[k, START]
    if used + room > len(pool):
        return False
    for offset in range(size):
        pool[used + offset, 0], pool[used + offset, 1] = pool[start + offset, 0], pool[start + offset, 1]
    lists[k, START], lists[k, ROOM] = used, room
    net.counts[USED] = used + room
    return True


@compiled
def insert(lists, pool, k, j, cost, mark):
    """Lists a pair, in order of cost; there must be room."""
    place = lists[k, START] + lists[k, SIZE]
    while place > lists[k, START] and pool[place - 1, 0] > cost:
        pool[place, 0], pool[place, 1] = pool[place - 1, 0], pool[place - 1, 1]
        place -= 1
    pool[place, 0], pool[place, 1] = cost, 8 * j + mark
    lists[k, SIZE] += 1


@compiled
def _insert_found(net, k, count):
    """Lists what a search has found at its least cost, marked when the geodesic has to decide."""
    i = net.bidder[k, 0]
    for f in range(count):
        j, cost = net.found[f, 1], net.found[f, 2]
        doubtful = _doubtful(net.project_at, net.deputy_at, net.project_is, net.deputy_is, net.field_cost, net.amounts, i, j, cost)
        insert(net.lists, net.pool, k, j, cost, DOUBTFUL if doubtful else 0)
        if doubtful:
            _note(net.log, net.counts, DOUBTFUL, k, j)


@compiled
def reach_of(net, k):
    """How far a bidder's list reaches, prices being what they are now: no pair that is not listed has cost + v below it.

    Whatever fell since it was measured is looked at once: a fall far away does not concern this bidder, and pairs below its own
    price there are none.
    """
    lists, falls = net.lists, net.falls
    reach = lists[k, REACH]
    if reach >= INFINITE or reach <= -INFINITE:
        return reach
    i = net.bidder[k, 0]
    for fall in range(lists[k, REACH_FALLS], net.counts[FALLS]):
        chord = _box_chord(falls, fall, net.project_at[i, 0], net.project_at[i, 1], net.project_at[i, 2])
        least = np.int64(max(net.amounts[WEIGHT] * chord + falls[fall, 6] - 1.0, -1e18))
        if net.amounts[NEAREST] == 0.0 and least >= reach:
            continue
        reach = reach - np.int64(falls[fall, 7]) if net.amounts[NEAREST] > 0.0 else max(reach - np.int64(falls[fall, 7]), least)
    reach = max(reach, net.price[k])
    lists[k, REACH], lists[k, REACH_FALLS] = reach, net.counts[FALLS]
    return reach


@compiled
def _note_fall(net, settled, best):
    """Keeps account of which deputies' prices fell, in a box, and how far."""
    if net.counts[FALLS] == len(net.falls):
        for k in range(len(net.bidder)):
            reach_of(net, k)
            net.lists[k, REACH_FALLS] = 0
        net.counts[FALLS] = 0
    fall, bidders, most = net.counts[FALLS], len(net.bidder), 0
    falls = net.falls
    for axis in range(3):
        falls[fall, axis], falls[fall, 3 + axis] = np.inf, -np.inf
    falls[fall, 6] = np.inf
    for s in range(settled):
        node = net.order[s]
        fallen = best - net.visits[node, LENGTH]
        if node < bidders or fallen <= 0 or net.entry_of[node - bidders, 0] < 0:
            continue
        leaf = len(net.box) // 2 + net.entry_of[node - bidders, 0] // LEAF
        for axis in range(3):
            falls[fall, axis] = min(falls[fall, axis], net.box[leaf, axis])
            falls[fall, 3 + axis] = max(falls[fall, 3 + axis], net.box[leaf, 3 + axis])
        falls[fall, 6] = min(falls[fall, 6], float(net.price[node]))
        most = max(most, fallen)
    if most:
        falls[fall, 7] = most
        net.counts[FALLS] = fall + 1


@compiled
def see_listed(net, k):
    """Marks the deputies of a bidder's list as seen."""
    net.counts[TICK] += 1
    tick, start = net.counts[TICK], net.lists[k, START]
    for place in range(start, start + net.lists[k, SIZE]):
        net.seen[net.pool[place, 1] // 8] = tick


@compiled
def _extend(net, k, limit, below):
    """Lists the best pairs that are not yet listed, cost + v < below, and moves the reach behind them; False when the pool is full."""
    if not make_room(net, k, limit):
        return False
    net.counts[GROWTH] += 1
    see_listed(net, k)
    count = search(net, k, limit, below)
    _insert_found(net, k, count)
    net.lists[k, REACH] = net.found[0, 0] if count == limit else below
    net.lists[k, REACH_FALLS] = net.counts[FALLS]
    return True


# --- prices in the trees -----------------------------------------------------------------------------------------------


# A box must not promise too little: its least v may only be too low, its largest y only too high. So a price that moves away from the
# bound changes no box, and now and then all boxes are measured again.


@compiled
def _lower_box(box_price, entry_of, j, price):
    """A deputy's price fell."""
    leaves = len(box_price) // 2
    for column in range(2):
        t = leaves + entry_of[j, column] // LEAF if entry_of[j, column] >= 0 else 0
        while t and box_price[t] > price:
            box_price[t] = price
            t //= 2


@compiled
def _raise_box(back_price, back_of, k, price):
    """A bidder's price rose."""
    t = len(back_price) // 2 + back_of[k] // LEAF
    while t and back_price[t] < price:
        back_price[t] = price
        t //= 2


@compiled
def measure_boxes(net):
    """The least v and the largest y of every box as they are."""
    bidders, leaves = len(net.bidder), len(net.box_price) // 2
    net.box_price[:] = INFINITE
    for e in range(len(net.entry)):
        t = leaves + e // LEAF
        net.box_price[t] = min(net.box_price[t], net.price[bidders + net.entry[e, 0]])
    for t in range(leaves - 1, 0, -1):
        net.box_price[t] = min(net.box_price[2 * t], net.box_price[2 * t + 1])
    leaves = len(net.back_price) // 2
    net.back_price[:] = -INFINITE
    for e in range(len(net.back_entry)):
        t = leaves + e // LEAF
        net.back_price[t] = max(net.back_price[t], net.price[net.back_entry[e]])
    for t in range(leaves - 1, 0, -1):
        net.back_price[t] = max(net.back_price[2 * t], net.back_price[2 * t + 1])
    net.counts[STALE] = 0


# --- the heap ----------------------------------------------------------------------------------------------------------


@compiled
def _push(heap, count, key, node):
    place = count[HEAP]
    if place == len(heap):
        return False
    count[HEAP] = place + 1
    while place > 0:
        up = (place - 1) // 2
        if heap[up, 0] <= key:
            break
        heap[place, 0], heap[place, 1] = heap[up, 0], heap[up, 1]
        place = up
    heap[place, 0], heap[place, 1] = key, node
    return True


@compiled
def _pop(heap, count):
    """The least key and its node; the heap must hold one."""
    result = heap[0, 0], heap[0, 1]
    size = count[HEAP] - 1
    count[HEAP] = size
    key, node = heap[size, 0], heap[size, 1]
    place = 0
    while True:
        down = 2 * place + 1
        if down >= size:
            break
        if down + 1 < size and heap[down + 1, 0] < heap[down, 0]:
            down += 1
        if key <= heap[down, 0]:
            break
        heap[place, 0], heap[place, 1] = heap[down, 0], heap[down, 1]
        place = down
    heap[place, 0], heap[place, 1] = key, node
    return result


# --- chosen pairs --------------------------------------------------------------------------------------------------------


@compiled
def _note(log, count, what, k, j):
    """Keeps account of a change, unless nobody does or there is no more room."""
    place = count[LOGGED]
    if place >= len(log):
        count[LOGGED] = UNLOGGED
    elif place >= 0:
        log[place, 0], log[place, 1], log[place, 2] = what, k, j
        count[LOGGED] = place + 1


@compiled
def listed(lists, pool, k, j):
    """Where in the pool a pair is listed, -1 when it is not."""
    for place in range(lists[k, START], lists[k, START] + lists[k, SIZE]):
        if pool[place, 1] // 8 == j:
            return place
    return -1


@compiled
def choose(net, k, j):
    """Marks a listed pair as chosen and links it to its deputy."""
    place = listed(net.lists, net.pool, k, j)
    net.pool[place, 1] |= CHOSEN
    net.counts[SPARE] -= 1
    link = net.spare[net.counts[SPARE]]
    net.links[link, FOLLOWING], net.links[link, HOLDER], net.links[link, HELD_COST] = net.head[j], k, net.pool[place, 0]
    net.head[j] = link
    _note(net.log, net.counts, CHOSEN, k, j)


@compiled
def unchoose(net, k, j):
    """The reverse of `choose`."""
    net.pool[listed(net.lists, net.pool, k, j), 1] -= CHOSEN
    before, link = -1, net.head[j]
    while net.links[link, HOLDER] != k:
        before, link = link, net.links[link, FOLLOWING]
    if before < 0:
        net.head[j] = net.links[link, FOLLOWING]
    else:
        net.links[before, FOLLOWING] = net.links[link, FOLLOWING]
    net.spare[net.counts[SPARE]] = link
    net.counts[SPARE] += 1
    _note(net.log, net.counts, -CHOSEN, k, j)


@compiled
def choose_all(net, bidders, deputies):
    """Makes these listed pairs the chosen ones, in place of all others; loads, gates and empty places are the caller's to set."""
    for place in range(net.counts[USED]):
        net.pool[place, 1] &= ~CHOSEN
    net.head[:] = -1
    net.counts[SPARE] = len(net.spare)
    for link in range(len(net.spare)):
        net.spare[link] = link
    for row in range(len(bidders)):
        choose(net, bidders[row], deputies[row])


@compiled
def forget(net, margin):
    """Takes from every list what is not chosen, not kept, and more than `margin` dearer than the bidder's price."""
    bidders = len(net.bidder)
    for k in range(bidders):
        start, left = net.lists[k, START], 0
        for place in range(start, start + net.lists[k, SIZE]):
            cost, mark = net.pool[place, 0], net.pool[place, 1]
            if mark & (CHOSEN | KEPT) or cost + net.price[bidders + mark // 8] - net.price[k] <= margin:
                net.pool[start + left, 0], net.pool[start + left, 1] = cost, mark
                left += 1
        net.lists[k, SIZE] = left
        if net.lists[k, REACH] > -INFINITE:
            net.lists[k, REACH], net.lists[k, REACH_FALLS] = min(reach_of(net, k), net.price[k]), net.counts[FALLS]


# --- shortest paths --------------------------------------------------------------------------------------------------------


@compiled
def _relax(visits, heap, ready, count, key, node, length, parent):
    """A path to a node, from one that lies `key` away; False when the heap is full.

    Prices make whole neighbourhoods equally far. What is no farther than where we stand is ready at once and spares the heap.
    """
    if visits[node, MARKED] == count[PATH] and visits[node, LENGTH] <= length:
        return True
    visits[node, MARKED], visits[node, LENGTH], visits[node, PARENT] = count[PATH], length, parent
    if length > key:
        return _push(heap, count, length, node)
    ready[count[READY]] = node
    count[READY] += 1
    return True


@compiled
def _begin(visits, heap, ready, count, node):
    count[PATH] += 1
    count[HEAP] = count[READY] = 0
    _relax(visits, heap, ready, count, 0, node, 0, -1)


@compiled
def _next(visits, heap, ready, count):
    """The nearest node that waits, and how far it is."""
    if count[READY]:
        count[READY] -= 1
        node = ready[count[READY]]
        return visits[node % len(visits), LENGTH], node
    return _pop(heap, count)


@compiled
def forward(net, source):
    """Moves one place too many at a node on to a free seat, or leaves a place empty, along the shortest path. DONE, or what was full:
    then only lists have grown, and it can be called again."""
    visits, heap, ready, count, price, pool, lists = net.visits, net.heap, net.ready, net.counts, net.price, net.pool, net.lists
    seats, links, places, bidder, order = net.seats, net.links, net.places, net.bidder, net.order
    bidders, nodes, path_end, best, settled = len(bidder), len(price), -1, INFINITE, 0
    _begin(visits, heap, ready, count, source)
    if source >= bidders and seats[source - bidders, LOAD] < seats[source - bidders, CAPACITY]:
        best, path_end = seats[source - bidders, LOAD] * count[BALANCE] - price[source], source
    path, ceiling, empty, balance, bonus = count[PATH], count[CEILING], count[EMPTY_PRICE], count[BALANCE], count[BONUS]
    while count[READY] or count[HEAP]:
        key, node = _next(visits, heap, ready, count)
        if key >= best:
            break
        if node >= nodes:
            node -= nodes
            # A little farther than this path needs, so that the next need not ask again.
            below = INFINITE if best >= INFINITE else price[node] + best - visits[node, LENGTH] + SPARE_METRES
            if not _extend(net, node, max(NEXT, lists[node, SIZE] // 4), below):
                return POOL_FULL
        elif visits[node, SETTLED] == path:
            continue
        else:
            visits[node, SETTLED] = path
            order[settled] = node
            settled += 1
        y = price[node]
        if node >= bidders:
            link = net.head[node - bidders]
            while link >= 0:
                k = links[link, HOLDER]
                length = key + price[k] - links[link, HELD_COST] - y
                if length < best and not _relax(visits, heap, ready, count, key, k, length, node):
                    return HEAP_FULL
                link = links[link, FOLLOWING]
            continue
        key = visits[node, LENGTH]
        i = bidder[node, 0]
        if node == i:
            if key + empty - y < best:
                best, path_end = key + empty - y, node
            gate = places[i, GATE]
            through = gate >= 0 and places[i, GATE_USED] < places[i, GATE_ROOM]
            if through and not _relax(visits, heap, ready, count, key, gate, key + price[gate] - y, node):
                return HEAP_FULL
        elif places[i, GATE_USED] > 0 and not _relax(visits, heap, ready, count, key, i, key + price[i] - y, node):
            return HEAP_FULL
        start = lists[node, START]
        for place in range(start, start + lists[node, SIZE]):
            cost, mark = pool[place, 0], pool[place, 1]
            if key + cost - y >= best:
                break
            if mark & CHOSEN or cost + (bonus if mark & KEPT else 0) > ceiling:
                continue
            j = mark // 8
            v = price[bidders + j]
            length = key + cost + v - y
            to = bidders + j
            if length >= best or (visits[to, MARKED] == path and visits[to, LENGTH] <= length):
                continue
            if not _relax(visits, heap, ready, count, key, to, length, node):
                return HEAP_FULL
            if seats[j, LOAD] < seats[j, CAPACITY] and length + seats[j, LOAD] * balance - v < best:
                best, path_end = length + seats[j, LOAD] * balance - v, to
        # Asked at every step: the whole net is handed over only when it must be.
        reach = max(lists[node, REACH], y) if lists[node, REACH_FALLS] == count[FALLS] else reach_of(net, node)
        if reach < INFINITE:
            further = key + reach - y
            if further <= key < best and node == source:
                ready[count[READY]] = nodes + node  # before anybody is asked to make room: who else is as near?
                count[READY] += 1
            elif further < best and not _push(heap, count, max(further, key), nodes + node):
                return HEAP_FULL
    count[WORK_DONE] += settled
    count[STALE] += settled
    for s in range(settled):
        node = order[s]
        rise = best - visits[node, LENGTH]
        if rise > 0:
            price[node] += rise
            if node < bidders:
                _raise_box(net.back_price, net.back_of, node, price[node])
    if path_end >= bidders:
        seats[path_end - bidders, LOAD] += 1
        seats[path_end - bidders, FREE_LOAD] += 1
    else:
        places[path_end, UNMET] += 1
    _shift(net, path_end, True)
    if count[STALE] > 8 * nodes:
        measure_boxes(net)
    return DONE


@compiled
def _shift(net, node, ahead):
    """Moves one place along the path that ends at a node (ahead), or begins there (else)."""
    bidders = len(net.bidder)
    while net.visits[node, PARENT] >= 0:
        parent = net.visits[node, PARENT]
        tail, end = (parent, node) if ahead else (node, parent)
        if end >= bidders:
            choose(net, tail, end - bidders)
        elif tail >= bidders:
            unchoose(net, end, tail - bidders)
        elif end > tail:  # gates come after projects
            net.places[tail, GATE_USED] += 1
        else:
            net.places[end, GATE_USED] -= 1
        node = parent


@compiled
def open_bidder(net, k):
    """The first list and price of a bidder; DONE or POOL_FULL."""
    if net.lists[k, REACH] > -INFINITE:
        return DONE
    if not _extend(net, k, FIRST, INFINITE):
        return POOL_FULL
    bidders, price = len(net.bidder), net.counts[EMPTY_PRICE]
    for place in range(net.lists[k, START], net.lists[k, START] + net.lists[k, SIZE]):
        price = min(price, net.pool[place, 0] + net.price[bidders + net.pool[place, 1] // 8])
    i = net.bidder[k, 0]
    if k == i and net.places[i, GATE] >= 0 and net.places[i, GATE_ROOM] > 0:
        price = min(price, net.price[net.places[i, GATE]])
    net.price[k] = price
    _raise_box(net.back_price, net.back_of, k, price)
    return DONE


@compiled
def fill(net, order, begin, patience):
    """Fills one place of each project of `order` (rows, one each place) from `begin` on: how far it came, and DONE, what was full, or
    TOO_FAR when all paths together have visited more than `patience` nodes."""
    for place in range(begin, len(order)):
        if net.counts[WORK_DONE] > patience:
            return place, TOO_FAR
        i = order[place]
        status = open_bidder(net, net.places[i, GATE]) if net.places[i, GATE] >= 0 else DONE
        if status == DONE:
            status = open_bidder(net, i)
        if status == DONE:
            status = forward(net, i)
        if status != DONE:
            return place, status
    return len(order), DONE


# --- against the flow ------------------------------------------------------------------------------------------------------


@compiled
def _search_back(net, j, limit, after, who, below):
    """The `limit` bidders with the least (cost - y, bidder) of a deputy behind (after, who) and below a bound, in `found`; returns how many."""
    project_at, deputy_at, amounts, price, found = net.project_at, net.deputy_at, net.amounts, net.price, net.found
    box, box_price, entry, stack, stack_bound = net.back_box, net.back_price, net.back_entry, net.stack, net.stack_bound
    ceiling, weight, leaves = net.counts[CEILING], amounts[WEIGHT], len(box) // 2
    home, work = deputy_at[j, 0:3], deputy_at[j, 3:6]
    share = deputy_at[j, WORK_WEIGHT] / weight if weight > 0.0 else 0.0
    x, y, z = home[0], home[1], home[2]
    if home[0] != home[0]:
        x, y, z = work[0], work[1], work[2]
    elif work[0] == work[0] and amounts[NEAREST] == 0.0:
        x, y, z = x + share * (work[0] - x), y + share * (work[1] - y), z + share * (work[2] - z)
    if x != x:
        return 0
    both = amounts[NEAREST] > 0.0 and work[0] == work[0]
    count, depth, worst = 0, 1, below
    stack[0], stack_bound[0] = 1, -np.inf
    while depth:
        depth -= 1
        t = stack[depth]
        if stack_bound[depth] - 1.0 > worst:
            continue
        if t < leaves:
            left = right = np.inf
            for child in (2 * t, 2 * t + 1):
                bound = np.inf
                if box_price[child] > -INFINITE // 8:
                    chord = _box_chord(box, child, x, y, z)
                    if both:
                        chord = min(chord, _box_chord(box, child, work[0], work[1], work[2]))
                    if weight * chord - 1.0 <= ceiling:
                        bound = weight * chord - box_price[child]
                left, right = (bound, right) if child == 2 * t else (left, bound)
            near = 0 if left <= right else 1
            if max(left, right) < np.inf and max(left, right) - 1.0 <= worst:
                stack[depth], stack_bound[depth] = 2 * t + 1 - near, max(left, right)
                depth += 1
            if min(left, right) < np.inf and min(left, right) - 1.0 <= worst:
                stack[depth], stack_bound[depth] = 2 * t + near, min(left, right)
                depth += 1
            continue
        first = (t - leaves) * LEAF
        for e in range(first, min(first + LEAF, len(entry))):
            k = entry[e]
            i, whom = net.bidder[k, 0], net.bidder[k, 1]
            if price[k] <= -INFINITE // 8 or project_at[i, 0] != project_at[i, 0]:
                continue
            if not _may(net.project_is, net.deputy_is, net.fields, net.closed_start, net.closed, i, j, whom):
                continue
            at_home, at_work = _chords(project_at[i, 0], project_at[i, 1], project_at[i, 2], deputy_at, j)
            more = _more(net.project_is, net.deputy_is, net.field_cost, amounts, i, j)
            cost, near_metres = _least_cost(at_home, at_work, more, deputy_at, amounts, j)
            key = cost - price[k]
            if near_metres > amounts[MAX_DISTANCE] or cost > ceiling or key >= below or key < after or (key == after and k <= who):
                continue
            if count == limit and (key > worst or (key == worst and k > found[0, 1])):
                continue
            count = _keep(found, count, limit, key, k, k, cost)
            if count == limit:
                worst = found[0, 0]
    return count


@compiled
def backward(net, target, at_most):
    """Brings one place to a node that has one too few, from the seat or the empty place where it is least missed, if that costs less than
    `at_most`; else prices alone move, by `at_most`. DONE, or what was full."""
    visits, heap, ready, count, price, pool, lists = net.visits, net.heap, net.ready, net.counts, net.price, net.pool, net.lists
    seats, places, bidder, order = net.seats, net.places, net.bidder, net.order
    bidders, nodes, path_end, best, settled = len(bidder), len(price), -1, at_most, 0
    _begin(visits, heap, ready, count, target)
    path, ceiling, bonus = count[PATH], count[CEILING], count[BONUS]
    while count[READY] or count[HEAP]:
        key, node = _next(visits, heap, ready, count)
        if key >= best:
            break
        after, who = -INFINITE, -1
        if node >= nodes:  # more bidders for this deputy, behind the last one that was looked at
            node -= nodes
            after, who = net.seen_back[node - bidders, 0], net.seen_back[node - bidders, 1]
        elif visits[node, SETTLED] == path:
            continue
        else:
            visits[node, SETTLED] = path
            order[settled] = node
            settled += 1
        key, own = visits[node, LENGTH], price[node]
        if node < bidders:
            i = bidder[node, 0]
            if node == i and places[i, UNMET] > 0:
                best, path_end = key, node
                continue
            gate = places[i, GATE]
            if node != i:
                if places[i, GATE_USED] < places[i, GATE_ROOM] and not _relax(visits, heap, ready, count, key, i, key + own - price[i], node):
                    return HEAP_FULL
            elif gate >= 0 and places[i, GATE_USED] > 0 and not _relax(visits, heap, ready, count, key, gate, key + own - price[gate], node):
                return HEAP_FULL
            start = lists[node, START]
            for place in range(start, start + lists[node, SIZE]):
                if pool[place, 1] & CHOSEN:
                    to = bidders + pool[place, 1] // 8
                    length = key + own - pool[place, 0] - price[to]
                    if length < best and not _relax(visits, heap, ready, count, key, to, length, node):
                        return HEAP_FULL
            continue
        j = node - bidders
        if who < 0:
            if seats[j, FREE_LOAD] > 0 and key + own - (seats[j, LOAD] - 1) * count[BALANCE] < best:
                best, path_end = key + own - (seats[j, LOAD] - 1) * count[BALANCE], node
            for other in range(net.kept_start[j], net.kept_start[j + 1]):
                for k in (net.kept[other], places[net.kept[other], GATE]):
                    place = listed(lists, pool, k, j) if k >= 0 else -1
                    if place < 0 or pool[place, 1] & CHOSEN or not pool[place, 1] & KEPT or pool[place, 0] + bonus > ceiling:
                        continue
                    length = key + pool[place, 0] + own - price[k]
                    if length < best and not _relax(visits, heap, ready, count, key, k, length, node):
                        return HEAP_FULL
        limit = NEXT
        found = _search_back(net, j, limit, after, who, INFINITE if best >= INFINITE else best - key - own)
        for f in range(found):
            k, cost = net.found[f, 1], net.found[f, 2]
            place = listed(lists, pool, k, j)
            if place >= 0:
                if pool[place, 1] & (CHOSEN | KEPT):
                    continue
                cost = pool[place, 0]
            length = key + cost + own - price[k]
            if length < best and cost <= ceiling and not _relax(visits, heap, ready, count, key, k, length, node):
                return HEAP_FULL
        if found == limit:
            net.seen_back[j, 0], net.seen_back[j, 1] = net.found[0, 0], net.found[0, 1]
            further = max(key, key + net.found[0, 0] + own)
            if further < best and not _push(heap, count, further, nodes + node):
                return HEAP_FULL
    node = path_end
    while node >= 0 and visits[node, PARENT] >= 0:  # pairs the path will choose must have room in their lists
        if node < bidders <= visits[node, PARENT] and not make_room(net, node, 1):
            return POOL_FULL
        node = visits[node, PARENT]
    count[WORK_DONE] += settled
    for s in range(settled):
        node = order[s]
        fall = best - visits[node, LENGTH]
        if fall > 0 and node < bidders:
            price[node] -= fall
        elif fall > 0:
            # A price falls no further than to nothing: nobody is held there, so that a higher one does no harm.
            price[node] = max(0, price[node] - fall)
            _lower_box(net.box_price, net.entry_of, node - bidders, price[node])
    _note_fall(net, settled, best)
    count[STALE] += settled
    if count[STALE] > 8 * nodes:
        measure_boxes(net)
    if path_end < 0:
        return DONE
    node = path_end
    while visits[node, PARENT] >= 0:
        parent = visits[node, PARENT]
        if node < bidders <= parent and listed(lists, pool, node, parent - bidders) < 0:
            _list_pair(net, node, parent - bidders)
        node = parent
    if path_end >= bidders:
        seats[path_end - bidders, LOAD] -= 1
        seats[path_end - bidders, FREE_LOAD] -= 1
    else:
        places[path_end, UNMET] -= 1
    _shift(net, path_end, False)
    return DONE


@compiled
def _list_pair(net, k, j):
    """Lists one pair at its least cost; there must be room."""
    i = net.bidder[k, 0]
    home, work = _chords(net.project_at[i, 0], net.project_at[i, 1], net.project_at[i, 2], net.deputy_at, j)
    more = _more(net.project_is, net.deputy_is, net.field_cost, net.amounts, i, j)
    net.found[0, 1] = j
    net.found[0, 2], _ = _least_cost(home, work, more, net.deputy_at, net.amounts, j)
    _insert_found(net, k, 1)


@compiled
def put(net, k, j, cost, marks):
    """Lists a pair at this cost and with these marks, in place of what was listed of it; False when the pool is full. Its being chosen stays."""
    if not make_room(net, k, 1):
        return False
    place = listed(net.lists, net.pool, k, j)
    if place >= 0:
        marks |= net.pool[place, 1] & CHOSEN
        for after in range(place, net.lists[k, START] + net.lists[k, SIZE] - 1):
            net.pool[after, 0], net.pool[after, 1] = net.pool[after + 1, 0], net.pool[after + 1, 1]
        net.lists[k, SIZE] -= 1
        link = net.head[j] if marks & CHOSEN else -1
        while link >= 0:
            if net.links[link, HOLDER] == k:
                net.links[link, HELD_COST] = cost
            link = net.links[link, FOLLOWING]
    insert(net.lists, net.pool, k, j, cost, marks)
    return True


# --- the proof -------------------------------------------------------------------------------------------------------------


@compiled
def _offer(net, price, k, queue, queued, tail):
    """Raises the deputies' prices until none whom a bidder did not choose is cheaper for it than its own price; their holders queue."""
    bidders, start, y = len(net.bidder), net.lists[k, START], price[k]
    for place in range(start, start + net.lists[k, SIZE]):
        cost, mark = net.pool[place, 0], net.pool[place, 1]
        if cost >= y:
            break
        if mark & CHOSEN or cost + (net.counts[BONUS] if mark & KEPT else 0) > net.counts[CEILING]:
            continue
        j = mark // 8
        if price[bidders + j] >= y - cost:
            continue
        price[bidders + j] = y - cost
        link = net.head[j]
        while link >= 0:
            i = net.bidder[net.links[link, HOLDER], 0]
            if not queued[i]:
                queued[i] = True
                queue[tail % len(queue)] = i
                tail += 1
            link = net.links[link, FOLLOWING]
    return tail


@compiled
def _dearest(net, price, k):
    """The dearest of the pairs a bidder holds, price of the deputy included."""
    bidders, start, result = len(net.bidder), net.lists[k, START], -INFINITE // 4
    for place in range(start, start + net.lists[k, SIZE]):
        if net.pool[place, 1] & CHOSEN:
            result = max(result, net.pool[place, 0] + price[bidders + net.pool[place, 1] // 8])
    return result


@compiled
def settle_prices(net, price, queue, queued):
    """Raises `price` (b + m,) to the least at which every bidder is content with what it holds; all projects queue at first.

    False when prices pass the empty price: then the flow is not the cheapest.
    """
    n, head, tail = len(net.places), 0, len(net.places)
    for i in range(n):
        queue[i], queued[i] = i, True
    while head < tail:
        i = queue[head % n]
        head += 1
        queued[i] = False
        gate = net.places[i, GATE]
        y = _dearest(net, price, i)
        if net.places[i, UNMET] > 0:
            y = max(y, net.counts[EMPTY_PRICE])
        if gate >= 0:
            through = _dearest(net, price, gate)
            y = max(y, through)
            price[gate] = through if net.places[i, GATE_USED] == net.places[i, GATE_ROOM] else y
            tail = _offer(net, price, gate, queue, queued, tail)
        if y > net.counts[EMPTY_PRICE]:
            return False
        price[i] = y
        tail = _offer(net, price, i, queue, queued, tail)
    return True


@compiled
def overlooked(net, begin, for_empty):
    """Lists pairs that are cheaper than their bidder's price and not listed, from a bidder on: the bidder it stopped at, DONE or
    POOL_FULL, and how many there were. for_empty: how many at most for a bidder with empty places."""
    total = 0
    for k in range(begin, len(net.bidder)):
        if net.price[k] <= -INFINITE // 8:
            continue
        limit = for_empty if net.price[k] >= net.counts[EMPTY_PRICE] else ROUND
        if not make_room(net, k, limit):
            return k, POOL_FULL, total
        see_listed(net, k)
        count = search(net, k, limit, net.price[k])
        _insert_found(net, k, count)
        total += count
    return len(net.bidder), DONE, total


@compiled
def cheapest_places(net, wanted):
    """Sum over projects of the cheapest way to fill the wanted places at cost + v or leave them empty; unlisted pairs cost the bidder's
    price at least, by `overlooked`."""
    bidders, total, offers = len(net.bidder), 0, np.empty(max(1, wanted.max() if len(wanted) else 1), np.int64)
    for i in range(len(wanted)):
        if wanted[i] == 0:
            continue
        offers[: wanted[i]] = net.counts[EMPTY_PRICE]
        for own in range(2):
            k = i if own == 0 else net.places[i, GATE]
            if k < 0:
                continue
            room = wanted[i] if own == 0 else net.places[i, GATE_ROOM]
            best, start = np.full(room, max(net.price[k], -INFINITE // 4), np.int64), net.lists[k, START]
            for place in range(start, start + net.lists[k, SIZE]):
                cost, mark = net.pool[place, 0], net.pool[place, 1]
                if cost + (net.counts[BONUS] if mark & KEPT else 0) <= net.counts[CEILING]:
                    _lower(best, cost + net.price[bidders + mark // 8])
            for offer in best:
                _lower(offers[: wanted[i]], offer)
        total += offers[: wanted[i]].sum()
    return total


@compiled
def _lower(ascending, value):
    """Puts a value among the smallest, dropping the largest."""
    place = len(ascending) - 1
    if place < 0 or ascending[place] <= value:
        return
    while place > 0 and ascending[place - 1] > value:
        ascending[place] = ascending[place - 1]
        place -= 1
    ascending[place] = value


@compiled
def shut_in(net, bidder_in, deputy_in):
    """Marks what projects with empty places can reach through pairs that are allowed, listing what was not; resumes where the pool was
    full. DONE or POOL_FULL, and whether a free seat was met."""
    bidders, order, tail = len(net.bidder), net.order, 0
    for k in range(bidders):
        if bidder_in[k]:
            order[tail] = k
            tail += 1
    head, free = 0, False
    while head < tail:
        k = order[head]
        head += 1
        i = net.bidder[k, 0]
        gate = net.places[i, GATE]
        if k == i and gate >= 0 and net.places[i, GATE_USED] < net.places[i, GATE_ROOM] and not bidder_in[gate]:
            bidder_in[gate] = True
            order[tail] = gate
            tail += 1
        if k != i and net.places[i, GATE_USED] > 0 and not bidder_in[i]:
            bidder_in[i] = True
            order[tail] = i
            tail += 1
        net.counts[TICK] += 1
        for j in range(len(deputy_in)):
            if deputy_in[j]:
                net.seen[j] = net.counts[TICK]
        for place in range(net.lists[k, START], net.lists[k, START] + net.lists[k, SIZE]):
            net.seen[net.pool[place, 1] // 8] = net.counts[TICK]
        found = search(net, k, len(deputy_in), INFINITE)
        if not make_room(net, k, found):
            return POOL_FULL, False
        _insert_found(net, k, found)
        for place in range(net.lists[k, START], net.lists[k, START] + net.lists[k, SIZE]):
            mark = net.pool[place, 1]
            j = mark // 8
            if mark & CHOSEN or deputy_in[j] or net.pool[place, 0] + (net.counts[BONUS] if mark & KEPT else 0) > net.counts[CEILING]:
                continue
            deputy_in[j] = True
            free |= net.seats[j, LOAD] < net.seats[j, CAPACITY]
            link = net.head[j]
            while link >= 0:
                other = net.links[link, HOLDER]
                if not bidder_in[other]:
                    bidder_in[other] = True
                    order[tail] = other
                    tail += 1
                link = net.links[link, FOLLOWING]
    return DONE, free
