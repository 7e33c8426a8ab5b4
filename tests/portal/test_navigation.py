"""What each kind of user finds in the navigation, and where signing in leads."""

import pytest
from django.test import RequestFactory
from django.urls import resolve

from apps.cases.publishing import AnswersPage
from apps.insights.public_counts import VoicesPage
from apps.portal.context import navigation, shell
from apps.territory.models import AdminArea, LayerVersion
from tests.town import PASSWORD

CASES, COCKPIT = "民情件", "驾驶舱"
EVERYBODY = {"通知", CASES, "部门在线", "走访视察", "监督事项", "问题整改", "成效评估", "重点项目", "工作日历"}
CONGRESS = EVERYBODY | {"分配方案", "认领", "就近联络", "代表小组"}
INSIGHT = {"民情地图", "热点", "民情主题", "项目周边", "区域报告", "简报", "热线记录"}
STAFF = INSIGHT | CONGRESS | {
    "接待日",
    "公开答复",
    "电话告知",
    "办理时效",
    "交办规则",
    "代表网格",
    "覆盖情况",
    "排班",
    "代表码",
    "门牌码",
    "换届",
    "进度月报",
}


def labels(user, path="/"):
    request = RequestFactory().get(path)
    request.user, request.resolver_match = user, resolve(path)
    entries = [entry for group in navigation(request) for entry in group.entries]
    return [entry["label"] for entry in entries], [entry["label"] for entry in entries if entry["active"]]


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        ("deputy", CONGRESS | {"接待日", "电话告知", "工作台", "附近项目", "我的值班", "我的网格"}),
        ("town_clerk", STAFF),
        ("county_office", STAFF | {COCKPIT, "民情公开", "地图数据", "催报规则", "发件箱", "接口密钥"}),
        ("dispatcher", EVERYBODY | {"办理时效", "交办规则", "热线记录"}),
        ("unit_officer", EVERYBODY | {"办理时效", "进度月报"}),
        ("leader", CONGRESS | INSIGHT | {COCKPIT, "接待日", "办理时效", "交办规则", "代表网格", "覆盖情况", "换届"}),
        ("stranger", set()),
    ],
)
def test_by_role(users, who, sees):
    assert set(labels(getattr(users, who))[0]) == sees


def test_groups_and_what_stands_for_them_on_phones(users, rf):
    request = rf.get("/projects/nearby/somewhere")
    fronts = {}
    for name in ("deputy", "county_office", "unit_officer"):
        request.user = getattr(users, name)
        groups = navigation(request)
        assert [group.label for group in groups if group.active] == (["我的工作"] if name == "deputy" else ["项目"])
        fronts[name] = [group.front["label"] for group in groups[:4]]
    assert fronts == {
        "deputy": ["工作台", CASES, "走访视察", "重点项目"], "county_office": [COCKPIT, CASES, "分配方案", "重点项目"], "unit_officer": ["通知", CASES, "问题整改", "重点项目"],
    }  # fmt: skip


def test_what_would_be_too_much_at_the_left_is_folded(users, rf):
    """Of many groups the first and the page's own stand open; a unit has few entries and sees them all."""
    request = rf.get("/plates/")
    request.user = users.county_office
    assert [group.label for group in navigation(request) if not group.folded] == ["我的工作", "数据与设置"]
    request.user = users.unit_officer
    assert not any(group.folded for group in navigation(request))


def test_the_page_is_marked_in_the_navigation(users):
    assert labels(users.county_office, "/supervision/evaluation/")[1] == ["成效评估"]  # not what lies above it too
    assert labels(users.leader, "/cases/ABCDE/")[1] == [CASES]
    assert labels(users.leader, "/cockpit/")[1] == [COCKPIT]
    assert labels(users.county_office, "/cases/models/")[1] == ["交办规则"]  # a tab of that page
    assert labels(users.county_office, "/cases/ABCDE/publication")[1] == ["公开答复"]


def test_residents(client, town):
    from django.contrib.auth.models import AnonymousUser

    assert labels(AnonymousUser()) == (["找代表", "联络站", "查进度"], ["找代表"])
    assert labels(AnonymousUser(), "/find")[1] == []
    AnswersPage.objects.create(pk=1, is_open=True)
    VoicesPage.objects.create(pk=1, is_open=True)
    LayerVersion.raise_for("answers")
    assert labels(AnonymousUser(), "/answers/3/") == (["找代表", "联络站", "查进度", "公开答复", "民情公开"], ["公开答复"])


@pytest.mark.parametrize("who", ["deputy", "town_clerk", "county_office", "dispatcher", "unit_officer", "leader"])
def test_signing_in_leads_to_ones_own_page(users, client, who):
    response = client.post("/accounts/login/", {"username": who, "password": PASSWORD}, follow=True)
    assert response.status_code == 200
    path = response.redirect_chain[-1][0]
    assert resolve(path).url_name == {"deputy": "desk", "leader": "cockpit"}.get(who, "case_list")
    assert str(getattr(users, who)) in response.content.decode()
    assert client.post("/accounts/logout/").headers["Location"] == "/"


def test_wrong_password_keeps_the_name(users, client):
    response = client.post("/accounts/login/", {"username": "deputy", "password": "wrong"})
    assert response.status_code == 200
    body = response.content.decode()
    assert "没有登录成功" in body and 'value="deputy"' in body


def test_shell_says_what_is_synthetic(town, rf):
    request = rf.get("/")
    said = shell(request)
    assert (said["county_name"], said["product_name"], said["synthetic"]) == (
        "方格县",
        "方格县代表履职地图",
        "演示数据：方格县的地名、人员与事项均为虚构",
    )
    AdminArea.objects.filter(level="county").update(synthetic=False)
    LayerVersion.raise_for("area")
    assert "均为合成" in shell(request)["synthetic"]
    AdminArea.objects.update(synthetic=False)
    LayerVersion.raise_for("area")
    assert shell(request)["synthetic"] == ""


def test_shell_of_an_empty_installation(db, client):
    response = client.get("/")
    assert response.status_code == 200
    assert "代表履职地图" in response.content.decode()
