"""`make screenshots`: every page of the console, wide and narrow, light and dark.

On a stack of its own with the example data, or on the console that CONSOLE_URL names (then
CONSOLE_PASSWORD is that of its people, TEMPORAL_ADDRESS its engine). It acts there as a person
would, adjusts a charge, proposes one and signals a few runs: so name a console that is for
trying out.
"""

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import START_SECONDS_MAX
from tests.browser.palette import small
from tests.browser.sights import PAGES, settle
from tests.browser.sights_of_one import prepare
from tests.browser.visitor import SCHEMES, SIZES, Visitor
from tests.stack import whole
from tests.support.bound import end_by_signals
from tests.support.chromium import chromium
from tests.support.programs import Program

PICTURES = Path("docs/screenshots")
#: What is asked for, and what takes its place.
UNDER_WAY = ".htmx-request, .htmx-swapping, .htmx-settling"
#: What lies below is more of the same.
HEIGHT_MAX = {1440: 1400, 390: 1700}


def picture(visitor: Visitor, blank: Page, file: Path) -> None:
    """A window as high as the page, so that what sticks to its edges is at the edges."""
    page, width = visitor.page, visitor.width
    page.mouse.move(0, 0)
    page.evaluate("scrollTo(0, 0)")
    expect(page.locator(UNDER_WAY)).to_have_count(0)
    height = page.evaluate("document.documentElement.scrollHeight")
    if not page.locator("dialog[open]").count():
        page.set_viewport_size({"width": width, "height": min(height, HEIGHT_MAX[width])})
    file.write_bytes(small(blank, page.screenshot()))
    page.set_viewport_size({"width": width, "height": SIZES[width]})
    if page.evaluate("document.documentElement.scrollWidth") > width:
        visitor.complaints.append(f"{file.name}: wider than the window")


@contextmanager
def console(given: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """Its address, that of its engine, and the password of its people."""
    if given.get("CONSOLE_URL"):
        engine = given.get("TEMPORAL_ADDRESS", "127.0.0.1:7233")
        yield given["CONSOLE_URL"].rstrip("/"), engine, given["CONSOLE_PASSWORD"]
        return
    with tempfile.TemporaryDirectory(prefix="perdure-pictures-") as directory:
        Path(directory).chmod(0o755)
        with whole.standing(Path(directory) / "run", START_SECONDS_MAX) as stack:
            words = json.loads((stack.run / "words.json").read_text())
            engine = f"127.0.0.1:{stack.engine_port}"
            yield f"http://127.0.0.1:{stack.console_port}", engine, words["password"]


def set_out(engine: str) -> None:
    """What the pictures need and no page of the console makes."""
    program = Program(engine, "default")
    try:
        prepare(program)
    finally:
        program.close()


def photograph(browser: Browser, address: str, password: str, wanted: list[str]) -> list[str]:
    complaints: list[str] = []
    blank = browser.new_page()
    for width in SIZES:
        for scheme in SCHEMES:
            visitor = Visitor(browser, address, width, scheme)
            visitor.goes_to("sign-in/")
            mark = f"{width}-{scheme}.png"
            picture(visitor, blank, PICTURES / f"sign-in-{mark}")
            visitor.signs_in("alice", password)
            settle(visitor)
            for name in wanted:
                try:
                    PAGES[name](visitor)
                except Exception as broken:  # noqa: BLE001 (one page must not hide the others)
                    visitor.complaints.append(f"{name} {mark}: {str(broken)[:300]}")
                picture(visitor, blank, PICTURES / f"{name}-{mark}")
            complaints += visitor.complaints
    return complaints


def main(wanted: list[str]) -> int:
    end_by_signals()
    PICTURES.mkdir(parents=True, exist_ok=True)
    with (
        console(dict(os.environ)) as (address, engine, password),  # noqa: TID251 (the caller's choice)
        chromium() as browser,
    ):
        set_out(engine)
        complaints = photograph(browser, address, password, wanted or list(PAGES))
    for complaint in complaints:
        sys.stderr.write(f"{complaint}\n")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
