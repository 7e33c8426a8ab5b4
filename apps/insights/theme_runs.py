"""Runs of the grouping: all voices anew each night or when somebody asks, newcomers to the themes there are in between; then what rises is said.

A run is read and grouped outside any transaction and written in one, so that a worker that is killed leaves everything as it was; the job is then
done again from the start.
"""

import datetime as dt
from dataclasses import asdict

import numpy as np
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django import app as jobs
from procrastinate.exceptions import AlreadyEnqueued

from apps.accounts.models import Role, User
from apps.insights import facts, theme_keeping
from apps.insights.rising import Rises, rises
from apps.insights.theme_adopting import GOES_QUIET, adopt, named, write_members
from apps.insights.theme_models import Theme, ThemeEvent, ThemeMember, ThemeRun
from apps.insights.theme_voices import BATCH, Voices, circumstances, texts, voices
from apps.insights.themes import Bags, group, read
from apps.record.notices import Notice

JOB = "insights.group_themes"
DAYS = 730
WRITING = 0x7468_656D  # advisory lock: who writes themes
EASES = 0.1  # p from which on a rise is over
MANY = 5  # rises that are told one by one
SHARE_NEW = 0.1  # of newcomers: the themes there are do not describe them any more
KEPT_RUNS = 60


@transaction.atomic
def ask(user: User | None, *, whole: bool = True) -> ThemeRun:
    """Ask for a run; the one that is waiting or under way is given to whoever asks meanwhile. The job begins with the transaction's end."""
    _hold()
    run = ThemeRun.objects.filter(state__in=(ThemeRun.State.QUEUED, ThemeRun.State.RUNNING)).first()
    run = run or ThemeRun.objects.create(whole=whole, asked_by=user)
    # By name: the task leans on this module. Also of a run under way: whoever is at it may have been killed; a job of what is done does nothing.
    job = jobs.configure_task(JOB, queueing_lock=f"{JOB} {run.pk}")
    try:
        with transaction.atomic():
            job.defer(run=run.pk)
    except AlreadyEnqueued:
        pass  # its job is waiting
    return run


def ask_if_newcomers() -> ThemeRun | None:
    """After an intake, or when cases have come: a run of all voices where there are many new ones, else of the new ones."""
    last = ThemeRun.objects.filter(state=ThemeRun.State.DONE).order_by("-pk").first()
    if last is None:
        return ask(None) if facts.Fact.objects.counted().exists() else None
    changed = facts.Fact.objects.filter(version__gt=last.figures.get("version", 0)).count()
    if not changed:
        return None
    return ask(None, whole=changed > SHARE_NEW * max(1, last.figures.get("voices", 0)))


def carry_out(run_id: int, today: dt.date | None = None) -> ThemeRun:
    """Do a run; safe to be done twice, and beside another, which then waits for its end."""
    run = _begin(run_id)
    if run is None:
        return ThemeRun.objects.get(pk=run_id)
    try:
        facts.refresh()
        day = today or timezone.localdate()
        figures = _whole(run, day) if run.whole else _newcomers(run, day)
    except Exception:
        ThemeRun.objects.filter(pk=run_id).update(
            state=ThemeRun.State.FAILED, progress_note="没有做完，主题还是上一次的", finished_at=timezone.now()
        )
        raise
    _finish(run_id, figures)
    return ThemeRun.objects.get(pk=run_id)


@transaction.atomic
def _begin(run_id: int) -> ThemeRun | None:
    _hold()
    run = ThemeRun.objects.select_for_update().get(pk=run_id)
    if run.state == ThemeRun.State.DONE:
        return None
    left = ThemeRun.objects.filter(state=ThemeRun.State.RUNNING).exclude(pk=run_id)
    left.update(state=ThemeRun.State.FAILED, progress_note="中途停了，已由后一次接着做", finished_at=timezone.now())
    if not _kept():
        run.whole = True  # nothing yet that newcomers could join
    run.state, run.progress, run.progress_note, run.started_at = ThemeRun.State.RUNNING, 0, "", timezone.now()
    run.save()
    return run


def _finish(run_id: int, figures: dict) -> None:
    ThemeRun.objects.filter(pk=run_id).update(
        state=ThemeRun.State.DONE, progress=100, progress_note="", finished_at=timezone.now(), figures=figures
    )
    kept = ThemeRun.objects.order_by("-pk").values_list("pk", flat=True)[:KEPT_RUNS]
    ThemeRun.objects.filter(pk__lt=min(kept), weights=None).delete()


def _hold() -> None:
    """Whoever writes themes waits here for whoever is at it, to the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [WRITING])


def _kept() -> ThemeRun | None:
    """The latest run of all voices: its weights."""
    return ThemeRun.objects.filter(whole=True, weights__isnull=False, state=ThemeRun.State.DONE).order_by("-pk").first()


def _whole(run: ThemeRun, today: dt.date) -> dict:
    def say(share: float, note: str) -> None:
        ThemeRun.objects.filter(pk=run.pk).update(progress=min(99, int(100 * share)), progress_note=note)

    since = today - dt.timedelta(days=DAYS)
    version = _version()
    seen = voices(since)
    parts = []
    for batch in texts(seen):
        parts.append(read(batch))
        say(0.35 * len(parts) * BATCH / max(1, len(seen)), f"读 {len(seen)} 条诉求")
    grouping = group(Bags.of(parts), circumstances(seen), lambda share: say(0.35 + 0.4 * share, "按意思和地点归并"))
    names = named(seen, grouping, lambda share: say(0.75 + 0.2 * share, "取名"))
    say(0.95, "保存结果")
    with transaction.atomic():
        _hold()
        first = seen.day.min() if len(seen) else today.toordinal()
        changes = adopt(seen, grouping, names, today, max(since, dt.date.fromordinal(int(first))))
        figures = _judge(seen, today)
        ThemeRun.objects.filter(weights__isnull=False).exclude(pk=run.pk).update(weights=None)
        ThemeRun.objects.filter(pk=run.pk).update(weights=theme_keeping.weights(grouping.profiles))
    told = {name: len(value) if isinstance(value, list) else value for name, value in asdict(changes).items()}
    return {"voices": len(seen), "version": version, **told, **figures}


def _newcomers(run: ThemeRun, today: dt.date) -> dict:
    """Each voice that is in no theme is held against the themes there are; what does not count any more leaves them."""
    kept = _kept()
    version = _version()
    seen = voices(today - dt.timedelta(days=DAYS))
    with transaction.atomic():
        _hold()
        themes = list(Theme.objects.standing().exclude(profile=b"").order_by("pk").select_for_update())
        profiles = theme_keeping.restored([bytes(theme.profile) for theme in themes], bytes(kept.weights))
        held = set(ThemeMember.objects.values_list("kind", "ref"))
        pairs = zip(seen.kind.tolist(), seen.ref.tolist(), seen.version.tolist(), strict=True)
        new = np.array(
            [
                row
                for row, (kind, ref, at) in enumerate(pairs)
                if at > kept.figures.get("version", 0) and (kind, ref) not in held
            ],
            np.int64,
        )
        some = seen.taken(new)
        bags = Bags.of([read(batch) for batch in texts(some)])
        best, likeness = profiles.assigned(bags, circumstances(some))
        joining = np.flatnonzero(best >= 0)
        ids = np.array([theme.pk for theme in themes] or [-1], np.int64)
        write_members(some, joining, ids[best], likeness)
        touched = {themes[place].pk for place in best[joining].tolist()} | _leave()
        _recount(touched, today)
        figures = _judge(seen, today)
    return {
        "voices": len(seen),
        "version": version,
        "newcomers": len(some),
        "joined": len(joining),
        "themes": len(themes),
        **figures,
    }


def _version() -> int:
    return facts.FactState.objects.values_list("version", flat=True).first() or 0


def _leave() -> set[int]:
    """Voices that do not count any more leave their themes; which those were."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM insights_thememember m USING insights_fact f WHERE f.kind = m.kind AND f.ref = m.ref AND NOT f.counted RETURNING m.theme_id"
        )
        return {theme for (theme,) in cursor.fetchall()}


def _recount(themes: set[int], today: dt.date) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE insights_theme t SET voices = m.n, first_on = coalesce(m.first, t.first_on), last_on = coalesce(m.last, t.last_on),
                state = CASE WHEN m.last >= %s THEN 'active' ELSE 'quiet' END
            FROM (SELECT t.id, count(m.id) AS n, min(m.day) AS first, max(m.day) AS last
                  FROM insights_theme t LEFT JOIN insights_thememember m ON m.theme_id = t.id WHERE t.id = ANY(%s) GROUP BY t.id) m
            WHERE t.id = m.id AND t.state IN ('active', 'quiet')""",
            [today - dt.timedelta(days=GOES_QUIET), sorted(themes)],
        )


# --- what rises ----------------------------------------------------------------------------------------------------------


def _judge(seen: Voices, today: dt.date) -> dict:
    """Say of every theme whether it rises, as of yesterday, the last whole day; tell the office of those that did not before."""
    themes = list(
        Theme.objects.filter(state__in=(Theme.State.ACTIVE, Theme.State.QUIET)).order_by("pk").select_for_update()
    )
    place = {theme.pk: row for row, theme in enumerate(themes)}
    held = {
        (kind, ref): place.get(theme, -1)
        for kind, ref, theme in ThemeMember.objects.values_list("kind", "ref", "theme").iterator(chunk_size=20_000)
    }
    of = np.array([held.get(pair, -1) for pair in zip(seen.kind.tolist(), seen.ref.tolist(), strict=True)], np.int64)
    last = today - dt.timedelta(days=1)
    found = rises(of, seen.source, seen.day, themes=len(themes), last=last.toordinal())
    begun, over = [], []
    for row, theme in enumerate(themes):
        if found.called[row]:
            begun += [theme] if theme.rising_since is None else []
            theme.rising_since = theme.rising_since or dt.date.fromordinal(int(found.since[row]))
            theme.rise = _rise(found, row, last)
        elif theme.rising_since is not None:
            if found.p[row] > EASES or not found.span[row]:
                theme.rising_since, theme.rise = None, {}
                over.append(theme)
            else:
                theme.rise = _rise(found, row, last)
    for theme in begun:
        theme.noted_at = theme.noted_by = None
    changed = [theme for row, theme in enumerate(themes) if found.called[row] or theme.rising_since or theme in over]
    Theme.objects.bulk_update(changed, ["rising_since", "rise", "noted_at", "noted_by"], batch_size=500)
    ThemeEvent.objects.append_each([(theme.pk, "rise", _rise_words(theme), theme.rise) for theme in begun])
    ThemeEvent.objects.append_each([(theme.pk, "ease", "不再比往常多", {}) for theme in over])
    _tell(begun, last)
    return {"rising": int(sum(theme.rising_since is not None for theme in themes)), "newly_rising": len(begun)}


def _rise(found: Rises, row: int, last: dt.date) -> dict:
    return {
        "days": int(found.span[row]),
        "until": last.isoformat(),
        "now": int(found.now[row]),
        "expected": round(float(found.expected[row]), 2),
        "p": float(f"{found.p[row]:.3g}"),
        "q": float(f"{found.q[row]:.3g}"),
        "last_year": int(found.last_year[row]) if found.last_year[row] >= 0 else None,
        "seasonal": bool(found.seasonal[row]),
    }


def _rise_words(theme: Theme) -> str:
    rise = theme.rise
    return f"近 {rise['days']} 天 {rise['now']} 条，按此前半年应有约 {rise['expected']:.1f} 条"


def _tell(begun: list[Theme], last: dt.date) -> None:
    """The county office hears of what rises now and did not before; of many at once in one notice."""
    if not begun:
        return
    office = User.objects.filter(role=Role.COUNTY_OFFICE, is_active=True)
    if len(begun) > MANY:
        body = "、".join(theme.name for theme in begun[:10])
        Notice.objects.tell(
            office,
            "insight",
            f"{len(begun)} 个民情主题上升",
            body,
            reverse("theme_list"),
            key=f"themes-rise-{last}-{begun[0].pk}",
        )
        return
    for theme in begun:
        key = f"theme-rise-{theme.pk}-{theme.rising_since}"
        Notice.objects.tell(
            office,
            "insight",
            f"民情主题上升：{theme.name}",
            _rise_words(theme),
            reverse("theme", args=[theme.pk]),
            key=key,
        )
