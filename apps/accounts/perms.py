"""Who may do what: one table. Views ask `requires`, templates and verbs ask `allowed`, rows are filtered by `visible_to`."""

from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from urllib.parse import urlsplit

from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from apps.accounts.models import Role, User


class Permission(StrEnum):
    DEPUTY_DESK = "deputy_desk"
    STAFF_DESK = "staff_desk"
    SEE_NOTICES = "see_notices"
    ANSWER_AS_DEPUTY = "answer_as_deputy"
    SEE_CASES = "see_cases"
    ENTER_CASES = "enter_cases"
    SEE_RECEPTIONS = "see_receptions"
    ARRANGE_RECEPTIONS = "arrange_receptions"
    USE_TEMPLATES = "use_templates"
    SEE_REPORTERS_CONTACT = "see_reporters_contact"
    PASS_CASES_ON = "pass_cases_on"
    SEE_ROUTING = "see_routing"
    MANAGE_RULES = "manage_rules"
    MANAGE_MODELS = "manage_models"
    MANAGE_CATEGORIES = "manage_categories"
    ASSIGN_TO_UNITS = "assign_to_units"
    ANSWER_AS_UNIT = "answer_as_unit"
    WORK_ON_CASES = "work_on_cases"
    GRANT_CASE_EXTENSIONS = "grant_case_extensions"
    TURN_CASES_AWAY = "turn_cases_away"
    REMIND_OF_CASES = "remind_of_cases"
    OVERSEE_CASES = "oversee_cases"
    LIST_CASES_FOR_MEETINGS = "list_cases_for_meetings"
    RATE_UNITS = "rate_units"
    TELL_REPORTERS = "tell_reporters"
    SEE_OUTBOX = "see_outbox"
    MANAGE_KEYS = "manage_keys"
    SPEAK_ON_CASES = "speak_on_cases"
    PUBLISH_ANSWERS = "publish_answers"
    OPEN_ANSWERS_PAGE = "open_answers_page"
    SEE_PUNCTUALITY = "see_punctuality"
    MANAGE_ESCALATION = "manage_escalation"
    SEE_PROJECTS = "see_projects"
    REPORT_PROGRESS = "report_progress"
    PLAN_PROJECTS = "plan_projects"
    SEE_DEPUTIES = "see_deputies"
    SEE_HOMES = "see_homes"
    ARRANGE_DUTY = "arrange_duty"
    ISSUE_CARDS = "issue_cards"
    SEE_GRIDS = "see_grids"
    ARRANGE_GRIDS = "arrange_grids"
    SEE_GROUPS = "see_groups"
    ARRANGE_GROUPS = "arrange_groups"
    DRAFT_SUPERVISION = "draft_supervision"
    APPROVE_SUPERVISION = "approve_supervision"
    SEE_SUPERVISION = "see_supervision"
    SEE_FINDINGS = "see_findings"
    PASS_FINDINGS_ON = "pass_findings_on"
    ASSIGN_FINDINGS = "assign_findings"
    ANSWER_FINDINGS = "answer_findings"
    CONFIRM_FINDINGS = "confirm_findings"
    REMIND_OF_FINDINGS = "remind_of_findings"
    OVERSEE_FINDINGS = "oversee_findings"
    SEE_VISITS = "see_visits"
    RECORD_VISITS = "record_visits"
    ORGANISE_INSPECTIONS = "organise_inspections"
    MANAGE_SHEETS = "manage_sheets"
    SEE_EVALUATION = "see_evaluation"
    SEE_COCKPIT = "see_cockpit"
    SEE_INSIGHT = "see_insight"
    DRAFT_FROM_INSIGHT = "draft_from_insight"
    PROPOSE_TOPICS = "propose_topics"
    MAKE_BRIEFINGS = "make_briefings"
    OPEN_PUBLIC_VOICES = "open_public_voices"
    SEE_RECORDS = "see_records"
    MANAGE_INTAKE = "manage_intake"
    LINK_RECORDS = "link_records"
    IMPORT_DATA = "import_data"
    SEE_CALENDAR = "see_calendar"
    MANAGE_CALENDAR = "manage_calendar"
    MANAGE_CODES = "manage_codes"
    MANAGE_ISSUERS = "manage_issuers"
    SEE_TERMS = "see_terms"
    COMPARE_TERMS = "compare_terms"
    PUBLISH_TERMS = "publish_terms"


ALL = frozenset(Role)
STAFF = frozenset({Role.TOWN_OFFICE, Role.COUNTY_OFFICE})

TABLE: dict[Permission, frozenset[Role]] = {
    Permission.DEPUTY_DESK: frozenset({Role.DEPUTY}),
    Permission.STAFF_DESK: STAFF | {Role.DISPATCHER, Role.UNIT},
    Permission.SEE_NOTICES: ALL,  # one's own
    Permission.ANSWER_AS_DEPUTY: frozenset({Role.DEPUTY}),
    Permission.SEE_CASES: ALL,  # which of them: Case.objects.visible_to(user)
    Permission.ENTER_CASES: STAFF | {Role.DEPUTY},  # 代录入, for people met, on the telephone, by letter
    Permission.SEE_RECEPTIONS: STAFF | {Role.DEPUTY, Role.LEADER},  # which of them: ReceptionDay.objects.visible_to(user)
    Permission.ARRANGE_RECEPTIONS: STAFF,  # at the stations in their scope
    Permission.USE_TEMPLATES: ALL - {Role.LEADER},  # one's own, one's office's, one's unit's
    Permission.SEE_REPORTERS_CONTACT: ALL - {Role.LEADER},  # and only while holding the case
    Permission.PASS_CASES_ON: STAFF | {Role.DEPUTY, Role.DISPATCHER},
    Permission.SEE_ROUTING: STAFF | {Role.DISPATCHER, Role.LEADER},
    Permission.MANAGE_RULES: frozenset({Role.COUNTY_OFFICE, Role.DISPATCHER}),  # which unit leads on what
    Permission.MANAGE_MODELS: frozenset({Role.COUNTY_OFFICE}),
    Permission.MANAGE_CATEGORIES: frozenset({Role.COUNTY_OFFICE}),
    Permission.ASSIGN_TO_UNITS: frozenset({Role.DISPATCHER}),
    Permission.ANSWER_AS_UNIT: STAFF | {Role.UNIT, Role.DISPATCHER},
    Permission.WORK_ON_CASES: ALL - {Role.LEADER},  # and only while holding the case
    Permission.GRANT_CASE_EXTENSIONS: STAFF | {Role.DISPATCHER},  # to whoever stands below
    Permission.TURN_CASES_AWAY: STAFF,
    Permission.REMIND_OF_CASES: STAFF | {Role.DISPATCHER},
    Permission.OVERSEE_CASES: frozenset({Role.COUNTY_OFFICE, Role.LEADER}),  # a decision of 工委 or 主任会议
    Permission.LIST_CASES_FOR_MEETINGS: frozenset({Role.COUNTY_OFFICE, Role.DISPATCHER}),  # 联席会议
    Permission.RATE_UNITS: frozenset({Role.DEPUTY}),  # of the cases that he took in
    Permission.TELL_REPORTERS: STAFF | {Role.DEPUTY},  # which of them: Telling.objects.callable_by(user)
    Permission.SEE_OUTBOX: frozenset({Role.COUNTY_OFFICE}),  # what leaves the house, by which ways, and group robots
    Permission.MANAGE_KEYS: frozenset({Role.COUNTY_OFFICE}),  # of programs that file reports
    Permission.SPEAK_ON_CASES: ALL - {Role.LEADER},  # 代表—政府部门在线; on which of them: workflow_thread.side_of
    Permission.PUBLISH_ANSWERS: STAFF,  # a town what was answered at its level
    Permission.OPEN_ANSWERS_PAGE: frozenset({Role.COUNTY_OFFICE}),
    Permission.SEE_PUNCTUALITY: ALL - {Role.DEPUTY},  # of which cases: punctuality.counted
    Permission.MANAGE_ESCALATION: frozenset({Role.COUNTY_OFFICE}),  # who is told of a limit, and who takes over; read like the calendar
    Permission.SEE_PROJECTS: ALL,
    Permission.REPORT_PROGRESS: STAFF | {Role.UNIT},  # which of them: KeyProject.objects.reportable_by(user)
    Permission.PLAN_PROJECTS: frozenset({Role.COUNTY_OFFICE}),
    Permission.SEE_DEPUTIES: STAFF | {Role.LEADER},
    Permission.SEE_HOMES: frozenset({Role.COUNTY_OFFICE}),
    Permission.ARRANGE_DUTY: STAFF,  # of the stations in their scope
    Permission.ISSUE_CARDS: STAFF,  # codes of the deputies and stations in their scope
    Permission.SEE_GRIDS: STAFF | {Role.LEADER},  # the deputies of the grids in their scope, and where some are missing
    Permission.ARRANGE_GRIDS: STAFF,
    Permission.SEE_GROUPS: STAFF | {Role.LEADER, Role.DEPUTY},  # a deputy his own
    Permission.ARRANGE_GROUPS: STAFF,
    Permission.DRAFT_SUPERVISION: frozenset({Role.COUNTY_OFFICE}),
    Permission.APPROVE_SUPERVISION: frozenset({Role.COUNTY_OFFICE, Role.LEADER}),
    Permission.SEE_SUPERVISION: STAFF | {Role.LEADER, Role.DEPUTY},  # deputies: published runs only
    Permission.SEE_FINDINGS: ALL,  # which of them: Finding.objects.visible_to(user)
    Permission.PASS_FINDINGS_ON: frozenset({Role.COUNTY_OFFICE}),
    Permission.ASSIGN_FINDINGS: frozenset({Role.DISPATCHER}),
    Permission.ANSWER_FINDINGS: frozenset({Role.UNIT, Role.DISPATCHER}),  # the dispatcher for units that do not log in
    Permission.CONFIRM_FINDINGS: frozenset({Role.DEPUTY, Role.COUNTY_OFFICE}),  # the office for deputies without an account
    Permission.REMIND_OF_FINDINGS: frozenset({Role.COUNTY_OFFICE, Role.DISPATCHER}),
    Permission.OVERSEE_FINDINGS: frozenset({Role.COUNTY_OFFICE, Role.LEADER}),  # a decision of 工委 or 主任会议
    Permission.SEE_VISITS: ALL,  # which of them: Visit.objects.visible_to(user)
    Permission.RECORD_VISITS: frozenset({Role.DEPUTY}),  # his own looks, and inspections that he leads
    Permission.ORGANISE_INSPECTIONS: frozenset({Role.COUNTY_OFFICE}),
    Permission.MANAGE_SHEETS: frozenset({Role.COUNTY_OFFICE}),
    Permission.SEE_EVALUATION: ALL,  # which rows: views_evaluation
    Permission.SEE_COCKPIT: frozenset({Role.LEADER, Role.COUNTY_OFFICE}),
    Permission.SEE_INSIGHT: STAFF | {Role.LEADER},  # maps, hot spots, themes and reports of the places in their scope
    Permission.DRAFT_FROM_INSIGHT: frozenset({Role.COUNTY_OFFICE}),  # a theme is named, noted, becomes a supervision topic
    Permission.PROPOSE_TOPICS: frozenset({Role.COUNTY_OFFICE, Role.LEADER}),  # 作为监督议题: a draft, which the office takes over or not
    Permission.MAKE_BRIEFINGS: STAFF | {Role.LEADER},
    Permission.OPEN_PUBLIC_VOICES: frozenset({Role.COUNTY_OFFICE}),
    Permission.SEE_RECORDS: STAFF | {Role.LEADER, Role.DISPATCHER},  # which of them: Record.objects.visible_to(user)
    Permission.LINK_RECORDS: STAFF | {Role.DISPATCHER},  # to a case that they see
    Permission.MANAGE_INTAKE: frozenset({Role.COUNTY_OFFICE}),  # sources, their columns, and what is taken in
    Permission.SEE_CALENDAR: ALL,
    Permission.MANAGE_CALENDAR: frozenset({Role.COUNTY_OFFICE}),
    Permission.IMPORT_DATA: frozenset({Role.COUNTY_OFFICE}),
    Permission.MANAGE_CODES: STAFF,  # codes on the doors of their scope
    Permission.MANAGE_ISSUERS: frozenset({Role.COUNTY_OFFICE}),
    Permission.SEE_TERMS: STAFF | {Role.LEADER},  # drafts too, of the congresses in their scope
    Permission.COMPARE_TERMS: STAFF,
    Permission.PUBLISH_TERMS: frozenset({Role.COUNTY_OFFICE}),
}


def allowed(user: User | AnonymousUser, permission: Permission) -> bool:
    return user.is_authenticated and user.is_active and user.role in TABLE[permission]


def _page_of(request: HttpRequest) -> str:
    """Where to go after signing in: the page asked for, or the one whose form was sent when the session was over."""
    sent_from = urlsplit(request.headers.get("Referer", ""))
    if request.method == "POST" and sent_from.netloc == request.get_host() and sent_from.path.startswith("/"):
        return f"{sent_from.path}?{sent_from.query}" if sent_from.query else sent_from.path
    return request.get_full_path()


def requires(permission: Permission) -> Callable:
    """Decorate a view: strangers are sent to sign in, the wrong role gets 403."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(_page_of(request))
            if not allowed(request.user, permission):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.permission = permission
        return guarded

    return decorate
