"""Addresses as people write them: taken apart, in one spelling, and found among all doorplates. Knows no database."""

from apps.territory.gazetteer import Candidate, Gazetteer, Resolution
from apps.territory.parsing import PARTS, Address, parse
from apps.territory.spelling import plain, respelled, search_key, split, written
from apps.territory.whereabouts import Position

__all__ = [
    "PARTS", "Address", "Candidate", "Gazetteer", "Position", "Resolution", "parse", "plain", "respelled", "search_key", "split", "written",
]  # fmt: skip
