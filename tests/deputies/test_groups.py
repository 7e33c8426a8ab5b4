"""Groups 代表小组: founding, members, leader, what is refused; the pages as two offices and a deputy use them."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.deputies.groups import GroupEvent
from apps.deputies.models import Deputy, Group, Mandate
from apps.deputies.workflow_groups import close, found, join, lead, leave, rename
from apps.imports.importing import Order, bring_in
from apps.record.notices import Notice
from apps.record.states import MoveRefused


@pytest.fixture
def group(town) -> Group:
    """D1 leads D3 and D6."""
    return Group.objects.get(name="东溪代表小组")


def of(group: Group) -> list[tuple[str, bool]]:
    return list(group.members.order_by("code").values_list("code", "group_leader"))


class TestVerbs:
    def test_a_new_group_takes_members_from_another(self, town, group, county_office, deputy):
        new = found(county_office, " 农业代表小组 ", None)
        join(county_office, new.pk, [town.deputies["D1"].pk, town.deputies["D7"].pk])
        assert of(new) == [("D1", False), ("D7", False)] and of(group) == [("D3", False), ("D6", False)], "a leader comes as a member"
        lead(county_office, new.pk, town.deputies["D7"].pk)
        lead(county_office, new.pk, town.deputies["D1"].pk)
        assert of(new) == [("D1", True), ("D7", False)]
        leave(county_office, new.pk, town.deputies["D7"].pk)
        assert of(new) == [("D1", True)] and Deputy.objects.get(code="D7").group is None
        assert list(new.events.values_list("verb", flat=True)) == ["found", "join", "lead", "lead", "leave"]
        assert group.events.get().data == {"deputies": ["D1"], "to": "农业代表小组"} and GroupEvent.objects.broken_chains() == []
        assert Notice.objects.filter(recipient=deputy).count() == 2

    def test_names_are_told_apart(self, town, group, county_office):
        for name, words in (("", "写小组名称"), ("东溪代表小组", "已经有名为")):
            with pytest.raises(MoveRefused, match=words):
                found(county_office, name, None)
        other = found(county_office, "南山代表小组", town.towns["B"])
        with pytest.raises(MoveRefused, match="已经有名为"):
            rename(county_office, other.pk, "东溪代表小组")
        assert rename(county_office, other.pk, "南山第一代表小组").events.last().data == {"was": "南山代表小组", "now": "南山第一代表小组"}

    def test_a_town_minds_its_own(self, town, group, town_clerk, county_office, leader):
        with pytest.raises(MoveRefused, match="只能设立本镇街"):
            found(town_clerk, "县的小组", None)
        with pytest.raises(MoveRefused, match="只能设立本镇街"):
            found(town_clerk, "别的镇的小组", town.towns["B"])
        with pytest.raises(MoveRefused):
            found(leader, "领导的小组", town.towns["A"])
        other = found(county_office, "南山代表小组", town.towns["B"])
        for verb in (lambda: join(town_clerk, other.pk, [town.deputies["D1"].pk]), lambda: close(town_clerk, other.pk), lambda: rename(town_clerk, other.pk, "甲")):
            with pytest.raises(MoveRefused, match="不在您的管辖范围"):
                verb()
        with pytest.raises(MoveRefused, match="勾选"):
            join(town_clerk, group.pk, [town.deputies["D7"].pk])  # of another town
        county = found(county_office, "县直代表小组", None)
        join(county_office, county.pk, [town.deputies["D4"].pk])
        assert not Group.objects.visible_to(town_clerk).filter(pk__in=[other.pk, county.pk]).exists()

    def test_who_is_not_in_office(self, town, group, county_office):
        Mandate.objects.filter(deputy__code__in=["D3", "D7"]).update(ended_on=timezone.localdate())
        with pytest.raises(MoveRefused, match="现在不在任"):
            lead(county_office, group.pk, town.deputies["D3"].pk)
        with pytest.raises(MoveRefused, match="勾选"):
            join(county_office, group.pk, [town.deputies["D7"].pk])
        with pytest.raises(MoveRefused, match="从本小组成员里选"):
            lead(county_office, group.pk, town.deputies["D4"].pk)
        with pytest.raises(MoveRefused, match="已经不在本小组"):
            leave(county_office, group.pk, town.deputies["D4"].pk)

    def test_only_an_empty_group_is_dissolved(self, town, group, county_office):
        with pytest.raises(MoveRefused, match="还有 3 位在任代表"):
            close(county_office, group.pk)
        Mandate.objects.filter(deputy__group=group).update(ended_on=timezone.localdate())
        assert close(county_office, group.pk).closed_on == timezone.localdate()
        with pytest.raises(MoveRefused, match="已经撤销"):
            join(county_office, group.pk, [town.deputies["D7"].pk])


class TestPages:
    @pytest.fixture
    def clerk(self, town_clerk) -> Client:
        client = Client()
        client.force_login(town_clerk)
        return client

    def test_list_and_group(self, clerk, town, group):
        body = clerk.get("/groups/").content.decode()
        assert "东溪代表小组" in body and "陈安" in body and ">3<" in body
        body = clerk.get(f"/groups/{group.pk}/").content.decode()
        assert "小组长 陈安" in body and "东溪镇第1选区" in body
        done = clerk.post(f"/groups/{group.pk}/move", {"do": "lead", "deputy": town.deputies["D3"].pk}, follow=True).content.decode()
        assert "黄杰已任小组长" in done and of(group) == [("D1", False), ("D3", True), ("D6", False)]
        clerk.post(f"/groups/{group.pk}/move", {"do": "leave", "deputy": town.deputies["D6"].pk})
        body = clerk.get(f"/groups/{group.pk}/").content.decode()
        assert "还没有编入小组的代表" in body and "蓝天" in body
        clerk.post(f"/groups/{group.pk}/move", {"do": "join", "ids": [town.deputies["D6"].pk]})
        assert len(of(group)) == 3

    def test_mistakes_are_told_and_nothing_is_lost(self, clerk, town, group):
        page = clerk.post("/groups/found", {"name": "东溪代表小组", "area": town.towns["A"].code})
        assert page.status_code == 422 and "已经有名为" in page.content.decode() and 'value="东溪代表小组"' in page.content.decode()
        assert clerk.post("/groups/found", {"name": "新", "area": "999999999999"}).status_code == 422
        for wrong in ({}, {"do": "join"}, {"do": "lead", "deputy": "x"}, {"do": "rename", "name": "\x00"}, {"do": "close"}):
            assert clerk.post(f"/groups/{group.pk}/move", wrong).status_code == 422
        assert clerk.post("/groups/999999/move", {"do": "close"}).status_code == 404

    def test_a_deputy_sees_his_own(self, town, group, deputy, county_office):
        other = found(county_office, "南山代表小组", town.towns["B"])
        client = Client()
        client.force_login(deputy)
        assert client.get("/groups/mine/").headers["Location"] == f"/groups/{group.pk}/"
        body = client.get(f"/groups/{group.pk}/").content.decode()
        assert "黄杰" in body and "任小组长" not in body and client.get(f"/groups/{other.pk}/").status_code == 404
        assert "南山" not in client.get("/groups/").content.decode() and client.post(f"/groups/{group.pk}/move", {"do": "close"}).status_code == 403

    def test_export(self, clerk, town, group):
        Deputy.objects.filter(code="D6").update(name="=2+2")
        lines = clerk.get("/groups/export.csv").content.decode("utf-8-sig").splitlines()
        assert lines == ["代表小组,所属区划,代表编号,姓名,小组长", "东溪代表小组,东溪镇,D1,陈安,是", "东溪代表小组,东溪镇,D3,黄杰,", "东溪代表小组,东溪镇,D6,'=2+2,"]

    @pytest.mark.parametrize("path", ["/groups/", "/groups/{}/"])
    def test_queries_do_not_grow(self, path, town, group, county_office):
        client = Client()
        client.force_login(county_office)
        leave(county_office, group.pk, town.deputies["D6"].pk)
        join(county_office, group.pk, [town.deputies["D6"].pk])
        client.get(path.format(group.pk))
        with CaptureQueriesContext(connection) as few:
            client.get(path.format(group.pk))
        for number in range(8):
            new = found(county_office, f"第{number}小组", town.towns["A"])
            more = Deputy.objects.create(code=f"X{number}", name="甲乙", group=group, residence_village=town.villages["V1"])
            Mandate.objects.create(deputy=more, term=town.terms["county"], district=town.districts["C1"])
            join(county_office, new.pk, [more.pk])
            lead(county_office, new.pk, more.pk)
            join(county_office, group.pk, [more.pk])
        with CaptureQueriesContext(connection) as many:
            client.get(path.format(group.pk))
        assert len(many) <= len(few) + 1, [query["sql"][:150] for query in many]


def test_a_group_called_after_a_street_office_is_the_offices_own(town, tmp_path):
    """Its deputies are the county's, so that no congress says whose group it is."""
    file = tmp_path / "deputy.csv"
    head = "code,name,capacity,congress,congress_level,term,term_starts,term_ends,district,group,group_leader\n"
    row = "{},{},1,339999000000,county,17,2022-02-01,2097-02-01,C-03,{},{}\n"
    file.write_text(head + row.format("N1", "甲", "城关街道第一代表小组", "true") + row.format("N2", "乙", "县直代表小组", "true") + row.format("N3", "丙", "县直代表小组", "true"), encoding="utf-8")
    batch = bring_in(Order("deputy", file))
    assert (batch.inserted, batch.rejected) == (3, 0), batch.message
    assert Group.objects.get(name="城关街道第一代表小组").area == town.towns["S"] and Group.objects.get(name="县直代表小组").area is None
    assert "有不止一位小组长的代表小组：县直代表小组" in batch.message


def test_numbered_groups_stand_in_the_order_of_their_numbers(town, county_office, client):
    names = [f"西山镇第{number}代表小组" for number in "一二三四五六七八九十"]
    for name in reversed(names):
        Group.objects.create(name=name)
    client.force_login(county_office)
    listed = [group.name for group in client.get("/groups/", {"q": "西山镇第"}).context["page_obj"]]
    assert listed == names
