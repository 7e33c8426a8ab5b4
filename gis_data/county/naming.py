"""What villages and hamlets are called, and their codes."""

import numpy as np

from gis_data.county.content import material
from gis_data.county.plan import Plan
from gis_data.county.relief import Relief, within


def village_names(plan: Plan, town_of: np.ndarray, x: np.ndarray, y: np.ndarray, people: np.ndarray, relief: Relief) -> tuple[np.ndarray, np.ndarray]:
    """12-digit codes and names, one a village. Given names are dealt out from the town's middle; invented ones suit the terrain.

    A name is used once in a town, but may come back in another, as real ones do.
    """
    codes, names = np.empty(len(town_of), object), np.empty(len(town_of), object)
    rng = plan.rng("names")
    height = relief.sample(relief.height, x, y)
    shore = within(plan.coast, x, y) if plan.coast is not None else np.full(len(x), np.inf)
    used: dict[str, int] = {}
    for index, town in enumerate(plan.towns):
        mine = np.flatnonzero(town_of == index)
        middle = np.average(np.column_stack([x, y])[mine], axis=0, weights=people[mine])
        mine = mine[np.argsort(np.hypot(x[mine] - middle[0], y[mine] - middle[1]), kind="stable")]
        if town.named:
            for v, given in zip(mine, town.named, strict=True):
                codes[v], names[v] = given.code, given.name
            continue
        taken: set[str] = set()
        for serial, v in enumerate(mine, start=1):
            community = town.urban or serial <= max(1, len(mine) // 9)
            stem = _stem(plan, town.name, community and town.urban, height[v], shore[v], taken, used, rng)
            taken.add(stem)
            used[stem] = used.get(stem, 0) + 1
            codes[v] = f"{town.code[:9]}{serial if community else 200 + serial:03d}"
            names[v] = stem + ("社区" if community else "村")
    return codes.astype(str), names.astype(str)


def _stem(plan: Plan, town: str, urban: bool, height: float, shore: float, taken: set[str], used: dict[str, int], rng: np.random.Generator) -> str:
    content = material("villages")
    pools = content["villages"]
    own = [stem for stem, place in pools["of_town"].items() if place == town and plan.fictional]
    if urban:
        pool = [[*content["communities"]], [*pools["merged"]]]
    elif shore < 1300:
        pool = [own, pools["coast"], pools["plain"]]
    elif height > 0.22:
        pool = [own, pools["hill"], content["rules"]["natural_village_stems"]]
    else:
        pool = [own, [*pools["plain"], *pools["merged"]], content["rules"]["natural_village_stems"]]
    for stems in pool:
        free = [stem for stem in stems if stem not in taken]
        if free:
            least = min(used.get(stem, 0) for stem in free)
            return str(rng.choice([stem for stem in free if used.get(stem, 0) == least]))
    every = [*pools["plain"], *pools["hill"], *pools["coast"], *pools["merged"], *content["rules"]["natural_village_stems"]]
    free = [stem for stem in every if stem not in taken]
    return str(rng.choice(free)) if free else f"{rng.choice(every)}{len(taken) + 1}"
