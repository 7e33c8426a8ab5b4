"""How some rows of a file would be read by columns that nobody has settled yet: redacted, and nothing of them kept."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from apps.cases.redaction import redact
from apps.hotline import workflow
from apps.hotline.entries import Problem, entries
from apps.hotline.models import Source
from gis_data.streams import row_words


@dataclass(frozen=True, eq=False)
class Sample:
    """A row, redacted; where it would be refused, its problems alone."""

    row: int
    number: str
    title: str
    text: str
    told: dict[str, Any]
    problems: list[Problem]

    @property
    def place(self) -> str:
        words = row_words(self.row)
        return f"{words} 行" if words.startswith("第") else f"第 {words} 行"


def preview(source: Source, rows: Iterable[tuple[int, Sequence[Any]]], headings: Sequence[str], mapping: dict[str, str], states: dict[str, str]) -> list[Sample]:
    """One for each row. mapping, states: as of `Source`."""
    asked = Source(code=source.code, kind=source.kind, channel=source.channel, mapping=mapping, state_words=states)
    samples = []
    with workflow.hushed():
        for entry, problems in entries(rows, workflow.layout_of(asked, headings)):
            if entry is None:
                samples.append(Sample(problems[-1].row, "", "", "", {}, problems))
            else:
                title, text, channel = (redact(part, entry.raw.private).text for part in (entry.raw.title, entry.raw.text, entry.told.get("channel", "")))
                samples.append(Sample(entry.row, entry.raw.number, title, text, {**entry.told, "channel": channel}, problems))
    return samples
