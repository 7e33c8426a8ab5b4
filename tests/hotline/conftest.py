"""A source, and tables as such places export them."""

import csv
import io
from collections.abc import Callable, Iterator

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.hotline import workflow
from apps.hotline.earlier import earlier
from apps.hotline.models import Intake, Source
from apps.hotline.pieces import SealedUpload, Sealing

HEADINGS = ["工单编号", "来电人", "联系电话", "受理时间", "诉求标题", "诉求内容", "诉求地址", "承办单位", "办理状态", "办理时限", "满意度", "受理渠道", "年龄"]
MAPPING = {
    "工单编号": "number", "来电人": "private", "联系电话": "private", "受理时间": "received_at", "诉求标题": "title", "诉求内容": "text", "诉求地址": "address", "承办单位": "unit_words",
    "办理状态": "state", "办理时限": "due_on", "满意度": "satisfied", "受理渠道": "channel", "年龄": "age",
}  # fmt: skip


def row(number: int, **said: str) -> list[str]:
    """One order as the hotline writes it."""
    base = {
        "工单编号": f"LX2026030{number:05d}", "来电人": "王小明", "联系电话": f"1380000{number:04d}", "受理时间": f"2026-03-0{1 + number % 8} 09:{number % 60:02d}:10",
        "诉求标题": "路灯不亮", "诉求内容": f"市民王小明（电话1380000{number:04d}）反映人民路第{number}根灯杆的路灯坏了，晚上走路看不见", "诉求地址": "东溪镇人民路12号", "承办单位": "县住建局",
        "办理状态": "办理中", "办理时限": "2026-03-15", "满意度": "", "受理渠道": "电话", "年龄": "67",
    }  # fmt: skip
    return [(base | said)[heading] for heading in HEADINGS]


def as_csv(rows: list[list[str]], headings: list[str] = HEADINGS, encoding: str = "utf-8") -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows([headings, *rows])
    return written.getvalue().encode(encoding)


def as_xlsx(rows: list[list], headings: list[str] = HEADINGS, above: list[list] | None = None) -> bytes:
    book = openpyxl.Workbook()
    for line in [*(above or []), headings, *rows]:
        book.active.append(line)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def sealed(name: str, content: bytes) -> SealedUpload:
    pieces: list[bytes] = []
    sealing = Sealing(lambda number, piece: pieces.append(piece))
    sealing.write(content)
    digest = sealing.close()
    return SealedUpload(name, len(content), pieces, digest)


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    """What processes know of earlier records outlives the test whose rows they were."""
    earlier.forget()
    yield
    earlier.forget()


@pytest.fixture
def source(town) -> Source:
    return Source.objects.create(code="12345", name="12345热线", kind="hotline", mapping=MAPPING)


Receive = Callable[..., Intake]


@pytest.fixture
def receive(source: Source, users) -> Receive:
    """Take a file in, from its arrival to its end."""

    def taken(content: bytes, name: str = "工单.csv", of: Source = source, *, run: bool = True) -> Intake:
        intake, _ = workflow.receive_upload(of, sealed(name, content), users.county_office)
        workflow.start(intake, users.county_office)
        return workflow.run(intake.pk) if run else intake

    return taken


@pytest.fixture
def office(client: Client, users) -> Client:
    client.force_login(users.county_office)
    return client


def upload(name: str, content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)
