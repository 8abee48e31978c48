"""The version that does a run: shown on its page, set and left to its code again, written down."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from console.audit.models import AuditEntry
from console.gateway import histories, versions, workflows
from console.gateway.runs import RunKey, WorkerVersion
from console.gateway.versions import Override, Versioning
from console.workflows import runpage
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import calls_of, htmx, words_in
from tests.support.programs import Program
from tests.support.versions import NAMESPACE, polled_by

Browser = Callable[..., Client]


def url(key: RunKey, view: str = "run") -> str:
    return reverse(f"workflows:{view}", args=[key.namespace, key.workflow_id, key.run_id])


def said_of(key: RunKey) -> Versioning:
    return versions.of(workflows.describe(key).told)


def test_a_run_is_pinned_and_left_to_its_code_again(
    bob: User, carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    shop, queue = names.workflow("shop").replace("/", "-"), names.queue()
    browser, viewer = browser_of(bob), browser_of(carol)
    with polled_by(shop, queue, "b1", "b2"):
        eventually(
            lambda: {one.build for one in versions.on_queue(NAMESPACE, queue)},
            lambda found: found == {"b1", "b2"},
            within=20,
        )
        key = program.start("Waiting", names.workflow(), queue)
        of_viewer = viewer.get(url(key))
        offered = browser.get(url(key, "version"), headers=htmx("dialog"))
        pin = {"goes": f"pinned:{shop}:b2", "reason": "b1 is broken"}
        nameless = browser.post(url(key, "version"), pin | {"reason": " "})
        unknown = browser.post(url(key, "version"), pin | {"goes": f"pinned:{shop}:b9"})
        pinned = browser.post(url(key, "version"), pin, headers=htmx("dialog"))
        shown = words_in(viewer.get(url(key)))
        start = reverse("starting:start", args=[NAMESPACE])
        form = {
            "workflow_type": "Waiting", "workflow_id": names.workflow("pinned"),
            "task_queue": queue, "reuse": "always", "conflict": "refuse", "reason": "b1 is broken",
            "goes": "pinned", "version": f"{shop}:b2",
        }  # fmt: skip
        browser.post(start, form)
        begun = workflows.describe(RunKey(NAMESPACE, form["workflow_id"], "")).summary.key
        like = browser.get(start, {"like": begun.workflow_id, "run": begun.run_id})
        said = said_of(key)
        freed = browser.post(url(key, "version"), {"goes": "code", "reason": "b1 is mended"})
        log = words_in(viewer.get(url(key, "activity")))

    assert "Version…" not in of_viewer.text, "a viewer changes nothing"
    assert viewer.post(url(key, "version"), pin).status_code == 403
    assert f"workers of version b1 of {shop}, alone" in words_in(offered)
    assert calls_of(offered) <= 2
    assert (nameless.status_code, unknown.status_code) == (422, 422)
    assert pinned["HX-Redirect"].endswith(f"/{key.run_id}/")
    assert "Version b2 pinned by hand" in shown
    assert said.override == Override(WorkerVersion(shop, "b2"))
    assert said_of(begun).override == said.override
    assert like.context["form"]["version"].value() == f"{shop}:b2", "one like it is pinned as well"
    assert freed.status_code == 303
    assert said_of(key).override is None
    first, second = AuditEntry.objects.filter(verb="run.version").order_by("at")
    assert (first.verb, first.reason) == ("run.version", "b1 is broken")
    assert (first.before, first.outcome.after) == (
        {"version": "as its code says"},
        {"version": f"pinned to b2 of {shop}"},
    )
    assert second.outcome.after == {"version": "as its code says"}
    # A worker of b2 has the task by now: the event of the second act comes when that ends.
    event = next(e for e in histories.forward(key).events if e.id == first.outcome.event_id)
    assert event.kind == "WorkflowExecutionOptionsUpdated"
    assert str(first.id) in event.attributes.identity
    assert "set the version of" in log
    assert "unattested" not in log.lower()


def test_a_version_set_from_elsewhere_is_told_as_unattested(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    key = program.start("Waiting", names.workflow(), names.queue())
    versions.override(key, Override(), "the command line")

    said = words_in(browser_of(carol).get(url(key, "activity")))

    assert "set the version of it" in said
    assert "the command line" in said


def test_a_queue_without_versions_offers_none(
    bob: User, browser_of: Browser, program: Program, names: Names
) -> None:
    key = program.start("Waiting", names.workflow(), names.queue())

    words = words_in(browser_of(bob).get(url(key, "version"), headers=htmx("dialog")))

    assert "No worker of a version polls its task queue." in words
    assert "alone" not in words


B1, B2 = WorkerVersion("shop", "b1"), WorkerVersion("shop", "b2")


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        (Versioning(), None),
        (Versioning(B1, "pinned"), ("b1", "pinned")),
        (Versioning(B1, "pinned", Override(B1)), ("b1", "pinned by hand")),
        (Versioning(B1, "pinned", Override(B2)), ("b2", "pinned by hand, was on b1")),
        (Versioning(B1, "pinned", Override()), ("b1", "by hand: moves with its queue")),
        (Versioning(None, "", Override()), ("", "by hand: moves with its queue")),
    ],
)
def test_what_the_page_says_of_it(told: Versioning, shown: tuple[str, str] | None) -> None:
    found = runpage.version_of(told)

    assert (found and (found.build, found.says)) == shown
