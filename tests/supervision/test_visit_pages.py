"""Pages of visits: what the forms take and refuse, photos by permission, the empty form, sheets in versions."""

import datetime as dt
import io
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from openpyxl import load_workbook
from PIL import Image

from apps.accounts.models import Role, User
from apps.supervision import workflow_sheets, workflow_visits
from apps.supervision.findings import Finding
from apps.supervision.rating_sheets import RatingSheet
from apps.supervision.topics import Topic
from apps.supervision.visits import Visit, VisitPhoto
from tests.supervision.test_visits import here, seen


@pytest.fixture
def topics(town):
    list(Topic.objects.of_projects(town.projects.values()))
    return {name: Topic.objects.with_facts().get(project=project) for name, project in town.projects.items()}


def jpeg(colour: str = "green", name: str = "site.jpg") -> SimpleUploadedFile:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(buffer, "JPEG")
    return SimpleUploadedFile(name, buffer.getvalue(), "image/jpeg")


def filled(topic: Topic, user: User, **more) -> dict:
    """The form as a phone fills it in."""
    sheet = RatingSheet.objects.for_topic(topic)
    first, second, *_ = sheet.indicators.all()
    site = topic.site
    return {
        "submission": str(uuid.uuid4()), "writer": str(user.pk), "topic": str(topic.pk), "visited_on": f"{timezone.localdate():%Y-%m-%d}", "text": "在浇筑。",
        "at": timezone.now().isoformat(), "lat": f"{site.y:.6f}", "lon": f"{site.x:.6f}", "accuracy": "18", "reason": "",
        f"rating-{first.pk}": "4", f"rating-{second.pk}": "", **more,
    }  # fmt: skip


def test_a_phone_sends_everything_at_once_and_twice(client, topics, deputy):
    client.force_login(deputy)
    assert client.get(f"/supervision/visits/new?topic={topics['K1'].pk}").status_code == 200
    data = filled(topics["K1"], deputy, **{"finding-0-text": "断了灌溉渠。", "finding-0-severity": "2", "finding-1-text": " ", "finding-1-severity": "1"})
    for _ in range(2):
        sent = client.post("/supervision/visits/new", {**data, "photos": [jpeg(), jpeg("red", "b.jpg")], "finding-0-photos": [jpeg("blue")]})
        assert sent.status_code == 302, sent.content.decode()
    visit = Visit.objects.get()
    assert sent["Location"] == f"/supervision/visits/{visit.pk}/"
    assert (visit.photos.count(), visit.ratings.count()) == (2, 1)
    assert Finding.objects.get().photos.count() == 1
    page = client.get(sent["Location"]).content.decode()
    assert "在现场范围内" in page and "4 分" in page and "未查看" in page and "断了灌溉渠" in page


def test_what_was_typed_stays_when_something_is_missing(client, topics, deputy):
    client.force_login(deputy)
    data = filled(topics["K1"], deputy, lat="", lon="", **{"finding-0-text": "断了灌溉渠。", "finding-0-severity": "7"})
    answer = client.post("/supervision/visits/new", data)
    page = answer.content.decode()
    assert answer.status_code == 422 and "请先点“现场签到”" in page and "请选第 1 个问题的程度" in page
    assert "在浇筑。" in page and "断了灌溉渠。" in page and 'value="4" checked' in page and data["submission"] in page
    assert not Visit.objects.exists()


@pytest.mark.parametrize(("upload", "says"), [
    (SimpleUploadedFile("合同.jpg", b"%PDF-1.7 not a photo", "image/jpeg"), "合同.jpg"),
    (SimpleUploadedFile("空.jpg", b"", "image/jpeg"), "空"),
])  # fmt: skip
def test_what_is_no_photo_is_refused_by_name_and_nothing_is_taken_in(client, topics, deputy, upload, says):
    client.force_login(deputy)
    answer = client.post("/supervision/visits/new", {**filled(topics["K1"], deputy), "photos": [upload]})
    assert answer.status_code == 422 and says in answer.content.decode()
    assert not Visit.objects.exists()


def test_a_draft_of_another_user_is_not_taken(client, topics, deputy, users):
    client.force_login(deputy)
    answer = client.post("/supervision/visits/new", filled(topics["K1"], deputy, writer=str(users.county_office.pk)))
    assert answer.status_code == 422 and "另一个账号" in answer.content.decode()
    assert not Visit.objects.exists()


def test_the_same_form_with_other_words_is_offered_as_another_visit(client, topics, deputy):
    client.force_login(deputy)
    data = filled(topics["K1"], deputy)
    client.post("/supervision/visits/new", data)
    answer = client.post("/supervision/visits/new", {**data, "text": "另一个标签页里写的。"})
    page = answer.content.decode()
    assert answer.status_code == 409 and "请再按一次提交" in page and "另一个标签页里写的。" in page
    assert data["submission"] not in page  # another number
    assert Visit.objects.count() == 1


def test_photos_are_seen_by_who_sees_the_visit(client, topics, deputy, users, town):
    client.force_login(deputy)
    client.post("/supervision/visits/new", {**filled(topics["K1"], deputy), "photos": [jpeg()]})
    link = VisitPhoto.objects.get()
    path = f"/supervision/visits/{link.visit_id}/photos/{link.photo_id}/small"
    for user, status in ((deputy, 200), (users.county_office, 200), (users.unit_officer, 404), (users.dispatcher, 404)):
        client.force_login(user)
        answer = client.get(path)
        assert answer.status_code == status
    outsider = User.objects.create_user("outsider", role=Role.DEPUTY, display_name="林秀")
    type(town.deputies["D2"]).objects.filter(pk=town.deputies["D2"].pk).update(user=outsider)
    client.force_login(outsider)
    assert client.get(path).status_code == client.get(f"/supervision/visits/{link.visit_id}/").status_code == 404
    client.force_login(deputy)
    assert client.get(path.replace("small", "raw")).status_code == 404


def test_positions_are_on_the_map_of_the_office_and_of_oneself_only(client, topics, deputy, users):
    visit = workflow_visits.record_look(deputy, topics["K1"], seen(presence=here(0.5312, 0.2)))
    shown = "120.005312"
    for user, told in ((deputy, True), (users.county_office, True), (users.leader, False), (users.town_clerk, False)):
        client.force_login(user)
        page = client.get(f"/supervision/visits/{visit.pk}/").content.decode()
        assert "离现场约" in page and (shown in page) is told, user


def test_the_empty_form_says_nothing_of_anybody(client, deputy, topics):
    stranger = client.get("/supervision/visits/blank").content
    client.force_login(deputy)
    assert client.get("/supervision/visits/blank").content == stranger
    page = stranger.decode()
    assert "现在没有网络" in page and 'name="submission"' in page and "形象进度" in page and "csrfmiddlewaretoken" not in page
    assert "东溪防洪堤" not in page and "data-user" not in page


def test_a_phone_knows_its_own_topics_and_plans(client, deputy, users, topics):
    visit = workflow_visits.plan_look(deputy, topics["K2"], timezone.localdate())
    client.force_login(deputy)
    known = client.get("/supervision/visits/known").json()
    assert [each["id"] for each in known["visits"]] == [visit.pk]
    assert [(each["title"], each["sheet"]) for each in known["topics"]] == [("南山中心小学迁建", RatingSheet.objects.get(topic_kind="project").pk)]
    client.force_login(users.county_office)
    assert client.get("/supervision/visits/known").status_code == 403


def test_a_published_project_becomes_a_topic_when_it_is_first_visited(client, town, deputy):
    client.force_login(deputy)
    assert not Topic.objects.exists()
    page = client.get("/supervision/visits/new?project=KP-K3").content.decode()
    topic = Topic.objects.get()
    assert topic.title in page and f'value="{topic.pk}" selected' in page
    assert client.get("/supervision/visits/new?project=nothing&topic=99999999999").status_code == 200


def test_the_office_arranges_and_changes_on_pages(client, topics, town, county_office):
    client.force_login(county_office)
    data = {
        "submission": str(uuid.uuid4()), "topic": str(topics["K1"].pk), "name": "防洪堤视察", "planned_on": f"{timezone.localdate() + dt.timedelta(days=2):%Y-%m-%d}",
        "planned_at": "09:00", "meeting_place": "镇政府", "agenda": "看堤身", "deputies": [town.deputies["D1"].pk, town.deputies["D2"].pk], "leader": town.deputies["D1"].pk,
        "accompanying": [town.organisations["water"].pk],
    }  # fmt: skip
    assert client.get("/supervision/visits/organise").status_code == 200
    refused = client.post("/supervision/visits/organise", {**data, "leader": "", "name": ""})
    assert refused.status_code == 422 and "请选带队代表" in refused.content.decode() and "看堤身" in refused.content.decode()
    answer = client.post("/supervision/visits/organise", data, follow=True)
    visit = Visit.objects.get()
    assert "没有账号、要电话通知的：林秀" in answer.content.decode()
    assert "镇政府集合" in client.get(f"/supervision/visits/{visit.pk}/").content.decode()
    changed = client.post(f"/supervision/visits/{visit.pk}/change", {**data, "version": "0", "meeting_place": "码头"})
    late = client.post(f"/supervision/visits/{visit.pk}/change", {**data, "version": "0", "meeting_place": "村口"})
    assert changed.status_code == 302 and late.status_code == 422 and "别人刚刚改过" in late.content.decode() and "村口" in late.content.decode()
    visit.refresh_from_db()
    assert visit.meeting_place == "码头"
    cancelled = client.post(f"/supervision/visits/{visit.pk}/cancel", {"reason": ""})
    assert cancelled.status_code == 409 and "请写明取消的原因" in cancelled.content.decode()


def test_signing_in_needs_a_place_or_a_reason(client, topics, deputy):
    visit = workflow_visits.plan_look(deputy, topics["K1"], timezone.localdate())
    client.force_login(deputy)
    refused = client.post(f"/supervision/visits/{visit.pk}/check-in", {"lat": "200", "lon": "x"})
    assert refused.status_code == 422
    assert client.post(f"/supervision/visits/{visit.pk}/check-in", {}).status_code == 409
    done = client.post(f"/supervision/visits/{visit.pk}/check-in", {"reason": "山区没有信号"}, follow=True).content.decode()
    assert "没有定位：山区没有信号" in done


@pytest.mark.parametrize("query", ["kind=look", "state=recorded&q=防洪堤", "since=2020-01-01&until=2099-01-01", "mine=1", "topic=KP-K1", "deputy=D1", "kind=%00&since=never&page=x", "sort=oldest", "sort=nonsense"])
def test_the_list_narrows_by_its_address(client, topics, deputy, query):
    workflow_visits.record_look(deputy, topics["K1"], seen())
    client.force_login(deputy)
    assert "共 1 次" in client.get(f"/supervision/visits/?{query}").content.decode()
    assert "共 0 次" in client.get("/supervision/visits/?kind=inspection").content.decode()


def test_the_workbook_tells_distances_and_no_positions_and_computes_nothing(client, topics, deputy, county_office):
    workflow_visits.record_look(deputy, topics["K1"], seen(text="=1+1", ratings={RatingSheet.objects.for_topic(topics["K1"]).indicators.first().pk: 5}, sheet=RatingSheet.objects.for_topic(topics["K1"])))
    client.force_login(county_office)
    book = load_workbook(io.BytesIO(client.get("/supervision/visits/list.xlsx").content))
    first, rated = book.worksheets
    row = dict(zip([cell.value for cell in first[1]], first[2], strict=True))
    assert row["看到的情况"].value == "=1+1" and row["看到的情况"].data_type == "s"
    assert (row["代表"].value, row["离现场（米）"].value) == ("陈安", 0)
    assert [cell.value for cell in rated[2]][2:] == ["陈安", "形象进度", "5 分"]
    assert not any("120.0" in str(cell.value) for line in first for cell in line)


def test_a_projects_page_shows_its_visits(client, topics, deputy):
    workflow_visits.record_look(deputy, topics["K1"], seen())
    client.force_login(deputy)
    part = client.get("/supervision/visits/of/KP-K1").content.decode()
    assert "堤身在浇筑" in part and "记录走访" in part and "<html" not in part


def test_a_sheet_is_followed_by_its_next_version(client, topics, deputy, county_office):
    old = RatingSheet.objects.get(topic_kind="project")
    visit = workflow_visits.record_look(deputy, topics["K1"], seen(sheet=old, ratings={old.indicators.first().pk: 3}))
    client.force_login(county_office)
    lines = {"name": "重点项目走访表", "label-1": "形象进度", "scale-1": "score", "label-2": "农民工工资", "scale-2": "yes_no", "hint-2": "问工人"}
    assert client.post(f"/supervision/visits/sheets/{old.pk}/", lines).status_code == 302
    new = RatingSheet.objects.for_topic(topics["K1"])
    assert (new.version, [each.label for each in new.indicators.all()]) == (2, ["形象进度", "农民工工资"])
    visit.refresh_from_db()
    assert visit.sheet == old and old.indicators.count() == 6
    # A phone that was out of reach still has the old page: its answers stay with the version that they answer.
    client.force_login(deputy)
    late = filled(topics["K1"], deputy) | {f"rating-{old.indicators.first().pk}": "5"}
    late = {name: value for name, value in late.items() if not name.startswith("rating-") or name == f"rating-{old.indicators.first().pk}"}
    assert client.post("/supervision/visits/new", late).status_code == 302
    assert Visit.objects.order_by("-pk").first().sheet == old
    client.force_login(county_office)
    stale = client.post(f"/supervision/visits/sheets/{old.pk}/", lines)
    assert stale.status_code == 404  # it is no longer in use
    again = client.post("/supervision/visits/sheets/new", {"name": "另一张", "topic_kind": "project", "label-1": "进度"})
    assert again.status_code == 422 and "已经有一张" in again.content.decode()
    empty = client.post(f"/supervision/visits/sheets/{new.pk}/", {"name": "空", "hint-1": "只有说明"})
    assert empty.status_code == 422 and "请至少写一个指标" in empty.content.decode()


def test_a_particular_sheet_goes_before_a_general_one(topics, county_office, town):
    field = topics["K1"].field
    own = workflow_sheets.save(county_office, workflow_sheets.Wanted("水利走访表", "", field, (workflow_sheets.Line("堤身", "", "score"),)))
    assert RatingSheet.objects.for_topic(topics["K1"]) == own
    chosen = RatingSheet.objects.chosen_for(topics.values())
    assert {topic.pk: RatingSheet.objects.for_topic(topic).pk for topic in topics.values()} == chosen
    workflow_sheets.retire(county_office, own.pk)
    assert RatingSheet.objects.for_topic(topics["K1"]).topic_kind == "project"
    with pytest.raises(workflow_sheets.MoveRefused, match="通用的这张"):
        workflow_sheets.retire(county_office, RatingSheet.objects.in_use().get(topic_kind="", field=None).pk)
