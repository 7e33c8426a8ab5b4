"""The office's list of imports: who may see it, what it shows, the rejected rows as a table."""

import csv
import io

import pytest
from django.test import Client
from django.urls import reverse

from apps.imports.models import ImportBatch, RejectedRow

ROWS = 120


@pytest.fixture
def batch(db: None) -> ImportBatch:
    batch = ImportBatch.objects.create(
        layer="station", file_name="联络站<b>.csv", sha256="a" * 64, crs="EPSG:4549", encoding="gb18030", status="done", rows_read=200, inserted=80,
        rejected=ROWS, message="没有用到的列：备注", seconds=1.5,
    )  # fmt: skip
    RejectedRow.objects.bulk_create(
        RejectedRow(batch=batch, row=i, reason="“类型”不在可选范围内", data={"code": f"S{i}", "name": "=HYPERLINK(1)" if i == 2 else "<script>"})
        for i in range(2, 2 + ROWS)
    )
    return batch


@pytest.fixture
def office(client: Client, county_office) -> Client:
    client.force_login(county_office)
    return client


def test_only_the_county_office(client: Client, batch: ImportBatch, users) -> None:
    for name, arguments in (("import_list", []), ("import_detail", [batch.pk]), ("import_rejected", [batch.pk])):
        url = reverse(name, args=arguments)
        client.logout()
        assert client.get(url).url.startswith("/accounts/login/")
        for user in (users.deputy, users.town_clerk, users.dispatcher, users.unit_officer, users.leader):
            client.force_login(user)
            assert client.get(url).status_code == 403, (name, user.role)
        client.force_login(users.county_office)
        assert client.get(url).status_code == 200
        assert client.post(url).status_code == 405


def test_list(office: Client, batch: ImportBatch, django_assert_max_num_queries) -> None:
    ImportBatch.objects.create(layer="rivers", file_name="x", sha256="", crs="", status="refused", message="没有这个图层")
    page = office.get(reverse("import_list")).content.decode()
    assert "联络站：联络站&lt;b&gt;.csv" in page and "拒收 120" in page and "rivers：x" in page
    assert "rivers" not in office.get(reverse("import_list"), {"status": "done"}).content.decode()
    assert "没有符合条件的导入" in office.get(reverse("import_list"), {"layer": "grid"}).content.decode()
    ImportBatch.objects.bulk_create(ImportBatch(layer="area", file_name="y", sha256="", crs="", status="done") for _ in range(40))
    with django_assert_max_num_queries(8):
        office.get(reverse("import_list"))


def test_detail(office: Client, batch: ImportBatch) -> None:
    page = office.get(reverse("import_detail", args=[batch.pk])).content.decode()
    assert "没有用到的列：备注" in page and "EPSG:4549" in page and "gb18030" in page and "1.5 秒" in page
    assert page.count("不在可选范围内") == 50 and "&lt;script&gt;" in page and "<script>；" not in page
    assert office.get(reverse("import_detail", args=[batch.pk]), {"page": 3}).content.decode().count("不在可选范围内") == 20
    assert office.get(reverse("import_detail", args=[0])).status_code == 404


def test_rejected_rows_as_a_table(office: Client, batch: ImportBatch) -> None:
    response = office.get(reverse("import_rejected", args=[batch.pk]))
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0][:4] == ["行号", "原因", "联络站编号", "名称"] and len(rows) == 1 + ROWS
    assert rows[1][0] == "2" and rows[1][3] == "'=HYPERLINK(1)", "never a formula"
    assert rows[2][3] == "<script>"
