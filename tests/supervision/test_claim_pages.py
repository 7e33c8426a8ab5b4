"""Claims on their pages: a deputy claims under a topic, the office answers, and may put him into a draft at once."""

import pytest
from django.urls import reverse

from apps.record.notices import Notice
from apps.supervision.claims import Claim
from apps.supervision.models import TeamMember
from apps.supervision.topics import Topic

pytestmark = pytest.mark.django_db


@pytest.fixture
def claim(client, run, deputy) -> Claim:
    """陈安 asks for the old quarter, which the draft gives to somebody else."""
    topic = Topic.objects.get(project__name="城关老旧小区改造")
    client.force_login(deputy)
    assert client.post(reverse("claim_box", args=[topic.pk]), {"words": "熟悉老小区"}).status_code == 200
    return Claim.objects.get()


def test_a_deputy_claims_and_takes_back_under_the_topic(client, claim, deputy, county_office, unit_officer):
    box = reverse("claim_box", args=[claim.topic_id])
    assert "等工委确认" in client.get(box).content.decode()
    again = client.post(box, {"words": "再来"})
    assert again.status_code == 422 and "已经认领过" in again.content.decode()
    assert "认领这个事项" in client.post(box, {"verb": "take_back", "claim": claim.pk}).content.decode()
    refused = client.post(box, {"words": "  "})
    assert refused.status_code == 422 and "请写明认领理由" in refused.content.decode()
    client.force_login(county_office)
    assert client.get(box).content == b"" and Notice.objects.filter(recipient=county_office, kind="claim").count() == 1


def test_the_office_confirms_and_puts_him_into_the_draft_instead_of_another(client, claim, run, county_office, deputy):
    client.force_login(county_office)
    page = client.get(reverse("claim_list"))
    places = page.context["page_obj"][0].places
    member = TeamMember.objects.get(team__run=run, team__topic=claim.topic)
    assert places == [(f"{run.pk}:0:{member.pk}", f"在草案“{run}”里换下{member.deputy}")]
    client.post(reverse("claim_decide", args=[claim.pk]), {"verb": "confirm", "place": places[0][0]})
    claim.refresh_from_db()
    assert claim.state == "confirmed"
    assert TeamMember.objects.get(team__run=run, team__topic=claim.topic).deputy == claim.deputy
    assert Notice.objects.filter(recipient=deputy, title__contains="已确认").count() == 1


def test_an_old_page_changes_nothing_and_the_answer_stays_typed(client, claim, run, county_office):
    client.force_login(county_office)
    type(run).objects.filter(pk=run.pk).update(revision=4)
    member = TeamMember.objects.get(team__run=run, team__topic=claim.topic)
    answer = client.post(reverse("claim_decide", args=[claim.pk]), {"verb": "confirm", "place": f"{run.pk}:0:{member.pk}", "answer": "同意"})
    assert answer.status_code == 409 and "没有执行" in answer.content.decode() and 'value="同意"' in answer.content.decode()
    claim.refresh_from_db()
    assert claim.state == "open"


def test_declining_needs_a_reason_which_the_deputy_reads(client, claim, county_office, deputy):
    client.force_login(county_office)
    decide = reverse("claim_decide", args=[claim.pk])
    assert "请写明不同意的原因" in client.post(decide, {"verb": "decline"}).content.decode()
    client.post(decide, {"verb": "decline", "answer": "已有三位代表"})
    client.force_login(deputy)
    assert "已有三位代表" in client.get(reverse("claim_box", args=[claim.topic_id])).content.decode()
    assert [one.pk for one in client.get(reverse("claim_list")).context["page_obj"]] == [claim.pk]


def test_only_one_s_own_is_taken_back(client, claim, town_clerk, dispatcher):
    for user in (town_clerk, dispatcher):
        client.force_login(user)
        assert client.post(reverse("claim_take_back", args=[claim.pk])).status_code in (403, 404)
    claim.refresh_from_db()
    assert claim.state == "open"


def test_whoever_has_a_stake_is_told_before_he_asks(client, run, users, town):
    client.force_login(users.deputy)
    type(users.deputy.deputy).objects.filter(pk=users.deputy.deputy.pk).update(organisation=town.organisations["street"])
    topic = Topic.objects.get(project__name="城关老旧小区改造")
    box = client.get(reverse("claim_box", args=[topic.pk])).content.decode()
    assert "须回避" in box and "认领这个事项" not in box
    assert client.post(reverse("claim_box", args=[topic.pk]), {"words": "试"}).status_code == 422
