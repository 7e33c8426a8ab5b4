"""The guard and the measures themselves: a page that does what it must not is noticed."""

from collections.abc import Callable

import pytest

from tests.e2e.visitor import Visitor

Visit = Callable[..., Visitor]
FORBIDDEN = {
    "another host": "fetch('http://203.0.113.9/').catch(() => 0)",
    "inline style": "document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">x</p>')",
    "inline script": "document.body.append(Object.assign(document.createElement('script'), {textContent: '1'}))",
    "console": "console.error('something is wrong')",
    "nobody caught": "setTimeout(() => { throw new Error('nobody caught this') }) && 0",
    "no such page": "fetch('/nowhere').then(() => 0)",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_is_noticed(visit: Visit, what: str) -> None:
    visitor = visit("desktop")
    visitor.page.goto("/follow")
    assert visitor.complaints == []
    visitor.page.evaluate(FORBIDDEN[what])
    for _ in range(100):  # the browser tells of it a moment later
        if visitor.complaints:
            break
        visitor.page.wait_for_timeout(50)
    assert visitor.complaints != []
    visitor.context.close()  # what else it would tell of the same is not for the fixture
    visitor.complaints.clear()


def test_measures(visit: Visit) -> None:
    visitor = visit("phone")
    page = visitor.page
    page.goto("/follow")
    assert (visitor.sideways(), visitor.small_targets(), visitor.barriers()) == ([], [], [])
    page.evaluate("""() => {
        const wide = document.createElement('div');
        wide.style.width = '500px';
        wide.textContent = 'too wide';
        const small = document.createElement('button');
        small.className = 'btn';
        small.style.minHeight = small.style.height = '20px';
        const picture = document.createElement('img');
        picture.src = '/static/favicon.svg';
        document.querySelector('main').append(wide, small, picture);
    }""")
    assert any("too wide" in line for line in visitor.sideways())
    assert any("×20" in line for line in visitor.small_targets())
    found = " ".join(visitor.barriers())
    assert "image-alt" in found
    assert "button-name" in found


def test_an_empty_map_is_noticed(visit: Visit) -> None:
    visitor = visit("desktop")
    visitor.page.goto("/")
    assert visitor.map_colours() > 10
    visitor.page.evaluate("document.querySelector('[data-map] canvas').style.visibility = 'hidden'")
    assert visitor.map_colours() == 1
