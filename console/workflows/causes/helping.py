"""What helps, as a link for who may follow it, and as advice for who may not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.urls import reverse

from console.gateway.runs import RunKey
from console.workflows.causes.standing import Standing

#: these open beside the page, not as a page of their own
DIALOGS = ("activities:", "workflows:terminate", "workflows:resume")


@dataclass(frozen=True, slots=True)
class Help:
    """What a person does about a cause. `view`: where, for who may; without one it is advice."""

    word: str
    says: str
    view: str = ""
    verb: str = ""


QUEUE = ("task_queues:queue", "queue.view")
RESET = ("replay:plan", "run.reset")
COMPLETE = ("activities:complete", "activity.complete")
VERSIONS = ("deployments:deployment", "deployment.view")
ENDPOINT = ("endpoints:endpoint", "endpoint.view")
RUN = ("workflows:run", "run.view")

WORKER = Help("Start a worker", "Nothing is lost while it waits.", *QUEUE)
MORE = Help("Add workers", "or let each take more at a time. Nothing is lost.", *QUEUE)
LOOK = Help("Look at its workers", "Their logs and stacks say what holds them.", *QUEUE)
BY_ITSELF = Help("Nothing", "It goes on by itself.")

#: every cause of an open run -> what helps; docs/why-stuck.md has the same rows
HELPS: Mapping[str, Help] = {
    "pinned-version-gone": Help(
        "Start a worker of that version",
        "No other may go on with it. Nothing is lost while it waits.",
        *VERSIONS,
    ),
    "current-version-gone": Help(
        "Start a worker of that version", "or make a version current that polls.", *VERSIONS
    ),
    "no-version-current": Help(
        "Make a version current…", "New runs, and this one, go to its workers then.", *VERSIONS
    ),
    "update-not-accepted": Help(
        "Look at its workers", "A worker accepts or refuses an update; until then it waits.", *QUEUE
    ),
    "no-workflow-worker": WORKER,
    "only-activity-workers": Help(
        "Register the workflow",
        "with a worker of this queue: those that poll it run activities only.",
        *QUEUE,
    ),
    "workflow-backlog": MORE,
    "workflow-task-slow": LOOK,
    "workflow-task-times-out": LOOK,
    "workflow-code-fails": Help(
        "Deploy a fix…",
        "The task is tried again by itself; a reset goes back to an earlier one.",
        *RESET,
    ),
    "non-determinism": Help(
        "Check and reset…",
        "Deploy code that fits this history, or go back to before the change.",
        *RESET,
    ),
    "activity-fails": Help(
        "Try now…",
        "once what it calls is mended. Not a case for a reset.",
        "activities:try",
        "activity.try",
    ),
    "operation-fails": Help(
        "Look at its handler",
        "The workers behind the endpoint; it is asked again by itself.",
        *ENDPOINT,
    ),
    "waits-for-operation": Help("Nothing", "Its handler says how it ends."),
    "activity-paused": Help(
        "Resume…", "It is tried again at once.", "activities:resume", "activity.resume"
    ),
    "no-activity-worker": WORKER,
    "only-workflow-workers": Help(
        "Register the activity",
        "with a worker of this queue: those that poll it run workflows only.",
        *QUEUE,
    ),
    "activity-backlog": MORE,
    "queue-limited": Help(
        "Change its limits", "if they are not meant so. Nothing is lost while it waits.", *QUEUE
    ),
    "activity-ignores-cancel": Help(
        "Complete by hand…",
        "when its work is known to be over. Code that sends heartbeats hears of a cancellation.",
        *COMPLETE,
    ),
    "heartbeat-late": LOOK,
    "worker-gone": Help(
        "Complete by hand…",
        "when its work is known to be done; else the engine tries again by itself.",
        *COMPLETE,
    ),
    "activity-silent": Help("Complete by hand…", "when its work is known to be done.", *COMPLETE),
    "activity-runs": BY_ITSELF,
    "child-stuck": Help("Go to the cause", "What helps there helps here:", *RUN),
    "waits-for-child": Help("Go to the child", "See how far it is:", *RUN),
    "message-under-way": BY_ITSELF,
    "message-not-delivered": Help(
        "Tell it…", "Its code heard of that; see what it takes.", "actions:actions", "run.query"
    ),
    "cancel-not-acted-on": Help(
        "Terminate…",
        "Its code had its chance to end well; this asks it no more.",
        "workflows:terminate",
        "run.terminate",
    ),
    "start-delay": BY_ITSELF,
    "cron-wait": BY_ITSELF,
    "retry-wait": BY_ITSELF,
    "run-paused": Help(
        "Resume…", "Workers get its tasks again at once.", "workflows:resume", "run.resume"
    ),
    "waits-for-timer": BY_ITSELF,
    "update-unfinished": Help(
        "Look at the update", "Its handler waits for something.", "workflows:events", "run.view"
    ),
    "waits-to-be-told": Help("Tell it…", "See what it takes.", "actions:actions", "run.query"),
    "lost": Help(
        "Go back…", "Deploy code that goes on, and reset to before it lost its way.", *RESET
    ),
    "runs-now": BY_ITSELF,
}


@dataclass(frozen=True, slots=True)
class Link:
    """Without a url it is advice."""

    word: str
    says: str
    url: str
    is_dialog: bool


def link(key: RunKey, found: Standing, may: Callable[[str, str], bool]) -> Link | None:
    """`may`: whether the person may do a verb in a namespace."""
    helps, where = HELPS.get(found.cause), found.of or key
    if helps is None:
        return None
    url = ""
    if helps.view and may(helps.verb, where.namespace):
        url = _url(helps.view, where, found)
    return Link(
        helps.word if url else helps.word.rstrip("…"),
        helps.says,
        url,
        helps.view.startswith(DIALOGS),
    )


def _url(view: str, key: RunKey, found: Standing) -> str:
    if view.startswith("task_queues:"):
        queue = found.workers.queue if found.workers else ""
        return reverse(view, args=[key.namespace, queue]) if queue else ""
    if view.startswith("deployments:"):
        return reverse(view, args=[key.namespace, found.deployment])
    if view.startswith("endpoints:"):
        return reverse(view, args=[found.endpoint]) if found.endpoint else ""
    run = [key.namespace, key.workflow_id, key.run_id]
    if view.startswith("activities:"):
        one = found.activity
        return reverse(view, args=[*run, "id", one.id]) if one else ""
    return reverse(view, args=run)
