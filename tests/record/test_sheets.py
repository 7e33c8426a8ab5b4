"""What is printed is read: every code on every sheet, from pixels, by the reader that ships with Debian."""

import io
import re
import shutil
import subprocess
from pathlib import Path

import pypdfium2
import pytest

from apps.record import sheets
from apps.record.codes import grouped, signed_code
from apps.record.sheets import LAYOUTS, QUIET, NoFont, Sign, write_sheets

WORDS = ("滨江街道人民路12号", "滨江街道城西社区江滨花苑三期东区12幢2单元1502室", "后㟁村第五村民小组18号，后山脚黄色平房", "里", "A" * 60, "长" * 200, "")
PER_MM = 200 / 25.4  # pixels a millimetre at 200 dpi


def signs(count: int) -> list[Sign]:
    codes = [signed_code() for _ in range(count)]
    return [
        Sign(f"https://renda.example.gov.cn/d/{code}", grouped(code, 4), "扫码找代表", WORDS[number % len(WORDS)], "扫不了时，在 renda.example.gov.cn 输入此码")
        for number, code in enumerate(codes)
    ]  # fmt: skip


def printed(rows: list[Sign], layout) -> pypdfium2.PdfDocument:
    out = io.BytesIO()
    pages = write_sheets(rows, layout, out)
    document = pypdfium2.PdfDocument(out.getvalue())
    assert len(document) == pages == -(-len(rows) // layout.per_page)
    return document


def read(picture, folder: Path) -> list[str]:
    """What zbar reads in a picture."""
    path = folder / "seen.png"
    picture.save(path)
    answer = subprocess.run(["zbarimg", "-q", "--raw", "-Sdisable", "-Sqrcode.enable", str(path)], capture_output=True, text=True, timeout=60)
    return answer.stdout.split()


def scanned(document: pypdfium2.PdfDocument, layout, count: int, folder: Path, per_mm: float) -> tuple[list[str], int]:
    """What is read, and how many of it on whole pages. zbar now and then loses one of many codes on a page; nobody scans a page, so
    where one is lost each sticker is looked at alone."""
    assert shutil.which("zbarimg"), "the tests need zbar-tools"
    found, at_once = [], 0
    for number, page in enumerate(document):
        picture = page.render(scale=per_mm * 25.4 / 72).to_pil().convert("L")
        seen = read(picture, folder)
        at_once += len(seen)
        here = min(layout.per_page, count - number * layout.per_page)
        if len(seen) < here:
            corners = [layout.place(index) for index in range(here)]
            boxes = [(left, top, left + layout.cell[0], top + layout.cell[1]) for left, top in corners]
            seen = [text for box in boxes for text in read(picture.crop([round(per_mm * side) for side in box]), folder)]
        found += seen
    return found, at_once


@pytest.mark.parametrize(("name", "count"), [("sticker18", 50), ("sticker10", 14), ("small", 3), ("medium", 2), ("large", 2)])
def test_every_code_on_every_sheet_is_read(tmp_path, name, count):
    rows = signs(count)
    layout = LAYOUTS[name]
    found, at_once = scanned(printed(rows, layout), layout, count, tmp_path, PER_MM if layout.page[0] < 300 else PER_MM / 3)
    assert sorted(found) == sorted(sign.link for sign in rows)
    assert at_once >= 0.9 * count


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_size_quiet_zone_and_words(layout):
    rows = signs(layout.per_page)
    page = printed(rows, layout)[0]
    assert tuple(round(side * 25.4 / 72, 1) for side in page.get_size()) == layout.page
    text = page.get_textpage().get_text_range()
    bare = re.sub(r"\s", "", text)
    for sign in rows:
        assert sign.code in bare and sign.words[:4] in bare
    left, top = layout.place(0)
    picture = page.render(scale=10 * 25.4 / 72).to_pil().convert("L")  # 10 pixels a millimetre
    cell = picture.crop([round(10 * side) for side in (left, top, left + layout.cell[0] * 0.8, top + layout.cell[1])])
    black = cell.point(lambda value: 255 * (value < 10)).getbbox()  # nothing but the code is black
    assert black[2] - black[0] == pytest.approx(10 * layout.qr, abs=4) and black[3] - black[1] == pytest.approx(10 * layout.qr, abs=4)
    margin = int(QUIET * 10 * layout.qr / 33) - 2  # 33 modules, or a few more
    around = cell.crop((black[0] - margin, black[1] - margin, black[2] + margin, black[3] + margin))
    around.paste(255, (margin - 1, margin - 1, margin + black[2] - black[0] + 1, margin + black[3] - black[1] + 1))
    assert around.getextrema()[0] > 240, "something stands in the quiet zone"


def test_codes_are_drawn_and_fonts_embedded():
    out = io.BytesIO()
    write_sheets(signs(3), LAYOUTS["small"], out)
    assert b"/Subtype /Image" not in out.getvalue()
    assert b"NotoSansCJK" in out.getvalue() or b"wqy" in out.getvalue().lower()
    assert len(out.getvalue()) < 300_000


def test_without_a_font_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(sheets, "FONTS", ((Path("/nowhere"), "a.ttc", "b.ttc", 0),))
    with pytest.raises(NoFont, match="fonts-noto-cjk"):
        write_sheets(signs(1), LAYOUTS["small"], io.BytesIO())
