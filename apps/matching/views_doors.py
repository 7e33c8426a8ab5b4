"""Scanning: the page with the camera, what was read there, and the pages behind the codes on doors."""

from csp.constants import SELF, WASM_UNSAFE_EVAL
from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from apps.matching.doors import Door, path_behind, path_of_others, read_door
from apps.matching.finding import OutsideCounty, find_at
from apps.matching.views import place_page
from apps.record.limits import GUESSING, ONE_CODE, READING, limited
from apps.territory import suggestions

LONGEST_ADDRESS = 60  # characters: what is longer was no address that somebody typed


@limited(READING)
@require_GET
@csp_update({"script-src": [SELF, WASM_UNSAFE_EVAL]})  # the reader of QR codes is a WebAssembly program of ours
def scan(request: HttpRequest) -> HttpResponse:
    """The camera in the page; a photo or a typed code where there is none."""
    return render(request, "matching/scan.html")


@limited(READING, GUESSING)
@never_cache
@require_GET
def scan_read(request: HttpRequest) -> HttpResponse:
    """/scan/read?text= — leads to the page of whatever was scanned or typed."""
    text = request.GET.get("text", "").replace("\x00", "").strip()
    if not text:
        return redirect("scan")
    path = path_behind(text)
    return redirect(path) if path else _unknown(request, text)


@limited(READING, GUESSING, ONE_CODE)
@never_cache
@require_GET
def door(request: HttpRequest, code: str) -> HttpResponse:
    """/d/CODE — our own code on a door, or at a station's."""
    if found := read_door(code):
        return _door_page(request, found)
    path = path_of_others(code)
    return redirect(path) if path else _unknown(request)


@limited(READING, GUESSING, ONE_CODE)
@never_cache
@require_GET
def issued_door(request: HttpRequest, issuer: str, code: str) -> HttpResponse:
    """/d/ISSUER/ID — a plate of another issuer, whose own page may link here."""
    found = read_door(f"{issuer}/{code}")
    return _door_page(request, found) if found else _unknown(request)


def _door_page(request: HttpRequest, door: Door) -> HttpResponse:
    door.count_scan()
    try:
        place = find_at(door.point.x, door.point.y, on=timezone.localdate(), doorplate=door.doorplate)
    except OutsideCounty as refusal:
        return _private(render(request, "matching/not_found.html", {"message": str(refusal)}, status=404))
    return _private(place_page(request, place, door=door.code, door_words=door.words))


def _unknown(request: HttpRequest, typed: str = "") -> HttpResponse:
    """One answer for codes that nobody issued, that are void and that are no codes. An address typed in their place can be searched for."""
    address = typed if len(typed) <= LONGEST_ADDRESS and any("\u4e00" <= character <= "\u9fff" for character in typed) else ""
    page = {"typed": "" if address else typed[:LONGEST_ADDRESS], "q": address, "example": suggestions.example()}
    return _private(render(request, "matching/code_unknown.html", page, status=404))


def _private(response: HttpResponse) -> HttpResponse:
    """What only its code opens: search engines are to leave it alone."""
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
