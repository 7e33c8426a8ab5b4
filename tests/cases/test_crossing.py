"""A case between two zones: filed where the internet is, answered where it is not, carried by files through a gate that loses, doubles and shuffles."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.record.zones import Zone, two_zones

pytestmark = pytest.mark.django_db  # so that there is a database whose tables the zones' own are copied from

FILE = """
import uuid
from apps.cases import workflow
from apps.cases.models import Reporter
from tests import town as toy
point = toy.at(0.4, 0.5)
case = workflow.submit(workflow.Report(submission=uuid.uuid4(), text=text, lon=point.x, lat=point.y, reporter=Reporter("王五", "13912345678"), to="D1"))
answer = case.follow_code
"""
PAGE = """
from apps.cases.views_follow import followed
client = Client(raise_request_exception=True, HTTP_HOST="localhost")
response = client.get(f"/follow/{code}")
answer = [response.status_code, response.content.decode()]
"""
ROLE = """
from apps.accounts.models import User
from apps.cases.models import Case, CaseEvent, Joiner, Rating, ReporterContact
from apps.cases import workflow, workflow_limits, workflow_parts, workflow_ratings
who = lambda name: User.objects.get(username=name)
the = lambda text: Case.objects.get(text=text)
"""
STATE = ROLE + "case = the(text)\nanswer = [case.state, case.answer, case.reopened, [e.verb for e in case.events.order_by('pk')], case.follow_code]"


@pytest.fixture(scope="module")
def zones(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[tuple[Zone, Zone]]:
    with django_db_blocker.unblock(), two_zones(tmp_path_factory.mktemp("zones")) as pair:
        yield pair


@pytest.fixture
def gate(tmp_path) -> tuple[Path, Path]:
    """The folders of the file gate: inward and outward."""
    folders = tmp_path / "inward", tmp_path / "outward"
    for folder in folders:
        folder.mkdir()
    return folders


def cross(zones, gate) -> tuple[str, str]:
    """Everything once over and back."""
    (public, office), (inward, outward) = zones, gate
    public.carry_out(inward)
    told = office.carry_in(inward)
    office.carry_out(outward)
    return told, public.carry_in(outward)


def test_from_the_report_to_the_rating(zones, gate):
    public, office = zones
    text = "路灯不亮，走过三次"
    code = public.do(FILE, text=text)
    cross(zones, gate)
    state, _, _, verbs, follow = office.do(STATE, text=text)
    assert (state, verbs, follow) == ("with_deputy", ["submit"], code)
    assert office.do(ROLE + "answer = ReporterContact.objects.get(case=the(text)).opened().phone", text=text) == "13912345678"
    # The office asks, the reporter adds what was missing.
    office.do(ROLE + "workflow_limits.pause(the(text), who('deputy'), '是哪一盏灯？')", text=text)
    cross(zones, gate)
    status, page = public.do(PAGE, code=code)
    assert status == 200 and "是哪一盏灯？" in page
    public.do("from apps.cases.views_follow import followed\nfrom apps.cases import workflow_limits\nworkflow_limits.supply(followed(code).own, '东头第二盏')", code=code)
    cross(zones, gate)
    assert office.do(ROLE + "answer = [the(text).paused_at is None, the(text).events.get(verb='supply').note]", text=text) == [True, "东头第二盏"]
    # Answered, not to his satisfaction, answered again, rated.
    office.do(ROLE + "workflow.answer_as_deputy(the(text), who('deputy'), '已报修。')", text=text)
    cross(zones, gate)
    assert "已报修。" in public.do(PAGE, code=code)[1]
    rate = "from apps.cases.views_follow import followed\nfrom apps.cases import workflow_ratings\nanswer = workflow_ratings.rate(followed(code).own, score, words='还没亮').state"
    assert public.do(rate, code=code, score="unsatisfied") == "with_deputy"
    cross(zones, gate)
    assert office.do(STATE, text=text)[:3] == ["with_deputy", "已报修。", 1]
    office.do(ROLE + "workflow.answer_as_deputy(the(text), who('deputy'), '已换灯泡。')", text=text)
    cross(zones, gate)
    assert public.do(rate, code=code, score="satisfied") == "closed"
    cross(zones, gate)
    state, answer, reopened, verbs, _ = office.do(STATE, text=text)
    assert (state, answer, reopened) == ("closed", "已换灯泡。", 1)
    assert verbs == ["submit", "pause", "supply", "answer_as_deputy", "rate", "reopen", "answer_as_deputy", "rate"]
    assert office.do(ROLE + "answer = sorted([r.round, r.score] for r in Rating.objects.filter(case=the(text), part='outcome'))", text=text) == [[0, "unsatisfied"], [1, "satisfied"]]
    told, back = cross(zones, gate)
    assert "没有接受 0 条" in told and "没有接受 0 条" in back
    for zone in zones:
        zone.do("connection.cursor().execute('SET ROLE NONE')\nfrom apps.cases.models import CaseEvent\nassert CaseEvent.objects.broken_chains() == []")
    public.do("connection.cursor().execute('SET ROLE geo_public')")


def test_the_public_zone_cannot_open_what_it_has_sealed(zones, gate):
    public, office = zones
    public.do(FILE, text="联系方式只有办公区能看")
    fault = public.do("""
        from apps.record.sealing import Unreadable
        from apps.cases.models import ReporterContact
        connection.cursor().execute('SET ROLE NONE')
        try:
            answer = ReporterContact.objects.order_by('-pk').first().opened().phone
        except Unreadable as refusal:
            answer = str(refusal)
        connection.cursor().execute('SET ROLE geo_public')
    """)
    assert "139" not in fault and "密钥" in fault
    inward, _ = gate
    public.carry_out(inward)
    sent = "".join(path.read_text() for path in inward.glob("*.jsonl"))
    assert "联系方式只有办公区能看" in sent.encode().decode() or "\\u" in sent
    assert "13912345678" not in sent and "王五" not in sent
    office.carry_in(inward)


def test_doubled_shuffled_and_lost(zones, gate, tmp_path):
    public, office = zones
    inward, outward = gate
    code = public.do(FILE, text="一再送来的")
    public.carry_out(inward)
    copies = tmp_path / "copies"
    shutil.copytree(inward, copies)
    office.carry_in(inward)
    for path in copies.glob("*.jsonl"):
        shutil.copy(path, inward / f"again-{path.name}")
    assert "新收 0 条" in office.carry_in(inward)
    assert office.do(ROLE + "answer = Case.objects.filter(text='一再送来的').count()") == 1
    # Three moves outward in three files; the middle one is lost, the last comes first.
    files = []
    for move in ("workflow_limits.pause(the(t), who('deputy'), '哪里？')", "workflow_limits.resume(the(t), who('deputy'), '找到了')", "workflow.answer_as_deputy(the(t), who('deputy'), '办好了。')"):
        office.do(ROLE + f"t = '一再送来的'\n{move}\nconnection.ensure_connection()")
        office.do("import io\ncall_command('export_messages', gate, stdout=io.StringIO())", gate=str(outward))
        (fresh,) = [path for path in outward.glob("*.jsonl") if path not in files]
        files.append(fresh)
    lost = files[1].rename(tmp_path / files[1].name)
    last, first = files[2].rename(tmp_path / files[2].name), files[0].rename(tmp_path / files[0].name)
    shutil.move(last, outward / last.name)
    said = public.carry_in(outward)
    assert "处理 0 条" in said and "还没有收到" in said
    assert "办好了。" not in public.do(PAGE, code=code)[1]
    shutil.move(first, outward / first.name)
    public.carry_in(outward)
    _status, page = public.do(PAGE, code=code)
    assert "办好了。" not in page  # the one between is missing: nothing is shown in the wrong order
    # The receipt that goes back asks for what is missing; the next files bring it.
    public.carry_out(inward)
    office.carry_in(inward)
    office.do("import io\ncall_command('export_messages', gate, stdout=io.StringIO())", gate=str(outward))
    public.carry_in(outward)
    assert "办好了。" in public.do(PAGE, code=code)[1]
    shutil.move(lost, outward / lost.name)
    assert "新收 0 条" in public.carry_in(outward)


def test_what_is_tampered_with_or_signed_by_others_is_not_taken(zones, gate, tmp_path):
    public, office = zones
    inward, _ = gate
    public.do(FILE, text="签过名的原话")
    public.carry_out(inward)
    (path,) = inward.glob("*.jsonl")
    lines = path.read_text(encoding="utf-8").splitlines()
    forged = []
    for line in lines:
        envelope = json.loads(line)
        envelope["said"] = envelope["said"].replace("签过名的原话", "改过的话").replace("\\u7b7e\\u8fc7\\u540d\\u7684\\u539f\\u8bdd", "改过的话")
        forged.append(json.dumps(envelope, ensure_ascii=False))
    path.write_text("\n".join(forged) + "\n", encoding="utf-8")
    said = office.carry_in(inward)
    assert "没有收" in said and "CommandError" in said and [each.name for each in (inward / "refused").iterdir()] == [path.name]
    assert office.do(ROLE + "answer = Case.objects.filter(text__contains='改过的话').count()") == 0
    for junk in ("", "{}", "[1,2]", '{"said": "{}", "signature": "AAAA"}', "\x00\xff", "[" * 5000, lines[-1][: len(lines[-1]) // 2]):
        (inward / "junk.jsonl").write_text(lines[0] + "\n" + junk + "\n", encoding="utf-8")
        assert "没有收" in office.carry_in(inward)
    # A file that is still being copied is left where it is, and taken when it is whole.
    half = inward / "half.jsonl"
    half.write_text("\n".join(lines)[:-20], encoding="utf-8")
    office.carry_in(inward)
    assert half.exists()
    half.write_text("\n".join(lines) + "\n", encoding="utf-8")
    office.carry_in(inward)
    assert not half.exists() and office.do(ROLE + "answer = Case.objects.filter(text='签过名的原话').count()") == 1
    # Its own messages sent back to it are none of the other zone's.
    public.carry_out(inward)
    assert "没有收" in public.carry_in(inward) if list(inward.glob("*.jsonl")) else True


def test_what_comes_too_late_is_refused_and_the_public_zone_hears_how_it_is(zones, gate):
    public, office = zones
    text = "先撤回还是先答复"
    code = public.do(FILE, text=text)
    cross(zones, gate)
    office.do(ROLE + "workflow.answer_as_deputy(the(text), who('deputy'), '已经办好。')", text=text)
    public.do("from apps.cases.views_follow import followed\nfrom apps.cases import workflow_ratings\nworkflow_ratings.withdraw(followed(code).own, '不用了')", code=code)
    told, _ = cross(zones, gate)
    assert "没有接受 1 条" in told
    assert office.do(STATE, text=text)[0] == "answered"
    assert "已经办好。" in public.do(PAGE, code=code)[1]


def test_joined_outside_told_inside(zones, gate):
    public, office = zones
    text = "大家都遇到的"
    code = public.do(FILE, text=text)
    own = public.do("""
        import uuid
        from apps.cases import joining
        from apps.cases.models import Reporter
        from apps.cases.views_follow import followed
        joiner = joining.join(followed(code).own, uuid.uuid4(), words='我这里也是', reporter=Reporter('', '13712345678'))
        answer = joiner.follow_code
    """, code=code)  # fmt: skip
    cross(zones, gate)
    assert office.do(ROLE + "j = Joiner.objects.get(case=the(text))\nanswer = [j.follow_code, j.words, ReporterContact(sealed=bytes(j.contact)).opened().phone]", text=text) == [own, "我这里也是", "13712345678"]
    office.do(ROLE + "workflow.answer_as_deputy(the(text), who('deputy'), '都修好了。')", text=text)
    cross(zones, gate)
    assert "都修好了。" in public.do(PAGE, code=own)[1]
    public.do("from apps.cases.views_follow import followed\nfrom apps.cases import workflow_ratings\nf = followed(code)\nworkflow_ratings.rate(f.own, 'satisfied', joiner=f.joiner)", code=own)
    cross(zones, gate)
    assert office.do(ROLE + "answer = [r.joiner.follow_code for r in Rating.objects.filter(case=the(text), by='joiner')]", text=text) == [own]


def test_entered_in_the_office_followed_outside(zones, gate):
    public, office = zones
    code = office.do(ROLE + """
import uuid
from tests import town as toy
point = toy.at(0.4, 0.5)
answer = workflow.submit(workflow.Report(submission=uuid.uuid4(), text='代录入的', lon=point.x, lat=point.y, channel='visit'), actor=who('town_clerk')).follow_code
""")  # fmt: skip
    assert public.do(PAGE, code=code)[0] == 404
    cross(zones, gate)
    status, page = public.do(PAGE, code=code)
    assert status == 200 and "代录入的" in page


def test_photos_cross_and_are_written_anew(zones, gate):
    public, office = zones
    public.do("""
        import io, uuid
        from PIL import Image
        from django.core.files.uploadedfile import SimpleUploadedFile
        from apps.cases import workflow
        from apps.record.files import Photo
        from tests import town as toy
        picture = io.BytesIO()
        Image.effect_noise((300, 200), 60).convert("RGB").save(picture, "JPEG")
        photo = Photo.objects.accept(SimpleUploadedFile("a.jpg", picture.getvalue()), by=None, submission=str(uuid.uuid4()))
        point = toy.at(0.4, 0.5)
        workflow.submit(workflow.Report(submission=uuid.uuid4(), text="有照片的", lon=point.x, lat=point.y, photos=(photo,)))
    """)  # fmt: skip
    cross(zones, gate)
    shown = office.do(ROLE + """
from PIL import Image
(link,) = the('有照片的').photos.all()
answer = [Image.open(link.photo.path()).size, link.photo.path().stat().st_size > 1000, link.photo.by]
""")  # fmt: skip
    assert shown == [[300, 200], True, None]
    assert office.do("from apps.record.messages import Incoming\nanswer = Incoming.objects.filter(state='applied').exclude(body={}).count()") == 0  # kept once, not twice


def test_a_public_answer_stands_outside_and_is_read_over_open311(zones, gate):
    public, office = zones
    text = "公园的秋千断了"
    code = public.do(FILE, text=text)
    cross(zones, gate)
    office.do(ROLE + """
from apps.cases import workflow_publishing as publishing
publishing.turn_page(who('county_office'), on=True)
workflow.answer_as_deputy(the(text), who('deputy'), '秋千换了新的。')
case = the(text)
words = publishing.Words('秋千断了', '公园的秋千断了', '秋千换了新的。')
publishing.publish(case, who('county_office'), words, source=publishing.source_of(case), version=0)
""", text=text)  # fmt: skip
    read = "response = Client(HTTP_HOST='localhost').get('/open311/v2/requests.json')\nanswer = [response.status_code, response.json()]"
    assert public.do(read) == [200, []]
    cross(zones, gate)
    status, (row,) = public.do(read)
    assert (status, row["description"], row["status_notes"], row["status"]) == (200, "公园的秋千断了", "秋千换了新的。", "closed")
    assert code not in json.dumps(row)
    office.do(ROLE + "from apps.cases import workflow_publishing as publishing\npublishing.withdraw(the(text), who('county_office'), '写错了')", text=text)
    cross(zones, gate)
    assert public.do(read) == [200, []]
