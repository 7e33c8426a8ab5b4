"""What is reported around the toy county's projects before and after they began: counted by hand, kept, shown to whose it is."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone
from scipy import stats

from apps.cases.models import Case, Category
from apps.insights import views_around, workflow_spots
from apps.insights.around import ProjectAround
from apps.projects.models import KeyProject
from tests.insights.voices import case, moment
from tests.town import TODAY, at

pytestmark = pytest.mark.django_db
BEGUN = dt.date(2026, 1, 1)  # 南山中心小学迁建, 68 days before yesterday's end


@pytest.fixture(autouse=True)
def today(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: moment(TODAY, 12))


@pytest.fixture
def school(town, users):
    """The school's building begins, the other projects began long before anything was reported."""
    KeyProject.objects.filter(pk=town.projects["K2"].pk).update(starts=BEGUN)
    return town.projects["K2"]


def tell(town, village: str, x: float, y: float, before: int, after: int, category: str = "housing") -> None:
    """So many matters: each in a week of its own, or 108 m east of the last."""
    for many, way in ((before, -1), (after, 1)):
        for number in range(many):
            day = BEGUN + dt.timedelta(days=way * (2 + 7 * (number % 9)))
            case(town, village, category=category, point=at(x + 0.11 * (number // 9), y), submitted_at=moment(day))


@pytest.fixture
def told(town, school) -> ProjectAround:
    """Four before and twenty after beside the school, thirty and thirty elsewhere; one long ago, so that enough is known before."""
    case(town, "V6", point=at(2.5, 1.5), submitted_at=moment(BEGUN - dt.timedelta(days=300)))
    tell(town, "V2", 1.5, 0.55, 4, 20)
    tell(town, "V4", 0.5, 1.5, 15, 15)
    tell(town, "V6", 2.5, 1.5, 15, 15)
    workflow_spots.work_out()
    return ProjectAround.objects.get(project=town.projects["K2"], turn="started")


def test_counted_by_hand(told):
    assert (told.turned_on, told.within, told.days) == (BEGUN, 500, 68)
    assert (told.before, told.after) == (4, 20)
    assert told.rest_before == told.rest_after > 0
    assert told.ratio == pytest.approx(5.0)
    assert told.low > 1.5 and told.high < 25
    # three turning points have enough to be tested at most, so q lies between p and three times p
    p = 2 * stats.binom.sf(19, 24, 0.5)
    assert p * 0.999 <= told.q <= 3 * p
    assert told.verdict == "more"
    assert ProjectAround.objects.pressing().first() == told


def test_a_kind_that_begins_where_another_ends_is_seen(town, school):
    """Noise takes the place of what was told before: the sum stays what it was."""
    case(town, "V6", point=at(2.5, 1.5), submitted_at=moment(BEGUN - dt.timedelta(days=300)))
    for village, x, y in (("V4", 0.5, 1.5), ("V6", 2.5, 1.5)):
        tell(town, village, x, y, 20, 20)
        tell(town, village, x, y, 20, 20, category="noise_fume")
    tell(town, "V2", 1.5, 0.55, 20, 0)
    tell(town, "V2", 1.5, 0.55, 0, 20, category="noise_fume")
    workflow_spots.work_out()
    found = ProjectAround.objects.get(project=town.projects["K2"], turn="started")
    assert (found.verdict, found.category.code, found.before, found.after) == ("more", "noise_fume", 0, 20)
    assert {kind for kind, _ in found.kinds} == {None, found.category_id, Category.objects.get(code="housing").pk}
    assert dict(found.kinds)[None] > 0.5  # all kinds together say nothing


def test_too_few_or_too_short_is_said_and_not_judged(told, town):
    verdicts = dict(ProjectAround.objects.exclude(pk=told.pk).values_list("project__code", "verdict"))
    assert set(verdicts.values()) <= {"few", "short", "same"}
    assert ProjectAround.objects.filter(verdict__in=("few", "short")).exclude(q=None).count() == 0


def test_the_same_as_everywhere_is_no_change(town, school):
    case(town, "V6", point=at(2.5, 1.5), submitted_at=moment(BEGUN - dt.timedelta(days=300)))
    for village, x, y in (("V2", 1.5, 0.55), ("V4", 0.5, 1.5), ("V6", 2.5, 1.5)):
        tell(town, village, x, y, 10, 20)  # more everywhere
    workflow_spots.work_out()
    assert ProjectAround.objects.get(project=town.projects["K2"]).verdict == "same"


def test_pages(told, client, users, town):
    client.force_login(users.leader)
    page = client.get(reverse("around_list")).content.decode()
    assert page.index("南山中心小学迁建") < page.index("东溪防洪堤") and "明显增多" in page and "5.0 倍" in page
    page = client.get(reverse("around", args=[town.projects["K2"].code])).content.decode()
    assert "之后约有 12 桩" in page and ("几乎不可能是偶然" in page or "很不可能是偶然" in page)
    assert client.get(reverse("around", args=[town.projects["K2"].code]), {"within": "300"}).status_code == 200
    assert "500 米" in client.get(reverse("around", args=[town.projects["K2"].code]), {"within": "7"}).content.decode()
    assert "周边诉求" in client.get(reverse("project_detail", args=[town.projects["K2"].code])).content.decode()
    assert client.get(reverse("around_list"), {"verdict": "more", "turn": "x", "page": "99"}).content.decode().count("list-row-title") == 1


def test_a_town_sees_its_own_projects(told, client, users, town):
    client.force_login(users.town_clerk)
    page = client.get(reverse("around_list")).content.decode()
    assert "南山中心小学迁建" not in page and "东溪防洪堤" in page
    assert client.get(reverse("around", args=[town.projects["K2"].code])).status_code == 404
    assert client.get(reverse("around", args=[town.projects["K1"].code])).status_code == 200
    client.force_login(users.deputy)
    assert client.get(reverse("around_list")).status_code == 403
    assert "周边诉求" not in client.get(reverse("project_detail", args=[town.projects["K2"].code])).content.decode()


def test_nothing_reported_and_nothing_kept(client, users, town):
    client.force_login(users.leader)
    assert "还没有比较过" in client.get(reverse("around_list")).content.decode()
    assert client.get(reverse("around", args=[town.projects["K3"].code])).status_code == 200
    assert not Case.objects.exists()


@pytest.mark.parametrize(
    ("ratio", "low", "high", "said"),
    [
        (2.3, 1.4, 3.9, "与同类地方相比为 2.3 倍（1.4—3.9）"),
        (33.1, 4.0, 16656.4, "与同类地方相比至少为 4.0 倍"),  # one before, many after
        (float("inf"), 1.4, None, "之前没有反映，至少为 1.4 倍"),
        (40.0, None, None, "之前太少，比不出几倍"),
    ],
)
def test_how_many_times_more_is_said_as_far_as_it_is_known(ratio, low, high, said):
    assert views_around.ratio_words(ratio, low, high) == said
