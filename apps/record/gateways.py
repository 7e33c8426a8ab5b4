"""Ways to reach residents outside the house: SMS and WeChat, each by whatever gateway the county has.

An adapter is anything with `takes` and `send`; `HttpGateway` speaks to most gateways by settings alone: SMS_GATEWAY and
WECHAT_GATEWAY name the address, …_KEY the key, …_BODY the JSON that it wants with {to}, {text}, {id} and {key} in it, …_SUCCESS what its
answer must say (`code=0`). A gateway that is not set is not there.
"""

import hashlib
import hmac
import json
import re
import uuid
from dataclasses import dataclass, field
from typing import Protocol

from django.conf import settings

from apps.record.posting import NotPosted, post_json

PLACEHOLDER = re.compile(r"\{(to|text|id|key)\}")


class GatewayRefused(Exception):
    """It did not go out. The message is for the office; `for_good`: trying again cannot help."""

    def __init__(self, message: str, *, for_good: bool = False) -> None:
        super().__init__(message)
        self.for_good = for_good


class Adapter(Protocol):
    name: str

    def takes(self, contact: str) -> str:
        """The address within a contact that this adapter can write to; empty when there is none."""

    def send(self, to: str, text: str, reference: uuid.UUID) -> None:
        """Send, or raise GatewayRefused. The same reference is the same message: a gateway may drop the second."""


@dataclass(frozen=True)
class HttpGateway:
    """A gateway that takes JSON over HTTP. The body is signed with the key (HMAC-SHA256, header X-Signature)."""

    name: str
    url: str
    key: str
    body: dict
    success: str
    pattern: re.Pattern = field(compare=False)

    def takes(self, contact: str) -> str:
        found = self.pattern.search(contact.translate(HALFWIDTH).replace("-", "").replace(" ", ""))
        return found.group() if found else ""

    def send(self, to: str, text: str, reference: uuid.UUID) -> None:
        said = {"to": to, "text": text, "id": str(reference), "key": self.key}
        payload = json.dumps(_filled(self.body, said), ensure_ascii=False).encode()
        signature = hmac.digest(self.key.encode(), payload, hashlib.sha256).hex()
        try:
            answer = post_json(self.url, payload, headers={"X-Signature": signature, "Authorization": f"Bearer {self.key}"} if self.key else {})
        except NotPosted as failure:
            raise GatewayRefused(str(failure)) from failure
        name, _, wanted = self.success.partition("=")
        if name and str(answer.get(name)) != wanted:
            raise GatewayRefused(f"短信平台没有收：{name} 是 {answer.get(name)!r}，应是 {wanted}。")


HALFWIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
PATTERNS = {"sms": re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)"), "wechat": re.compile(r"(?<![\w-])o[\w-]{27}(?![\w-])", re.ASCII)}


def adapters() -> dict[str, Adapter]:
    """Those that are set, by way: `wechat` first, since it costs nothing."""
    found: dict[str, Adapter] = {}
    for way in ("wechat", "sms"):
        given = settings.GATEWAYS.get(way)
        if given and given["url"]:
            found[way] = HttpGateway(way, given["url"], given["key"], given["body"], given["success"], PATTERNS[way])
    return found


def _filled(template, said: dict[str, str]):
    """The template with its placeholders filled, inside strings only: what is sent cannot change the body's shape."""
    if isinstance(template, str):
        return PLACEHOLDER.sub(lambda found: said[found.group(1)], template)
    if isinstance(template, dict):
        return {name: _filled(value, said) for name, value in template.items()}
    if isinstance(template, list):
        return [_filled(value, said) for value in template]
    return template
