"""Debian's Chromium in its form without a window, which does nothing while its pages do nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

EXECUTABLE = Path("/usr/bin/chromium-headless-shell")
#: How long a page may take to show what is expected of it, beside all other tests.
PAGE_MILLISECONDS = 20_000
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


@contextmanager
def chromium() -> Iterator[Browser]:
    """While it lives no other test can run an event loop in this thread."""
    assert EXECUTABLE.exists(), "apt-get install chromium-headless-shell"
    expect.set_options(timeout=PAGE_MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=OPTIONS)
        yield browser
        browser.close()
