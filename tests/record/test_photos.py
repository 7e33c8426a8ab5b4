"""Photos: taken for what is in them, written anew, kept once, shown only through the room that owns them."""

import datetime as dt
import io
import json
import os
import resource
import threading
import time
import zlib

import pytest
from django.db import connection
from django.http import Http404, HttpResponse
from django.test import RequestFactory
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from apps.accounts.models import User
from apps.record import files
from apps.record.files import PHOTO_LIMIT, REQUEST_LIMIT, Photo, UploadRefused, bounded
from apps.record.pictures import FULL, MAX_PIXELS, SMALL, UnreadablePicture, read_picture
from apps.supervision.topics import Topic
from apps.supervision.visits import Visit, VisitPhoto
from tests.record.cameras import HEIC, PLACE, SECRET, exif, photo, png, scene, upload


def read(content: bytes):
    return read_picture(io.BytesIO(content))


def seen(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def is_colour(pixel, colour: str) -> bool:
    red, green, blue = pixel[:3]
    return green < 90 and ((red > 180 > 90 > blue) if colour == "red" else (blue > 180 > 90 > red))


# --- what is in the file ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("orientation", "red"), [(1, "left"), (2, "right"), (3, "right"), (4, "left"), (5, "top"), (6, "top"), (7, "bottom"), (8, "bottom")])
def test_turned_upright(orientation, red):
    picture = read(photo(exif=exif(orientation)))
    lying = red in ("left", "right")
    assert (picture.width, picture.height) == ((64, 32) if lying else (32, 64))
    for content in (picture.full, picture.small):
        image = seen(content)
        corners = {"left": (4, 16), "right": (60, 16)} if lying else {"top": (16, 4), "bottom": (16, 60)}
        assert {side: is_colour(image.getpixel(at), "red") for side, at in corners.items()} == {side: side == red for side in corners}


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_nothing_of_the_file_is_kept(form):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    more = {"JPEG": {"comment": SECRET, "xmp": b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>"}, "PNG": {}, "WEBP": {"xmp": SECRET}}[form]
    content = photo(form, exif=exif(), icc_profile=srgb, **more)
    if form == "PNG":
        content = content[:33] + png(1, 1, (b"tEXt", b"Comment\0" + SECRET))[33:][: 12 + 8 + len(SECRET)] + content[33:]
    assert SECRET in content
    picture = read(content)
    for written in (picture.full, picture.small):
        image = seen(written)
        assert SECRET not in written and not image.getexif() and set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression"}
        assert b"Exif" not in written and b"http://ns.adobe.com" not in written and b"ICC_PROFILE" not in written


def test_what_the_camera_noted_is_given_beside_it():
    picture = read(photo(exif=exif()))
    assert picture.taken_at.isoformat() == "2026-03-10T09:20:30+08:00"
    assert (picture.lon, picture.lat) == pytest.approx(PLACE, abs=1e-6)
    south_west = read(photo(exif=exif(place=(-70.5, -33.25), offset="-03:00")))
    assert (south_west.lon, south_west.lat) == pytest.approx((-70.5, -33.25), abs=1e-6)
    assert south_west.taken_at.isoformat() == "2026-03-10T09:20:30-03:00"


@pytest.mark.parametrize("taken", ["", "0000:00:00 00:00:00", "2026-03-10", "1970:01:01 00:00:00", "\0"])
def test_nonsense_that_a_camera_noted_is_passed_over(taken):
    picture = read(photo(exif=exif(taken=taken, place=(0, 0))))
    assert (picture.taken_at, picture.lon, picture.lat) == (None, None, None)


def test_large_photos_are_reduced_small_ones_are_not_blown_up():
    picture = read(photo(image=scene(4000, 3000)))
    assert (picture.width, picture.height) == (FULL, FULL * 3 // 4)
    assert max(seen(picture.small).size) == SMALL
    assert (read(photo(image=scene(100, 80))).width, seen(read(photo(image=scene(100, 80))).small).size) == (100, (100, 80))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_every_kind_of_pixel(mode):
    if mode == "I;16":
        image, form = Image.new("I;16", (40, 30), 40_000), "PNG"
    else:
        image, form = scene(40, 30).convert(mode), "JPEG" if mode == "CMYK" else "PNG"
    shown = seen(read(photo(form, image)).full)
    assert shown.mode == "RGB" and shown.size == (40, 30)
    if mode == "I;16":
        assert 140 < shown.getpixel((20, 15))[0] < 170
    elif mode in ("P", "RGBA", "CMYK"):
        assert is_colour(shown.getpixel((5, 15)), "red") and is_colour(shown.getpixel((35, 15)), "blue")


def test_what_is_transparent_is_white():
    clear = Image.new("RGBA", (40, 30), (255, 0, 0, 0))
    assert seen(read(photo("PNG", clear)).full).getpixel((20, 15)) == (255, 255, 255)


def test_heic_is_read_as_it_was_held():
    picture = read(HEIC)
    assert (picture.width, picture.height) == (32, 64)
    image = seen(picture.full)
    assert is_colour(image.getpixel((16, 4)), "red") and is_colour(image.getpixel((16, 60)), "blue")
    assert (picture.lon, picture.lat) == pytest.approx(PLACE, abs=1e-6) and SECRET in HEIC and SECRET not in picture.full


def pretenders() -> dict[str, bytes]:
    whole = photo(image=scene(400, 300))
    return {
        "a PDF": b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF",
        "a web page": b"<!doctype html><script>alert(1)</script>",
        "an SVG": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        "a GIF": photo("GIF"),
        "a TIFF": photo("TIFF"),
        "a BMP": photo("BMP"),
        "an EPS": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        "half a photo": whole[: len(whole) // 2],
        "a photo's head": whole[:20],
        "zeros": bytes(5000),
        "a bomb": png(30_000, 30_000),
        "a bomb within Pillow's own limit": png(9_000, 9_000),
        "a strip": photo("PNG", scene(4000, 20)),
        "a dot": photo("PNG", scene(2, 2)),
        "a text bomb": png(30, 30, (b"zTXt", b"Comment\0\0" + zlib.compress(bytes(80 * 1024 * 1024))), pixels=b"\0" * (91 * 30)),
    }


@pytest.mark.parametrize("what", pretenders())
def test_what_only_pretends_is_refused_in_words(what):
    with pytest.raises(UnreadablePicture, match=r"没有收。请"):
        read(pretenders()[what])


def test_the_limit_of_pixels_stands_where_it_says():
    side = int(MAX_PIXELS**0.5) + 1
    with pytest.raises(UnreadablePicture, match="百万像素"):
        read(png(side, side))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["JPEG", "PNG", "WEBP"]), st.data())
def test_broken_files_are_refused_or_read_and_never_trip(form, data):
    content = bytearray(photo(form, exif=exif(6)))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    try:
        picture = read(bytes(content[: cut or None]))
    except UnreadablePicture as refusal:
        assert "请" in str(refusal)
    else:
        assert seen(picture.full).format == "JPEG" and SECRET not in picture.full


# --- what is kept ------------------------------------------------------------------------------------------------------------------


def test_a_photo_is_kept_without_its_place_which_the_office_may_know(users):
    kept = Photo.objects.accept(upload(photo(exif=exif())), by=users.deputy)
    assert (kept.taken_point.x, kept.taken_point.y) == pytest.approx(PLACE, abs=1e-6)
    assert not seen(kept.path().read_bytes()).getexif() and kept.bytes == kept.path().stat().st_size
    assert seen(kept.path("small").read_bytes()).size == (64, 32)
    assert kept.path().name == f"{kept.name.hex}.jpg"
    assert kept.path().parent.stat().st_mode & 0o077 == 0


def test_the_name_says_nothing(users):
    assert Photo.objects.accept(upload(photo("PNG"), "合同.pdf", "application/pdf"), by=users.deputy).width == 64
    with pytest.raises(UploadRefused, match=r"“现场\.jpg”不是能读的照片.*PDF、Word 等文件不能当照片传"):
        Photo.objects.accept(upload(pretenders()["a PDF"], "/etc/../现场.jpg"), by=users.deputy)
    assert Photo.objects.count() == 1


@pytest.mark.parametrize(("size", "words"), [(0, "是空文件"), (PHOTO_LIMIT + 1, "超过了一张 20 MB")])
def test_size(users, size, words):
    with pytest.raises(UploadRefused, match=words):
        Photo.objects.accept(upload(photo() + bytes(size) if size else b""), by=users.deputy)


def test_sent_twice_kept_once(users):
    content = photo(exif=exif())
    first = Photo.objects.accept(upload(content), by=users.deputy, submission="s1")
    assert Photo.objects.accept(upload(content, "别的名字.jpg"), by=users.deputy, submission="s1") == first
    assert Photo.objects.accept_all([upload(content), upload(content)], by=users.deputy, submission="s1") == [first]
    others = [Photo.objects.accept(upload(content), by=users.deputy, submission="s2"), Photo.objects.accept(upload(content), by=users.leader, submission="s1")]
    assert len({first, *others, Photo.objects.accept(upload(content), by=users.deputy), Photo.objects.accept(upload(content), by=users.deputy)}) == 5


def test_a_disk_that_takes_no_more_is_told_and_leaves_nothing_behind(users):
    """The system refuses to write more than a few bytes, as a full disk does: no row, no half file, words that say what to do."""
    before, (soft, hard) = set(files.folder().rglob("*.*")), resource.getrlimit(resource.RLIMIT_FSIZE)
    picture = upload(photo(image=Image.effect_noise((400, 300), 60).convert("RGB")))
    resource.setrlimit(resource.RLIMIT_FSIZE, (2048, hard))
    try:
        with pytest.raises(UploadRefused, match=r"没有存下.*请先去掉照片提交"):
            Photo.objects.accept(picture, by=users.deputy, submission="full")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not Photo.objects.exists() and set(files.folder().rglob("*.*")) == before
    Photo.objects.accept(picture, by=users.deputy, submission="full")


@pytest.mark.django_db(transaction=True)
def test_sent_twice_at_once_kept_once():
    sender, content, kept = User.objects.create(username="sender"), photo(), []
    barrier = threading.Barrier(4)

    def send():
        barrier.wait(5)
        try:
            kept.append(Photo.objects.accept(upload(content), by=sender, submission="twice"))
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(kept) == 4 and len({each.pk for each in kept}) == Photo.objects.count() == 1
    one = Photo.objects.get()
    assert one.path().exists() and one.path("small").exists()


def test_too_many(users):
    with pytest.raises(UploadRefused, match="一次最多 9 张照片，现在选了 10 张"):
        Photo.objects.accept_all([upload(photo(image=scene(20 + n, 20))) for n in range(10)], by=users.deputy)


def test_what_no_room_linked_goes_after_two_days(users, monkeypatch, photo_folder):
    old = Photo.objects.accept(upload(photo()), by=users.deputy)
    new = Photo.objects.accept(upload(photo()), by=users.deputy)
    Photo.objects.filter(pk=old.pk).update(at=old.at - files.KEPT_UNLINKED)
    stray, fresh = photo_folder / "ab" / ("ab" * 16 + ".jpg"), photo_folder / "ab" / ("ac" * 16 + ".123.part")
    stray.parent.mkdir(exist_ok=True)
    for path in (stray, fresh):
        path.write_bytes(b"x")
    os.utime(stray, (time.time() - 3 * 86400,) * 2)
    assert Photo.objects.clean_up()[0] == 1
    assert list(Photo.objects.all()) == [new] and new.path().exists()
    assert not stray.exists() and fresh.exists()


def test_what_a_room_holds_stays(users, town):
    """Whichever room it is, and whether or not its rows can be reached from the photo."""
    held = {model.__name__ for model, _ in Photo.objects.links()}
    assert {"VisitPhoto", "EvidencePhoto", "ReportPhoto"} <= held
    (topic,) = Topic.objects.of_projects([town.projects["K1"]])
    visit = Visit.objects.create(kind="look", topic=topic, deputy=town.deputies["D1"], planned_on=dt.date(2026, 3, 10))
    kept, loose = (Photo.objects.accept(upload(photo()), by=users.deputy) for _ in range(2))
    VisitPhoto.objects.create(visit=visit, photo=kept)
    Photo.objects.update(at=kept.at - 2 * files.KEPT_UNLINKED)
    assert list(Photo.objects.unlinked(timezone.now())) == [loose]
    Photo.objects.clean_up()
    assert list(Photo.objects.all()) == [kept] and kept.path().exists()


# --- what is shown -----------------------------------------------------------------------------------------------------------------


def test_shown_with_the_headers_of_something_private(users):
    kept = Photo.objects.accept(upload(photo()), by=users.deputy)
    answer = kept.response(RequestFactory().get("/"))
    assert (answer.status_code, answer["Content-Type"], answer["X-Content-Type-Options"], answer["Cache-Control"]) == (200, "image/jpeg", "nosniff", "private, no-cache")
    assert answer.content == kept.path().read_bytes()
    assert kept.response(RequestFactory().get("/"), "small").content == kept.path("small").read_bytes()
    again = kept.response(RequestFactory().get("/", headers={"If-None-Match": answer["ETag"]}))
    assert (again.status_code, again.content, again["Cache-Control"]) == (304, b"", "private, no-cache")
    assert kept.response(RequestFactory().get("/", headers={"If-None-Match": answer["ETag"]}), "small").status_code == 200
    for size in ("large", "../full"):
        with pytest.raises(Http404):
            kept.response(RequestFactory().get("/"), size)
    kept.unlink()
    with pytest.raises(Http404):
        kept.response(RequestFactory().get("/"))


# --- whole requests ----------------------------------------------------------------------------------------------------------------


class Body:
    """A request body that must not be read."""

    def read(self, *_):
        raise AssertionError("the body was read")


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_request_that_announces_too_much_is_answered_unread(accept):
    request = RequestFactory().post("/x", headers={"Accept": accept})
    request.META["CONTENT_LENGTH"] = str(200 * 1024 * 1024)
    request.META["wsgi.input"] = request._stream = Body()
    answer = bounded(lambda _: HttpResponse("read"))(request)
    assert answer.status_code == 413
    said = answer.content.decode()
    assert "请少选几张照片" in (said if accept == "text/html" else json.loads(said)["message"])


@pytest.mark.parametrize("announced", ["", "0", "nonsense", str(REQUEST_LIMIT)])
def test_other_requests_pass(announced):
    request = RequestFactory().get("/")
    request.META["CONTENT_LENGTH"] = announced
    assert bounded(lambda _: HttpResponse("read"))(request).content == b"read"
