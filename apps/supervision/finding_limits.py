"""Findings' limits, for the calendar to count again when it changes."""

import datetime as dt

from apps.supervision.findings import Finding, FindingEvent
from apps.supervision.workflow_findings import STEPS
from apps.worktime.recount import Room


def _write(finding: Finding, due: dt.date) -> list[str]:
    finding.due_on = due
    finding.revision += 1
    if finding.state == Finding.State.WITH_UNIT:
        finding.rectify_by = due
    return ["due_on", "rectify_by", "revision"]


ROOM = Room(
    running=Finding.objects.open,
    events=FindingEvent,
    step=lambda finding: STEPS[Finding.State(finding.state)],
    write=_write,
    told=lambda finding: {"state": finding.state, "holder": finding.holder()},
)
