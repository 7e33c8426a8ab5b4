"""Codes that people read out and type: every slip of one character, and every swap of two neighbours, is found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.record.codes import ALPHABET, check_character, grouped, new_code, read_code

bodies = st.text(ALPHABET, min_size=9, max_size=9)


def full(body: str) -> str:
    return body + check_character(body)


@given(bodies, st.integers(0, 9), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_found(body, position, other):
    code = full(body)
    wrong = code[:position] + other + code[position + 1 :]
    assert (read_code(wrong) == code) == (wrong == code)
    assert wrong == code or read_code(wrong) is None


@given(bodies, st.integers(0, 8))
def test_two_neighbours_swapped_are_found(body, position):
    code = full(body)
    swapped = code[:position] + code[position + 1] + code[position] + code[position + 2 :]
    assert swapped == code or read_code(swapped) is None


@given(bodies)
def test_any_way_of_typing_it_is_read(body):
    code = full(body)
    wide = "".join(chr(ord(ch) + 0xFEE0) for ch in code)
    for typed in (code, code.lower(), grouped(code), f"  {grouped(code, 3)} ", wide, code.replace("Q", "0").replace("J", "1"), code.replace("Q", "O").replace("J", "l")):
        assert read_code(typed) == code


@pytest.mark.parametrize("typed", ["", "A", "你好", "U" * 500, "----", "A\x00B"])
def test_what_cannot_be_a_code_is_none(typed):
    assert read_code(typed) is None


def test_codes_are_not_repeated():
    assert len({new_code() for _ in range(20000)}) == 20000
