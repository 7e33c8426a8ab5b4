"""The deputy grid as offices keep it already: in most villages it is confirmed who lives there, a few rows are decided against."""

import datetime as dt

import numpy as np
import pandas as pd

from gis_data.county.areas import Land
from gis_data.county.deputies import Person
from gis_data.county.doorplates import Doors
from gis_data.county.plan import Plan

DONE = 0.75  # of the villages are gone through
DECLINED = 0.04
WHY = ("常年在外地", "近期准备搬离", "身体原因，本人请辞", "已联系其他网格")


def rows(plan: Plan, land: Land, doors: Doors, people: list[Person]) -> pd.DataFrame:
    """The layer `gridmember`: by residence, every grid of the village; deputies of a township alone in their own town."""
    rng = plan.rng("grid members")
    done = rng.random(len(land.village_code)) < DONE
    since = [(plan.today - dt.timedelta(days=int(days))).isoformat() for days in rng.integers(60, 500, len(plan.towns))]
    table = []
    for person in sorted(people, key=lambda person: person.code):
        village = int(doors.village[person.home])
        town = int(land.village_town[village])
        seats = [mandate for mandate in person.mandates if not mandate.ended_on]
        if not done[village] or not any(mandate.level != "township" or mandate.congress == plan.towns[town].code for mandate in seats):
            continue
        declined = bool(rng.random() < DECLINED)
        reason = str(rng.choice(WHY)) if declined else ""
        for grid in np.flatnonzero(land.grid_village == village):
            state = "declined" if declined else "confirmed"
            table.append((land.grid_code[grid], person.code, "residence", None, state, since[town], reason))
    return pd.DataFrame(table, columns=["grid", "deputy", "basis", "field", "state", "since", "reason"])
