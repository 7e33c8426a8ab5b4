"""Who is told of a finding: the users behind each holder. Words are the verbs' own; this only knows where they go."""

from apps.accounts.models import Role, User
from apps.organisations.models import Organisation
from apps.record.notices import Notice
from apps.supervision.findings import Finding


def office(finding: Finding) -> list[User]:
    """The county office's clerks in whose scope the finding lies."""
    clerks = User.objects.filter(role=Role.COUNTY_OFFICE, is_active=True)
    return [clerk for clerk in clerks if clerk.scope and (finding.town is None or clerk.reaches(finding.town.code))]


def dispatchers(finding: Finding) -> list[User]:
    clerks = User.objects.filter(role=Role.DISPATCHER, is_active=True)
    return [clerk for clerk in clerks if finding.town is None or not clerk.scope or clerk.reaches(finding.town.code)]


def unit(finding: Finding, organisation: Organisation | None) -> list[User]:
    """Those who answer for a unit; the dispatcher where nobody can."""
    members = list(User.objects.filter(organisations=organisation, is_active=True)) if organisation and organisation.logs_in and not organisation.closed_on else []
    return members or dispatchers(finding)


def follower(finding: Finding) -> list[User]:
    """The deputy who follows it, and those whose findings were merged into it; the office for those without an account."""
    following = [finding.follower_id, *finding.merged.values_list("follower", flat=True)]
    users = list(User.objects.filter(deputy__in=following, is_active=True))
    return users if len(users) == len(set(following)) else [*users, *office(finding)]


def holders(finding: Finding) -> list[User]:
    """Whoever has the next move."""
    state = Finding.State
    return {
        state.RAISED: lambda: office(finding),
        state.WITH_DISPATCHER: lambda: dispatchers(finding),
        state.WITH_UNIT: lambda: unit(finding, finding.lead),
        state.ANSWERED: lambda: follower(finding),
    }.get(state(finding.state), list)()


def tell(finding: Finding, users: list[User], title: str, body: str = "", *, kind: str = "finding", key: str = "") -> None:
    about = f"{finding.topic}：{finding.text[:60]}"
    Notice.objects.tell(users, kind, title, f"{about}\n{body}" if body else about, path=finding.get_absolute_url(), key=key)
