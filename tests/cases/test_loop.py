"""The loop beyond the straight way: returned and assigned again, joined, waiting, split, merged, reminded, overseen, rated, reopened."""

import datetime as dt
import uuid

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Role, User
from apps.cases import (
    told,
    workflow,
    workflow_limits,
    workflow_oversight,
    workflow_parts,
    workflow_ratings,
    workflow_units,
)
from apps.cases.joining import join
from apps.cases.models import Case, CaseEvent, CoHandler, Joiner, Rating, Reporter
from apps.cases.moves import possible_moves
from apps.cases.taxonomy import Category
from apps.cases.tellings import Telling
from apps.cases.untold import Untold
from apps.record.notices import Notice
from apps.record.states import MoveRefused
from tests.cases.conftest import a_report, brought_to


def titles(user: User) -> list[str]:
    return list(Notice.objects.filter(recipient=user).order_by("pk").values_list("title", flat=True))


def now(case: Case) -> Case:
    return Case.objects.get(pk=case.pk)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


# -- units ----------------------------------------------------------------------------------------------------------------------


def test_a_unit_gives_back_with_a_reason_and_only_the_dispatcher_names_another(town, people):
    case = brought_to("with_unit", town, people)
    back = workflow_units.return_to_dispatcher(case, people.unit_officer, "路灯归电力管")
    assert (back.state, back.organisation) == ("with_dispatcher", None)
    with pytest.raises(MoveRefused):
        workflow_units.assign_to_unit(back, people.unit_officer, town.organisations["water"])
    again = workflow_units.assign_to_unit(back, people.dispatcher, town.organisations["water"])
    assert (again.state, str(again.organisation)) == ("with_unit", "县水利局")
    assert titles(people.dispatcher)[-1] == "县住建局退回一件民情件，请重新交办"
    with pytest.raises(MoveRefused, match="写明"):
        workflow_units.take_back(again, people.dispatcher, " ")
    assert workflow_units.take_back(again, people.dispatcher, "另有安排").organisation is None


def test_a_return_after_its_limit_is_refused_and_the_dispatcher_takes_back(town, people, clock):
    case = brought_to("with_unit", town, people)
    limit = case.clocks.get(kind="return", ended_at=None)
    clock.now = dt.datetime.combine(limit.due_on + dt.timedelta(days=1), dt.time(9), clock.now.tzinfo)
    with pytest.raises(MoveRefused, match="退回的期限"):
        workflow_units.return_to_dispatcher(case, people.unit_officer, "不归我管")
    assert workflow_units.take_back(case, people.dispatcher, "改由别的单位").state == "with_dispatcher"


def test_who_joins_in_sees_the_case_says_his_part_and_nothing_of_the_reporter(town, people):
    case = brought_to("with_dispatcher", town, people)
    other = town.organisations["town_a"]  # 东溪镇政府, whose officer is other_unit
    case = workflow_units.assign_to_unit(case, people.dispatcher, town.organisations["construction"], co_handlers=[other, town.organisations["construction"]])
    assert [str(part) for part in case.joining.all()] == [str(other)]  # the lead unit does not join itself
    seen = Case.objects.visible_to(people.other_unit)
    assert seen.get() == case and Case.objects.waiting_for(people.other_unit).get() == case
    assert not case.held_by(people.other_unit) and case.reporter_for(people.other_unit) is None
    assert {move.verb for move in possible_moves(case, people.other_unit)} == {"give_opinion"}
    for verb in (workflow.answer_as_unit, workflow_units.return_to_dispatcher):
        with pytest.raises(MoveRefused):
            verb(case, people.other_unit, "我来答复。")
    workflow_units.give_opinion(case, people.other_unit, "路灯杆在我镇道路上，可以配合。")
    assert CoHandler.objects.get().opinion.startswith("路灯杆") and not Case.objects.waiting_for(people.other_unit).exists()
    assert titles(people.unit_officer)[-1] == "东溪镇政府提出了会办意见"
    with pytest.raises(MoveRefused, match="没有等"):
        workflow_units.give_opinion(case, people.other_unit, "再说一次。")


def test_the_dispatcher_adds_and_withdraws_units_and_speaks_for_silent_ones(town, people):
    case = brought_to("with_unit", town, people)
    water = town.organisations["water"]  # does not log in
    workflow_units.add_co_handler(case, people.dispatcher, water)
    for unit, message in ((water, "已经是会办单位"), (town.organisations["construction"], "是主办单位"), (town.organisations["factory"], "不是承办单位")):
        with pytest.raises(MoveRefused, match=message):
            workflow_units.add_co_handler(case, people.dispatcher, unit)
    assert Case.objects.waiting_for(people.dispatcher).filter(pk=case.pk).exists() is False  # asked by telephone, entered when it comes
    with pytest.raises(MoveRefused, match="哪个会办单位"):
        workflow_units.give_opinion(case, people.dispatcher, "可以配合。")
    workflow_units.give_opinion(case, people.dispatcher, "可以配合。", organisation=water)
    assert case.events.last().data["by_clerk"] is True
    workflow_units.withdraw_co_handler(case, people.dispatcher, water, "不需要了")
    assert CoHandler.objects.get().withdrawn and CoHandler.objects.get().opinion == "可以配合。"


def test_an_opinion_ends_with_the_assignment(town, people):
    case = brought_to("with_dispatcher", town, people)
    case = workflow_units.assign_to_unit(case, people.dispatcher, town.organisations["construction"], co_handlers=[town.organisations["town_a"]])
    workflow_units.return_to_dispatcher(case, people.unit_officer, "不归我管")
    assert not Case.objects.visible_to(people.other_unit).exists() and CoHandler.objects.get().withdrawn


def test_signed_for_once_and_contact_noted_once(town, people):
    case = workflow_units.sign(brought_to("with_unit", town, people), people.unit_officer)
    assert case.signed_at and case.clocks.get(kind="sign").met_at
    with pytest.raises(MoveRefused, match="已经签收过"):
        workflow_units.sign(case, people.unit_officer)
    case = workflow_limits.note_contact(case, people.unit_officer, "电话里问清了位置")
    with pytest.raises(MoveRefused, match="已经登记过"):
        workflow_limits.note_contact(case, people.unit_officer)


def test_matters_of_courts_never_reach_the_dispatcher(town, people):
    case = brought_to("with_county", town, people)
    Category.objects.filter(pk=Category.objects.offered().first().pk).update(congress_only=True)
    case.category = Category.objects.get(congress_only=True, level=2, pk=Category.objects.offered().first().pk)
    case.save(update_fields=["category"])
    assert "pass_to_dispatcher" not in {move.verb for move in possible_moves(case, people.county_office)}
    with pytest.raises(MoveRefused, match="法院"):
        workflow.pass_to_dispatcher(case, people.county_office)
    assert workflow.answer_as_county(case, people.county_office, "已请法院说明。").state == "answered"


# -- two at once ----------------------------------------------------------------------------------------------------------------


def test_who_saw_an_older_state_is_told_and_nothing_is_done(town, people):
    case = brought_to("with_unit", town, people)
    workflow_units.sign(case, people.unit_officer, revision=case.revision)
    with pytest.raises(MoveRefused, match="刚刚有人办过"):
        workflow.answer_as_unit(case, people.unit_officer, "已修好。", revision=case.revision)
    assert now(case).state == "with_unit"
    assert workflow.answer_as_unit(case, people.unit_officer, "已修好。", revision=now(case).revision).state == "answered"


# -- waiting and time -----------------------------------------------------------------------------------------------------------


def test_while_it_waits_for_the_reporter_nothing_else_is_done_and_the_clock_stands(town, people, clock):
    case = brought_to("with_deputy", town, people)
    due = case.due_on
    clock.pass_days(1)
    case = workflow_limits.pause(case, people.deputy, "请说明是哪一盏灯")
    assert case.paused_at and case.due_on is None and not Case.objects.waiting_for(people.deputy).exists()
    assert case.held_by(people.deputy) and case.reporter_for(people.deputy)  # he must be able to ring up
    assert {move.verb for move in possible_moves(case, people.deputy)} == {"supply", "resume", "note_contact"}
    assert {"resume", "supply"} <= {move.verb for move in possible_moves(case, people.town_clerk)}  # the deputy may be gone
    for verb in (workflow.answer_as_deputy, workflow.pass_to_town):
        with pytest.raises(MoveRefused, match="等反映人补充"):
            verb(case, people.deputy, "说明")
    clock.pass_days(7)  # five working days later
    case = workflow_limits.supply(now(case), "人民路口东北角那一盏。")
    assert case.paused_at is None and case.pause_reason == "" and Case.objects.waiting_for(people.deputy).exists()
    assert case.due_on == due + dt.timedelta(days=7)
    assert case.events.last().actor_label == "反映人" and case.events.last().note == "人民路口东北角那一盏。"
    assert list(Telling.objects.values_list("what", flat=True)) == ["received", "paused"]
    with pytest.raises(MoveRefused, match="没有等您补充"):
        workflow_limits.supply(case, "还有一句。")


def test_a_case_does_not_wait_for_its_reporter_for_ever(town, people, clock):
    workflow_limits.pause(brought_to("with_deputy", town, people), people.deputy, "请说明是哪一盏灯")
    clock.pass_days(14)
    assert workflow_limits.tell_of_long_waits(timezone.localdate()) == 0
    clock.pass_days(1)
    assert workflow_limits.tell_of_long_waits(timezone.localdate()) == workflow_limits.tell_of_long_waits(timezone.localdate()) == 1
    for user in (people.deputy, people.town_clerk):
        assert [title for title in titles(user) if title.startswith("等反映人补充")] == ["等反映人补充已超过 14 天，请联系反映人，或决定不再等"]


def test_more_time_is_asked_for_granted_with_who_agreed_and_counted_from_the_limit(town, people, clock):
    case = brought_to("with_unit", town, people)
    due = case.due_on
    workflow_limits.ask_extension(case, people.unit_officer, 3, "灯杆要采购")
    assert Case.objects.waiting_for(people.dispatcher).get() == case and titles(people.dispatcher)[-1] == "县住建局申请延期 3 个工作日"
    with pytest.raises(MoveRefused, match="已经申请延期"):
        workflow_limits.ask_extension(case, people.unit_officer, 5, "再多两天")
    with pytest.raises(MoveRefused, match="谁同意"):
        workflow_limits.extend(case, people.dispatcher, 3, " ")
    case = workflow_limits.extend(case, people.dispatcher, 3, "县政府办王主任", "同意")
    assert case.due_on > due and case.extension_days is None and case.events.last().data["consent"] == "县政府办王主任"
    workflow_limits.ask_extension(case, people.unit_officer, 3, "还差一点")
    assert workflow_limits.refuse_extension(case, people.dispatcher, "不能再等").due_on == case.due_on
    clock.pass_days(40)
    with pytest.raises(MoveRefused, match="已过"):
        workflow_limits.ask_extension(case, people.unit_officer, 3, "忘了")


# -- several from one, one from several ------------------------------------------------------------------------------------------


def test_a_report_of_two_matters_is_split_and_answered_as_one(town, people):
    case = brought_to("with_county", town, people)
    with pytest.raises(MoveRefused, match="2 到 9"):
        workflow_parts.split(case, people.county_office, ["只有一件"])
    lamp, road = workflow_parts.split(case, people.county_office, ["路灯坏了。", "路面有坑。"])
    assert (now(case).state, lamp.code, road.code, lamp.state) == ("split", f"{case.code}-1", f"{case.code}-2", "with_county")
    assert lamp.reporter_for(people.county_office).name == "李梅"  # the whole's reporter
    with pytest.raises(MoveRefused):
        workflow_parts.split(lamp, people.county_office, ["甲", "乙"])
    workflow.answer_as_county(lamp, people.county_office, "灯已换。")
    assert now(case).state == "split" and now(lamp).clocks.filter(kind="rate").count() == 0
    with pytest.raises(MoveRefused, match="整件"):
        workflow_ratings.rate(now(lamp), "satisfied")
    workflow_ratings.turn_away(road, people.county_office, "这条路归邻县，请找邻县交通局。")
    whole = now(case)
    assert whole.state == "answered" and whole.answer == "1. 灯已换。\n2. 这条路归邻县，请找邻县交通局。"
    assert list(Telling.objects.filter(what="answered").values_list("case", flat=True)) == [case.pk]
    closed = workflow_ratings.rate(whole, "satisfied")
    assert (closed.state, now(lamp).state, now(road).state) == ("closed", "closed", "withdrawn")
    assert CaseEvent.objects.broken_chains() == []


def test_a_whole_that_is_not_settled_goes_back_to_who_split_it(town, people):
    case = brought_to("with_town", town, people)
    for part in workflow_parts.split(case, people.town_clerk, ["路灯坏了。", "路面有坑。"]):
        workflow.answer_as_town(part, people.town_clerk, "办好了。")
    again = workflow_ratings.rate(now(case), "unsatisfied", words="坑还在")
    assert (again.state, again.reopened) == ("with_town", 1)
    parts = workflow_parts.split(again, people.town_clerk, ["坑还在。", "灯又坏了。"])
    assert [part.code for part in parts] == [f"{case.code}-3", f"{case.code}-4"]
    for part in parts:
        workflow.answer_as_town(part, people.town_clerk, "这次真办好了。")
    assert now(case).answer == "1. 这次真办好了。\n2. 这次真办好了。"


def test_the_same_matter_goes_on_in_one_and_both_reporters_are_answered(town, people):
    first, second, third = (brought_to("with_deputy", town, people) for _ in range(3))
    workflow_parts.merge(third, people.deputy, second)
    done = workflow_parts.merge(second, people.deputy, first, "同一盏灯")
    assert (done.state, done.merged_into, now(third).merged_into) == ("merged", first, first)  # what was merged follows
    assert now(third).main().pk == first.pk
    for wrong in (first, second):
        with pytest.raises(MoveRefused, match="另一件"):
            workflow_parts.merge(now(first), people.deputy, wrong)
    workflow.answer_as_deputy(now(first), people.deputy, "灯已修好。")
    assert set(Telling.objects.filter(what="answered").values_list("case", flat=True)) == {first.pk, second.pk, third.pk}
    after = workflow_ratings.rate(now(second), "satisfied")
    assert after.pk == first.pk and after.state == "answered"  # the case's own reporter has not spoken yet
    again = workflow_ratings.rate(now(third), "unsatisfied", words="我家门口的还黑着")
    assert (again.pk, again.state, again.reopened) == (first.pk, "with_deputy", 1)


def test_a_duplicate_of_a_split_case_goes_on_in_it_and_is_answered_with_all_of_it(town, people):
    whole, again = brought_to("with_dispatcher", town, people), brought_to("with_dispatcher", town, people)
    lamp, road = workflow_parts.split(whole, people.dispatcher, ["路灯坏了。", "路面有坑。"])
    workflow_units.assign_to_unit(lamp, people.dispatcher, town.organisations["construction"])
    done = workflow_parts.merge(again, people.dispatcher, now(whole), "同一个路口")
    assert (done.state, done.merged_into, now(whole).state, done.holder()) == ("merged", whole, "split", "与另一件一并办理")
    assert now(whole).events.last().data["other"] == again.code
    assert titles(people.unit_officer)[-1] == "另一件相同的民情件并入这一件所在的整件"
    (said,) = Telling.objects.filter(case=again, what="merged")
    assert "分成几件分别办理，都办好后一并答复您" in said.words
    workflow.answer_as_unit(now(lamp), people.unit_officer, "灯已换。")
    with pytest.raises(MoveRefused):
        workflow_ratings.rate(now(again), "satisfied")  # the rest is still being done
    workflow_ratings.turn_away(workflow.return_to_county(now(road), people.dispatcher, "不归政府"), people.county_office, "这条路归邻县。")
    assert set(Telling.objects.filter(what="answered").values_list("case", flat=True)) == {whole.pk, again.pk}
    back = workflow_ratings.rate(now(again), "unsatisfied", words="灯还是不亮")
    assert (back.pk, back.state, back.reopened) == (whole.pk, "with_dispatcher", 1)
    assert CaseEvent.objects.broken_chains() == []


def test_a_duplicate_of_a_part_goes_on_in_its_whole(town, people):
    whole, again = brought_to("with_town", town, people), brought_to("with_dispatcher", town, people)
    lamp, road = workflow_parts.split(whole, people.town_clerk, ["路灯坏了。", "路面有坑。"])
    lamp = workflow.pass_to_dispatcher(workflow.pass_to_county(lamp, people.town_clerk), people.county_office)
    assert not Case.objects.visible_to(people.dispatcher).filter(pk=whole.pk).exists()  # he sees the part alone
    with pytest.raises(MoveRefused, match="看得到的"):
        workflow_parts.merge(again, people.dispatcher, road)
    workflow_parts.merge(again, people.dispatcher, lamp)
    assert now(again).merged_into == whole
    assert titles(people.town_clerk).count("另一件相同的民情件并入这一件所在的整件") == 0  # his part is another matter
    page = " ".join(Client().get(f"/follow/{again.follow_code}").content.decode().split())
    assert "分成了 2 件办理" in page and "其中一件" in page and "路面有坑" not in page  # a stranger's words


def test_a_part_and_a_split_case_go_nowhere_else_and_it_is_said_what_to_do(town, people):
    whole, other = brought_to("with_county", town, people), brought_to("with_county", town, people)
    lamp, road = workflow_parts.split(whole, people.county_office, ["路灯坏了。", "路面有坑。"])
    assert not {"split", "merge"} & {move.verb for move in possible_moves(lamp, people.county_office)}
    for into in (other, road, whole):
        with pytest.raises(MoveRefused, match=f"从 {whole.code} 拆分出来的.*反过来：打开另一件"):
            workflow_parts.merge(lamp, people.county_office, into)
    with pytest.raises(MoveRefused, match=r"已经拆分办理.*反过来：打开另一件"):
        workflow_parts.merge(now(whole), people.county_office, other)
    said = signed_in(people.county_office).get(f"/cases/{lamp.code}/similar").content.decode()
    assert "要和整件一起答复" in said and f'data-into="{whole.code}"' not in said
    workflow_parts.merge(other, people.county_office, lamp)  # the other way round
    assert f"并入整件的 {other.code}" in signed_in(people.county_office).get(f"/cases/{lamp.code}/").content.decode()


def test_each_is_told_in_his_own_words_and_what_is_asked_is_the_reporter_s_alone(town, people):
    main, other = brought_to("with_deputy", town, people), brought_to("with_deputy", town, people)
    Case.objects.filter(pk=main.pk).update(text="我是周桂花，我家门口的灯坏了。")
    Case.objects.filter(pk=other.pk).update(text="人民路口的灯不亮。")
    workflow_parts.merge(now(other), people.deputy, now(main))
    join(now(main), uuid.uuid4(), reporter=Reporter("", "13712345678"))
    workflow_limits.pause(now(main), people.deputy, "灯杆上的号码是多少？")
    asked = Telling.objects.filter(what="paused").get()
    assert (asked.case, asked.joiner) == (main, None)
    workflow_limits.supply(now(main), "三号")
    workflow.answer_as_deputy(now(main), people.deputy, "灯已修好。")
    assert sorted(Telling.objects.filter(what="answered").values_list("words", flat=True)) == sorted([
        "您反映的“我是周桂花，我家门口的灯坏了。”已有答复：灯已修好。", "您反映的“人民路口的灯不亮。”已有答复：灯已修好。", "您遇到的问题已有答复：灯已修好。",
    ])  # fmt: skip


# -- from above -----------------------------------------------------------------------------------------------------------------


def test_reminded_once_a_day_and_counted(town, people, clock):
    case = workflow_oversight.remind(brought_to("with_unit", town, people), people.dispatcher, "请尽快")
    assert case.reminded == 1 and titles(people.unit_officer)[-1] == "催办：请尽快办理"
    with pytest.raises(MoveRefused, match="今天已经催办过"):
        workflow_oversight.remind(case, people.county_office)
    clock.pass_days(1)
    assert workflow_oversight.remind(case, people.county_office).reminded == 2
    with pytest.raises(MoveRefused, match="不由您催办"):
        workflow_oversight.remind(case, people.town_clerk)


def test_overseen_by_decision_once_by_each_body(town, people, clock):
    case, today = brought_to("with_unit", town, people), timezone.localdate()
    for body, day, message in (("x", today, "哪个机构"), ("chairs", today + dt.timedelta(days=1), "今天以后"), ("chairs", today - dt.timedelta(days=1), "早于")):
        with pytest.raises(MoveRefused, match=message):
            workflow_oversight.oversee(case, people.leader, body, day, "限期解决")
    case = workflow_oversight.oversee(case, people.leader, "chairs", today, "限期解决")
    assert (case.overseen_on, case.oversight) == (today, "主任会议：限期解决")
    with pytest.raises(MoveRefused, match="督办过"):
        workflow_oversight.oversee(case, people.county_office, "chairs", today, "再督办")
    assert titles(people.unit_officer)[-1] == "主任会议决定督办，请抓紧办理" and titles(people.dispatcher)[-1] == "主任会议决定督办"


def test_the_list_for_the_joint_meeting(town, people):
    case = workflow_oversight.put_on_joint_list(brought_to("with_unit", town, people), people.dispatcher)
    assert case.joint
    with pytest.raises(MoveRefused, match="已经在"):
        workflow_oversight.put_on_joint_list(case, people.county_office)
    assert not workflow_oversight.take_off_joint_list(case, people.county_office).joint


def test_a_rule_steps_in_only_while_the_case_is_late_and_where_it_was(town, people, clock):
    case = brought_to("with_deputy", town, people)
    assert workflow.step_in(case, "take_over", "超期没有办理") is None
    clock.pass_days(9)
    taken = workflow.step_in(case, "take_over", "超期没有办理", by=people.town_clerk)
    assert (taken.state, taken.events.last().actor, taken.events.last().actor_label) == ("with_town", None, "系统")
    assert workflow.step_in(case, "take_over", "超期没有办理") is None
    assert titles(people.town_clerk)[-1] == "有一件民情件由您接手办理" and titles(people.deputy)[-1] == "您受理的民情件已由东溪镇人大接手"


# -- what the reporter thinks ----------------------------------------------------------------------------------------------------


def test_two_parts_and_the_deputy_rates_the_unit(town, people):
    case = brought_to("answered", town, people)
    workflow_ratings.rate_handling(case, people.deputy, "fairly", "慢了一点")
    with pytest.raises(MoveRefused, match="已经评价过"):
        workflow_ratings.rate_handling(case, people.deputy, "satisfied")
    for user in (people.mate, people.town_clerk):
        with pytest.raises(MoveRefused):
            workflow_ratings.rate_handling(case, user, "satisfied")
    workflow_ratings.rate(now(case), "satisfied", service="fairly", words="谢谢")
    assert set(Rating.objects.values_list("by", "part", "score", "round")) == {
        ("deputy", "handling", "fairly", 0), ("reporter", "outcome", "satisfied", 0), ("reporter", "service", "fairly", 0),
    }  # fmt: skip
    assert Rating.objects.get(part="outcome").words == "谢谢" and now(case).state == "closed"


def test_unsatisfied_leads_back_then_to_the_county_then_to_the_way_on(town, people):
    case = brought_to("answered", town, people)
    once = workflow_ratings.rate(case, "unsatisfied", words="还是不亮")
    assert (once.state, once.reopened, str(once.organisation), once.due_on is not None) == ("with_unit", 1, "县住建局", True)
    workflow.answer_as_unit(now(case), people.unit_officer, "又修了一次。")
    twice = workflow_ratings.rate(now(case), "unsatisfied", words="还是不亮")
    assert (twice.state, twice.reopened, twice.level) == ("with_county", 2, "county")
    workflow.answer_as_county(now(case), people.county_office, "已约住建局现场看过，灯杆下月更换。")
    thrice = workflow_ratings.rate(now(case), "unsatisfied")
    assert (thrice.state, thrice.reopened) == ("closed", 2)
    with pytest.raises(MoveRefused, match="已经评价过"):
        workflow_ratings.rate(now(case), "satisfied")
    assert [event.verb for event in case.events.order_by("pk")][-7:] == [
        "rate", "reopen", "answer_as_unit", "rate", "reopen", "answer_as_county", "rate",
    ]  # fmt: skip


def test_reopened_where_who_answered_can_do_it_no_more(town, people):
    by_unit, by_deputy = brought_to("answered", town, people), brought_to("with_deputy", town, people)
    workflow.answer_as_deputy(by_deputy, people.deputy, "看过了。")
    town.organisations["construction"].closed_on = timezone.localdate()
    town.organisations["construction"].save()
    people.deputy.deputy.mandates.update(ended_on=timezone.localdate() - dt.timedelta(days=1))
    assert workflow_ratings.rate(by_unit, "unsatisfied").state == "with_dispatcher"
    assert workflow_ratings.rate(now(by_deputy), "unsatisfied").state == "with_town"


def test_no_answer_is_not_satisfied_and_a_late_one_still_counts(town, people, clock):
    case = brought_to("answered", town, people)
    limit = case.clocks.get(kind="rate")
    assert workflow_ratings.close_all_unrated() == 0
    clock.now = dt.datetime.combine(limit.due_on + dt.timedelta(days=1), dt.time(9), clock.now.tzinfo)
    assert (workflow_ratings.close_all_unrated(), workflow_ratings.close_all_unrated()) == (1, 0)
    closed = now(case)
    assert (closed.state, closed.unrated, Rating.objects.count()) == ("closed", True, 0)
    again = workflow_ratings.rate(closed, "unsatisfied", words="没修")
    assert (again.state, again.unrated, again.reopened) == ("with_unit", False, 1)


def test_who_joined_rates_for_himself_and_decides_nothing(town, people):
    case = brought_to("answered", town, people)
    joiner = Joiner.objects.create(case=case)
    after = workflow_ratings.rate(case, "unsatisfied", joiner=joiner)
    assert (after.state, Rating.objects.get().by) == ("answered", "joiner")
    with pytest.raises(MoveRefused, match="已经评价过"):
        workflow_ratings.rate(after, "satisfied", joiner=joiner)
    assert workflow_ratings.rate(after, "satisfied").state == "closed"


def test_taken_back_only_while_nobody_else_is_in_it(town, people):
    joined, alone = brought_to("with_deputy", town, people), brought_to("with_town", town, people)
    Joiner.objects.create(case=joined)
    with pytest.raises(MoveRefused, match="别的人"):
        workflow_ratings.withdraw(joined)
    gone = workflow_ratings.withdraw(alone, "已经自己解决了")
    assert gone.state == "withdrawn" and possible_moves(gone, people.town_clerk) == [] and not gone.clocks.filter(ended_at=None).exists()


# -- who is told ----------------------------------------------------------------------------------------------------------------


def test_a_resident_leaves_word_and_the_office_tells_of_it(town, people):
    case = workflow.submit(a_report(to="D1"))
    assert Untold.objects.count() == 1 and titles(people.deputy) == []
    assert (told.tell_waiting(), told.tell_waiting(), Untold.objects.count()) == (1, 0, 0)
    assert titles(people.deputy) == ["有一件新的民情件请您办理"] and Notice.objects.get().path == f"/cases/{case.code}/"
    workflow.answer_as_deputy(case, people.deputy, "看过了。")
    assert titles(people.deputy) == ["有一件新的民情件请您办理"]  # nobody is told of what he did himself
    workflow_ratings.rate(now(case), "unsatisfied", words="没好")
    told.tell_waiting()
    assert titles(people.deputy)[-1] == "反映人认为还没有解决，请重新办理"


def test_each_hand_over_tells_whoever_has_it_next(town, people):
    brought_to("answered", town, people)
    told.tell_waiting()
    assert titles(people.county_office) == ["有一件民情件转到您这里，请办理"]
    assert titles(people.dispatcher) == ["县人大转来一件民情件，请交办"]
    assert titles(people.unit_officer) == ["县政府办交办一件民情件，请签收、办理"]
    assert titles(people.deputy) == ["您受理的民情件已交办县住建局", "您受理的民情件，县住建局已经答复，请评价它的办理"]
    assert not Notice.objects.filter(recipient__in=[people.town_clerk, people.leader, people.other_deputy]).exists()


def test_a_deputy_without_account_is_told_through_his_office(town, people):
    town.deputies["D1"].user = None
    town.deputies["D1"].save()
    workflow.submit(a_report(to="D1"))
    told.tell_waiting()
    assert titles(people.town_clerk) == ["有一件新的民情件请您办理"]


def test_a_case_where_nobody_sits_is_told_to_the_county(town, people):
    User.objects.filter(role=Role.TOWN_OFFICE).update(is_active=False)
    case = brought_to("with_town", town, people)
    assert case.state == "with_town" and titles(people.county_office) == ["有一件民情件转到您这里，请办理"]
