"""Pictures as cameras write them, and files that only pretend to be pictures."""

import base64
import io
import struct
import zlib

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base
from PIL.TiffImagePlugin import IFDRational

PLACE = (120.4031, 27.51189)
SECRET = b"31102199001011234"  # stands in every text that a file can carry


def scene(width: int = 64, height: int = 32) -> Image.Image:
    """Red at the left, blue at the right: which way up it is can be seen."""
    image = Image.new("RGB", (width, height), "red")
    image.paste("blue", (width // 2, 0, width, height))
    return image


def exif(orientation: int = 1, place: tuple[float, float] | None = PLACE, taken: str = "2026:03:10 09:20:30", offset: str = "") -> Image.Exif:
    noted = Image.Exif()
    noted[Base.Orientation] = orientation
    noted[Base.Artist] = SECRET.decode()
    noted.get_ifd(IFD.Exif)[Base.DateTimeOriginal] = taken
    if offset:
        noted.get_ifd(IFD.Exif)[Base.OffsetTimeOriginal] = offset
    if place:
        gps = noted.get_ifd(IFD.GPSInfo)
        for key, ref, value, sign in ((GPS.GPSLongitude, GPS.GPSLongitudeRef, place[0], "EW"), (GPS.GPSLatitude, GPS.GPSLatitudeRef, place[1], "NS")):
            whole, minutes = divmod(abs(value) * 60, 60)
            gps[key] = (IFDRational(int(whole)), IFDRational(int(minutes)), IFDRational(round((minutes % 1) * 60 * 10_000), 10_000))
            gps[ref] = sign[value < 0]
    return noted


# The scene of 64 x 32 as an iPhone writes it (HEVC), with exif(6); nothing in the environment writes HEIC, so it is kept here.
HEIC = zlib.decompress(base64.b85decode("""
c-
muNV30{GsVvAy%}izhg51nBLl8SRGck>Uf$>CcYDppk1Sn>t<P<^K3<a6VB@Af5Br_);Y>0~k0}}%yh{gB@LIXiNPz(r|is2&9fY>54GcOIy1Ida4IjLY}Ks
6a<$%YI_f{Y*~t`(VJ<$ML1CAkbxm5l6}1w{oQ6Eh2v^MQ03P_Hv1Ge~FxSdrWZhChFQ{9s_<XHEd>kZ@q+Vf_Ceq<|Tuf*FM5b}>050wuMa7#Y!I7AQ2bPJ
8ua+0Gpt83qbKA!ZQ4pqK<y&gQ~+u=qeH&=TR~{G6h^<eUniC@%wB15ijLv$!A?>RksY)=17tEP%2>L7@Pp!GZAq|NjTjzz`_NtjGijGIMZn04dJQqWlt|dl
)1$3vywR!pOkL*2u)n+R_H(NM#nKra>k6l2eM4!O;K;pwirwL{NM+YcQ_od|>-
o>Hq&v_U8ZpY&duN_t7Ka`~M%0KD__RH2(ijM5_`t47A%%raY~;vR?1|R{g9<xA@X<m!~@Qs+9@8vgfDFv01%k^3K)n)6y<io%<B_X-UYdBX2CLZr`{jGgUo
J>`1U-lt&9ksg>~Q>c2~0bFZ*p&inW0s;-}o#Wzm;ZfoxYI)e=ojlRANT0kBL0}G=ND5OE52_&q+-
WLL5yY@^57HIGUbg07FWgs6K8yXrI8CqHz7#JED8X6g!0OckygY}94aS}+4k%5t!m4UI9p@D*drInF^m9YT>&=hb|Vqo%vq&rpya6B`tVSwmnas`RAz{QV1g
H#%7yBvhpJPV|M0dWOXTmqUJ#X)fd0GW%e<^
""".replace("\n", "")))


def photo(form: str = "JPEG", image: Image.Image | None = None, **more) -> bytes:
    buffer = io.BytesIO()
    (image or scene()).save(buffer, form, **more)
    return buffer.getvalue()


def upload(content: bytes, name: str = "IMG_0001.jpg", kind: str = "image/jpeg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, kind)


def png(width: int, height: int, *chunks: tuple[bytes, bytes], pixels: bytes | None = None) -> bytes:
    """A PNG with whatever in its chunks; without `pixels` a header that promises more than there is."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    body = zlib.compress(b"\0" * 100 if pixels is None else pixels)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), *(chunk(*each) for each in chunks), chunk(b"IDAT", body), chunk(b"IEND", b"")]
    )
