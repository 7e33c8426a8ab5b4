"""Districts of a term to come: a draft whichever way they are imported, replaced as a whole, and no danger to the term before."""

import datetime as dt
from pathlib import Path

import pytest

from apps.deputies.models import Deputy, Mandate
from apps.territory.models import ElectoralDistrict, LayerVersion, Term
from tests.imports.conftest import TODAY, Bring
from tests.imports.formats import load, sample
from tests.imports.test_merging import COUNTY, changed, only


def term(number: int, plan: str = "") -> Term:
    return Term.objects.get(congress__code=COUNTY, number=number, plan=plan)


def codes(of: Term) -> list[str]:
    return list(of.districts.order_by("code").values_list("code", flat=True))


def next_term(columns: dict[str, list]) -> None:
    """The sample's county districts as those of the next term."""
    only(columns, 0, 1, 2, 3)
    for row, code in enumerate(columns["code"]):
        columns["code"][row] = code.replace("-17-", "-18-0")
        columns["term"][row], columns["term_starts"][row], columns["term_ends"][row] = "18", "2027-01-10", "2032-01-10"


def test_a_file_of_drafts_is_a_draft(bring: Bring, samples: None) -> None:
    draft = term(18, "方案一")
    assert (draft.state, draft.districts.count(), draft.starts) == ("draft", 4, dt.date(2027, 1, 10))
    assert not ElectoralDistrict.objects.in_force(dt.date(2028, 1, 1)).exists()
    batch = bring("draft", sample("draft"))
    assert "公布之前不生效" in batch.message and batch.unchanged == 4
    assert set(draft.districts.get(code="339901-18-002").employers.values_list("code", flat=True)) == {"traffic", "water"}


def test_districts_of_a_term_to_come_are_a_draft_too(bring: Bring, samples: None, tmp_path: Path) -> None:
    batch = bring("district", changed(tmp_path, "district", next_term))
    assert (term(18).state, batch.inserted) == ("draft", 4)
    assert "草案" in batch.message
    assert {one.state for one in Term.objects.filter(number__lt=18)} == {"published"}


def test_a_term_that_follows_is_a_draft_even_when_it_has_begun(bring: Bring, samples: None, tmp_path: Path) -> None:
    def late(columns: dict[str, list]) -> None:
        next_term(columns)
        columns["term_starts"] = ["2025-01-10"] * 4
        columns["term_ends"] = ["2030-01-10"] * 4

    bring("district", changed(tmp_path, "district", late))
    assert term(18).state == "draft"
    assert not ElectoralDistrict.objects.in_force(TODAY).filter(term=term(18)).exists()


def test_an_old_term_is_history_and_no_draft(bring: Bring, samples: None, tmp_path: Path) -> None:
    def old(columns: dict[str, list]) -> None:
        next_term(columns)
        columns["code"] = [code.replace("-18-0", "-16-0") for code in columns["code"]]
        columns["term"], columns["term_starts"], columns["term_ends"] = ["16"] * 4, ["2017-01-10"] * 4, ["2022-01-10"] * 4

    bring("district", changed(tmp_path, "district", old))
    assert term(16).state == "published"


def test_a_corrected_file_replaces_the_draft(bring: Bring, samples: None, tmp_path: Path) -> None:
    def fewer(columns: dict[str, list]) -> None:
        only(columns, 0, 1, 2)
        columns["code"][2] = "339901-18-033"  # a new code takes the number of one that goes
        columns["seats"][0] = "3"

    batch = bring("draft", changed(tmp_path, "draft", fewer))
    assert codes(term(18, "方案一")) == ["339901-18-001", "339901-18-002", "339901-18-033"]
    assert (batch.inserted, batch.updated, batch.unchanged) == (1, 1, 1)
    assert "2 个选区不在这份文件里，已经去掉" in batch.message


def test_refused_rows_leave_the_draft_whole(bring: Bring, samples: None, tmp_path: Path) -> None:
    batch = bring("draft", changed(tmp_path, "draft", lambda columns: columns["seats"].__setitem__(0, "4")), done=False)
    assert batch.rejected == 1 and "原有的选区都保留" in batch.message
    assert len(codes(term(18, "方案一"))) == 4


def test_districts_with_deputies_are_kept_and_told(bring: Bring, samples: None, tmp_path: Path) -> None:
    draft = term(18, "方案一")
    Mandate.objects.create(deputy=Deputy.objects.first(), term=draft, district=draft.districts.get(code="339901-18-004"))
    batch = bring("draft", changed(tmp_path, "draft", lambda columns: only(columns, 0, 1, 2)))
    assert "已登记代表，没有去掉：第4选区" in batch.message
    assert len(codes(draft)) == 4


def test_two_drafts_side_by_side(bring: Bring, samples: None, tmp_path: Path) -> None:
    def second(columns: dict[str, list]) -> None:
        columns["plan"] = ["方案二"] * 4
        columns["code"] = [code.replace("-18-", "-18B-") for code in columns["code"]]

    bring("draft", changed(tmp_path, "draft", second))
    assert codes(term(18, "方案二")) == [f"339901-18B-00{number}" for number in (1, 2, 3, 4)]
    assert len(codes(term(18, "方案一"))) == 4


def test_the_code_of_another_term_is_refused(bring: Bring, samples: None, tmp_path: Path) -> None:
    def same(columns: dict[str, list]) -> None:
        columns["code"][0] = "339901-17-001"

    batch = bring("draft", changed(tmp_path, "draft", same), done=False)
    assert "已由样县第17届的选区使用" in batch.rejected_rows.get().reason
    assert ElectoralDistrict.objects.get(code="339901-17-001").term == term(17)


def test_no_draft_of_what_is_published(bring: Bring, samples: None, tmp_path: Path) -> None:
    Term.objects.filter(number=18).update(state="published", plan="")
    batch = bring("draft", sample("draft"), done=False)
    assert batch.status == "refused" and all("已经公布" in row.reason for row in batch.rejected_rows.all())


def test_deputies_of_a_draft_find_its_term(bring: Bring, samples: None, tmp_path: Path) -> None:
    """The rows of the deputies name congress, number and district; which of the drafts is meant says the district."""
    def second(columns: dict[str, list]) -> None:
        columns["plan"] = ["方案二"] * 4
        columns["code"] = [code.replace("-18-", "-18B-") for code in columns["code"]]

    bring("draft", changed(tmp_path, "draft", second))

    def elected(columns: dict[str, list]) -> None:
        rows = [row for row, district in enumerate(columns["district"]) if district.startswith("339901-17-")][:2]
        only(columns, *rows)
        columns["district"] = ["339901-18B-001"] * len(rows)
        columns["term"], columns["term_starts"], columns["term_ends"] = ["18"] * len(rows), ["2027-01-10"] * len(rows), ["2032-01-10"] * len(rows)

    frame = load(sample("deputy"))
    assert len(frame)
    bring("deputy", changed(tmp_path, "deputy", elected))
    assert {mandate.term for mandate in Mandate.objects.filter(term__number=18)} == {term(18, "方案二")}
    assert Term.objects.filter(number=18).count() == 2, "no third draft is made"


def test_nobody_is_elected_by_a_draft_that_was_set_aside(bring: Bring, samples: None, tmp_path: Path) -> None:
    Term.objects.filter(number=18).update(state="set_aside")

    def elected(columns: dict[str, list]) -> None:
        rows = [row for row, district in enumerate(columns["district"]) if district.startswith("339901-17-")][:1]
        only(columns, *rows)
        columns["district"], columns["term"] = ["339901-18-001"], ["18"]
        columns["term_starts"], columns["term_ends"] = ["2027-01-10"], ["2032-01-10"]

    batch = bring("deputy", changed(tmp_path, "deputy", elected), done=False)
    assert "不属于339901000000第18届" in batch.rejected_rows.get().reason


def test_settled_dates_are_not_unsettled_by_a_file(bring: Bring, samples: None) -> None:
    """The term before was made to end when the next begins; its file, imported again, says otherwise."""
    Term.objects.filter(number=18).update(state="published", plan="", starts=dt.date(2027, 2, 1), ends=dt.date(2032, 2, 1))
    Term.objects.filter(number=17, congress__code=COUNTY).update(ends=dt.date(2027, 2, 1))
    bring("district", sample("district"))
    assert term(17).ends == dt.date(2027, 2, 1)


def test_the_engine_is_not_read_anew_for_a_draft(bring: Bring, samples: None, tmp_path: Path) -> None:
    before = LayerVersion.objects.get(layer="district").version
    bring("draft", changed(tmp_path, "draft", lambda columns: columns["seats"].__setitem__(0, "1")))
    assert LayerVersion.objects.get(layer="district").version == before


@pytest.mark.parametrize("layer", ["draft"])
def test_rehearsal_changes_nothing(bring: Bring, samples: None, tmp_path: Path, layer: str) -> None:
    batch = bring(layer, changed(tmp_path, layer, lambda columns: only(columns, 0)), done=False, rehearse=True)
    assert batch.status == "rehearsed" and len(codes(term(18, "方案一"))) == 4
