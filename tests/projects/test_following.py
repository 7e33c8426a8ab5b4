"""Following a project: who is told of what, once for each figure; how projects stand is kept as rows that agree with what is worked out."""

import datetime as dt

import pytest

from apps.projects.following import Follow
from apps.projects.models import KeyProject, ProgressReport, Subproject
from apps.projects.standing import Standing
from apps.record.notices import Notice
from apps.territory.models import LayerVersion
from tests.town import TODAY, at

pytestmark = pytest.mark.django_db


def report(part: str, month: dt.date, percent: float) -> None:
    """One subproject's report, as the page or a file would write it."""
    part = Subproject.objects.get(name=part)
    ProgressReport.objects.update_or_create(subproject=part, month=month, defaults={"percent": percent})
    Standing.objects.renew(dt.date(2026, 4, 1), [part.project_id])


@pytest.fixture
def stood(town, users):
    Standing.objects.renew(TODAY)
    return town


def test_standings_are_what_is_worked_out(stood):
    for project in KeyProject.objects.with_progress(TODAY).select_related("state_now"):
        kept = project.state_now
        assert (kept.tone, kept.standing, kept.as_of) == (project.tone, project.standing, project.as_of)
        assert kept.actual == pytest.approx(project.actual, abs=1e-4) and kept.lag_points == pytest.approx(project.lag_points, abs=1e-4)


def test_renewing_what_has_not_changed_changes_nothing(stood):
    version = LayerVersion.objects.get(layer="progress").version
    assert Standing.objects.renew(TODAY) == 0
    assert LayerVersion.objects.get(layer="progress").version == version


def test_followers_are_told_of_progress_and_nobody_else(stood, users):
    Follow.objects.create(user=users.deputy, project=stood.projects["K1"])
    report("堤身", dt.date(2026, 2, 1), 99)
    notice = Notice.objects.get()
    assert (notice.recipient, notice.kind, notice.path) == (users.deputy, "progress", "/projects/KP-K1/")
    assert notice.title == "东溪防洪堤有新进展：累计完成 71.4%"
    assert "上次 66.0%" in notice.body and "截至 2026年2月28日" in notice.body and "比计划慢" in notice.body


def test_the_same_report_twice_is_told_once_and_a_corrected_one_again(stood, users):
    Follow.objects.create(user=users.deputy, project=stood.projects["K1"])
    for percent, told in ((99, 1), (99, 1), (98, 2)):
        report("堤身", dt.date(2026, 2, 1), percent)
        assert Notice.objects.count() == told


def test_falling_behind_and_catching_up_are_said(stood, users):
    Follow.objects.create(user=users.leader, project=stood.projects["K2"])
    report("主体", dt.date(2026, 3, 1), 12)  # plan: 24
    assert Notice.objects.latest("pk").title == "南山中心小学迁建落后了：比计划慢 12 个百分点"
    report("主体", dt.date(2026, 3, 1), 24)
    assert Notice.objects.latest("pk").title == "南山中心小学迁建赶上来了：按计划推进"


def test_time_alone_puts_a_project_behind_and_that_is_told_once(town, users):
    """Nothing is ever reported of it: the plan goes on, and only its crossing a threshold is told."""
    Follow.objects.create(user=users.leader, project=town.projects["K3"])
    for day in (dt.date(2025, 9, 5), dt.date(2025, 9, 10)):
        Standing.objects.renew_due(day)
    assert not Notice.objects.exists()
    told = []
    for day in range(11, 31):
        Standing.objects.renew_due(dt.date(2025, 9, day))
        told.append(Notice.objects.count())
    assert told == sorted(told) and told[-1] == 1
    assert Notice.objects.get().title.startswith("城关老旧小区改造落后了：比计划慢 3 个")


def test_only_what_another_day_changes_is_worked_out_again(town, users, django_assert_num_queries):
    assert Standing.objects.renew_due(TODAY) == 3
    assert Standing.objects.get(project__code="KP-K1").as_of == dt.date(2025, 12, 31)
    with django_assert_num_queries(1):
        assert Standing.objects.renew_due(TODAY) == 0
    assert Standing.objects.renew_due(TODAY + dt.timedelta(days=1)) == 1  # the one that nothing was ever reported of
    assert set(Standing.objects.filter(renewed_on=TODAY).values_list("project__code", flat=True)) == {"KP-K1", "KP-K2"}


def test_many_moves_become_one_notice(stood, users):
    projects = []
    for number in range(12):
        project = KeyProject.objects.create(
            code=f"X-{number}", name=f"第{number}号工程", kind="new", level="county", responsible=stood.organisations["water"], geom=at(1, 1), site=at(1, 1),
            starts=dt.date(2026, 1, 1), ends=dt.date(2027, 1, 1),
        )  # fmt: skip
        part = Subproject.objects.create(project=project, number=1, name="全部", weight=1, starts=dt.date(2026, 1, 1), ends=dt.date(2027, 1, 1))
        Follow.objects.create(user=users.deputy, project=project)
        projects.append((project, part))
    Standing.objects.renew(dt.date(2026, 1, 2))
    for number, (_, part) in enumerate(projects):
        ProgressReport.objects.create(subproject=part, month=dt.date(2026, 2, 1), percent=number + 5)
    Standing.objects.renew(dt.date(2026, 3, 1))
    notice = Notice.objects.get()
    assert notice.title == "您关注的 12 个项目有新进展，其中 8 个落后了"
    assert notice.path == "/projects/following/" and notice.body.count("第") == 8 and notice.body.endswith("还有 4 个。")
    assert notice.body.startswith("第0号工程：")  # the furthest behind stands first


def test_what_was_rolled_back_is_told_to_nobody(stood, users):
    from django.db import transaction

    Follow.objects.create(user=users.deputy, project=stood.projects["K1"])
    with pytest.raises(RuntimeError), transaction.atomic():
        report("堤身", dt.date(2026, 2, 1), 99)
        raise RuntimeError
    assert not Notice.objects.exists()


def test_a_month_of_reports_asks_little_of_the_database(stood, users, django_assert_max_num_queries):
    with django_assert_max_num_queries(10):
        Standing.objects.renew(dt.date(2026, 4, 1))
