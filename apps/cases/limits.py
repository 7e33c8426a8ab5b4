"""The clocks of cases, counted again when the calendar changes; one that stands still is too, for when it runs on."""

import datetime as dt

from apps.cases.clocks import Clock, limit_of
from apps.cases.models import Case, CaseEvent, Category
from apps.worktime.narrowing import Narrowing
from apps.worktime.recount import Change, Moved
from apps.worktime.workdays import Workdays

WRITTEN = ["base_on", "due_on", "paused_days"]


class RunningClocks:
    def recount(self, change: Change, first: dt.date) -> list[Moved]:
        touched = Clock.objects.running().filter(due_on__gte=first)
        cases = Case.objects.select_for_update(of=("self",)).select_related("category").filter(pk__in=touched.values("case")).in_bulk()
        moved, changed = [], []
        for clock in touched.filter(case__in=cases).order_by("case_id", "pk"):
            case, before, days = cases[clock.case_id], clock.due_on, clock.paused_days
            _count(clock, case, change)
            if (clock.due_on, clock.paused_days) == (before, days):
                continue
            changed.append(clock)
            if clock.due_on != before:
                moved.append(Moved(f"{case}（{clock.get_kind_display()}）" if clock.kind != Clock.Kind.ANSWER else str(case), before, clock.due_on))
                _tell(case, clock, before, change)
        Clock.objects.bulk_update(changed, WRITTEN, batch_size=1000)
        return moved


def _count(clock: Clock, case: Case, change: Change) -> None:
    start = clock.extended_on or clock.started_on
    clock.base_on = clock.due_on = change.again(clock.base_on, start, None if clock.extended_on else limit_of(clock, case, change.limits))
    spans = [tuple(map(dt.date.fromisoformat, pause)) for pause in clock.pauses]
    for begin, end in spans:
        clock.due_on = change.after.stood_still(clock.due_on, begin, end)
    clock.paused_days += _length(spans, change.after) - _length(spans, change.before)


def _length(spans: list, days: Workdays) -> int:
    return sum(days.between(begin, end) for begin, end in spans)


def _tell(case: Case, clock: Clock, before: dt.date, change: Change) -> None:
    """The step's own last day stands on the case; the history says of the other duties which it was."""
    said = {"before": before.isoformat(), "counted_from": clock.started_on.isoformat()}
    if clock.kind != Clock.Kind.ANSWER or clock.paused_on:
        CaseEvent.objects.append(
            case, "recount_duty", actor=change.actor, note=change.note, duty=clock.get_kind_display(), until=clock.due_on.isoformat(), **said
        )
        return
    case.due_on = clock.due_on
    case.save(update_fields=["due_on"])
    CaseEvent.objects.append(
        case, "recount", actor=change.actor, note=change.note, due_on=clock.due_on.isoformat(), state=case.state, holder=case.holder(), **said
    )


def level_and_topic() -> Narrowing:
    """What a limit of cases may be set for: a level, a category of the first level, or both."""
    return Narrowing(dict(Case.Level.choices), topics)


def topics() -> list[str]:
    return list(Category.objects.filter(level=1).order_by("order", "pk").values_list("label", flat=True))


ROOM = RunningClocks()
