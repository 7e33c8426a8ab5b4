"""Matters under supervision besides the key projects: the year's 民生实事项目, voted by the congress, and 重点督办建议."""

import numpy as np
import pandas as pd

from gis_data.county.areas import Land
from gis_data.county.content import material
from gis_data.county.organisations import Organisations
from gis_data.county.plan import Plan
from gis_data.layers import LAYERS

KINDS = (("livelihood", "projects", "M", 10, 3), ("suggestion", "overseen", "D", 8, 2))  # kind, material, letter of the code, how many, team
SPREAD = 250.0  # metres around a village's middle


def rows(plan: Plan, land: Land, organisations: Organisations) -> pd.DataFrame:
    """The layer `topic`: in a small county fewer, each in another village."""
    rng, made = plan.rng("topics"), []
    for kind, group, letter, most, demand in KINDS:
        villages = rng.permutation(len(land.village_code))
        for number, (matter, village) in enumerate(zip(material("livelihood")[group][:most], villages.tolist(), strict=False), start=1):
            town = int(land.village_town[village])
            angle, away = rng.uniform(0, 2 * np.pi), SPREAD * rng.random()
            x, y = land.village_centre[village] + away * np.array([np.cos(angle), np.sin(angle)])
            lon, lat = plan.degrees(np.array([x]), np.array([y]))
            made.append({
                "code": f"{letter}{plan.today.year}{number:02d}", "kind": kind, "year": plan.today.year, "field": matter["field"], "text": matter["text"],
                "title": matter["title"].format(town=plan.towns[town].short, village=land.village_name[village]),
                "responsible": organisations.unit(matter["unit"], town), "owner": organisations.township(town), "demand": demand, "experts": 1,
                "lon": float(lon[0]), "lat": float(lat[0]),
            })  # fmt: skip
    return pd.DataFrame(made, columns=[*(column.name for column in LAYERS["topic"].columns), "lon", "lat"])
