"""An address as people write it → its doorplate: the gazetteer against pg_trgm in the product's own kind of database, in the same run.

Two counties: the one that `gis_data.county` grows, and one made up with names that no material of ours holds. The table lacks some doorplates and
some whole streets, which are asked for too. The peers search the same addresses as the office writes them, in a temporary table of the
cluster at DATABASE_URL (or the private one), as an application would: `ORDER BY similarity`, with either of the two trigram indexes.
"""

import datetime as dt
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from apps.territory.addressing import written
from apps.territory.gazetteer import Gazetteer
from gis_data.county import areas, counties, doorplates
from gis_data.county.plan import Scale
from tests.bench.harness import TREE, Answer, Check, Contender, Data, Goal, Job, Measured
from tests.territory.counties import PARTS, County, made_up
from tests.territory.judged import Count, judge, split
from tests.territory.noise import UNDECIDED, Noise

TODAY = dt.date(2026, 11, 20)
SEED = 2026
FIRST_RIGHT, SILENT = 0.97, 0.005
COUNTIES = ("grown", "made-up")
ABSENT = "not in the table"


def _grown(doors: int) -> County:
    plan = counties.invented(SEED, Scale("bench", doors, 0, 0, 4), TODAY)
    land = areas.grow(plan)
    plates = doorplates.rows(plan, land, doorplates.place(plan, land))
    plates = plates[plates["status"] == "active"]
    table = areas.area_rows(plan, land)
    texts = {
        name: [value if isinstance(value, str) else "" for value in table[name]]
        for name in ("code", "name", "level", "parent", "former_names")
    }
    columns: dict[str, list] = {
        name: [value if isinstance(value, str) else "" for value in plates[name]] for name in ("code", *PARTS)
    }
    columns |= {axis: plates[axis].astype(float).tolist() for axis in ("lon", "lat")}
    former = {code: old.split(";")[0] for code, old in zip(texts["code"], texts["former_names"], strict=True) if old}
    above = [
        next(name for name, level in zip(texts["name"], texts["level"], strict=True) if level == wanted)
        for wanted in ("province", "city", "county")
    ]
    return County(columns, texts, (above[0], above[1], above[2]), former)


def _make(data: Data) -> None:
    doors, houses = data.size(1_000_000, 30_000), data.size(250, 30)
    for name, county in (("grown", _grown(doors)), ("made-up", made_up(doors, SEED))):
        left, held = split(county, SEED)
        noise, rng = Noise(county, SEED), np.random.default_rng(SEED)
        kept = np.setdiff1d(np.arange(len(county)), held)
        asked: list[tuple[str, str, str]] = []  # kind, text, code
        for label, rows in (
            ("", rng.choice(kept, houses, replace=False)),
            (ABSENT, rng.choice(held, max(10, houses // 4), replace=False)),
        ):
            for row in rows.tolist():
                asked += [
                    (label or kind, text, county.doorplates["code"][row])
                    for kind, text in noise.every_kind(row).items()
                ]
        content = {"doorplates": left.doorplates, "areas": left.areas, "asked": asked}
        (data.folder / f"{name}.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        data.keep(**{f"{name}-order": rng.permutation(len(asked))})


def _read(data: Data, name: str) -> dict[str, Any]:
    return json.loads((data.folder / f"{name}.json").read_text(encoding="utf-8"))


def _some(data: Data, name: str, asked: list) -> list:
    """The addresses that all contenders are timed with, in an order of chance."""
    chosen = data[f"{name}-order"][: data.size(400, 60)]
    return [asked[place] for place in chosen.tolist()]


def _timed(resolve: Callable[[str], str], asked: list) -> Answer:
    seconds, right = [], []
    for _, text, code in asked:
        began = time.perf_counter()
        found = resolve(text)
        seconds.append(time.perf_counter() - began)
        right.append(found == code)
    return {"seconds": np.array(seconds), "right": np.array(right)}


def _ours(data: Data) -> Callable[[], Answer]:
    content = _read(data, "grown")
    gazetteer = Gazetteer(content["doorplates"], content["areas"])
    asked = _some(data, "grown", content["asked"])
    del content

    def first(text: str) -> str:
        found = gazetteer.resolve(text).candidates
        return found[0].code if found else ""

    first(asked[0][1])
    return lambda: _timed(first, asked)


def _built(data: Data) -> Callable[[], Answer]:
    content = _read(data, "grown")
    return lambda: {"doors": len(Gazetteer(content["doorplates"], content["areas"]))}


def _loaded(data: Data) -> Callable[[], Answer]:
    content = _read(data, "grown")
    folder = data.folder / "gazetteer"
    folder.mkdir(exist_ok=True)
    Gazetteer(content["doorplates"], content["areas"]).save(folder)
    text = content["asked"][0][1]
    del content
    return lambda: {"kind": Gazetteer.load(folder).resolve(text).kind}


def _trigram(index: str, query: str) -> Callable[[Data], Callable[[], Answer]]:
    """A contender that asks the database, over one kept connection, with the statement prepared."""

    def prepare(data: Data) -> Callable[[], Answer]:
        connection = _connected()
        content = _read(data, "grown")
        plates = content["doorplates"]
        name = dict(zip(content["areas"]["code"], content["areas"]["name"], strict=True))
        connection.execute("CREATE TEMPORARY TABLE addresses (code text, address text)")
        with connection.cursor() as cursor, cursor.copy("COPY addresses FROM STDIN") as copy:
            for row, code in enumerate(plates["code"]):
                parts = {part: plates[part][row] for part in PARTS}
                parts |= {part: name.get(parts[part], "") for part in ("town", "village")}
                copy.write_row((code, written(**parts)))
        connection.execute(f"CREATE INDEX ON addresses USING {index}")
        connection.execute("ANALYZE addresses")
        asked = _some(data, "grown", content["asked"])
        del content, plates

        def first(text: str) -> str:
            found = connection.execute(query, {"q": text.replace("\x00", "")}, prepare=True).fetchone()
            return found[0] if found else ""

        first(asked[0][1])
        return lambda: _timed(first, asked)

    return prepare


def _connected() -> Any:
    import psycopg

    kept = Path(os.environ.get("DATA_DIR") or TREE / ".local") / "database_url"
    url = os.environ.get("DATABASE_URL") or (kept.read_text().strip() if kept.exists() else "")
    if not url:
        raise ImportError("no database: set DATABASE_URL")
    connection = psycopg.connect(url, autocommit=True)
    connection.execute("SET max_parallel_workers_per_gather = 0")
    connection.execute("SET temp_buffers = '512MB'")
    connection.execute("SET maintenance_work_mem = '512MB'")
    return connection


def _p95(data: Data, contender: str) -> float | None:
    answer = data.answer(contender)
    return float(np.quantile(answer["seconds"], 0.95)) if answer else None


def _ratio(_: Mapping[str, Measured], data: Data) -> float | None:
    """Against the peer whose p95 is the better of the two."""
    ours, peers = _p95(data, "ours"), [found for key in ("gin", "gist") if (found := _p95(data, key))]
    return min(peers) / ours if ours and peers else None


def _check(data: Data) -> list[Check]:
    counts = {name: _judged(data, name) for name in COUNTIES}
    return [*_speeds(data), *_kinds(counts), *(check for name in COUNTIES for check in _demanded(name, counts[name]))]


def _speeds(data: Data) -> Iterator[Check]:
    for key, title in (("ours", "gazetteer"), ("gin", "pg_trgm GIN"), ("gist", "pg_trgm GiST")):
        if answer := data.answer(key):
            p50, p95, p99 = (1e3 * float(np.quantile(answer["seconds"], share)) for share in (0.5, 0.95, 0.99))
            found = f"p50 {p50:.3g} ms, p95 {p95:.3g} ms, p99 {p99:.3g} ms; {100 * answer['right'].mean():.0f}% right first, a fifth not being in the table"
            yield Check(f"one address, {title}", True, found)


def _judged(data: Data, name: str) -> dict[str, Count]:
    content = _read(data, name)
    gazetteer = Gazetteer(content["doorplates"], content["areas"])
    counts: dict[str, Count] = {}
    for kind, text, code in content["asked"]:
        judge(gazetteer, text, code, kind == ABSENT, counts.setdefault(kind, Count()))
    return counts


def _kinds(counts: Mapping[str, Mapping[str, Count]]) -> Iterator[Check]:
    """Each kind of noise apart."""
    for kind in dict.fromkeys(kind for name in COUNTIES for kind in counts[name]):
        yield Check(kind, True, "; ".join(f"{name}: {counts[name][kind]}" for name in COUNTIES if kind in counts[name]))


def _demanded(name: str, counts: Mapping[str, Count]) -> Iterator[Check]:
    """All kinds by which the house can be told; and all that was asked."""
    told = sum((count for kind, count in counts.items() if kind not in (*UNDECIDED, ABSENT)), Count())
    whole = sum(counts.values(), Count())
    yield Check(f"{name} county, right first ≥ {FIRST_RIGHT:.0%}", told.first >= FIRST_RIGHT * told.asked, str(told))
    yield Check(
        f"{name} county, silently wrong ≤ {SILENT:.1%}, absent houses counted",
        whole.silent <= SILENT * whole.asked,
        str(whole),
    )


JOB = Job(
    key="addresses",
    title=lambda data: f"{data.size(400, 60):,} noisy addresses → doorplates among {data.size(1_000_000, 30_000):,}",
    make=_make,
    contenders=(
        Contender("ours", "Gazetteer, kept", _ours),
        Contender("gin", "pg_trgm, GIN, address % q ORDER BY similarity", _trigram("gin (address gin_trgm_ops)", "SELECT code FROM addresses WHERE address %% %(q)s ORDER BY similarity(address, %(q)s) DESC LIMIT 5"), repeats=1),
        Contender("gist", "pg_trgm, GiST, ORDER BY address <-> q", _trigram("gist (address gist_trgm_ops(siglen=64))", "SELECT code FROM addresses ORDER BY address <-> %(q)s LIMIT 5"), repeats=1),
        Contender("built", "Gazetteer, built from the table's columns", _built, repeats=1),
        Contender("loaded", "Gazetteer, from its files, with the first answer", _loaded),
    ),
    goals=(Goal("ours", "p95 against the better of the two pg_trgm", _ratio, at_least=20.0),),
    check=_check,
)  # fmt: skip
