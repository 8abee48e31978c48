"""Every sight of the console, and every address: nobody is kept out, and the engine is not asked
too often.

WCAG 2.2 AA as far as a machine can see it: axe in both themes, wide and narrow. And what a page
asks of the engine, from its own words.

Each sight is opened once. A theme and a width are matters of the sheet alone, so the page that is
open is looked at in several ways; before that it is made small, for axe looks at every element.
"""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Error, Page

from tests.browser import addresses
from tests.browser.calls import BESIDE, CALLS, Counted
from tests.browser.conftest import password_of
from tests.browser.sights import PAGES, settle
from tests.browser.sights_of_one import prepare
from tests.browser.visitor import HOME, SIZES, Visitor
from tests.stack.whole import Up
from tests.support.programs import Program

#: The first of them waits for the stack, and until its examples are worked off.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(480)]
#: Where it is tried alone, and so opens every sight by itself.
OPENING_ALL_SECONDS_MAX = 1_200

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
QUICKLY = {"resultTypes": ["violations"], "preload": False, "iframes": False}
#: axe does not take its one rule of 2.2 unless it is named.
EVERYTHING = {
    **QUICKLY,
    "runOnly": {"type": "tag", "values": TAGS},
    "rules": {"target-size": {"enabled": True}},
}
#: Of the second width only what a width can change: the document is the same.
SIZED = {**QUICKLY, "runOnly": {"type": "rule", "values": ["target-size"]}}
#: Of the second theme only what a theme can change.
COLOURS = {**QUICKLY, "runOnly": {"type": "rule", "values": ["color-contrast"]}}
LOOKS = (
    (1440, "light", EVERYTHING),
    (1440, "dark", COLOURS),
    (390, "light", SIZED),
)
#: Of what is on every page: a width shows other parts of it.
LOOKS_AT_FRAMED = (*LOOKS[:2], (390, "light", EVERYTHING))
AXE = Axe().axe_script
#: Nothing sticks over what is below it in a window as high as the page.
HEIGHT = 2400
#: Of a long list the first rows are enough: the others are made by the same lines of a template.
MORE = (
    "tbody > tr:nth-child(n+5), .chart > :nth-child(n+5), option:nth-child(n+4), .json li li"
    ", :is(ol, ul) > li:nth-child(n+9), .sprite"
)
#: The same on every page: looked at once, and where it is what the sight is about.
FRAME = "#nav > *, .topbar > *"
FRAMED = {"keys", "box"}
#: A page, or the way to one.
OPEN = {200, 302, 303, addresses.POSTED}
#: Of a page on which something was not found.
WORDS_MAX = 2_000


def barriers(page: Page, asked: dict[str, Any]) -> list[str]:
    found = page.evaluate("(asked) => axe.run(asked)", asked)["violations"]
    return [
        f"{one['id']}: {' '.join(map(str, node['target']))} {node['html'][:160]}"
        f" {node['failureSummary'].splitlines()[-1].strip()}"
        for one in found
        for node in one["nodes"]
    ]


def looks(visitor: Visitor, name: str, *, framed: bool = False) -> list[str]:
    """What is wrong with the page that is open. It is of no use any more after that."""
    page, wrong = visitor.page, []
    for width in SIZES:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wrong.append(f"{name} {width}: scrolls sideways")
    page.evaluate(AXE)
    same = MORE if framed else f"{MORE}, {FRAME}"
    page.evaluate("(all) => document.querySelectorAll(all).forEach((one) => one.remove())", same)
    for width, scheme, asked in LOOKS_AT_FRAMED if framed else LOOKS:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        wrong += [f"{name} {width} {scheme} {one}" for one in barriers(page, asked)]
    page.set_viewport_size({"width": visitor.width, "height": SIZES[visitor.width]})
    return wrong


class Tour:
    """One person's way through all sights: what was opened, what it led to, and what it asked."""

    def __init__(self, visitor: Counted) -> None:
        self.visitor = visitor
        self.calls: dict[str, int] = {}
        self.seen: set[str] = set()
        self.found: dict[str, str] = {}

    def comes_to(self, name: str) -> None:
        self.visitor.complaints.clear()
        try:
            PAGES[name](self.visitor)
        except Error as broken:
            shown = self.visitor.page.inner_text("body")[:WORDS_MAX]
            raise AssertionError(f"{broken.message}: {shown}") from broken
        self.calls[name] = self.visitor.calls
        self.seen |= addresses.opened(self.visitor)
        self.found = addresses.leads(self.visitor.page) | self.found

    def comes_to_the_rest(self) -> None:
        for name in PAGES:
            if name not in self.calls:
                self.comes_to(name)


def arrival(browser: Browser, up: Up) -> Counted:
    visitor = Counted(browser, f"http://127.0.0.1:{up.console_port}", max(SIZES), "light")
    visitor.goes_to("sign-in/")
    return visitor


@pytest.fixture(scope="module")
def tour(browser: Browser, up: Up, program: Program) -> Tour:
    visitor = arrival(browser, up)
    visitor.signs_in("alice", password_of(up))
    settle(visitor)
    prepare(program)
    return Tour(visitor)


def test_who_is_to_sign_in_meets_no_barrier(browser: Browser, up: Up) -> None:
    visitor = arrival(browser, up)
    assert looks(visitor, "sign-in") == []
    assert visitor.complaints == []
    visitor.page.context.close()


def test_what_is_around_every_page_is_no_barrier(tour: Tour) -> None:
    tour.visitor.goes_to(HOME)
    assert looks(tour.visitor, "frame", framed=True) == []


@pytest.mark.parametrize("name", PAGES)
def test_a_sight_has_no_barrier_scrolls_not_sideways_and_asks_not_too_often(
    tour: Tour, name: str
) -> None:
    tour.comes_to(name)
    assert looks(tour.visitor, name, framed=name in FRAMED) == []
    assert tour.visitor.complaints == []
    assert tour.calls[name] <= CALLS[name]


def test_each_sight_has_its_number_of_calls() -> None:
    assert set(PAGES) == set(CALLS)


@pytest.mark.timeout(OPENING_ALL_SECONDS_MAX)
def test_every_address_is_opened_by_a_sight_or_by_a_link_on_one(tour: Tour) -> None:
    tour.comes_to_the_rest()
    beside = addresses.beside(tour.visitor, tour.seen, tour.found)
    assert {name: status for name, (status, _) in beside.items() if status not in OPEN} == {}
    assert {name: made for name, (_, made) in beside.items() if made > BESIDE.get(name, 0)} == {}
    known = {*tour.seen, *beside, *addresses.SOMETIMES}
    assert addresses.left_out(tour.visitor, known) == set()
