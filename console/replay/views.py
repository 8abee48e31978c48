from typing import Any

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from console.access.decorators import demand, requires
from console.access.policy import can
from console.audit.rows import ActRow, act_row
from console.gateway import workflows
from console.gateway.runs import RunKey
from console.replay import actions, children, looking
from console.replay.children import Child
from console.replay.forms import FindForm, PointForm, ResetForm
from console.replay.looking import Look
from console.ui.htmx import HtmxRequest, go_to, render_page


@require_GET
@requires("replay.view")
def replay(request: HtmxRequest, namespace: str) -> HttpResponse:
    form = FindForm(request.GET or None)
    if form.is_valid():
        found = workflows.describe(RunKey(namespace, form.cleaned_data["id"].strip(), ""))
        key = found.summary.key
        return go_to(request, reverse("replay:plan", args=[namespace, key.workflow_id, key.run_id]))
    context = {
        "form": form,
        "failing": looking.failing(namespace),
        "resets": _resets(request, namespace),
    }
    return render_page(request, "replay/replay.html", context)


def _resets(request: HtmxRequest, namespace: str) -> list[ActRow]:
    may = can(request.user, "audit.view", namespace)
    return [act_row(entry) for entry in looking.resets(namespace)] if may else []


@require_GET
@requires("replay.view")
def plan(request: HtmxRequest, namespace: str, workflow_id: str, run_id: str) -> HttpResponse:
    asked = PointForm(request.GET)
    point = asked.cleaned_data["event"] if asked.is_valid() else None
    it = looking.look(RunKey(namespace, workflow_id, run_id), point)
    form = ResetForm(initial=_fresh(it) | {"reason": request.GET.get("reason", "")})
    return _page(request, it, form, unfold=bool(request.GET.get("unfold")))


@require_POST
@requires("run.reset")
def reset(request: HtmxRequest, namespace: str, workflow_id: str, run_id: str) -> HttpResponse:
    form = ResetForm(request.POST)
    event = form.data.get("event", "")
    point = int(event) if event.isdecimal() and len(event) < 9 else None
    it = looking.look(RunKey(namespace, workflow_id, run_id), point)
    if form.is_valid() and form.cleaned_data["seen"] != it.seal:
        form.add_error(None, "The run went on since you looked: this is what would follow now.")
        return _page(request, it, form, status=409)
    if not form.is_valid() or it.plan is None:
        return _page(request, it, form, status=422)
    asked = form.cleaned_data
    new = actions.reset(
        request.user,
        it,
        asked["reason"],
        keep_signals=asked["keep_signals"],
        keep_updates=asked["keep_updates"],
        cancel=_to_cancel(request.user, it) if asked["cancel_children"] else (),
        leave=form.left_out,
    )
    return go_to(request, reverse("workflows:run", args=[namespace, new.workflow_id, new.run_id]))


def _to_cancel(person: User, it: Look) -> tuple[Child, ...]:
    """Those that this person may ask; refused where there is none of them."""
    every = children.left_running(it)
    found = children.of(person, every)
    if not found.theirs:
        for name in dict.fromkeys(one.namespace for one in every) or [it.key.namespace]:
            demand(person, children.VERB, name)
    return found.theirs


@require_POST
@requires("replay.check")
def check(request: HtmxRequest, namespace: str, workflow_id: str, run_id: str) -> HttpResponse:
    key = RunKey(namespace, workflow_id, run_id)
    verdict = actions.check(request.user, key)
    context: dict[str, Any] = {"verdict": verdict, "checked_at": timezone.now(), "key": key}
    if request.htmx:
        return render_page(request, "replay/plan.html", context, parts=["check"])
    it = looking.look(key, None)
    return _page(request, it, ResetForm(initial=_fresh(it)), more=context)


def _fresh(it: Look) -> dict[str, Any]:
    event = it.plan.point if it.plan else None
    return {"event": event, "seen": it.seal, "keep_signals": True, "keep_updates": True}


def _page(
    request: HtmxRequest,
    it: Look,
    form: ResetForm,
    *,
    unfold: bool = False,
    status: int = 200,
    more: dict[str, Any] | None = None,
) -> HttpResponse:
    context = looking.page(it, unfold) | {"form": form, "key": it.key} | (more or {})
    context["left_out"] = form.left_out
    context["to_cancel"] = found = children.of(request.user, children.left_running(it))
    context["children"] = children.named(found.theirs)
    context["may_reset"] = can(request.user, "run.reset", it.key.namespace)
    context["may_check"] = can(request.user, "replay.check", it.key.namespace)
    may_many = can(request.user, "bulk.run", it.key.namespace)
    context["may_check_many"] = context["may_check"] and may_many
    return render_page(request, "replay/plan.html", context, parts=["planner"], status=status)
