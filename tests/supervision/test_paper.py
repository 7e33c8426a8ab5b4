"""The list on paper: whole at any length, nothing lost where a cell is taller than a page."""

import io

import pypdfium2
import pytest

from apps.supervision.paper import Column, PaperTable

COLUMNS = [Column("序号", 12, True), Column("事项", 120), Column("说明", 141)]
SIGNED = ["批准人（签名）："]


def printed(rows: list[tuple[str, ...]]) -> tuple[int, list[str]]:
    out = io.BytesIO()
    pages = PaperTable("监督分工", ["已批准"], COLUMNS, SIGNED).write(rows, out)
    return pages, [page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(out.getvalue())]


@pytest.mark.parametrize("count", [0, 25, 120])
def test_every_row_once_its_head_on_every_page_and_the_signature_last(count):
    pages, texts = printed([(str(number), f"事项〔{number}〕", "") for number in range(count)])
    assert len(texts) == pages
    for number in range(count):
        assert sum(text.count(f"〔{number}〕") for text in texts) == 1
    assert all(f"第 {at} 页，共 {pages} 页" in text for at, text in enumerate(texts, 1))
    assert all("序号" in text for text in texts if "〔" in text) and "批准人（签名）" in texts[-1]


def test_a_row_taller_than_a_page_goes_on_on_the_next():
    words = "".join(f"〔{number}〕" for number in range(3000))
    pages, texts = printed([("1", "长", words), ("2", "短", "完")])
    told = "".join(texts).replace("\r\n", "").replace("\n", "")
    assert pages > 2 and all(f"{number}〕" in told for number in (0, 1499, 2999)) and "完" in texts[-1]


def test_letters_that_cannot_be_drawn_are_left_out():
    _, texts = printed([("1", "甲\x00乙\u202e丙", "a" * 400)])
    assert "甲乙丙" in texts[0] and texts[0].count("a") >= 400
