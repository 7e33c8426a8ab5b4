"""Opaque codes that people read out, type and scan: unguessable, without look-alikes, with a check character."""

import secrets

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # 31 characters, prime: any wrong character or swap changes the check
LOOK_ALIKE = str.maketrans({"0": "Q", "O": "Q", "I": "J", "1": "J", "L": "J"})


def check_character(body: str) -> str:
    """Weighted sum modulo 31: finds every single wrong character and every swap of two neighbours."""
    total = sum((position + 2) * ALPHABET.index(character) for position, character in enumerate(body))
    return ALPHABET[total % len(ALPHABET)]


def new_code(length: int = 9) -> str:
    """A random code of `length` characters and its check character; 9 characters carry 44 bits."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(length))
    return body + check_character(body)


def read_code(typed: str) -> str | None:
    """The code that somebody typed, in whatever grouping, case or width; None when it cannot be one."""
    halfwidth = typed.translate({code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)})
    code = "".join(ch for ch in halfwidth.upper() if ch.isalnum()).translate(LOOK_ALIKE)
    if len(code) < 3 or any(ch not in ALPHABET for ch in code) or check_character(code[:-1]) != code[-1]:
        return None
    return code


def grouped(code: str, size: int = 5) -> str:
    """For the screen: groups of five, so that it can be read out."""
    return "-".join(code[start : start + size] for start in range(0, len(code), size))
