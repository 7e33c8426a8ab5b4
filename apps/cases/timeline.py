"""A case's history as people read it: each event a line, in office words for those who work on it, in plain words for the resident."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from apps.cases.models import Case, CaseEvent, Joiner, Rating


@dataclass(frozen=True)
class Step:
    """One line of a timeline. `state` is done, now, late or next, as the page's marks show it; `by` and `note` only inside."""

    title: str
    at: dt.datetime | None = None
    text: str = ""
    by: str = ""
    note: str = ""
    state: str = "done"
    icon: str = "check"


OFFICE = {
    "submit": "提交", "answer_as_deputy": "代表答复", "pass_to_town": "代表提交镇人大", "pass_to_county": "提交县人大", "take_over": "{holder}接手",
    "take_over_by_county": "县人大接手", "answer_as_town": "镇人大答复", "answer_as_county": "县人大答复", "pass_to_dispatcher": "转县政府办", "assign_to_unit": "交办{unit}", "return_to_dispatcher": "{unit}退回县政府办",
    "answer_as_unit": "承办单位答复", "rate": "反映人评价：{score}", "answer_parts": "分办的几件都已答复", "hand_down": "县人大交{holder}办理", "hand_to_deputy": "改由{deputy}代表办理", "return_to_county": "县政府办退回县人大",
    "take_back": "县政府办从{unit}收回", "sign": "{unit}签收", "note_contact": "首次联系反映人", "give_opinion": "{unit}提出会办意见", "add_co_handler": "增加会办单位{unit}",
    "withdraw_co_handler": "{unit}不再会办", "ask_extension": "申请延期 {days} 个工作日", "extend": "延期到 {due_on}（原为 {before}，{consent}同意）",
    "refuse_extension": "不同意延期", "pause": "请反映人补充：{question}", "supply": "反映人补充了情况", "resume": "不再等反映人补充", "split": "拆分为{parts}",
    "split_off": "由{whole}拆分而来", "merge": "并入{into}", "merge_on": "随另一件并入{into}", "take_in": "{other}并入这一件", "turn_away": "不予受理", "withdraw": "反映人撤回",
    "remind": "催办（第 {times} 次）", "oversee": "{body}决定督办", "put_on_joint_list": "列入联席会议", "take_off_joint_list": "移出联席会议",
    "rate_handling": "代表评价{unit}的办理：{score}", "reopen": "重新办理（第 {times} 次）", "close_unrated": "评价期满没有评价，办结", "close_with_whole": "随整件办结", "join": "又有一位群众遇到同样的问题",
    "recount": "期限改为 {due_on}（原为 {before}）", "recount_duty": "{duty}期限改为 {until}（原为 {before}）", "escalate": "按规则告知{whom}", "classify": "类别改为“{category}”（原为“{before}”）",
    "take_call": "打电话告知{whom}，看了联系方式", "tell_by_phone": "电话告知{whom}（{about}）：{outcome}",
    "draft_publication": "整理公开答复稿", "publish_answer": "答复公开：{title}", "withdraw_publication": "撤回公开的答复",
    "link_order": "关联外部工单 {order}", "unlink_order": "与外部工单 {order} 解除关联",
}  # fmt: skip
PLAIN = {
    "submit": "已收到您反映的问题", "answer_as_deputy": "代表已答复", "pass_to_town": "已转给{holder}办理", "pass_to_county": "已转给{holder}",
    "take_over": "已改由{holder}办理", "take_over_by_county": "已改由{holder}办理", "answer_as_town": "已答复", "answer_as_county": "已答复", "pass_to_dispatcher": "已转给{holder}，由它确定办理单位",
    "assign_to_unit": "已转给{unit}办理", "return_to_dispatcher": "{unit}说明这件事不归它管，{holder}正在另行安排",
    "answer_as_unit": "办理单位已答复", "rate": "您的评价：{score}", "answer_parts": "几件都已答复", "hand_down": "已转给{holder}办理",
    "hand_to_deputy": "已改由{deputy}代表办理", "return_to_county": "已转回{holder}", "take_back": "{holder}正在另行安排办理单位", "sign": "{unit}已签收",
    "pause": "请您补充：{question}", "supply": "您补充了情况", "resume": "继续办理", "split": "您反映的事分成了几件，分别办理", "merge": "已与另一件相同的问题一并办理",
    "turn_away": "没有受理", "withdraw": "您撤回了这件事", "oversee": "{body}在督促办理", "extend": "办理期限延到 {due_on}",
    "reopen": "已重新办理，由{holder}负责", "close_unrated": "评价的时间已过，先办结", "join": "又有一位群众遇到同样的问题",
    "publish_answer": "这件事的答复已经公开，不含您的个人信息", "withdraw_publication": "公开的答复已撤下",
}  # fmt: skip
ICONS = {
    "submit": "send", "rate": "star", "return_to_dispatcher": "arrow-back-up", "classify": "tag", "recount": "calendar-event", "pass_to_town": "arrow-right", "take_over": "user-check", "take_over_by_county": "user-check",
    "pass_to_county": "arrow-right", "pass_to_dispatcher": "arrow-right", "assign_to_unit": "arrow-right",
    "pause": "player-pause", "supply": "message-plus", "resume": "player-play", "reopen": "refresh", "split": "arrows-split-2", "merge": "arrow-merge",
    "take_in": "arrow-merge", "remind": "bell-ringing", "oversee": "eye", "turn_away": "ban", "withdraw": "ban", "sign": "signature", "take_back": "arrow-back-up",
    "return_to_county": "arrow-back-up", "hand_down": "arrow-right", "hand_to_deputy": "user-check", "rate_handling": "star", "join": "users-plus",
    "take_call": "phone", "tell_by_phone": "phone", "escalate": "bell-ringing", "recount_duty": "calendar-event", "draft_publication": "edit", "publish_answer": "world", "withdraw_publication": "world-off", "link_order": "link",
    "unlink_order": "unlink",
}  # fmt: skip
BLANK = {
    "unit": "承办单位", "holder": "有关部门", "deputy": "", "days": "", "due_on": "", "consent": "", "question": "", "parts": "几件", "whole": "另一件", "into": "另一件",
    "other": "另一件", "times": "", "body": "人大", "score": "", "category": "", "before": "", "title": "", "duty": "", "until": "", "whom": "", "about": "", "outcome": "", "order": "另一处的工单",
}  # fmt: skip


def inside(case: Case) -> list[Step]:
    """Every move with who made it and what was said, oldest first: for those who may see the case."""
    return [
        Step(_words(OFFICE, event), event.at, by=event.actor_label, note=event.note, icon=ICONS.get(event.verb, "check")) for event in case.events.order_by("pk")
    ]


OF_THE_REPORTER = ("rate", "supply", "withdraw", "pause")  # between him and the office: not for who joined, or whose case goes on in his


def for_resident(own: Case, main: Case, today: dt.date, joiner: Joiner | None = None) -> list[Step]:
    """What a resident reads: no names of others, no notes between offices; at the end who has it now, or what comes next.

    own: the case that his code was given for; main: the one it goes on in. joiner: whose code it is, if not the reporter's.
    """
    reporter = joiner is None and own.pk == main.pk
    steps = _plain(own, everything=reporter) if joiner is None else [Step("您加入了这件事", joiner.joined_at, icon=ICONS["submit"])]
    if own.pk != main.pk or joiner is not None:
        since = steps[-1].at or own.submitted_at
        steps += [step for step in _plain(main, everything=False) if step.at and step.at > since]
    steps += _rated(own, joiner) if not reporter else []
    return [*sorted(steps, key=lambda step: step.at or own.submitted_at), *_now(main, today, everything=reporter)]


def _plain(case: Case, *, everything: bool) -> list[Step]:
    events = [event for event in case.events.only("verb", "at", "data").order_by("pk") if event.verb in PLAIN]
    if everything:
        events = [event for event in events if event.verb != "rate" or (event.data.get("by", "reporter") == "reporter" and "of" not in event.data)]
    else:
        events = [event for event in events if event.verb not in OF_THE_REPORTER]
    steps = [Step(_words(PLAIN, event), event.at, text=_told(event), icon=ICONS.get(event.verb, "check")) for event in events]
    if not any(event.verb == "submit" for event in events):  # taken over from another system, without its history
        steps.insert(0, Step(PLAIN["submit"], case.submitted_at, icon=ICONS["submit"]))
    return steps


def _rated(own: Case, joiner: Joiner | None) -> list[Step]:
    """That he has rated it, of somebody who followed another's case."""
    mine = Rating.objects.filter(case=own.pk, joiner=joiner and joiner.pk, part=Rating.Part.OUTCOME, by=Rating.By.JOINER if joiner else Rating.By.REPORTER)
    return [Step("您已评价，谢谢", at, icon=ICONS["rate"]) for at in mine.values_list("at", flat=True)]


def _now(case: Case, today: dt.date, *, everything: bool) -> Iterable[Step]:
    if case.state in (Case.State.CLOSED, Case.State.WITHDRAWN, Case.State.MERGED):
        return
    if case.state == Case.State.SPLIT:
        yield Step("分成几件办理", text="每一件都答复后，一并答复您。", state="now", icon="clock")
        yield Step("答复您", state="next", icon="message-2")
        return
    if case.paused_at is not None:
        words = ("等您补充", case.pause_reason) if everything else ("等最先反映的人补充情况", "")
        yield Step(words[0], text=words[1], state="now", icon="player-pause")
        return
    if case.state == Case.State.ANSWERED:
        yield Step("请您评价", text="满意不满意，都请告诉我们。", state="now", icon="star")
        return
    late = case.due_on is not None and case.due_on < today
    yield Step(f"现在由{case.holder()}办理", text="已经超过原定的期限。" if late else "", state="late" if late else "now", icon="clock")
    yield Step("答复您", state="next", icon="message-2")


def _told(event: CaseEvent) -> str:
    return "办理人已联系您，告诉了结果。" if event.data.get("told") else ""


def _words(words: dict[str, str], event: CaseEvent) -> str:
    data = {key: value for key, value in event.data.items() if value}
    if "score" in data:
        data["score"] = Rating.Score(data["score"]).label
    if isinstance(data.get("parts"), list):
        data["parts"] = "、".join(data["parts"])
    return words.get(event.verb, event.verb).format_map({**BLANK, **data})
