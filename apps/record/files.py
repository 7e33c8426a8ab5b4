"""Photos that people send: checked by what is in them, not by their name; kept under DATA_DIR, shown by the room that owns them.

A room links a photo to its rows (`VisitPhoto`: a foreign key here and a caption) and serves it from a view of its own that asks who
may see it; there is no address that shows a photo by itself. A photo that no room has linked is gone after two days.
"""

import datetime as dt
import hashlib
import logging
import os
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.contrib.gis.db import models
from django.contrib.gis.geos import Point
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.cache import get_conditional_response

from apps.record.pictures import UnreadablePicture, read_picture

logger = logging.getLogger(__name__)

MEGABYTE = 1024 * 1024
PHOTO_LIMIT = 20 * MEGABYTE
REQUEST_LIMIT = 64 * MEGABYTE  # of a whole request: scripts shrink photos before, so that nine are two or three
MOST = 9  # photos on one form
KEPT_UNLINKED = dt.timedelta(days=2)
SIZES = ("full", "small")


class UploadRefused(ValueError):
    """A photo was not taken. The message is Chinese, names the file and says what to do."""


def bounded(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: a request that announces more than REQUEST_LIMIT is answered before a byte of it is read."""

    def answered(request: HttpRequest) -> HttpResponse:
        announced = request.META.get("CONTENT_LENGTH") or "0"
        if announced.isdigit() and int(announced) > REQUEST_LIMIT:
            return _too_large(request, int(announced))
        return get_response(request)

    return answered


def _too_large(request: HttpRequest, announced: int) -> HttpResponse:
    words = f"这次要传 {announced / MEGABYTE:.0f} MB，超过了 {REQUEST_LIMIT // MEGABYTE} MB，没有收。请少选几张照片，或先缩小再传；别的文件请分成几个再传。"
    if "json" in request.headers.get("Accept", ""):
        return JsonResponse({"message": words}, status=413)
    return HttpResponse(render_to_string("413.html", {"words": words}), status=413)


class PhotoQuerySet(models.QuerySet):
    def accept(self, upload: UploadedFile, *, by, submission: str = "") -> "Photo":
        """Check a photo and keep it. The same photo sent again in the same submission is the same row. Raises UploadRefused.

        by: None for a resident; then where and when the camera says it was taken is not kept, and the public role may do it."""
        name = Path(upload.name or "照片").name[:60]
        if not upload.size:
            raise UploadRefused(f"“{name}”是空文件，没有收。请重新选一张照片。")
        if upload.size > PHOTO_LIMIT:
            raise UploadRefused(f"“{name}”有 {upload.size / MEGABYTE:.0f} MB，超过了一张 {PHOTO_LIMIT // MEGABYTE} MB，没有收。请先缩小再传。")
        upload.seek(0)
        digest = hashlib.file_digest(upload, "sha256").hexdigest()
        sent_before = self.shown().filter(by=by, submission=str(submission), sha256=digest) if submission else self.none()
        return sent_before.first() or self._keep(upload, name, by, str(submission), digest)

    def accept_all(self, uploads: Iterable[UploadedFile], *, by, submission: str = "", most: int = MOST) -> list["Photo"]:
        """All of a form's photos, or none: what was kept before one is refused is cleaned up later, linked to nothing."""
        uploads = list(uploads)
        if len(uploads) > most:
            raise UploadRefused(f"一次最多 {most} 张照片，现在选了 {len(uploads)} 张。请去掉几张。")
        photos = {photo.pk: photo for photo in (self.accept(upload, by=by, submission=submission) for upload in uploads)}
        return list(photos.values())

    def _keep(self, upload: UploadedFile, name: str, by, submission: str, digest: str) -> "Photo":
        try:
            picture = read_picture(upload)
        except UnreadablePicture as refusal:
            raise UploadRefused(f"“{name}”{refusal}") from None
        photo = self.model(
            by=by, submission=submission, sha256=digest, width=picture.width, height=picture.height, bytes=len(picture.full), at=timezone.now(),
            taken_at=picture.taken_at if by else None, taken_point=Point(picture.lon, picture.lat, srid=4326) if by and picture.lon is not None else None,
        )  # fmt: skip
        try:
            photo.write(full=picture.full, small=picture.small)
        except OSError as fault:  # the disk is full, or gone
            logger.error("照片没有存下：%s", fault)
            photo.unlink()
            raise UploadRefused(f"“{name}”没有存下：服务器上放照片的磁盘满了或出了故障。请先去掉照片提交，照片过后再补。") from None
        try:
            with transaction.atomic():
                photo.save(force_insert=True)
        except IntegrityError:  # the same photo came twice at the same moment
            photo.unlink()
            return self.shown().get(by=by, submission=submission, sha256=digest)
        return photo

    def shown(self) -> "PhotoQuerySet":
        """With no more than a page shows: not where and when it was taken."""
        return self.only("name", "submission", "sha256", "width", "height")

    def unlinked(self, before: dt.datetime) -> "PhotoQuerySet":
        """Older than a moment, and no room's."""
        linked = [Exists(model._default_manager.filter(**{name: OuterRef("pk")})) for model, name in self.links()]
        return self.filter(at__lt=before).exclude(Q(*linked, _connector=Q.OR)) if linked else self.filter(at__lt=before)

    def links(self) -> list[tuple[type[models.Model], str]]:
        """Every model that holds photos, and its column; also those that cannot be reached from a photo."""
        fields = self.model._meta.get_fields(include_hidden=True)
        return [(field.related_model, field.field.name) for field in fields if field.auto_created and not field.concrete]

    def clean_up(self) -> tuple[int, int]:
        """Remove photos that no room has linked, then files that no row names. Returns how many of each."""
        before, removed = timezone.now() - KEPT_UNLINKED, 0
        for photo in self.unlinked(before).iterator(chunk_size=500):
            with suppress(models.ProtectedError, IntegrityError), transaction.atomic():  # linked just now
                photo.delete()
                transaction.on_commit(photo.unlink)
                removed += 1
        named = {name.hex for name in self.values_list("name", flat=True)}
        strays = [path for path in folder().glob("*/*") if path.name[:32] not in named and path.stat().st_mtime < before.timestamp()]
        for path in strays:
            path.unlink(missing_ok=True)
        return removed, len(strays)


class Photo(models.Model):
    """照片: written anew as JPEG without metadata, in two sizes. Where and when the camera says it was taken is for the office only."""

    name = models.UUIDField("文件名", default=uuid.uuid4, unique=True, editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name="上传人", null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="空：居民")
    submission = models.CharField("提交号", max_length=64, blank=True)
    sha256 = models.CharField("原件摘要", max_length=64)
    width = models.PositiveIntegerField("宽")
    height = models.PositiveIntegerField("高")
    bytes = models.PositiveIntegerField("字节")
    at = models.DateTimeField("收到时间")
    taken_at = models.DateTimeField("拍摄时间（相机所记）", null=True, blank=True)
    taken_point = models.PointField("拍摄位置（相机所记）", srid=4326, null=True, blank=True, spatial_index=False)

    objects = PhotoQuerySet.as_manager()

    class Meta:
        verbose_name = "照片"
        verbose_name_plural = "照片"
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["by", "submission", "sha256"], condition=~Q(submission=""), nulls_distinct=False, name="record_photo_once")]

    def __str__(self) -> str:
        return f"照片 {self.pk}"

    def path(self, size: str = "full") -> Path:
        return folder() / self.name.hex[:2] / (f"{self.name.hex}.jpg" if size == "full" else f"{self.name.hex}-{size}.jpg")

    def write(self, **pictures: bytes) -> None:
        """Each whole or not at all: written beside, then moved into its place."""
        for size, content in pictures.items():
            path = self.path(size)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            beside = path.with_suffix(f".{os.getpid()}.part")
            try:
                beside.write_bytes(content)
                beside.replace(path)
            finally:
                beside.unlink(missing_ok=True)

    def unlink(self) -> None:
        for size in SIZES:
            self.path(size).unlink(missing_ok=True)

    def response(self, request: HttpRequest, size: str = "full") -> HttpResponse:
        """The picture, for the view that has asked who may see it. Browsers keep it and ask each time whether they still may show it."""
        if size not in SIZES:
            raise Http404
        etag = f'"{self.name.hex}-{size}"'
        unchanged = get_conditional_response(request, etag=etag)
        if unchanged is not None and unchanged.status_code == 304:
            response = unchanged
        else:
            try:
                response = HttpResponse(self.path(size).read_bytes(), content_type="image/jpeg")
            except FileNotFoundError as error:
                raise Http404 from error
        response["ETag"] = etag
        response["Cache-Control"] = "private, no-cache"
        response["X-Content-Type-Options"] = "nosniff"
        response["Content-Disposition"] = f'inline; filename="{self.pk}.jpg"'
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        return response


def folder() -> Path:
    return settings.DATA_DIR / "photos"
