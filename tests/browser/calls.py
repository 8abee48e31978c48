"""How many calls each page may make of the engine, with what it fetches before it is read.

The page alone, not the way to it; what it asks again by the clock is not in it.
"""

import re
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Response, expect

from tests.browser.visitor import Visitor

#: Measured, and two more: a minute later the namespaces and their attributes are asked for again.
#: Counts of the runs page are kept for seconds, so its numbers are those of a first look.
CALLS: dict[str, int] = {
    "ageing": 17,
    "alerts": 2,
    "box": 8,
    "exports": 2,
    "keys": 8,
    "saved-views": 2,
    "schedules": 3,
    "runs": 8,
    "runs-stuck": 8,
    "runs-selected": 8,
    "runs-query-wrong": 8,
    "runs-none": 8,
    "run": 7,
    "run-terminate": 7,
    "run-failed": 4,
    "run-events": 4,
    "run-beside": 6,
    "history-opened": 2,
    "run-pending": 3,
    "pending-activity": 4,
    "pending-options": 5,
    "actions": 4,
    "action": 4,
    "start": 2,
    "start-like": 5,
    "run-relations": 8,
    "cohort": 22,
    "run-payloads": 3,
    "run-payload": 3,
    "run-reveal": 3,
    "run-activity": 3,
    "alert-new": 2,
    "overview": 6,
    "incidents": 3,
    "incident": 4,
    "incident-change": 3,
    "subscriptions": 3,
    "billing-preflight": 7,
    "billing-refused": 6,
    "billing-done": 4,
    "billing-skip": 7,
    "billing-limits": 2,
    "billing-approvals": 4,
    "billing-cohort-new": 2,
    "billing-cohort": 5,
    "billing-cohorts": 2,
    "bulk": 2,
    "bulk-manifest": 5,
    "bulk-by-hand": 5,
    "bulk-operation": 5,
    "bulk-reset": 24,
    "bulk-replay-check": 5,
    "replay": 3,
    "reset": 5,
    "task-queues": 17,
    "task-queue": 4,
    "workers": 18,
    "worker": 3,
    "batches": 4,
    "deployments": 4,
    "schedule-new": 3,
    "saved-view": 8,
    "namespaces": 2,
    "namespace": 3,
    "people": 2,
    "activity": 2,
    "account": 2,
    "groups": 2,
    "exceptions": 2,
    "activity-other-doors": 2,
    "cluster": 7,
}


class Counted(Visitor):
    """Counts what the newest page and its parts say in their Server-Timing, each address once."""

    def __init__(self, browser: Browser, address: str, width: int, scheme: str) -> None:
        super().__init__(browser, address, width, scheme)
        self.told: dict[str, int] = {}
        self.ways: dict[str, str] = {}
        self.page.on("response", self.hears_of_calls)

    @property
    def calls(self) -> int:
        return sum(self.told.values())

    def goes_to(self, path: str) -> Page:
        """Until its parts are there; what comes by the clock is not waited for."""
        self.page.goto(f"{self.address}/{path}")
        expect(self.page.locator(".htmx-request")).to_have_count(0)
        return self.page

    def opens(self, query: str, tab: str = "") -> Page:
        """The way to a run is walked once."""
        if query not in self.ways:
            self.ways[query] = urlsplit(super().opens(query).url).path.lstrip("/")
        return self.goes_to(f"{self.ways[query]}{tab}")

    def hears_of_calls(self, response: Response) -> None:
        found = re.search(r'desc="(\d+) calls"', response.headers.get("server-timing", ""))
        if found is None:
            return
        if response.request.is_navigation_request():
            self.told = {}
        path = urlsplit(response.url).path
        self.told[path] = max(self.told.get(path, 0), int(found[1]))
