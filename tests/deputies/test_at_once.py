"""Two offices at the same month, and an import beside them: nobody's turns are mixed, nobody is overwritten unseen."""

import datetime as dt
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection

from apps.deputies.rota import DutyTurn, Rota, RotaEvent
from apps.deputies.workflow import RotaChanged, Turn, arrange
from apps.imports.importing import Order, bring_in
from tests.town import Town, build, build_users

DAY = dt.date(2030, 3, 12)
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people():
    town = build()
    return town, build_users(town)


def at_once(*works: Callable[[], object]) -> list[object]:
    """What each returned, or the exception it ended with; all begin at the same moment."""
    start, ended = threading.Barrier(len(works)), [None] * len(works)

    def run(place: int, work: Callable[[], object]) -> None:
        start.wait()
        try:
            ended[place] = work()
        except Exception as error:
            ended[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ended


def saving(town: Town, user, *codes: str) -> Callable[[], Rota]:
    return lambda: arrange(user, town.stations["SA"], DAY, {DAY: [Turn(town.deputies[code]) for code in codes]}, version=0)


def test_one_saves_the_others_are_told(people):
    town, users = people
    ended = at_once(saving(town, users.county_office, "D1", "D3"), saving(town, users.town_clerk, "D3", "D6"), saving(town, users.county_office, "D6", "D1"))
    saved = [rota for rota in ended if isinstance(rota, Rota)]
    assert len(saved) == 1 and sum(isinstance(error, RotaChanged) for error in ended) == 2
    assert DutyTurn.objects.count() == 2 and RotaEvent.objects.count() == 1 and RotaEvent.objects.broken_chains() == []


def test_an_import_beside_an_office(people, tmp_path: Path):
    """Whichever comes second either sees the first or is told; the day is one of the two, never a mixture."""
    town, users = people
    file = tmp_path / "rota.csv"
    file.write_text("station,day,order,deputy\nS-A,2030-03-12,1,D6\nS-A,2030-03-12,2,D1\n", encoding="utf-8")
    for _ in range(3):
        DutyTurn.objects.all().delete()
        Rota.objects.update(version=0)
        office, batch = at_once(saving(town, users.county_office, "D1", "D3"), lambda: bring_in(Order("rota", file)))
        assert batch.status == "done" and batch.rejected in (0, 1), batch
        day = list(DutyTurn.objects.order_by("order").values_list("deputy__code", flat=True))
        assert day in (["D6", "D1"], ["D1", "D3"]), (day, office)
        assert isinstance(office, Rota | RotaChanged)
