"""Cases under load and while things break: every report that was acknowledged is stored, once; every case is answered once. Counted.

A few seconds here; `make soak` sends more of everything, restarts a database of its own under load and fills its disk.
"""

import io
import os
import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from PIL import Image

from ops.cluster import Cluster
from tests.e2e.product import Product, children
from tests.e2e.reporters import Receipt, Reporter, acknowledged, kept, rush
from tests.e2e.test_loop import person

LONG = float(os.environ.get("SOAK_SECONDS", "6")) > 60
PEOPLE, EACH = 100, 10 if LONG else 1
FROM_ONE = 10_000 if LONG else 300
ALLOWED = 240  # reports that one address may hand in at once


def whole(product: Product, words: str, receipts: list[Receipt]) -> None:
    """Acknowledged = stored, once each, with the event that it began with; said on the screen."""
    stored = kept(product, words)
    print(f"{words}: acknowledged {len(receipts)} = stored {len(stored)}")
    assert acknowledged(receipts) == stored and len({code for _, code in stored}) == len(stored)
    with psycopg.connect(product.database_url) as connection:
        counted = connection.execute(
            """SELECT c.submission, count(e.id) FROM cases_case c LEFT JOIN cases_caseevent e ON e.subject_id = c.id AND e.verb = 'submit'
               WHERE starts_with(c.text, %s) GROUP BY 1 HAVING count(e.id) <> 1""", [words]
        ).fetchall()  # fmt: skip
    assert counted == []


def test_a_hundred_reporters_at_once(product: Product) -> None:
    done = rush(product, PEOPLE, EACH, lambda who, turn: f"满百人 {who} 号第 {turn} 次：楼道灯不亮")
    print("\n" + done.said())
    assert len(done.receipts) == PEOPLE * EACH and not done.troubles
    whole(product, "满百人", list(done.receipts))


def test_one_client_with_thousands_of_reports_holds_up_nobody(product: Product) -> None:
    """Most of them are the same one sent again, which is one case; beyond what an address may send it is told to wait, others are served meanwhile."""
    where, statuses, over, served = product.facts["crowded"], Counter(), threading.Event(), []

    def others() -> None:
        with Reporter(product, 7_001) as neighbour:
            theirs = neighbour.form(**where)
            while not over.is_set():
                served.append(neighbour.report(theirs, "邻居的路灯不亮"))
                over.wait(0.2)

    thread = threading.Thread(target=others)
    thread.start()
    try:
        same = "5e0c1f6a-0000-4000-8000-000000000001"
        with Reporter(product, 7_000) as flood:
            form = flood.form(**where)
            for number in range(FROM_ONE):
                again = number < ALLOWED - 10
                answer, _ = flood.send(form, "一个人的几千件" if again else f"一个人的几千件 {number}", same if again else "")
                statuses[answer.status] += 1
    finally:
        over.set()
        thread.join()
    print(f"\n{FROM_ONE} from one client: {dict(statuses)}; a neighbour meanwhile: {len(served)} reports, slowest {1000 * max(one.seconds for one in served):.0f} ms")
    assert set(statuses) == {302, 429} and ALLOWED <= statuses[302] <= ALLOWED + (FROM_ONE - ALLOWED) // 5
    assert len(kept(product, "一个人的几千件")) == statuses[302] - (ALLOWED - 10) + 1
    assert served and max(one.seconds for one in served) < 5
    whole(product, "邻居的路灯不亮", served)


def test_killed_and_cut_off_under_load(product: Product) -> None:
    """The web process killed with -9, the server with it, and every connection to the database cut, while everybody sends."""

    def strike() -> None:
        time.sleep(0.3)
        for pid in children(product.running["web"].pid):
            os.kill(pid, 9)
        time.sleep(0.7)
        with psycopg.connect(product.database_url, dbname="postgres", autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [product.name])
        time.sleep(0.7)
        product.kill("web")
        product.start_again("web")

    done = rush(product, 24, 40 if LONG else 8, lambda who, turn: f"断电时 {who} 号第 {turn} 次：水管爆了一段", strike, first=200)
    product.await_health()
    print("\n" + done.said())
    assert done.troubles, "the faults were not felt: nothing is shown"
    whole(product, "断电时", list(done.receipts))


@contextmanager
def small_disk(folder: Path, size: str, owner: tuple[int, int] | None = None) -> Iterator[None]:
    """A disk of its own for a folder that is empty, as large as said."""
    folder.mkdir(parents=True, exist_ok=True)
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("only root may mount a small disk")
    if owner:
        os.chown(folder, *owner)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_disk_that_is_full_of_photos(product: Product) -> None:
    """What does not fit is not taken and says so, with all that was written still on the page; without photos reports go on."""
    folder, photo = product.folder / "photos", noise()
    aside = folder.with_name("photos-aside")
    if folder.exists():
        shutil.move(folder, aside)
    try:
        with small_disk(folder, "600k"), Reporter(product, 7_002) as resident:
            form, taken, refused = resident.form(**product.facts["crowded"]), [], []
            for number in range(8):
                answer, _ = resident.send(form, f"满盘 {number}：垃圾没人收", photo=photo)
                (taken if answer.status == 302 else refused).append(answer)
            assert taken and refused, "the disk should fill half way"
            for answer in refused:
                assert answer.status == 422 and "满盘" in answer.text and "照片" in answer.text, f"{answer.status}\n{answer.text[:3000]}"
            plain = resident.report(form, "满盘之后不带照片：垃圾没人收")
            assert len(kept(product, "满盘")) == len(taken) + 1 and (plain.submission, plain.code) in kept(product, "满盘之后")
    finally:
        if aside.exists():
            shutil.rmtree(folder, ignore_errors=True)
            shutil.move(aside, folder)


@pytest.mark.skipif(not LONG, reason="a database server of its own: with make soak")
def test_the_database_is_restarted_and_its_disk_fills_under_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server of its own on a small disk: stopped without a word and started again while everybody sends, then its disk is filled and freed."""
    cluster = Cluster(tmp_path / "own")
    cluster._claim_home()
    owner = cluster.home.stat()
    with small_disk(cluster.home, "1500m", (owner.st_uid, owner.st_gid)), ExitStack() as held:
        cluster.home.chmod(0o700)
        held.callback(cluster.remove)
        cluster.start()
        monkeypatch.setenv("DATABASE_URL", cluster.url)
        (tmp_path / "product").mkdir()
        product = held.enter_context(Product(tmp_path / "product", "_own"))

        def restart() -> None:
            for _ in range(3):
                time.sleep(2)
                cluster._as_owner("pg_ctl", "restart", "-D", cluster.data, "-l", cluster.home / "server.log", "-m", "immediate", "-w", "-t", "60")

        def fill() -> None:
            time.sleep(1)
            ballast = cluster.home / "ballast"
            with ballast.open("wb") as file, suppress(OSError):
                while True:
                    file.write(bytes(1 << 20))
            time.sleep(5)
            ballast.unlink()
            if cluster.server_pid() is None:  # it gives up when its journal does not fit, and is started again as after any stop
                cluster.start()

        for words, fault in (("重启时", restart), ("库盘满时", fill)):
            done = rush(product, 24, 40, lambda who, turn, words=words: f"{words} {who} 号第 {turn} 次：水管爆了一段", fault, first=300)
            product.await_health()
            print("\n" + done.said())
            whole(product, words, list(done.receipts))
        product.manage("verify_history")


def noise() -> bytes:
    """A photo that no compression makes small."""
    picture = io.BytesIO()
    Image.effect_noise((640, 480), 60).convert("RGB").save(picture, "JPEG", quality=90)
    return picture.getvalue()


def test_two_holders_answer_at_once(product: Product) -> None:
    """Two clerks with the same cases open: of each one answer counts, whoever comes second keeps his words and is told. None is answered twice."""
    person(product, "second")
    door = product.facts["door"]
    with psycopg.connect(product.database_url) as connection:
        to = connection.execute("SELECT d.code FROM deputies_deputy d JOIN accounts_user u ON u.id = d.user_id WHERE u.username = 'deputy'").fetchone()[0]
    with Reporter(product, 7_003) as resident, Reporter(product, 7_004) as first, Reporter(product, 7_005) as second:
        form = resident.form(door["lon"], door["lat"]) | {"to": to}
        receipts = [resident.report(form, f"两人同办 {number}：井盖松了") for number in range(6)]
        with Reporter(product, 7_006) as deputy:
            deputy.sign_in("deputy")
            for address in addresses(product, receipts):
                deputy.move(address, "pass_to_county", "请县里办理")
        first.sign_in("county")
        second.sign_in("second")
        pages = [{"clerk": clerk, "address": address, "form": clerk.opened(address)} for address in addresses(product, receipts) for clerk in (first, second)]
        ready, answers = threading.Barrier(2, timeout=90), []

        def answer(clerk: Reporter) -> None:
            for page in pages:
                if page["clerk"] is clerk:
                    ready.wait()
                    note = f"{clerk.number} 的答复：井盖已更换"
                    answers.append((note, clerk.post(page["address"], page["form"] | {"verb": "answer_as_county", "note": note})))

        threads = [threading.Thread(target=answer, args=(clerk,)) for clerk in (first, second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    told = Counter(answer.status for _, answer in answers)
    print(f"\ntwo at once, {len(receipts)} cases: {dict(told)}")
    assert told == {302: len(receipts), 409: len(receipts)}
    for note, answer in answers:
        assert answer.status == 302 or (note in answer.text and 'role="alert"' in answer.text), answer.text[-6000:]
    with psycopg.connect(product.database_url) as connection:
        counted = connection.execute(
            """SELECT c.state, count(e.id) FROM cases_case c JOIN cases_caseevent e ON e.subject_id = c.id AND e.verb = 'answer_as_county'
               WHERE starts_with(c.text, '两人同办') GROUP BY c.id"""
        ).fetchall()  # fmt: skip
    assert counted == [("answered", 1)] * len(receipts)


def addresses(product: Product, receipts: list[Receipt]) -> list[str]:
    """The office's pages of these cases."""
    with psycopg.connect(product.database_url) as connection:
        codes = dict(connection.execute("SELECT follow_code, code FROM cases_case WHERE follow_code = ANY(%s)", [[one.code for one in receipts]]).fetchall())
    return [f"/cases/{codes[one.code]}/" for one in receipts]
