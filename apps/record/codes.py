"""Opaque codes that people read out, type and scan: unguessable, without look-alikes, with a check character.

Codes that are printed (doors, stations, deputies) are signed besides: the truncated HMAC tells one of ours from any other text
without a look into the database, and nobody without the key can make one up.
"""

import hashlib
import hmac
import secrets

from django.conf import settings

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # 31 characters, prime: any wrong character or swap changes the check
BODY, SEAL = 8, 3  # characters of a signed code before its check character: 40 bits by chance, 15 bits by the key
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


def signed_code() -> str:
    """A fresh signed code of 12 characters: random body, seal by the first of CODE_KEYS, check character."""
    body = _spelled(secrets.randbelow(len(ALPHABET) ** BODY), BODY)
    body += _seal(settings.CODE_KEYS[0], body)
    return body + check_character(body)


def read_signed(typed: str) -> str | None:
    """The signed code that somebody typed or scanned, in whatever grouping, case or width; None when it was not signed by any of
    CODE_KEYS. Every key is tried in constant time. Whether the code was ever issued only the table knows: ask it in any case."""
    code = read_code(typed)
    body, seal = (code[:BODY], code[BODY:-1]) if code and len(code) == BODY + SEAL + 1 else (ALPHABET[0] * BODY, "")
    ours = [hmac.compare_digest(_seal(key, body), seal) for key in settings.CODE_KEYS]
    return code if any(ours) else None


def _seal(key: str, body: str) -> str:
    digest = hmac.digest(key.encode(), body.encode(), hashlib.sha256)
    return _spelled(int.from_bytes(digest[:8], "big"), SEAL)


def _spelled(number: int, length: int) -> str:
    """The last `length` digits of a number, in the alphabet."""
    characters = []
    for _ in range(length):
        number, digit = divmod(number, len(ALPHABET))
        characters.append(ALPHABET[digit])
    return "".join(characters)
