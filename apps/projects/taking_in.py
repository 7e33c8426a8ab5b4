"""From a bureau's table to reports: open the file, settle what its columns mean, judge every row, take all of it in at once."""

import datetime as dt
import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.projects.checks import Claim, Doubt, PartClaim, Verdict, judge
from apps.projects.models import KeyProject
from apps.projects.recognition import ProjectNames, bare
from apps.projects.uploads import ReportMapping, ReportUpload
from apps.projects.workflow import Entry, locked, past_of, write
from apps.record.states import MoveRefused
from gis_data.bulletins import (
    MEANINGS,
    Guess,
    are_fractions,
    guesses,
    is_sum,
    money,
    month_in,
    percent,
    plain,
    read_bulletin,
)
from gis_data.rows import FileRefused

LARGEST = 20 << 20  # bytes
WORDS = ("text", "problems", "note")  # columns of running text
STATUSES = {"todo": "待处理", "ready": "可以收入", "same": "没有变化", "skipped": "跳过", "refused": "不能收入"}


@dataclass
class Row:
    """One row of the table, understood: which project, what it says, what speaks against it, what was decided."""

    number: int
    name: str
    project: KeyProject | None = None
    proposals: list[KeyProject] = field(default_factory=list)
    verdict: Verdict | None = None
    faults: list[str] = field(default_factory=list)  # of the row itself; it cannot be taken in
    unknown: str = ""
    reason: str = ""
    skipped: bool = False
    chosen: str = ""

    @property
    def status(self) -> str:
        if self.skipped:
            return "skipped"
        if self.unknown:
            return "todo"
        if self.faults or self.verdict is None or self.verdict.refused:
            return "refused"
        if not self.verdict.changes:
            return "same"
        return "ready" if self.verdict.takes(self.reason) else "todo"

    @property
    def label(self) -> str:
        return STATUSES[self.status]

    @property
    def tone(self) -> str:
        return {"todo": "due", "ready": "info", "same": "good", "skipped": "neutral", "refused": "late"}[self.status]

    @property
    def doubts(self) -> list[Doubt]:
        said = [Doubt("refuse", fault) for fault in self.faults]
        return said + (self.verdict.doubts if (self.verdict and self.verdict.changes) or (self.verdict and self.verdict.refused) else [])


@dataclass(frozen=True)
class Column:
    index: int
    heading: str
    guess: Guess
    samples: list[str]


# --- the file ------------------------------------------------------------------------------------------------------------


def open_upload(user: User, file: UploadedFile, source: str) -> tuple[ReportUpload, bool]:
    """Read a table and keep it as it was read. The same file again is the same upload; whether it is new. FileRefused says what to do."""
    name = Path(file.name or "月报").name[:120]
    if not file.size:
        raise FileRefused(f"“{name}”是空文件。请重新选择月报表。")
    if file.size > LARGEST:
        raise FileRefused(f"“{name}”有 {file.size >> 20} MB，超过 {LARGEST >> 20} MB。月报表通常很小；请去掉里面的图片，只留下表格后再上传。")
    digest = hashlib.sha256()
    with tempfile.NamedTemporaryFile() as kept:
        for block in file.chunks():
            digest.update(block)
            kept.write(block)
        kept.flush()
        known = ReportUpload.objects.exclude(state=ReportUpload.State.DROPPED).filter(sha256=digest.hexdigest()).first()
        if known:
            return known, False
        read = read_bulletin(Path(kept.name), name)
    try:
        with transaction.atomic():
            return ReportUpload.objects.create(
                name=name, sha256=digest.hexdigest(), source=source[:60], sheet=read.sheet[:60], title=read.title, headings=[read.unit, *read.headings],
                fingerprint=read.fingerprint, rows=read.rows, month=read.month, uploaded_by=user,
            ), True
    except IntegrityError:  # the same file at the same moment
        return ReportUpload.objects.exclude(state=ReportUpload.State.DROPPED).get(sha256=digest.hexdigest()), False


def columns_of(upload: ReportUpload) -> list[Column]:
    """Each column with what it means: as settled for this kind of table before, else as it seems."""
    unit, *headings = upload.headings
    mapping = upload.mapping
    found = [Guess(column["means"], column["unit"]) for column in mapping.columns] if mapping else guesses(headings, upload.rows, unit)
    return [
        Column(index, heading, found[index], list(dict.fromkeys(row[index] for _, row in upload.rows if row[index]))[:3])
        for index, heading in enumerate(headings)
    ]


def settle(user: User, upload: ReportUpload, columns: list[tuple[str, str]], month: dt.date | None) -> None:
    """Remember what the columns mean, for this and every later table with the same headings. MoveRefused when it cannot work."""
    means = [meaning for meaning, _ in columns]
    twice = sorted({MEANINGS[meaning] for meaning in means if meaning and meaning not in WORDS and means.count(meaning) > 1})
    if twice:
        raise MoveRefused(f"有两列都选了“{twice[0]}”，请只留一列。")
    if not {"name", "code"} & set(means):
        raise MoveRefused("请指明哪一列是项目名称或项目编号。")
    if not set(means) - {"", "name", "code", "part", "month", "note"}:
        raise MoveRefused("请至少指明一列投资、完成百分比或形象进度。")
    if "month" not in means and month is None:
        raise MoveRefused("请填这张表是哪个月的。")
    with transaction.atomic():
        upload = _open(upload.pk)
        kept = [{"means": meaning, "unit": unit} for meaning, unit in columns]
        ReportMapping.objects.update_or_create(fingerprint=upload.fingerprint, defaults={"source": upload.source, "columns": kept, "settled_by": user})
        ReportUpload.objects.filter(pk=upload.pk).update(month=month)


def _open(pk: int) -> ReportUpload:
    upload = ReportUpload.objects.select_for_update().get(pk=pk)
    if upload.state != ReportUpload.State.OPEN:
        raise MoveRefused(f"这个文件{upload.get_state_display()}，不能再改。")
    return upload


# --- the rows ------------------------------------------------------------------------------------------------------------


def rows_of(user: User, upload: ReportUpload, hold: bool = False) -> list[Row]:
    """Every row understood and judged against what has been reported. hold: lock the projects until the transaction ends."""
    mapping = upload.mapping
    if mapping is None:
        return []
    columns = {column["means"]: index for index, column in enumerate(mapping.columns) if column["means"] and column["means"] != "text"}
    named = _recognised(upload, mapping, columns)
    mine = set(KeyProject.objects.reportable_by(user).filter(code__in={code for _, code in named if code}).values_list("code", flat=True))
    wanted = KeyProject.objects.filter(code__in={code for _, code in named if code}).defer("geom", "geom_3857")
    projects = {project.code: project for project in (locked(wanted.values_list("pk", flat=True)).values() if hold else wanted)}
    proposed = {code for row, _ in named for code in row.proposals}
    offered = {project.code: project for project in KeyProject.objects.filter(code__in=proposed).only("code", "name")}
    past = past_of([project.pk for project in projects.values()])
    fractions = _fractions(upload, mapping)
    today, first, found = timezone.localdate(), {}, []
    for (row, code), (number, cells) in zip(named, _project_rows(upload, mapping, columns), strict=True):
        row.proposals = [offered[one] for one in row.proposals]
        found.append(row)
        if not code:
            continue
        row.project = project = projects[code]
        if code not in mine:
            row.faults.append("不是您单位负责的项目，由责任单位或人大工委填报")
            continue
        claim, note = _claim(upload, mapping, cells, past[project.pk].names, fractions, row.faults)
        row.reason = row.reason or note
        if claim is None or row.skipped:
            continue
        key = (code, claim.month, *claim.parts)
        if key in first:
            row.faults.append(f"与第 {first[key]} 行是同一个项目、同一个月，只收第一次出现的一行")
            continue
        first[key] = number
        row.verdict = judge(project, past[project.pk], claim, today)
        if row.status in ("ready", "same"):
            past[project.pk].take(row.verdict.claim)
    return found


def _project_rows(upload: ReportUpload, mapping: ReportMapping, columns: dict[str, int]) -> list[tuple[int, list[str | None]]]:
    """The rows that speak of a project: no sums, no headings of sections, no notes under the table."""
    key = [columns[name] for name in ("code", "name") if name in columns]
    # Where a table begins with words, "一、主体封顶；二、…" is what is said of a project and no heading.
    told = {columns.get("name", columns.get("code", 0)), *((0,) if mapping.columns[0]["means"] not in WORDS else ())}
    return [(number, cells) for number, cells in upload.rows if any(cells[i] for i in key) and not any(is_sum(cells[i]) for i in told)]


def _recognised(upload: ReportUpload, mapping: ReportMapping, columns: dict[str, int]) -> list[tuple[Row, str]]:
    names = ProjectNames(dict(KeyProject.objects.values_list("code", "name")))
    found = []
    for number, cells in _project_rows(upload, mapping, columns):
        said = {name: cells[columns[name]] if name in columns else None for name in ("code", "name")}
        decided = upload.decisions.get(str(number), {})
        row = Row(number, said["name"] or said["code"] or "", reason=decided.get("reason", ""), skipped=bool(decided.get("skip")), chosen=decided.get("project", ""))
        seen = names.recognise(said["code"], said["name"], mapping.aliases)
        code = row.chosen if row.chosen in names.names else seen.code
        if not code:
            row.unknown, row.proposals = seen.words, list(seen.proposals)
        found.append((row, code))
    return found


def _fractions(upload: ReportUpload, mapping: ReportMapping) -> bool:
    return any(are_fractions([cells[index] for _, cells in upload.rows]) for index, column in enumerate(mapping.columns) if column["means"] == "percent")


def _claim(upload: ReportUpload, mapping: ReportMapping, cells: list[str | None], parts: Mapping[int, str], fractions: bool, faults: list[str]) -> tuple[Claim | None, str]:
    """What a row says, and its note; None with the reasons in `faults` when it cannot be read."""
    said: dict[str, object] = {}
    words: dict[str, list[str]] = {name: [] for name in WORDS}
    month, part = upload.month, None
    for index, column in enumerate(mapping.columns):
        means, cell = column["means"], cells[index]
        try:
            if means in words:
                _words(means, cell, said, words, fractions)
            elif means in ("invested", "invested_year", "invested_month", "before"):
                said[means] = money(cell, column["unit"])
            elif means == "percent":
                said[means] = percent(cell, fractions)
            elif means == "month" and cell:
                month = _month(cell, upload.month)
            elif means == "part" and cell:
                part = _part(cell, parts)
        except ValueError as fault:
            faults.append(f"{_heading(upload, index)}：{fault}")
    if month is None:
        faults.append("没有写是哪个月")
    if faults or month is None:
        return None, ""
    joined = {name: "；".join(texts)[:300] or None for name, texts in words.items() if name != "note"}
    note = "；".join(words["note"])[:200]
    if part is not None:
        value = said.get("percent")
        if not isinstance(value, float):
            faults.append("子项目一行没有累计完成%")
            return None, ""
        return Claim(month, parts={part: PartClaim(value, joined["text"] or note or None)}), note
    return Claim(month, **said, **joined), note  # type: ignore[arg-type]


def _words(means: str, cell: str | None, said: dict[str, object], words: dict[str, list[str]], fractions: bool) -> None:
    """Words are kept as words; a bare percentage among the words of 形象进度 is a percentage."""
    if means == "text" and cell and plain(cell).endswith("%"):
        try:
            said.setdefault("percent", percent(cell, fractions))
            return
        except ValueError:
            pass
    if cell and plain(cell) not in ("", "-", "—", "/", "无", "暂无"):
        words[means].append(" ".join(cell.split()))


def _month(cell: str, known: dt.date | None) -> dt.date:
    found = month_in(cell)
    bare_month = plain(cell).removesuffix("份").removesuffix("月")
    if found is None and bare_month.isdigit() and 1 <= int(bare_month) <= 12 and known:
        found = known.replace(month=int(bare_month))
    if found is None:
        raise ValueError(f"“{cell}”不是月份")
    return found


def _part(cell: str, parts: Mapping[int, str]) -> int:
    if plain(cell).isdigit() and int(plain(cell)) in parts:
        return int(plain(cell))
    same = [number for number, name in parts.items() if bare(name) == bare(cell)]
    if not same:
        raise ValueError(f"项目没有“{cell}”这个子项目")
    return same[0]


def _heading(upload: ReportUpload, index: int) -> str:
    return upload.headings[index + 1] or f"第 {index + 1} 列"


# --- deciding and taking in ----------------------------------------------------------------------------------------------


def decide(user: User, upload: ReportUpload, decisions: dict[int, dict]) -> None:
    """Keep what was typed about rows: {"project": code, "reason": …, "skip": bool}. A name that was matched by hand is remembered."""
    with transaction.atomic():
        upload = _open(upload.pk)
        known = set(KeyProject.objects.filter(code__in=[said.get("project", "") for said in decisions.values()]).values_list("code", flat=True))
        wrong = next((said["project"] for said in decisions.values() if said.get("project") and said["project"] not in known), None)
        if wrong:
            raise MoveRefused(f"没有编号为“{wrong[:30]}”的项目，请核对编号。")
        upload.decisions |= {str(number): {name: value for name, value in said.items() if value} for number, said in decisions.items()}
        upload.save(update_fields=["decisions"])
        mapping = upload.mapping
        if mapping:
            column = next((index for index, each in enumerate(mapping.columns) if each["means"] == "name"), None)
            rows = dict(upload.rows)
            learnt = {bare(rows[number][column]): said["project"] for number, said in decisions.items() if column is not None and said.get("project") and rows.get(number, [None] * 99)[column]}
            if learnt:
                mapping.aliases |= learnt
                mapping.save(update_fields=["aliases"])


def take_in(user: User, upload: ReportUpload, *, skip_rest: bool = False) -> dict:
    """Take in every row that is ready, in one transaction, judged anew under locks. Rows still to be settled stop it, unless they
    are to be left out. What was done is kept with the upload."""
    with transaction.atomic():
        upload = _open(upload.pk)
        rows = rows_of(user, upload, hold=True)
        if not rows:
            raise MoveRefused("还没有确定各列的含义，或者表里没有项目。")
        waiting = [row.number for row in rows if row.status == "todo"]
        if waiting and not skip_rest:
            listed = "、".join(map(str, waiting[:10]))
            raise MoveRefused(f"还有 {len(waiting)} 行待处理（第 {listed}{' 等' if len(waiting) > 10 else ''} 行）。请先处理，或勾选“其余的不收”。")
        ready = [row for row in rows if row.status == "ready"]
        write(user, [Entry(row.project, row.verdict, row.reason) for row in ready], f"{upload.source}：{upload.name}"[:200])
        counts = {status: sum(row.status == status for row in rows) for status in STATUSES}
        left = [[row.number, row.name, row.unknown or "；".join(doubt.words for doubt in row.doubts) or row.label] for row in rows if row.status in ("todo", "refused", "skipped")]
        upload.result = {"counts": counts, "left": left, "months": sorted({f"{row.verdict.claim.month:%Y-%m}" for row in ready if row.verdict})}
        upload.state, upload.taken_at = ReportUpload.State.TAKEN, timezone.now()
        upload.save(update_fields=["result", "state", "taken_at"])
    return upload.result


def drop(user: User, upload: ReportUpload) -> None:
    """Give an upload up: nothing of it has been taken in, and the same file may be sent again."""
    with transaction.atomic():
        upload = _open(upload.pk)
        upload.state, upload.rows = ReportUpload.State.DROPPED, []
        upload.save(update_fields=["state", "rows"])
