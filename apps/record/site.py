"""The address under which residents reach the site: what is printed into QR codes."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest


def site_of(request: HttpRequest) -> str:
    """PUBLIC_URL, or where there is none the address that this page itself was opened under; without a slash at its end."""
    return settings.PUBLIC_URL or request.build_absolute_uri("/").rstrip("/")


def only_here(site: str) -> bool:
    """Whether no other machine can open the address: codes printed with it would lead nowhere."""
    return (urlsplit(site).hostname or "") in ("localhost", "127.0.0.1", "::1")
