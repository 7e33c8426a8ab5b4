"""A picture that somebody sends, made safe: decoded, turned upright, reduced and written anew, so that nothing of the file itself is
kept: no place, no time, no camera, no thumbnail, no text, and nothing that only pretended to be a picture.

What the camera noted (when, where) is given back beside the pictures, for whoever may know it. No Django here.
"""

import datetime as dt
import io
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO
from zoneinfo import ZoneInfo

import pi_heif
from PIL import ExifTags, Image, ImageCms, ImageOps

FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")
MAX_PIXELS = 50_000_000  # a telephone's full resolution; what is larger would take more memory than one request may
MAX_RATIO = 20  # no photograph is so long and thin
FULL, SMALL = 2560, 480  # pixels of the longer side
QUALITY = {FULL: 85, SMALL: 78}
HERE = ZoneInfo("Asia/Shanghai")  # of cameras that do not note their offset
OLDEST = 1995

pi_heif.register_heif_opener(thumbnails=False)


class UnreadablePicture(ValueError):
    """The bytes are not a picture that we take. The message is Chinese and says what to do."""


@dataclass(frozen=True, eq=False)
class Picture:
    """full, small: JPEG without metadata; width, height: pixels of `full`; taken_at, lon, lat: as the camera noted, unchecked by anybody."""

    full: bytes
    small: bytes
    width: int
    height: int
    taken_at: dt.datetime | None
    lon: float | None
    lat: float | None


def read_picture(file: BinaryIO) -> Picture:
    """The picture in a file, whatever its name says. Raises UnreadablePicture."""
    try:
        file.seek(0)
        with Image.open(file, formats=FORMATS) as image:
            _check_size(*image.size)
            taken_at, lon, lat = _noted(image)
            image.draft("RGB", (FULL, FULL))  # a JPEG is decoded at a half, a quarter or an eighth where that is enough
            image.load()
            upright = _plain(_upright(image))
    except UnreadablePicture:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UnreadablePicture("照片的像素太多，没有收。请用手机的普通模式拍，或先缩小再传。") from None
    except Exception as failure:  # decoders trip over broken files in many ways; none of them may reach the page
        raise UnreadablePicture("不是能读的照片（JPG、PNG、WebP 或 HEIC），或文件已损坏，没有收。请重新选一张照片；PDF、Word 等文件不能当照片传。") from failure
    full = _reduced(upright, FULL)
    width, height = full.size
    return Picture(_written(full, QUALITY[FULL]), _written(_reduced(full, SMALL), QUALITY[SMALL]), width, height, taken_at, lon, lat)


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise UnreadablePicture(f"照片有 {width * height / 1e6:.0f} 百万像素，太大了，没有收。请用手机的普通模式拍，或先缩小再传。")
    if min(width, height) < 8 or max(width, height) > MAX_RATIO * min(width, height):
        raise UnreadablePicture(f"照片的尺寸是 {width} × {height}，不像一张照片，没有收。请重新选一张。")


def _upright(image: Image.Image) -> Image.Image:
    with suppress(Exception):  # EXIF is as broken as the software that last touched it
        return ImageOps.exif_transpose(image)
    return image


def _plain(image: Image.Image) -> Image.Image:
    """In 8-bit sRGB without transparency, in which every screen shows the same."""
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I"):  # 16 bits of grey
        image = image.point(lambda value: value / 256).convert("L")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        seen = image.convert("RGBA")
        image = Image.new("RGB", seen.size, "white")
        image.paste(seen, mask=seen.getchannel("A"))
    elif profile and image.mode in ("RGB", "CMYK", "L"):
        with suppress(Exception):  # a broken profile: the colours as they are
            image = ImageCms.profileToProfile(image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), outputMode="RGB") or image
    return image.convert("RGB")


def _reduced(image: Image.Image, side: int) -> Image.Image:
    copy = image.copy()
    copy.thumbnail((side, side), Image.Resampling.LANCZOS)
    return copy


def _written(image: Image.Image, quality: int) -> bytes:
    image.info = {}  # JPEG's writer would take comments from here
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, progressive=True, optimize=True)
    return buffer.getvalue()


def _noted(image: Image.Image) -> tuple[dt.datetime | None, float | None, float | None]:
    """When and where, as the camera wrote it; None for what it did not write or wrote as nonsense."""
    taken, lon, lat = None, None, None
    with suppress(Exception):
        exif = image.getexif()
        taken = _moment(exif.get_ifd(ExifTags.IFD.Exif))
        lon, lat = _position(exif.get_ifd(ExifTags.IFD.GPSInfo))
    return taken, lon, lat


def _moment(exif: dict) -> dt.datetime | None:
    with suppress(ValueError, TypeError):
        moment = dt.datetime.strptime(str(exif[ExifTags.Base.DateTimeOriginal]).strip("\0 ")[:19], "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007
        offset = str(exif.get(ExifTags.Base.OffsetTimeOriginal, "")).strip("\0 ")
        zone = dt.datetime.strptime(offset, "%z").tzinfo if offset else HERE
        return moment.replace(tzinfo=zone) if OLDEST <= moment.year < 2200 else None
    return None


def _position(gps: dict) -> tuple[float | None, float | None]:
    def degrees(values: tuple, sign: str, negative: str) -> float:
        whole, minutes, seconds = (float(value) for value in values)
        return (whole + minutes / 60 + seconds / 3600) * (-1 if str(sign).strip("\0 ").upper() == negative else 1)

    lat = degrees(gps[ExifTags.GPS.GPSLatitude], gps.get(ExifTags.GPS.GPSLatitudeRef, "N"), "S")
    lon = degrees(gps[ExifTags.GPS.GPSLongitude], gps.get(ExifTags.GPS.GPSLongitudeRef, "E"), "W")
    inside = -180 <= lon <= 180 and -90 <= lat <= 90 and (lon, lat) != (0, 0)  # NaN is not inside
    return (lon, lat) if inside else (None, None)
