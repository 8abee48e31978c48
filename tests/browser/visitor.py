"""A person in one window of a browser, for pictures and for looking at every page."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from playwright.sync_api import Browser, Page, expect

from tests.support.chromium import PAGE_MILLISECONDS

SIZES = {1440: 900, 390: 844}
SCHEMES = ("light", "dark")
HOME = "namespaces/default/"


class Visitor:
    """A person in one window: where they are, and what their browser complained of."""

    def __init__(self, browser: Browser, address: str, width: int, scheme: str) -> None:
        self.address, self.width, self.scheme = address, width, scheme
        self.complaints: list[str] = []
        #: What a browser says of a refusal that belongs to the sight.
        self.unheard = ["422"]
        self.browser, self.words = browser, ""
        profile = browser.new_context(
            viewport={"width": width, "height": SIZES[width]},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        self.page = profile.new_page()
        self.page.set_default_timeout(PAGE_MILLISECONDS)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self.hear)

    @property
    def is_narrow(self) -> bool:
        return self.width < 760

    def hear(self, said: object) -> None:
        kind, text = said.type, said.text  # type: ignore[attr-defined]
        if kind in {"error", "warning"} and not any(one in text for one in self.unheard):
            self.complaints.append(f"{self.page.url}: {text}")

    def signs_in(self, name: str, password: str) -> None:
        self.words = password
        self.goes_to("sign-in/")
        self.page.get_by_label("Username").fill(name)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.locator("#nav")).to_be_attached()

    def goes_to(self, path: str) -> Page:
        self.page.goto(f"{self.address}/{path}")
        self.settles()
        return self.page

    def settles(self) -> None:
        """The page that a link leads to is there, with its parts."""
        self.page.wait_for_load_state("networkidle")

    @contextmanager
    def another(self, name: str) -> Iterator["Visitor"]:
        """Somebody else, in a window of their own for a while."""
        other = Visitor(self.browser, self.address, max(SIZES), self.scheme)
        other.signs_in(name, self.words)
        yield other
        other.page.context.close()
        self.complaints += other.complaints

    @contextmanager
    def refused(self, status: int) -> Iterator[None]:
        said = f"status of {status}"
        self.unheard.append(said)
        with self.page.expect_console_message(lambda message: said in message.text):
            yield
        self.unheard.remove(said)

    def searches(self, query: str) -> Page:
        return self.goes_to(f"{HOME}runs/?q={quote(query)}")

    def opens(self, query: str, tab: str = "") -> Page:
        """The newest run that matches, at a tab of its page."""
        link = self.searches(query).locator("#results tbody th a").first
        return self.goes_to(f"{(link.get_attribute('href') or '').lstrip('/')}{tab}")
