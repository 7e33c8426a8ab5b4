"""The toy county's next term: one border moved, everything else as it was, so that what changes can be counted by hand.

    y=2 ┌─────────────────┬────────┐      N1 = C1 without its east, N2 = C2 with what C1 loses (the hatched part: x 1.35 to 2),
        │       N2        │   N4   │      N3 = C3 (with the factory), N4 = C4, N5 = C5. Of the doorplates only P06 (1.5, 0.5),
    y=1 ├────────────╮    ├────────┤      南山街8号, changes.
        │     N1     │N2  │   N3   │
    y=0 └────────────┴────┴────────┘
       x=0         1.35   2        3
"""

import datetime as dt

from django.contrib.gis.geos import MultiPolygon

from apps.territory.models import ElectoralDistrict, Term
from tests.town import Town, box

STARTS = dt.date(2027, 2, 1)
SHAPES = {"N1": [(0, 0, 1.35, 1)], "N2": [(0, 1, 2, 2), (1.35, 0, 2, 1)], "N3": [(2, 0, 3, 1)], "N4": [(2, 1, 3, 2)], "N5": None}
SEATS = {"N1": 2, "N2": 1, "N3": 1, "N4": 1, "N5": 1}
PEOPLE = {"N1": 12000, "N2": 9000, "N3": 7000, "N4": 6000, "N5": None}


def shape(*boxes: tuple[float, float, float, float]) -> MultiPolygon:
    whole = box(*boxes[0])
    for other in boxes[1:]:
        whole = whole.union(box(*other))
    return whole if isinstance(whole, MultiPolygon) else MultiPolygon(whole, srid=4326)


def drafted(town: Town, plan: str = "", starts: dt.date = STARTS, **changed) -> Term:
    """The draft, with other shapes for the districts named in `changed`."""
    term = Term.objects.create(
        congress=town.county, level="county", number=18, starts=starts, ends=starts.replace(year=starts.year + 5), state="draft", plan=plan
    )
    for number, (name, boxes) in enumerate((SHAPES | changed).items(), start=1):
        basis = {"N3": "joint", "N5": "workplace"}.get(name, "residence")
        district = ElectoralDistrict.objects.create(
            code=f"{name}-18{plan}", term=term, number=number, name=f"新第{number}选区", seats=SEATS[name], basis=basis, population=PEOPLE[name],
            geom=shape(*boxes) if boxes else None,
        )  # fmt: skip
        if name == "N3":
            district.employers.add(town.organisations["factory"])
        if name == "N5":
            district.employers.add(town.organisations["congress"], town.organisations["dispatcher"])
    return term
