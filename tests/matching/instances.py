"""Small assignment problems, written one row per project and deputy."""

import numpy as np

from apps.matching.assignment import Deputies, Projects

NOWHERE = (np.nan, np.nan)


def project(at=(0.0, 0.0), field=-1, demand=1, experts=0, town=-1, organisations=()):
    return {
        "at": at,
        "field": field,
        "demand": demand,
        "experts": experts,
        "town": town,
        "organisations": organisations,
    }


def deputy(home=(0.0, 0.0), work=NOWHERE, fields=(), capacity=1, organisation=-1, towns=(-1, -1)):
    return {
        "home": home,
        "work": work,
        "fields": fields,
        "capacity": capacity,
        "organisation": organisation,
        "towns": towns,
    }


def projects(*rows):
    width = max([1, *(len(row["organisations"]) for row in rows)])
    organisations = np.full((len(rows), width), -1, np.int32)
    for target, row in zip(organisations, rows, strict=True):
        target[: len(row["organisations"])] = row["organisations"]
    at = np.array([row["at"] for row in rows], float).reshape(-1, 2)
    numbers = {name: np.array([row[name] for row in rows], np.int32) for name in ("field", "demand", "experts", "town")}
    return Projects(lon=at[:, 0], lat=at[:, 1], organisations=organisations, **numbers)


def deputies(*rows, fields=3):
    home = np.array([row["home"] for row in rows], float).reshape(-1, 2)
    work = np.array([row["work"] for row in rows], float).reshape(-1, 2)
    known = np.zeros((len(rows), fields), bool)
    for target, row in zip(known, rows, strict=True):
        target[list(row["fields"])] = True
    return Deputies(
        residence_lon=home[:, 0],
        residence_lat=home[:, 1],
        workplace_lon=work[:, 0],
        workplace_lat=work[:, 1],
        fields=known,
        capacity=np.array([row["capacity"] for row in rows], np.int32),
        organisation=np.array([row["organisation"] for row in rows], np.int32),
        towns=np.array([row["towns"] for row in rows], np.int32).reshape(-1, 2),
    )
