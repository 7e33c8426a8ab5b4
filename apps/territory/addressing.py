"""Addresses as people write them: taken apart, in one spelling, and the key they are found by. Knows no database."""

from apps.territory.parsing import PARTS, Address, parse
from apps.territory.spelling import house_keys, names_elsewhere, plain, respelled, search_key, split, written

__all__ = ["PARTS", "Address", "house_keys", "names_elsewhere", "parse", "plain", "respelled", "search_key", "split", "written"]
