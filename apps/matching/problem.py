"""What a supervision assignment is asked: projects, deputies and rules, checked at the door.

Arrays hold one row per project (n) or per deputy (m). Whatever cannot be meant raises ValueError in words a clerk can act on.
"""

import operator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

LARGEST_COST = 2**40  # metres; keeps every sum of costs inside int64


@dataclass(frozen=True, eq=False)
class Projects:
    """What needs supervisors. Raises ValueError on wrong shapes, ranges or contradictory numbers.

    lon, lat: float64[n], degrees; not finite: position unknown, nobody can be measured against it.
    field: int32[n], column of `Deputies.fields` (-1: none, no field cost and nobody counts as an expert).
    demand: int32[n] >= 0, deputies wanted.
    experts: int32[n], 0..demand: of the demand, at least so many must have the field.
    town: int32[n] (-1: unknown, no town cost).
    organisations: int32[n, a], bodies the project is recused from (-1: padding).
    """

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    field: NDArray[np.int32]
    demand: NDArray[np.int32]
    experts: NDArray[np.int32]
    town: NDArray[np.int32]
    organisations: NDArray[np.int32]

    def __post_init__(self) -> None:
        n = len(np.asarray(self.lon))
        _set(self, **_positions("项目", self.lon, self.lat, n, "lon", "lat"))
        for name, least in (("field", -1), ("demand", 0), ("experts", 0), ("town", -1)):
            _set(self, **{name: _integers(name, getattr(self, name), (n,), least)})
        _set(self, organisations=_integers("organisations", self.organisations, (n, None), -1))
        _refuse(self.experts > self.demand, "experts 多于 demand：要求的专业代表不能多于所需代表，请改小前者")

    def __len__(self) -> int:
        return len(self.lon)


@dataclass(frozen=True, eq=False)
class Deputies:
    """Who can supervise. Raises ValueError on wrong shapes or ranges.

    residence_lon .. workplace_lat: float64[m], degrees; not finite: no such anchor.
    fields: bool[m, f], the fields each knows.
    capacity: int32[m] >= 0, projects a deputy may hold, locked ones included.
    organisation: int32[m], where the deputy works (-1: none).
    towns: int32[m, 2], towns of residence and of workplace (-1: none).
    """

    residence_lon: NDArray[np.float64]
    residence_lat: NDArray[np.float64]
    workplace_lon: NDArray[np.float64]
    workplace_lat: NDArray[np.float64]
    fields: NDArray[np.bool_]
    capacity: NDArray[np.int32]
    organisation: NDArray[np.int32]
    towns: NDArray[np.int32]

    def __post_init__(self) -> None:
        m = len(np.asarray(self.residence_lon))
        for anchor, label in (("residence", "代表居住地"), ("workplace", "代表单位")):
            lon, lat = f"{anchor}_lon", f"{anchor}_lat"
            _set(self, **_positions(label, getattr(self, lon), getattr(self, lat), m, lon, lat))
        fields = np.asarray(self.fields)
        if m == 0 and fields.ndim < 2:
            fields = fields.reshape(0, 0)
        _shaped("fields", fields, (m, None))
        _set(
            self,
            fields=fields.astype(bool),
            capacity=_integers("capacity", self.capacity, (m,), 0),
            organisation=_integers("organisation", self.organisation, (m,), -1),
            towns=_integers("towns", self.towns, (m, 2), -1),
        )

    def __len__(self) -> int:
        return len(self.residence_lon)


@dataclass(frozen=True, eq=False)
class Rules:
    """How pairs are priced and which are allowed; metres throughout. Raises ValueError on values out of range.

    residence_weight, workplace_weight: share of each anchor's distance; an anchor missing: the other takes the sum.
    anchor: "weighted" as above, or "nearest": the smaller distance, unweighted.
    field_cost: float64[f, f] >= 0, for project field p and deputy field q; the deputy's best counts, no field: the row's largest.
    town_cost: added when neither anchor lies in the project's town.
    max_distance: a pair is allowed when its nearer anchor lies within it, inclusive; None: no limit.
    forbidden, locked, previous: int64[k, 2] rows (project, deputy); repeated rows count once.
    keep_bonus: a previous pair is cheaper by so much.
    balance: added for a deputy's 2nd project, twice that for the 3rd, and so on; locked pairs count as load.
    fair: make the worst pair as small as it can be before the total.
    """

    residence_weight: float = 0.6
    workplace_weight: float = 0.4
    anchor: Literal["weighted", "nearest"] = "weighted"
    field_cost: NDArray[Any] | None = None
    town_cost: int = 0
    max_distance: float | None = None
    forbidden: NDArray[Any] | None = None
    locked: NDArray[Any] | None = None
    previous: NDArray[Any] | None = None
    keep_bonus: int = 0
    balance: int = 0
    fair: bool = False

    def __post_init__(self) -> None:
        for name in ("residence_weight", "workplace_weight"):
            if not (np.isfinite(getattr(self, name)) and getattr(self, name) >= 0):
                raise ValueError(f"{name} 应为不小于 0 的数")
        if self.anchor not in ("weighted", "nearest"):
            raise ValueError(f"anchor 应为 weighted 或 nearest，不能是 {self.anchor!r}")
        for name in ("town_cost", "keep_bonus", "balance"):
            value = operator.index(getattr(self, name))
            if not 0 <= value <= LARGEST_COST:
                raise ValueError(f"{name} 应为不小于 0 的整数（米），且不能大得没有意义")
            _set(self, **{name: value})
        if self.max_distance is not None and not self.max_distance >= 0:
            raise ValueError("max_distance 应为不小于 0 的数（米），不限时填 None")
        if self.field_cost is not None:
            table = np.asarray(self.field_cost, dtype=np.float64)
            if table.ndim != 2 or table.shape[0] != table.shape[1] or not (np.isfinite(table) & (table >= 0)).all():
                raise ValueError("field_cost 应为方阵，各数有限且不小于 0（米）")
            _set(self, field_cost=table)
        for name in ("forbidden", "locked", "previous"):
            if getattr(self, name) is not None:
                _set(self, **{name: _integers(name, getattr(self, name), (None, 2), 0, np.int64)})


def checked_pairs(name: str, rows: NDArray[Any] | None, projects: Projects, deputies: Deputies) -> NDArray[np.int64]:
    """Sorted int64[k, 2] pairs without repetition; None: none. ValueError when a row is not there."""
    if rows is None or len(rows) == 0:
        return np.empty((0, 2), np.int64)
    _refuse(rows >= np.array([len(projects), len(deputies)]), f"{name} 指向不存在的项目或代表")
    return np.unique(rows, axis=0)


def check_fields(projects: Projects, deputies: Deputies, rules: Rules) -> None:
    """ValueError when fields, their costs and the projects' fields do not belong to one list of fields."""
    if len(deputies) == 0:
        return
    known = deputies.fields.shape[1]
    _refuse(projects.field >= known, f"项目的 field 超出代表的 {known} 个领域")
    if rules.field_cost is not None and len(rules.field_cost) != known:
        raise ValueError(f"field_cost 应为 {known} × {known}，实际为 {rules.field_cost.shape}")


def _set(record: Any, **values: Any) -> None:
    for name, value in values.items():
        object.__setattr__(record, name, value)


def _refuse(wrong: NDArray[np.bool_], message: str) -> None:
    """ValueError naming the first rows that are wrong."""
    if wrong.any():
        rows = np.flatnonzero(wrong.reshape(len(wrong), -1).any(axis=1))
        raise ValueError(
            f"{message}：第 {', '.join(map(str, rows[:10]))} 行{'等' if len(rows) > 10 else ''}（从 0 数起）"
        )


def _shaped(name: str, array: NDArray[Any], shape: tuple[int | None, ...]) -> None:
    if array.ndim != len(shape) or any(want not in (None, got) for want, got in zip(shape, array.shape, strict=True)):
        wanted = " × ".join("任意" if size is None else str(size) for size in shape)
        raise ValueError(f"{name} 应有 {wanted} 个数，实际形状为 {array.shape}")


def _integers(
    name: str,
    values: ArrayLike,
    shape: tuple[int | None, ...],
    least: int,
    dtype: type[np.signedinteger[Any]] = np.int32,
) -> NDArray[Any]:
    """Whole numbers of the given shape and at least `least`; anything a cast would change is refused."""
    array: NDArray[Any] = np.asarray(values)
    smallest = [size or 0 for size in shape]
    if array.size == 0 and array.ndim < len(shape) and 0 in smallest:
        array = array.reshape(smallest)
    _shaped(name, array, shape)
    if array.size and (array.dtype.kind not in "iu" or array.max() > np.iinfo(dtype).max):
        raise ValueError(f"{name} 应为整数（{np.dtype(dtype).name}）")
    _refuse(array < least, f"{name} 不应小于 {least}")
    return array.astype(dtype)


def _positions(label: str, lon: ArrayLike, lat: ArrayLike, size: int, *names: str) -> dict[str, NDArray[np.float64]]:
    """Both coordinates, or NaN for both; ValueError for a place that is not on the Earth (axes swapped)."""
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    for name, array in zip(names, (x, y), strict=True):
        _shaped(name, array, (size,))
    known = np.isfinite(x) & np.isfinite(y)
    x, y = np.where(known, x, np.nan), np.where(known, y, np.nan)
    _refuse((np.abs(x) > 180) | (np.abs(y) > 90), f"{label}坐标超出经纬度范围，请检查经度、纬度是否写反")
    return dict(zip(names, (x, y), strict=True))
