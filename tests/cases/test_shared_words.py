"""Words that two reports share: things and faults from a list, and nothing else of what people write."""

from hypothesis import given
from hypothesis import strategies as st

from apps.cases.shared_words import MOST, WORDS, named, shared


def test_things_and_faults_in_the_order_in_which_they_were_written() -> None:
    assert shared("人民路口的路灯不亮，垃圾没人管", "垃圾堆着，路灯也不亮") == ["路灯", "不亮", "垃圾"]
    assert shared("路面塌陷", "路面塌陷很深") == ["路面塌陷"]
    assert shared("树", "树倒了") == ["树"] and shared("树旁的路灯", "树和路灯") == ["路灯"]


def test_names_numbers_and_houses_are_never_shared() -> None:
    text = "我叫王小明，住人民路12号3幢502室，电话13911112222，身份证11010519491231002X，车牌浙C12345，村书记是李四"
    assert shared(text, text) == []


@given(st.text(), st.text())
def test_only_words_of_the_list(asked: str, other: str) -> None:
    both = shared(asked, other)
    assert len(both) <= MOST and set(both) <= set(WORDS)
    assert set(named(asked)) <= set(WORDS)
