"""The site's own addresses: the one under which residents reach it, printed into QR codes; the page that a form leads back to."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def site_of(request: HttpRequest) -> str:
    """PUBLIC_URL, or where there is none the address that this page itself was opened under; without a slash at its end."""
    return settings.PUBLIC_URL or request.build_absolute_uri("/").rstrip("/")


def only_here(site: str) -> bool:
    """Whether no other machine can open the address: codes printed with it would lead nowhere."""
    return (urlsplit(site).hostname or "") in ("localhost", "127.0.0.1", "::1")


def way_back(request: HttpRequest) -> str:
    """Where to go after what the page was asked for: its `next`, if that is a page of ours; "" otherwise."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return target if ours else ""
