"""How many calls each page makes of the engine, with what it fetches before it is read.

The page alone, not the way to it; what it asks again by the clock is not in it, nor what is kept
for every page and asked for by whichever comes first: namespaces, their attributes, the index.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Response, expect

from tests.browser.visitor import Visitor

#: As measured at a first look: counts are kept for seconds, so a second one asks for less. Of the
#: types and queues that have open runs, one is that of the customer desk, which ends in a while.
CALLS: dict[str, int] = {
    "ageing": 12,
    "alerts": 0,
    "alert": 0,
    "box": 3,
    "exports": 0,
    "export": 0,
    "keys": 5,
    "saved-views": 0,
    "schedules": 2,
    "schedule": 1,
    "runs": 5,
    "runs-stuck": 5,
    "runs-selected": 5,
    "runs-query-wrong": 5,
    "runs-none": 5,
    # Which stuck run comes first differs, and so does what its cause asks.
    "run": 5,
    "run-version": 2,
    "run-terminate": 5,
    "run-failed": 1,
    "run-events": 3,
    "run-beside": 6,
    "history-opened": 0,
    "run-pending": 1,
    "pending-activity": 2,
    "pending-options": 3,
    "actions": 2,
    "action": 1,
    "start": 0,
    "start-like": 3,
    "run-relations": 7,
    "cohort": 17,
    "run-payloads": 1,
    "run-payload": 1,
    "run-reveal": 1,
    "run-activity": 1,
    "alert-new": 0,
    "overview": 5,
    "incidents": 0,
    "incident": 2,
    "incident-change": 1,
    "subscriptions": 1,
    "billing-preflight": 5,
    "billing-refused": 4,
    "billing-done": 2,
    "billing-skip": 5,
    "billing-limits": 0,
    "billing-approvals": 2,
    "billing-cohort-new": 0,
    "billing-cohort": 3,
    "billing-cohorts": 0,
    "bulk": 0,
    "bulk-manifest": 3,
    "bulk-by-hand": 3,
    "bulk-operation": 3,
    "bulk-reset": 22,
    "bulk-replay-check": 3,
    "replay": 1,
    "reset": 3,
    "task-queues": 12,
    "task-queue": 3,
    "workers": 11,
    "worker": 1,
    # The one that is there has ended by then, or runs: it is asked for how far it came.
    "batches": 2,
    "deployments": 1,
    "deployment": 4,
    "schedule-new": 1,
    "saved-view": 5,
    "namespaces": 0,
    "namespace": 1,
    "people": 0,
    "activity": 0,
    "account": 0,
    "groups": 0,
    "exceptions": 0,
    "activity-other-doors": 0,
    "cluster": 5,
    "batch": 1,
    "proposal": 4,
    "act": 1,
    "person": 0,
    "account-new": 0,
    "bulk-targets": 3,
    "event": 1,
    "attempts": 1,
    "version": 1,
    "filter-chip": 6,
    "namespace-change": 2,
    "attribute-remove": 2,
    "pending-complete": 3,
    "standalone": 2,
    "standalone-activity": 1,
    "standalone-payload": 1,
    "standalone-terminate": 2,
    "standalone-filter": 3,
    "standalone-selected": 2,
    "standalone-many": 2,
    "standalone-start": 0,
    "standalone-start-like": 1,
    "standalone-options": 2,
    "standalone-attempts": 1,
    "standalone-overview": 5,
    "standalone-ageing": 10,
    "standalone-cohort": 11,
    "nexus-operations": 2,
    "nexus-operation": 1,
    "schedules-selected": 2,
    "schedules-several": 0,
    "namespace-showing": 1,
    "run-paused": 3,
    "run-pause": 5,
    "task-queue-limits": 3,
    "task-queue-limit": 4,
    "rules": 1,
    "rule-new": 1,
    "endpoints": 1,
    "endpoint": 2,
    "endpoint-change": 3,
    "histories": 0,
    "history-events": 0,
    "history-payload": 0,
    "places": 19,
    # Its preview asks by which zone, which the schedule may have brought along.
    "schedule-change": 3,
    "schedule-backfill": 2,
    "export-new": 5,
    "token-new": 0,
    "group-new": 0,
    "exception-new": 0,
    "namespace-new": 0,
    "refused-too-old": 0,
    "refused-unreadable": 0,
    "refused-absent": 1,
}


#: By the name of their address: what no sight opens, and links on the sights lead to. The others of
#: these make none.
BESIDE: dict[str, int] = {
    "actions:query": 1,
    "activities:pause": 1,
    "activities:try": 1,
    "billing:adjust_period": 4,
    "billing:refund": 4,
    "deployments:end_ramp": 1,
    "deployments:make_current": 1,
    "deployments:ramp": 1,
    "endpoints:delete": 1,
    "rules:delete": 1,
    "schedules:delete": 1,
    "schedules:pause": 1,
    "schedules:trigger": 1,
    "standalone:cancel": 1,
    "standalone:complete": 1,
    "standalone:delete": 1,
    "standalone:download": 1,
    "standalone:pause": 1,
    "standalone:try": 1,
    "workflows:cancel": 1,
    "workflows:details": 2,
    "workflows:download": 1,
    "workflows:go_to": 1,
    "workflows:payload_download": 1,
    "workflows:query": 1,
    "workflows:resume": 1,
    "workflows:signal": 1,
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

    def asks(self, path: str) -> tuple[int, int]:
        """The status and the calls of one answer, without a look at it."""
        answer = self.page.request.get(f"{self.address}{path}", max_redirects=0)
        found = calls_in(answer.headers)
        return answer.status, found or 0

    def settles(self) -> None:
        """Until its parts are there; what comes by the clock is not waited for."""
        self.page.wait_for_load_state("load")
        expect(self.page.locator(".htmx-request")).to_have_count(0)

    def opens(self, query: str, tab: str = "") -> Page:
        """The way to a run is walked once."""
        if query not in self.ways:
            self.ways[query] = urlsplit(super().opens(query).url).path.lstrip("/")
        return self.goes_to(f"{self.ways[query]}{tab}")

    def hears_of_calls(self, response: Response) -> None:
        own = calls_in(response.headers)
        if own is None:
            return
        if response.request.is_navigation_request():
            self.told = {}
        path = urlsplit(response.url).path
        self.told[path] = max(self.told.get(path, 0), own)


def calls_in(headers: Mapping[str, str]) -> int | None:
    """Those of the answer's own; None where it is no answer of a page."""
    timing = headers.get("server-timing", "")
    found = re.search(r'desc="(\d+) calls", common;desc="(\d+) of them', timing)
    return int(found[1]) - int(found[2]) if found else None
