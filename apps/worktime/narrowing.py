"""What a limit may be narrowed to: the levels and topics of a room above, which tells them here from its AppConfig."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from apps.worktime.policies import GROUPS


@dataclass(frozen=True)
class Narrowing:
    """levels: code -> label; topics: what they are now."""

    levels: Mapping[str, str]
    topics: Callable[[], list[str]]


NARROWINGS: dict[str, Narrowing] = {}
"""A heading of policies.GROUPS -> what its limits may be narrowed to."""


def narrowing_of(step: str) -> Narrowing | None:
    return next((NARROWINGS[heading] for heading, steps in GROUPS.items() if step in steps and heading in NARROWINGS), None)


def words_of(step: str, level: str, topic: str) -> str:
    """For whom a narrower limit holds: 县级、城乡建设."""
    narrowing = narrowing_of(step)
    label = narrowing.levels.get(level, level) if narrowing else level
    return "、".join(part for part in (label, topic) if part)
