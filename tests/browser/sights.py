"""The pages that are taken in pictures: how a person comes to each of them."""

from collections.abc import Callable
from urllib.parse import quote, unquote

from playwright.sync_api import Page, expect

from tests.browser.sights_alone import OF_ALONE
from tests.browser.sights_of_many import OF_MANY
from tests.browser.sights_of_one import OF_ONE, STUCK, STUCK_LONGEST, charged
from tests.browser.sights_seldom import OF_SELDOM
from tests.browser.sights_set import OF_SET
from tests.browser.visitor import HOME, SCHEMES, Visitor
from tests.support.eventually import eventually

#: an order that a person decides about
UNDECIDED = "WorkflowType = 'OrderFulfilment' AND OrderStage = 'waiting for approval'"
#: The example data have been worked off so far that every state is there.
SETTLED = "ExecutionStatus = 'Running' AND FailingActivityCount > 0 AND ActivityAttemptMax > 4"
SETTLED_SECONDS_MAX = 180


def runs(visitor: Visitor) -> None:
    visitor.goes_to(f"{HOME}runs/")


def runs_stuck(visitor: Visitor) -> None:
    visitor.searches(STUCK_LONGEST)


def runs_selected(visitor: Visitor) -> None:
    page = visitor.searches(STUCK)
    if visitor.is_narrow:
        page.get_by_role("button", name="Select all on this page").click()
    else:
        page.get_by_label("Select every row on this page").check()


def runs_query_wrong(visitor: Visitor) -> None:
    page = visitor.searches("WorkflowType = 'Subscription'")
    page.fill("#q", "WorkflowTyp = 'Subscription' AND ExecutionStatus = 'Running'")
    page.press("#q", "Enter")
    page.locator("#query-message").wait_for()


def runs_none(visitor: Visitor) -> None:
    visitor.searches("WorkflowType = 'Subscription' AND Plan = 'never-sold'")
    expect(visitor.page.get_by_text("No run matches")).to_be_visible()


def run_stuck(visitor: Visitor) -> None:
    page = visitor.opens(STUCK_LONGEST)
    page.locator("#lanes a.group").last.click()
    visitor.settles()


def run_terminate(visitor: Visitor) -> None:
    page = visitor.opens(STUCK_LONGEST)
    page.locator(".page-actions").get_by_role("link", name="Terminate…").click()
    page.locator("dialog[open]").wait_for()


def run_beside(visitor: Visitor) -> None:
    links = visitor.searches(STUCK_LONGEST).locator("#results tbody th a")
    one, other = [(links.nth(number).get_attribute("href") or "").strip("/") for number in (0, 1)]
    *_, workflow_id, run_id = other.split("/")
    name = quote(unquote(workflow_id.replace("~", "%")), safe="")
    visitor.goes_to(f"{one}/compare/?workflow={name}&run={run_id}")


def run_events(visitor: Visitor) -> None:
    page = visitor.opens(STUCK_LONGEST, "events/")
    if visitor.is_narrow:
        page.locator("#e1 a.group").click()
    else:
        page.get_by_role("button", name="Details of event 1", exact=True).click()
    page.locator("#detail-1").wait_for()


def run_tab(name: str, query: str = STUCK_LONGEST) -> Callable[[Visitor], None]:
    def show(visitor: Visitor) -> None:
        visitor.opens(query, f"{name}/" if name else "")

    return show


def at(path: str) -> Callable[[Visitor], None]:
    def show(visitor: Visitor) -> None:
        visitor.goes_to(path)

    return show


def billing_adjusts(visitor: Visitor, amount: str) -> Page:
    page = charged(visitor)
    page.get_by_role("link", name="Adjust amount…").click()
    page.get_by_label("New amount").fill(amount)
    page.get_by_label("Reason").fill("Two months at the old price, promised on the phone")
    page.get_by_role("button", name="Check").click()
    visitor.settles()
    return page


def billing_preflight(visitor: Visitor) -> None:
    expect(billing_adjusts(visitor, "23.50").locator(".preflight")).to_be_visible()


def billing_skip(visitor: Visitor) -> None:
    page = charged(visitor)
    page.get_by_role("link", name="Skip a period…").click()
    page.get_by_label("Reason").fill("The outage of November")
    page.get_by_role("button", name="Check").click()
    expect(page.locator(".preflight")).to_be_visible()


def billing_cohort(visitor: Visitor) -> None:
    """Weighed and not carried out: nothing is changed for a picture."""
    page = visitor.goes_to(f"{HOME}billing/cohorts/new/?change=percent")
    page.get_by_label("Which subscriptions").fill("Plan = 'Pro' AND ExecutionStatus = 'Running'")
    page.get_by_role("textbox", name="Percent").fill("3.5")
    page.get_by_label("Reason").fill("New price list from December")
    page.get_by_role("button", name="Freeze and weigh").click()
    expect(page.get_by_role("button", name="Carry out on")).to_be_visible(timeout=60_000)


def billing_refused(visitor: Visitor) -> None:
    expect(billing_adjusts(visitor, "99999999").locator(".field-error").first).to_be_visible()


def billing_done(visitor: Visitor) -> None:
    amount = f"1{visitor.width % 10 + SCHEMES.index(visitor.scheme)}.{visitor.width % 100:02}"
    page = billing_adjusts(visitor, amount)
    page.get_by_role("button", name="Adjust the amount").click()
    expect(page.get_by_text("Adjust charge amount: done")).to_be_visible()


def bulk_manifest(visitor: Visitor) -> None:
    runs_selected(visitor)
    visitor.page.get_by_role("button", name="Signal…").click()
    visitor.page.get_by_role("table", name="Manifest by status").wait_for()


def bulk_by_hand(visitor: Visitor) -> None:
    """What cannot be taken back, of the activities: the form asks for the count."""
    runs_selected(visitor)
    visitor.page.get_by_label("Something else").select_option("activity-complete")
    visitor.page.get_by_role("button", name="Go on", exact=True).click()
    expect(visitor.page.get_by_label("Type how many runs")).to_be_visible()


def bulk_operation(visitor: Visitor) -> None:
    bulk_manifest(visitor)
    form = visitor.page.locator("#launch")
    form.locator("[name=name]").fill("looked_at")
    form.locator("[name=reason]").fill("The card processor is back")
    form.locator("[name=canary]").fill("2")
    form.get_by_role("button", name="Signal").click()
    progress = visitor.page.get_by_role("region", name="Progress")
    expect(progress).to_contain_text("The canary is through")


def reset(visitor: Visitor) -> None:
    page = charged(visitor)
    page.get_by_role("link", name="Open the run").click()
    page.get_by_role("link", name="Reset…").click()
    page.locator("#planner input[type=radio][name=event]").last.check()
    visitor.settles()


def queue(visitor: Visitor) -> None:
    page = visitor.goes_to(f"{HOME}task-queues/")
    page.locator("table tbody th a").first.click()
    visitor.settles()


def listed(part: str, table: str) -> Callable[[Visitor], Page]:
    """A list that background jobs, workers or the example data fill a while after the start."""

    def come(visitor: Visitor) -> Page:
        rows = visitor.page.get_by_role("table", name=table, exact=True).locator("tbody th a")
        eventually(
            lambda: visitor.goes_to(f"{HOME}{part}/") and rows.count(),
            within=SETTLED_SECONDS_MAX,
            every=2,
        )
        return visitor.page

    return come


def first_of(part: str, table: str) -> Callable[[Visitor], Page]:
    def come(visitor: Visitor) -> Page:
        page = listed(part, table)(visitor)
        page.get_by_role("table", name=table, exact=True).locator("tbody th a").first.click()
        visitor.settles()
        return page

    return come


#: SDKs say so a minute after they started.
worker = first_of("workers", "Workers")
#: The first survey comes within a minute of the start.
incident = first_of("incidents", "Incidents")


def schedule_new(visitor: Visitor) -> None:
    page = visitor.goes_to(f"{HOME}schedules/new")
    page.get_by_label("By the clock: cron, one a line").fill("0 9 * * MON-FRI # at nine")
    page.get_by_label("Time zone of the clock").fill("Europe/Berlin")
    page.get_by_label("Schedule id").fill("sales report")
    page.get_by_role("table", name="Next times").locator("tbody td").first.wait_for()


def alert_new(visitor: Visitor) -> None:
    page = visitor.goes_to(f"{HOME}alerts/")
    page.get_by_role("button", name="New rule…").click()
    page.locator("dialog[open]").wait_for()


def incident_change(visitor: Visitor) -> None:
    page = incident(visitor)
    page.get_by_role("button", name="State, owner, note…").click()
    page.locator("dialog[open]").wait_for()


def saved_view(visitor: Visitor) -> None:
    page = visitor.searches(STUCK)
    page.get_by_role("button", name="Save as view…").click()
    page.locator("dialog[open]").wait_for()


def pending(visitor: Visitor) -> Page:
    page = visitor.opens(SETTLED, "pending/")
    page.get_by_role("table", name="Pending activities").get_by_role("link").first.click()
    visitor.settles()
    return page


def activity_options(visitor: Visitor) -> None:
    page = pending(visitor)
    page.get_by_role("link", name="Change options…").click()
    page.get_by_label("Attempts in all").fill("40")
    page.get_by_label("Reason").fill("Until the processor is back")
    page.get_by_role("button", name="Show what changes").click()
    page.locator("dialog .preflight").wait_for()


def takes(visitor: Visitor) -> Page:
    page = visitor.opens(UNDECIDED)
    page.get_by_role("link", name="Actions…").click()
    visitor.settles()
    return page


def action(visitor: Visitor) -> None:
    page = takes(visitor)
    page.get_by_role("link", name="decide").click()
    visitor.settles()


def start_like(visitor: Visitor) -> None:
    page = visitor.opens(UNDECIDED)
    link = page.locator(".page-actions a", has_text="Start one like this…").first
    visitor.goes_to((link.get_attribute("href") or "").lstrip("/"))


def keys(visitor: Visitor) -> None:
    page = visitor.opens(STUCK_LONGEST)
    page.keyboard.press("?")
    page.locator("#keys[open]").wait_for()


def box(visitor: Visitor) -> None:
    page = visitor.opens(STUCK_LONGEST)
    page.keyboard.press("Control+k")
    page.locator("#palette-views").wait_for(state="attached")
    page.keyboard.press("ArrowDown")
    page.locator("#palette [aria-selected=true]").wait_for()


def cohort(visitor: Visitor) -> None:
    address = visitor.opens(STUCK_LONGEST).url.removeprefix(f"{visitor.address}/")
    visitor.goes_to(address.replace("/runs/", "/cohorts/", 1))


PAGES: dict[str, Callable[[Visitor], object]] = {
    "runs": runs,
    "runs-stuck": runs_stuck,
    "runs-selected": runs_selected,
    "runs-query-wrong": runs_query_wrong,
    "runs-none": runs_none,
    "run": run_stuck,
    "run-terminate": run_terminate,
    "run-version": run_tab("version"),
    "run-failed": run_tab("", "ExecutionStatus = 'Failed'"),
    "keys": keys,
    "box": box,
    "run-events": run_events,
    "run-beside": run_beside,
    "run-pending": run_tab("pending"),
    "pending-activity": pending,
    "pending-options": activity_options,
    "actions": takes,
    "action": action,
    "start": at(f"{HOME}start/"),
    "start-like": start_like,
    "run-relations": run_tab("relations", "WorkflowType = 'Shipping'"),
    "cohort": cohort,
    "run-payloads": run_tab("payloads"),
    "run-payload": run_tab("events/1/payloads/0"),
    "run-reveal": run_tab("events/1/payloads/0/reveal"),
    "run-activity": run_tab("activity"),
    "alert-new": alert_new,
    "overview": at(f"{HOME}overview/?span=7d"),
    "ageing": at(f"{HOME}ageing/"),
    "incidents": listed("incidents", "Incidents"),
    "incident": incident,
    "incident-change": incident_change,
    "subscriptions": at(f"{HOME}billing/"),
    "billing-preflight": billing_preflight,
    "billing-refused": billing_refused,
    "billing-done": billing_done,
    "billing-skip": billing_skip,
    "billing-limits": at(f"{HOME}billing/limits/"),
    "billing-approvals": at(f"{HOME}billing/approvals/?stage=all"),
    "billing-cohort-new": at(f"{HOME}billing/cohorts/new/"),
    "billing-cohort": billing_cohort,
    "billing-cohorts": at(f"{HOME}billing/cohorts/"),
    "bulk": at(f"{HOME}bulk/"),
    "bulk-manifest": bulk_manifest,
    "bulk-by-hand": bulk_by_hand,
    "bulk-operation": bulk_operation,
    **OF_MANY,
    "replay": at(f"{HOME}replay/"),
    "reset": reset,
    "task-queues": at(f"{HOME}task-queues/"),
    "task-queue": queue,
    "workers": at(f"{HOME}workers/"),
    "worker": worker,
    "batches": at(f"{HOME}batches/"),
    "deployments": listed("deployments", "Deployments"),
    "deployment": first_of("deployments", "Deployments"),
    "schedule-new": schedule_new,
    "schedules": listed("schedules", "Schedules"),
    "schedule": first_of("schedules", "Schedules"),
    "saved-view": saved_view,
    "saved-views": at(f"{HOME}views/"),
    "alerts": listed("alerts", "Alert rules"),
    "alert": first_of("alerts", "Alert rules"),
    "exports": listed("exports", "Exports"),
    "export": first_of("exports", "Exports"),
    "namespaces": at("namespaces/"),
    "namespace": at(HOME),
    "people": at("people/"),
    "activity": at("activity/"),
    "account": at("account/"),
    "groups": at("people/groups/"),
    "exceptions": at("people/exceptions/"),
    "activity-other-doors": at("activity/?door=others"),
    "cluster": at("cluster/"),
    **OF_ONE,
    **OF_ALONE,
    **OF_SET,
    **OF_SELDOM,
}


def settle(visitor: Visitor) -> None:
    """What the examples do takes a while; the pictures show it done."""
    eventually(
        lambda: visitor.searches(SETTLED).locator("#results tbody tr").count(),
        within=SETTLED_SECONDS_MAX,
        every=2,
    )
