"""People's names: surname by frequency, given name by sex and age; none that belongs to a public figure."""

import numpy as np

from gis_data.county.content import material
from gis_data.county.plan import Plan


class Namer:
    """Draws names without repeating one; `person` gives the full name and the ethnicity."""

    def __init__(self, plan: Plan, topic: str) -> None:
        content = material("names")
        self.rng = plan.rng("names-" + topic)
        self.given = content["given_names"]
        self.avoid = set(content["avoid"])
        self.used: set[str] = set()
        self.surnames, weight = zip(*content["surnames"], strict=True)
        self.weight = np.array(weight) / sum(weight)
        self.she, she_weight = zip(*content["she_surnames"], strict=True)
        self.she_weight = np.array(she_weight) / sum(she_weight)

    def person(self, female: bool, born: int, she: bool = False) -> tuple[str, str]:
        """A full name that has not been drawn before, and 汉族 or 畲族."""
        span = "1950-1969" if born < 1970 else "1970-1989" if born < 1990 else "1990-2008"
        pool = self.given["female" if female else "male"][span]
        for _ in range(400):
            surname = self.rng.choice(self.she, p=self.she_weight) if she else self.rng.choice(self.surnames, p=self.weight)
            second = str(self.rng.choice(pool["second"]))
            first = "" if self.rng.random() < self.given["single_share"][span] else str(self.rng.choice(pool["first"]))
            name = f"{surname}{first}{second}"
            if first != second and name not in self.avoid and name not in self.used:
                self.used.add(name)
                return name, "畲族" if she else "汉族"
        raise RuntimeError("姓名素材不够用，请补充 gis_data/content/names.json")
