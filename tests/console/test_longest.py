"""The worst history that the protocol allows: 51,200 events, 2,000 pending activities.

It takes half a minute because it is that long; what it holds shows on no shorter one.
"""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from playwright.sync_api import Page, Response
from pytest_django.live_server_helper import LiveServer

from console.gateway.runs import RunKey
from console.workflows import reading
from console.workflows.eventrows import WINDOW, WINDOWS_MAX
from tests.console.test_in_browser import browser
from tests.console.test_run import url
from tests.support.eventually import eventually
from tests.support.longest import longest
from tests.support.names import Names
from tests.support.pages import cpu_ms
from tests.support.people import person
from tests.support.programs import Program

pytestmark = [pytest.mark.slow, pytest.mark.one_server]

EVENTS, PENDING = 51_200, 2_000
#: what a page needs; and with what the browser keeps beside it for as long as memory is plenty:
#: heaps that have grown, and pages before it that nobody has cleared away. 200 MB.
NEEDED_KIB_MAX = 120 * 1024
TAB_KIB_MAX = 190 * 1024
#: so many places of the history are looked at, one after the other, and scrolled from there
JUMPS = 6
LOOK_SECONDS = 0.1
#: one that is looked at, and those that a browser keeps at hand
TABS_MAX = 4
PAGE_MILLISECONDS = 30_000
#: what the pages may cost of a processor; they wait for one beside other tests
FIRST_MS_MAX, SEARCH_MS_MAX = 1_500, 1_500
#: once the run has ended and its groups are known
KNOWN_MS_MAX = 300


@pytest.fixture
def long_run(program: Program, names: Names, server_address: str) -> RunKey:
    doing = longest(server_address, names.workflow(), names.queue(), EVENTS - 20, PENDING)
    return program.wait(doing, within=100)


@pytest.mark.timeout(300)
def test_it_opens_it_is_searched_and_its_tab_stays_small(
    transactional_db: None, live_server: LiveServer, long_run: RunKey, program: Program
) -> None:
    person("Bob", "operator")  # type: ignore[arg-type]
    address = str(live_server.url)
    with browser(address, "bob") as (page, complaints), watched(page) as small:
        reading.forget_all()
        first = cpu_ms(timing(page.goto(address + url(long_run))))
        page.wait_for_selector("#live .notice[data-status=live]", state="detached", timeout=100_000)
        most = [scrolled(page, "#lanes tr")]

        search = [
            cpu_ms(timing(page.goto(f"{address}{url(long_run, 'events')}?text=Größe {n}")))
            for n in (42, 43)
        ]
        page.goto(f"{address}{url(long_run, 'events')}")
        places = range(EVENTS // JUMPS, EVENTS - PENDING, EVENTS // JUMPS)
        most += [jumped(page, event) for event in places]
        page.locator("#events .minimap a").nth(50).click(force=True)
        await_in(page, IN_SIGHT, "tr[data-cursor]")
        page.locator("#events .row-more a").last.click()
        page.wait_for_url(re.compile("first="))
        needed = scrolled_and_cleared(page, small)
        page.goto(address + url(long_run, "pending"))
        program.wait(program.client.get_workflow_handle(long_run.workflow_id).terminate())
        _, known = [cpu_ms(timing(page.goto(address + url(long_run)))) for _ in range(2)]
        page.locator("#lanes tr").first.wait_for()
    assert complaints == []
    assert needed < NEEDED_KIB_MAX
    assert max(small) < TAB_KIB_MAX, "with what nobody has cleared away"
    assert max(most) <= WINDOW * WINDOWS_MAX + 25
    assert first <= FIRST_MS_MAX
    assert known <= KNOWN_MS_MAX
    assert max(search) <= SEARCH_MS_MAX


def jumped(page: Page, event: int) -> int:
    """By the field of the page, to a row that is in sight and opens; then as far as it goes."""
    page.fill("#jump", str(event))
    page.press("#jump", "Enter")
    await_in(page, IN_SIGHT, f"#e{event}")
    page.click(f"#e{event + 1} .disclose")
    await_in(page, TOLD, f"#detail-{event + 1}")
    return scrolled(page, "#events tbody tr")


#: These look in the page itself: what Playwright leaves there when it looks by roles and texts is
#: more than the page leaves.
IN_SIGHT = """(selector) => {
  const box = document.querySelector(selector)?.getBoundingClientRect();
  return box && box.top < innerHeight && box.bottom > 0;
}"""
TOLD = "(selector) => document.querySelector(selector)?.textContent.includes('period-')"
SCROLLED = """async (rows) => {
  const frame = () => new Promise((seen) => requestAnimationFrame(seen));
  for (let more; (more = document.getElementById("more")); ) {
    more.scrollIntoView();
    while (more.isConnected) await frame();
  }
  return document.querySelectorAll(rows).length;
}"""


def await_in(page: Page, look: str, selector: str) -> None:
    page.wait_for_function(look, arg=selector, timeout=PAGE_MILLISECONDS)


def scrolled(page: Page, rows: str) -> int:
    """How many rows there are when one has scrolled as far as it goes."""
    return int(page.evaluate(SCROLLED, rows))


def scrolled_and_cleared(page: Page, seen: list[int]) -> int:
    """The largest that there is once the browser has cleared up."""
    scrolled(page, "#events tbody tr")
    page.context.new_cdp_session(page).send("HeapProfiler.collectGarbage")
    before = len(seen)
    eventually(lambda: len(seen) > before + 2 * TABS_MAX)
    return max(seen[-TABS_MAX:])


def timing(answer: Response | None) -> str:
    assert answer is not None
    return answer.headers["server-timing"]


@contextmanager
def watched(page: Page) -> Iterator[list[int]]:
    """What the tab's process has for itself, all the while, as the browser's own task list counts.

    With its garbage: nothing is collected but when the browser finds that it should.
    """
    browser = page.context.browser
    assert browser is not None
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    (whole,) = (one["id"] for one in processes if one["type"] == "browser")
    seen: list[int] = []
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(LOOK_SECONDS):
            seen.extend(map(_private_kib, _tabs(whole)))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


def _tabs(browser: int) -> list[int]:
    """Renderers are children of what the browser forks them from."""
    family, found = [browser], []
    for pid in family:
        with suppress(OSError):
            family += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
            if b"--type=renderer" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found


def _private_kib(pid: int) -> int:
    """Nothing, of one that has just ended."""
    counted = ("Private_Dirty:", "SwapPss:")
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith(counted))
    return 0
