"""Values as people write them, polygons as they are drawn, layers that should tile."""

import numpy as np
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st

from gis_data.checks import Unfit, check, coverage, read_value, repair
from gis_data.layers import LAYERS, Column
from gis_data.rows import Chunk

METRE = 1 / 111_320.0


def column(kind: str, **options: object) -> Column:
    return Column("c", kind, "栏", "c", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "written", "stored"), [
    ("int", "12", "12"), ("int", " １２ ", "12"), ("int", "12.0", "12"), ("int", "-3", "-3"),
    ("float", "1.50", "1.5"), ("float", "1e3", "1000.0"), ("float", "３", "3.0"),
    ("bool", "是", "true"), ("bool", "TRUE", "true"), ("bool", "1", "true"), ("bool", "否", "false"), ("bool", "f", "false"),
    ("date", "2025-03-01", "2025-03-01"), ("date", "2025/3/1", "2025-03-01"), ("date", "2025年3月1日", "2025-03-01"),
    ("date", "20250301", "2025-03-01"), ("date", "2025.03.01", "2025-03-01"), ("date", "2025-03-01 00:00:00", "2025-03-01"),
    ("date", "2024-02-29", "2024-02-29"), ("date", "2025-03-01T00:00:00+08:00", "2025-03-01"),
    ("month", "2025-03", "2025-03-01"), ("month", "2025年3月", "2025-03-01"), ("month", "202503", "2025-03-01"), ("month", "2025-03-15", "2025-03-01"),
    ("datetime", "2025-03-01 09:30", "2025-03-01T09:30:00+08:00"), ("datetime", "2025/3/1 9:30:05", "2025-03-01T09:30:05+08:00"),
    ("datetime", "2025-03-01T01:30:00Z", "2025-03-01T01:30:00+00:00"), ("datetime", "2025/03/01 09:30:00+08", "2025-03-01T09:30:00+08:00"),
    ("datetime", "2025-03-01T09:30:00.25+08:00", "2025-03-01T09:30:00.250000+08:00"), ("datetime", "2025-03-01", "2025-03-01T00:00:00+08:00"),
    ("datetime", "2025-03-01T09:30:00-05:30", "2025-03-01T09:30:00-05:30"),
    ("list", "a;b； c ;a;", "a;b;c"), ("text", "  字 ", "字"), ("text", "", None), ("int", "  ", None), ("date", "NaT", None), ("text", "NULL", None),
])  # fmt: skip
def test_read_value(kind: str, written: str, stored: str | None) -> None:
    assert read_value(column(kind), written) == stored


@pytest.mark.parametrize(("kind", "written"), [
    ("int", "1.5"), ("int", "一"), ("int", "3000000000"), ("int", "1_000"), ("float", "inf"), ("float", "1,5"), ("float", "1_0.5"), ("bool", "maybe"),
    ("date", "2025-02-29"), ("date", "2025-13-01"), ("date", "03/01/2025"), ("date", "2025"), ("date", "2025-03-01 12:00"), ("month", "2025-00"),
    ("datetime", "2025-03-01 25:00"), ("datetime", "09:30"), ("text", "a\x00b"), ("text", "\ud800"), ("text", "1.23E+15"),
])  # fmt: skip
def test_unfit(kind: str, written: str) -> None:
    with pytest.raises(Unfit):
        read_value(column(kind), written)


@pytest.mark.parametrize(("options", "written", "message"), [
    ({"required": True}, "", "“栏”不能为空"), ({"length": 2}, "三个字", "最多 2 个字，现有 3 个"),
    ({"choices": ("a", "b")}, "c", "“c”不在可选范围内：a、b"), ({"pattern": r"^\d{12}$"}, "123", "“123”应是 12 位数字"),
    ({"length": 2, "private": True, "choices": ("a",)}, "9", "“栏”不在可选范围内"),
])  # fmt: skip
def test_rules_of_a_text(options: dict, written: str, message: str) -> None:
    with pytest.raises(Unfit) as error:
        read_value(column("text", **options), written)
    assert message in str(error.value)


def test_private_value_is_never_quoted() -> None:
    with pytest.raises(Unfit) as error:
        read_value(column("int", private=True), "13800000000x")
    assert "138" not in str(error.value)


def test_words_on_screen_stand_for_codes() -> None:
    basis = LAYERS["district"].column("basis")
    words = {"按居住": "residence", "按单位": "workplace"}
    assert read_value(basis, "按单位", words) == "workplace" and read_value(basis, "joint", words) == "joint"
    with pytest.raises(Unfit, match="按居住、按单位"):
        read_value(basis, "按心情", words)


@given(st.text(max_size=30), st.sampled_from(["text", "list", "int", "float", "bool", "date", "month", "datetime"]))
def test_any_text_is_read_or_refused(text: str, kind: str) -> None:
    """Never another error; and what was read is read again as the same."""
    try:
        once = read_value(column(kind), text)
    except Unfit:
        return
    assert once is None or read_value(column(kind), once) == once


def test_several_faults_of_a_row_are_all_told() -> None:
    chunk = Chunk(np.array([7, 9]), {"code": ["", "G1"], "name": ["甲", "乙"], "village": ["12", "339901001001"]},
                  np.array([None, shapely.box(120, 27, 121, 28)], dtype=object))  # fmt: skip
    checked = check(LAYERS["grid"], chunk)
    ((row, reason, said),) = checked.refused
    assert row == 7 and reason == "“网格编码”不能为空；“村社代码”“12”应是 12 位数字；没有位置" and said == {"code": "", "name": "甲", "village": "12"}
    assert checked.rows.tolist() == [9] and checked.values["name"] == ["乙"] and len(checked.shapes) == 1


class TestRepair:
    def test_valid_polygons_stay(self) -> None:
        shapes = np.array([shapely.box(0, 0, 1, 1), shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 0, 3, 1)])], dtype=object)
        mended, change, broken = repair(shapes)
        assert all(shapely.equals(mended, shapes)) and change.tolist() == [0, 0] and not broken.any()
        assert [shape.geom_type for shape in mended] == ["MultiPolygon"] * 2

    def test_same_polygon_same_bytes(self) -> None:
        square = [(0, 0), (2, 0), (2, 1), (0, 1)]
        turned = [shapely.Polygon(square[i:] + square[:i]) for i in range(4)] + [shapely.Polygon(square[::-1])]
        mended, _, _ = repair(np.array(turned, dtype=object))
        assert len({shape.wkb for shape in mended}) == 1

    def test_hand_made_faults(self) -> None:
        """A fold back along an edge keeps its area; a bow tie of equal wings has none to compare with; a hole outside is dropped
        or filled, which changes more than a hundredth."""
        fold = shapely.Polygon([(0, 0), (10, 0), (10, 10), (10, 12), (10, 10), (0, 10)])
        bow_tie = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
        flat = shapely.Polygon([(0, 0), (1, 0), (2, 0)])
        outside = shapely.Polygon([(0, 0), (10, 0), (10, 10), (0, 10)], [[(20, 0), (24, 0), (24, 4), (20, 4)]])
        height = shapely.Polygon([(0, 0, 5), (1, 0, 5), (1, 1, 5)])
        mended, change, broken = repair(np.array([fold, bow_tie, flat, outside, height], dtype=object))
        assert broken.tolist() == [True, True, True, True, False]
        assert change[0] == 0 and change[1] == np.inf and change[2] == np.inf and change[3] > 0.01 and change[4] == 0
        assert all(shapely.is_valid(mended)) and not any(shapely.has_z(mended))

    @example([(2, 0), (1, 1), (1, 0), (0, 0), (1, 1), (1, 0)])
    @given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=3, max_size=9))
    def test_whatever_is_drawn_becomes_valid_polygons(self, points: list) -> None:
        (mended,), _, _ = repair(np.array([shapely.Polygon(points)], dtype=object))
        assert mended.is_valid and mended.geom_type == "MultiPolygon"


class TestCoverage:
    def squares(self, *moved: tuple[float, float, float, float]) -> list[shapely.Geometry]:
        return [shapely.box(*edge) for edge in moved]

    def test_tiles(self) -> None:
        tiles = self.squares((120, 27, 121, 28), (121, 27, 122, 28), (120, 28, 122, 29))
        found = coverage(tiles, shapely.box(120, 27, 122, 29))
        assert found.overlaps == () and found.gaps == ()

    def test_overlap_and_gap_by_hand(self) -> None:
        """Squares of 100 m at 27.5 N: 10 m of overlap is 1,000 m², a strip of 5 m between two others 500 m²."""
        east = METRE / np.cos(np.radians(27.5))

        def square(x: float) -> shapely.Geometry:
            return shapely.box(120 + x * east, 27.5, 120 + (x + 100) * east, 27.5 + 100 * METRE)

        found = coverage([square(0), square(90), square(195)], shapely.box(120, 27.5, 120 + 295 * east, 27.5 + 100 * METRE))
        assert [(a, b, round(size)) for a, b, size in found.overlaps] == [(0, 1, 1000)]
        assert [round(size) for size in found.gaps] == [500]

    def test_enclosed_hole_without_an_outline(self) -> None:
        ring = self.squares((120, 27, 121, 30), (122, 27, 123, 30), (121, 27, 122, 28), (121, 29, 122, 30))
        assert len(coverage(ring).gaps) == 1

    def test_nothing(self) -> None:
        assert coverage([]) == coverage([], shapely.box(0, 0, 1, 1))
