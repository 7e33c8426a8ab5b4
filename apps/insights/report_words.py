"""What a region report says in sentences, and how its figures are to be read. A LAB: a `Report` in, Chinese out."""

from __future__ import annotations

from collections.abc import Sequence

from apps.insights.report_figures import LEAST, THEN, Change, Line, Report

NAMED = 3  # categories or regions named in one sentence

MEANING = (
    "件数：本期内收到的民情件和诉求记录，一件事只计一次；已关联民情件的工单、已并入其他件的和已撤回的不计。",
    "没有收到诉求不等于没有问题：反映少的地方，可能是渠道没有到。没有写明地点的另列，只计入全县。",
    "每千人：件数除以常住人口；括号里是 95% 的可能范围，件数越少范围越宽。两个范围重叠很多的，不宜排先后。",
    "比上期、比上年同期：按日均比较，括号里是两期件数。当时还没有接入的来源、没有收到期末的来源，两边都不计；本期没有过完的，只与上期同样天数比。",
    "一件事常有许多人来说：按各村社逐周的起伏，几件只当一件事来算可能范围和变化是否明显。",
    f"明显：按计数检验，同一张表里误报控制在 5% 以内；其余的变化，靠偶然也会有。两期合计不足 {LEAST} 件的不判断。",
    "按期：已答复的和已经超期还没有答复的里，按期答复的占比；还没有到期的不计。统计当天的状态。",
    "满意：有评价的里，满意和基本满意的占比。没有评价不算满意。",
    "重复：同一件事再次反映，或答复后要求重办的。",
    f"不足 {LEAST} 件的不算百分比，只列件数。",
)


def points(report: Report) -> list[str]:
    """The report in five sentences or so, the most telling first; never a rate of too few."""
    return [words for words in (_total(report), _missing(report), *_moved(report, report.top, "类别"), *_moved(report, [line for line in report.regions if line.code], "区域"), _handled(report), _apart(report)) if words]


def _total(report: Report) -> str:
    total, window = report.total, report.window
    if not total.count:
        return f"{window.label}{report.area}没有收到诉求。没有收到不等于没有问题。"
    words = f"{window.label}{'' if window.whole else f'（截至{window.now.last.month}月{window.now.last.day}日）'}{report.area}收到诉求 {total.count} 件"
    if report.whole.rate:
        words += f"，每千人 {report.whole.rate_words}"
    said = [_than(THEN[versus], report.changes([report.whole], versus)[0]) for versus in THEN]
    return "；".join([words, *(each for each in said if each)]) + "。"


def _missing(report: Report) -> str:
    named = "、".join(f"{source.label}只到{source.last:%Y年%-m月%-d日}" for source in report.sources if source.silent)
    return f"有的来源没有收到期末：{named}。没有收全的不参与比较。" if named else ""


def _than(then: str, change: Change) -> str:
    return f"比{then} {change.words}，{change.verdict}" if change.comparable and change.tone != "few" else ""


def _moved(report: Report, lines: Sequence[Line], what: str) -> list[str]:
    """Which of them rose or fell more than chance, against the period before."""
    changes = dict(zip((line.code for line in lines), report.changes(lines, "before"), strict=True))
    said = []
    for tone, verb in (("up", "上升"), ("down", "下降")):
        moved = [line for line in lines if changes[line.code].tone == tone]
        moved.sort(key=lambda line: -abs(changes[line.code].now - changes[line.code].then))
        if moved:
            named = "、".join(f"{line.name} {changes[line.code].words}" for line in moved[:NAMED])
            said.append(f"{what}中明显{verb}的：{named}{f' 等 {len(moved)} 个' if len(moved) > NAMED else ''}。")
    return said


def _handled(report: Report) -> str:
    total = report.total
    parts = []
    if total.punctual.percent is not None:
        parts.append(f"按期答复 {total.punctual.words}" + (f"，{total.late_open} 件超期还没有答复" if total.late_open else ""))
    if total.content.percent is not None:
        parts.append(f"满意和基本满意 {total.content.words}")
    if total.again:
        parts.append(f"重复反映 {total.again} 件")
    return "；".join(parts) + "。" if parts else ""


def _apart(report: Report) -> str:
    """Which sources a comparison leaves out, where there is one."""
    said = [(THEN[versus], "、".join(source.label for source in report.left_out(versus) if not source.silent)) for versus in THEN if report.comparable(versus)]
    words = "；".join(f"比{then}不含{names}：当时还没有接入" for then, names in said if names)
    return f"{words}。" if words else ""


def caption(report: Report) -> str:
    """What stands under every table and map: place, period, filters, and when it was counted."""
    counted = report.counted_at
    return f"{report.area}　{report.window.label}（{report.window.now.words}）　{report.filters}　统计于 {counted:%Y-%m-%d %H:%M}"
