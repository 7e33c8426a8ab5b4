"""How an issuer's plates are read: a pattern that staff type, over the text of a QR code, with one named group `id`.

Patterns run on RE2, whose time grows only with the length of the text: no pattern, however it was typed, can hold up the server.
Django-free.
"""

from functools import lru_cache

import re2

LONGEST_TEXT = 1000  # characters of a scanned text that are looked at; a QR code of a plate holds some hundred
LONGEST_PATTERN = 300
MEMORY = 1 << 20  # bytes a compiled pattern may take

_OPTIONS = re2.Options()
_OPTIONS.max_mem = MEMORY
_OPTIONS.log_errors = False


class PatternRefused(ValueError):
    """The pattern cannot be used. The message is Chinese and says what to do."""


@lru_cache(maxsize=512)
def compiled(pattern: str):
    """The pattern, ready for use. PatternRefused when it is not one, is too large, or has no group `id`."""
    if len(pattern) > LONGEST_PATTERN:
        raise PatternRefused(f"规则太长，请缩短到 {LONGEST_PATTERN} 个字符以内。")
    if not pattern.isprintable():
        raise PatternRefused("规则里有看不见的字符，请重新输入。")
    try:
        made = re2.compile(pattern, _OPTIONS)
    except re2.error as error:
        reason = error.args[0].decode(errors="replace") if error.args and isinstance(error.args[0], bytes) else str(error)
        raise PatternRefused(f"规则写得不对（{reason[:80]}）。可以用的写法：\\d 数字，[A-Z] 字母，{{25}} 次数；不能用前后断言和反向引用。") from None
    if "id" not in made.groupindex:
        raise PatternRefused("规则里要用 (?P<id>…) 括出编号，例如 https://mp.example.gov.cn/q\\?c=(?P<id>\\d{25})。")
    return made


def read_id(pattern: str, text: str) -> str | None:
    """The id in a scanned text that the pattern fits from end to end; None for every other text."""
    if len(text) > LONGEST_TEXT:
        return None
    found = compiled(pattern).fullmatch(text.encode(errors="replace").decode())
    return (found.group("id") or None) if found else None
