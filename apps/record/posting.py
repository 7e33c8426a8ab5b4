"""The one way in which this house writes to an address outside: JSON by POST, with patience, never redirected, to listed hosts only."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from urllib.parse import urlsplit

PATIENCE = 10.0  # seconds
LONGEST = 65536  # bytes of an answer that are read


class NotPosted(Exception):
    """It did not arrive, or was not taken. The message is Chinese, fit for the office, and holds no key: of an address only the host."""


class _NotElsewhere(urllib.request.HTTPRedirectHandler):
    """Keys stand in addresses and headers: nobody is to be led on with them."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        return None


_opener = urllib.request.build_opener(_NotElsewhere)


def post_json(url: str, payload: bytes, *, headers: Mapping[str, str] | None = None, patience: float = PATIENCE) -> dict:
    """Send JSON and give back the answer's object ({} when it is none). Raises NotPosted."""
    request = urllib.request.Request(url, data=payload, headers={"Content-Type": "application/json; charset=utf-8", **(headers or {})}, method="POST")
    host = urlsplit(url).netloc
    try:
        with _opener.open(request, timeout=patience) as response:
            answer = response.read(LONGEST)
    except urllib.error.HTTPError as failure:
        failure.close()
        raise NotPosted(f"{host} 答复 {failure.code}。") from None
    except (OSError, ValueError) as failure:  # refused, reset, timed out, no such host
        raise NotPosted(f"连不上 {host}：{getattr(failure, 'reason', None) or failure}。") from None
    try:
        said = json.loads(answer)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
