"""What is printed: the card of a deputy, the sign at a station's door. Each is a QR code with what people read beside it.

Links are written out: the office zone that prints does not serve these pages itself.
"""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from django.utils import timezone

from apps.deputies.codes import DeputyCode, StationCode
from apps.deputies.profiles import profiles
from apps.record.sheets import Sign

LAYOUTS = ("sticker10", "small", "medium")
LEGIBLE = 20  # characters in the line above the name: more would be printed too small to read
A_FILE = 200  # cards: a few seconds of work; more go into further files


def site(typed: str) -> str:
    """The public site's address as it is printed, https://host; "" when it is none."""
    try:
        parts = urlsplit(typed.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc or parts.path.strip("/") or parts.query or parts.fragment:
        return ""
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}"


def deputy_signs(codes: Iterable[DeputyCode], at: str) -> list[Sign]:
    """One card a code: what he is above his name. at: `site(…)`. Codes come with `deputy__station`."""
    codes = list(codes)
    shown = profiles([code.deputy for code in codes], timezone.localdate())
    return [
        Sign(
            link=f"{at}/p/{code.code}", code=code.spelled, title=_title(profile.titles), words=code.deputy.name,
            foot=f"扫码反映问题{f' · {code.deputy.station.name}' if code.deputy.station else ''}",
        )
        for code, profile in zip(codes, shown, strict=True)
    ]  # fmt: skip


def _title(titles: tuple[str, ...]) -> str:
    """What he is, in a line that stays legible: the villages in brackets behind a district's name are left out of a long one."""
    title = titles[0] if titles else "人大代表"
    return title if len(title) <= LEGIBLE else re.sub(r"[(（][^()（）]*[)）]$", "", title)


def station_signs(codes: Iterable[StationCode], at: str) -> list[Sign]:
    """One sign a code. Codes come with `station`."""
    return [
        Sign(link=f"{at}/d/{code.code}", code=code.spelled, title="扫码找代表", words=code.station.name, foot="看今天谁值班，向代表反映问题") for code in codes
    ]
