"""A draft over the toy county."""

import pytest

from apps.supervision import workflow
from apps.supervision.models import AssignmentRun
from tests.town import TODAY


@pytest.fixture
def run(town, county_office, settings, monkeypatch) -> AssignmentRun:
    """A draft over the toy county: three projects of one place each, so that the answer can be checked by hand."""
    for project in town.projects.values():
        project.demand, project.experts = 1, 0
        project.save()
    monkeypatch.setattr("django.utils.timezone.localdate", lambda: TODAY)
    drafted = workflow.draft(county_office, AssignmentRun.Preset.NEAREST)
    return workflow.compute(drafted.pk, TODAY)
