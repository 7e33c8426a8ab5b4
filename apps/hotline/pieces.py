"""A file on its way in, sealed piece by piece as it comes: it never lies in the clear on a disk or in the database.

`Sealing` closes what is written to it; `SealedUpload` is how a request's file arrives, in place of the framework's own temporary files;
`Opened` reads a stored file again, from any position, holding one piece at a time.
"""

import io
from collections.abc import Callable

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.utils.crypto import salted_hmac

from apps.hotline.models import Intake, IntakePiece
from apps.record.sealing import Unreadable, seal, unseal
from gis_data.rows import FileRefused

PIECE = 1 << 20  # bytes in the clear


class Sealing:
    """sink: is handed every sealed piece with its number. `close` gives the keyed digest by which the same file is known again."""

    def __init__(self, sink: Callable[[int, bytes], None]) -> None:
        self.sink, self.count, self.size = sink, 0, 0
        self._rest = bytearray()
        self._digest = salted_hmac("apps.hotline.pieces", "", algorithm="sha256")

    def write(self, data: bytes) -> None:
        self._digest.update(data)
        self.size += len(data)
        self._rest += data
        while len(self._rest) >= PIECE:
            self._hand_on(PIECE)

    def close(self) -> str:
        if self._rest:
            self._hand_on(len(self._rest))
        return self._digest.hexdigest()

    def _hand_on(self, length: int) -> None:
        self.sink(self.count, seal(bytes(self._rest[:length])))
        del self._rest[:length]
        self.count += 1


class SealedUpload(UploadedFile):
    """A file of a request: its sealed pieces, its size in the clear and its digest."""

    def __init__(self, name: str, size: int, pieces: list[bytes], digest: str) -> None:
        super().__init__(file=None, name=name, size=size)
        self.pieces, self.digest = pieces, digest


class SealingHandler(FileUploadHandler):
    """Set as a request's only handler before its form is read: `request.upload_handlers = [SealingHandler(request)]`."""

    def new_file(self, *args, **kwargs) -> None:
        super().new_file(*args, **kwargs)
        self.pieces: list[bytes] = []
        self.sealing = Sealing(lambda number, sealed: self.pieces.append(sealed))

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.sealing.write(raw_data)

    def file_complete(self, file_size: int) -> SealedUpload:
        digest = self.sealing.close()
        return SealedUpload(self.file_name, file_size, self.pieces, digest)


class Opened(io.RawIOBase):
    """The file of an intake, in the clear and in memory, one piece at a time."""

    def __init__(self, intake: Intake) -> None:
        self.intake, self._at = intake, 0
        self._number, self._clear = -1, b""
        last = IntakePiece.objects.filter(intake=intake).order_by("-number").first()
        self.size = last.number * PIECE + len(_unsealed(last)) if last else 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence])
        return self._at

    def readinto(self, buffer) -> int:
        piece, start = divmod(self._at, PIECE)
        if self._at >= self.size:
            return 0
        if piece != self._number:
            self._number, self._clear = piece, _unsealed(IntakePiece.objects.get(intake=self.intake, number=piece))
        part = self._clear[start : start + len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)

    @classmethod
    def of(cls, intake: Intake) -> io.BufferedReader:
        return io.BufferedReader(cls(intake), buffer_size=1 << 16)


def _unsealed(piece: IntakePiece) -> bytes:
    try:
        return unseal(bytes(piece.sealed))
    except Unreadable:
        raise FileRefused("存着的文件打不开：密钥换过了，或内容被改过。请取消这一批，重新上传。") from None
