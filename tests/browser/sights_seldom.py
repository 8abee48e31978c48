"""What is opened seldom: histories from files, forms of change, places that a text may mean."""

from collections.abc import Callable

from playwright.sync_api import FilePayload, Page

from tests.browser.sights_of_one import STUCK, STUCK_LONGEST, dialog, one_of
from tests.browser.visitor import HOME, Visitor


def history_opened(visitor: Visitor) -> Page:
    page = visitor.opens(STUCK_LONGEST)
    text = page.request.get(f"{page.url}history.json").body()
    visitor.goes_to(f"{HOME}histories/")
    file = FilePayload(name="from-elsewhere.json", mimeType="application/json", buffer=text)
    page.get_by_label("History").set_input_files(files=[file])
    page.get_by_role("button", name="Open").click()
    page.wait_for_selector(".timeline")
    return page


def of_the_file(part: str) -> Callable[[Visitor], None]:
    """Of one that is open in this session."""

    def come(visitor: Visitor) -> None:
        rows = visitor.goes_to(f"{HOME}histories/").locator("tbody th a")
        if not rows.count():
            history_opened(visitor)
            visitor.goes_to(f"{HOME}histories/")
        visitor.goes_to(f"{(rows.first.get_attribute('href') or '').lstrip('/')}{part}")

    return come


def schedule_change(visitor: Visitor) -> None:
    page = one_of(f"{HOME}schedules/", "Schedules")(visitor)
    page.get_by_role("link", name="Change…").first.click()
    visitor.settles()


def schedule_backfill(visitor: Visitor) -> None:
    page = one_of(f"{HOME}schedules/", "Schedules")(visitor)
    page.get_by_role("link", name="Fill back…").click()
    page.locator("dialog[open]").wait_for()


def places(visitor: Visitor) -> None:
    """How ids begin, and what failures say."""
    visitor.goes_to(f"{HOME}runs/go-to/?id=order")
    visitor.page.get_by_role("heading", name="Where to?").wait_for()


def export(visitor: Visitor) -> None:
    page = visitor.searches(STUCK)
    page.locator("#search").get_by_role("link", name="Export", exact=True).click()
    page.locator("dialog[open]").wait_for()


OF_SELDOM: dict[str, Callable[[Visitor], object]] = {
    "histories": lambda visitor: visitor.goes_to(f"{HOME}histories/"),
    "history-opened": history_opened,
    "history-events": of_the_file("events/"),
    "history-payload": of_the_file("events/1/payloads/0/"),
    "places": places,
    "schedule-change": schedule_change,
    "schedule-backfill": schedule_backfill,
    "export-new": export,
    "token-new": dialog("account/", "New token…"),
    "group-new": dialog("people/groups/", "New group…"),
    "exception-new": dialog("people/exceptions/", "New exception…"),
    "namespace-new": dialog("namespaces/", "New namespace…"),
}
