"""From a code on a door to the place it stands for: our own code, an issuer's plate, or whatever was scanned or typed."""

from dataclasses import dataclass

from django.contrib.gis.geos import Point
from django.urls import reverse
from django.utils import timezone

from apps.deputies.codes import DeputyCode, StationCode, StationScan
from apps.territory.models import Doorplate
from apps.territory.plates import IssuedPlate, IssuedPlateScan, PlateCode, PlateScan, read_scanned


@dataclass(frozen=True, eq=False)
class Door:
    """What a code leads to. code: as it stands after /d/, CODE or ISSUER/ID; words: what stands there, for a house without a doorplate."""

    code: str
    point: Point
    doorplate: Doorplate | None
    words: str
    found: PlateCode | IssuedPlate

    def count_scan(self) -> None:
        """One more scan of this code today; nothing about who."""
        scans = PlateScan if isinstance(self.found, PlateCode) else IssuedPlateScan
        scans.objects.count_scan(self.found, timezone.localdate())


def read_door(code: str) -> Door | None:
    """The door behind CODE or ISSUER/ID, whose replaced codes lead on; None for every other text, void codes among them."""
    issuer, listed, external_id = code.partition("/")
    if listed:
        return _issued(IssuedPlate.objects.leading_to(issuer, external_id))
    return _own(PlateCode.objects.select_related("doorplate").leading_to(code))


def path_behind(text: str) -> str | None:
    """The path on this site that a scanned or typed text leads to; None when it leads nowhere. Nothing in the text is ever opened."""
    scanned = read_scanned(text)
    door = _own(scanned.plate) or _issued(scanned.issued)
    return _path_of(door) if door else path_of_others(scanned.code)


def path_of_others(code: str) -> str | None:
    """The page of the station or deputy whose code it is. Both tables are asked, so that no answer takes longer than another."""
    station = StationCode.objects.select_related("station").leading_to(code)
    deputy = DeputyCode.objects.leading_to(code)
    if station:
        StationScan.objects.count_scan(station, timezone.localdate())
        return reverse("station_page", args=[station.station.code])
    return reverse("deputy_by_code", args=[deputy.code]) if deputy else None


def _path_of(door: Door) -> str:
    issuer, listed, external_id = door.code.partition("/")
    return reverse("issued_door", args=[issuer, external_id]) if listed else reverse("door", args=[door.code])


def _own(plate: PlateCode | None) -> Door | None:
    return Door(plate.code, plate.place, plate.doorplate, plate.words, plate) if plate else None


def _issued(plate: IssuedPlate | None) -> Door | None:
    return Door(f"{plate.issuer.slug}/{plate.external_id}", plate.doorplate.point, plate.doorplate, "", plate) if plate else None
