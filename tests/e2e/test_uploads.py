"""Photos from a phone, and bodies that are too large, on the real server: answered before they are read, in words."""

import http.client
import json
from urllib.parse import urlsplit

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.e2e.product import Product
from tests.record.cameras import exif, photo, scene

LARGE = 200 * 1024 * 1024
FORM = "/supervision/visits/new"


@pytest.mark.parametrize(("accept", "said"), [("text/html", "<h1>传的东西太大了</h1>"), ("application/json", '"message"')])
def test_two_hundred_megabytes_are_answered_unread(product: Product, accept: str, said: str) -> None:
    """The body never comes, and the answer does not wait for it."""
    connection = http.client.HTTPConnection(urlsplit(product.address).netloc, timeout=10)
    connection.putrequest("POST", FORM)
    connection.putheader("Content-Type", "multipart/form-data; boundary=x")
    connection.putheader("Content-Length", str(LARGE))
    connection.putheader("Accept", accept)
    connection.endheaders(b"--x\r\n")
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    assert answer.status == 413 and said in body and "请少选几张照片" in (json.loads(body)["message"] if accept.endswith("json") else body)


def test_a_browser_is_told_when_it_sends_too_much(visit) -> None:
    visitor = visit("phone", "deputy")
    visitor.page.goto(FORM)
    with visitor.expecting(413):
        told = visitor.page.evaluate(
            """async (size) => { const answer = await fetch(location.pathname, {method: 'POST', body: new Blob([new Uint8Array(size)]),
               headers: {Accept: 'application/json'}}); return [answer.status, (await answer.json()).message]; }""",
            80 * 1024 * 1024,
        )
    assert told[0] == 413 and "80 MB" in told[1]


def test_photos_are_made_smaller_on_the_phone_and_keep_what_the_office_may_know(visit, tmp_path) -> None:
    visitor = visit("phone", "deputy")
    page = visitor.page
    large = Image.effect_noise((4000, 3000), 60).convert("RGB")
    files = {"大.jpg": photo(image=large, exif=exif(6), quality=95), "合同.jpg": b"%PDF-1.7 ", "小.jpg": photo(image=scene(), exif=exif(6))}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    page.goto(FORM)
    box = page.locator("[data-photos]", has=page.locator("#id_photos"))
    field = box.locator("input[type=file]")
    field.set_input_files([tmp_path / name for name in files])
    status = box.locator("[role=status]")
    expect(status).to_contain_text("已选 2 张")
    expect(status).to_contain_text("“合同.jpg”不是照片")
    kept = page.evaluate(
        """async () => Promise.all([...document.querySelector('#id_photos').files].map(async file => {
               const image = await createImageBitmap(file); const bytes = new TextDecoder('latin1').decode(await file.slice(0, 4000).arrayBuffer());
               return {name: file.name, size: file.size, wide: image.width, high: image.height, noted: bytes.includes('Exif')}; }))"""
    )
    assert [(each["name"], each["wide"], each["high"], each["noted"]) for each in kept] == [("大.jpg", 1920, 2560, True), ("小.jpg", 32, 64, True)]
    assert kept[0]["size"] < len(files["大.jpg"])
    box.get_by_role("button", name="去掉第 1 张照片").click()
    expect(status).to_contain_text("已选 1 张")
    assert field.evaluate("field => field.files.length") == 1
    assert visitor.small_targets() == [] and visitor.barriers() == []
