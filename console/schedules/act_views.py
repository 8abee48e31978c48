"""The dialogs of a schedule: what will happen, say why, done."""

from collections.abc import Callable
from typing import NamedTuple

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from console.access.decorators import requires
from console.gateway import schedules
from console.gateway.channel import GatewayError
from console.gateway.schedules import ScheduleDetail
from console.schedules import actions
from console.schedules.forms import BackfillForm, ReasonForm, TriggerForm
from console.ui.htmx import HtmxRequest, go_to, render_page


class Says(NamedTuple):
    title: str
    says: str
    verb: str
    done: str


SAYS = {
    "pause": Says(
        "Pause this schedule",
        "It starts nothing by itself until it is resumed. What runs, runs on.",
        "Pause",
        "The schedule was paused.",
    ),
    "resume": Says(
        "Resume this schedule",
        "It acts again from the next time on. The times in between are not made up for.",
        "Resume",
        "The schedule was resumed.",
    ),
    "trigger": Says(
        "Start it now",
        "One run starts as if its time had come, also while the schedule is paused.",
        "Start",
        "The schedule was triggered.",
    ),
    "backfill": Says(
        "Fill back",
        "One run starts for each of its times between the two, both included.",
        "Start them",
        "The times were handed to the schedule.",
    ),
    "delete": Says(
        "Delete this schedule",
        "It starts nothing any more. What runs, runs on. This cannot be taken back.",
        "Delete",
        "The schedule was deleted.",
    ),
}


@require_http_methods(["GET", "POST"])
@requires("schedule.pause")
def pause(request: HtmxRequest, namespace: str, schedule_id: str) -> HttpResponse:
    found, form = schedules.describe(namespace, schedule_id), ReasonForm(request.POST or None)

    def act() -> None:
        actions.pause(request.user, namespace, found, form.cleaned_data["reason"])

    return _dialog(request, namespace, found, form, act=act, name="pause")


@require_http_methods(["GET", "POST"])
@requires("schedule.pause")
def resume(request: HtmxRequest, namespace: str, schedule_id: str) -> HttpResponse:
    found, form = schedules.describe(namespace, schedule_id), ReasonForm(request.POST or None)

    def act() -> None:
        actions.resume(request.user, namespace, found, form.cleaned_data["reason"])

    return _dialog(request, namespace, found, form, act=act, name="resume")


@require_http_methods(["GET", "POST"])
@requires("schedule.trigger")
def trigger(request: HtmxRequest, namespace: str, schedule_id: str) -> HttpResponse:
    found, form = schedules.describe(namespace, schedule_id), TriggerForm(request.POST or None)

    def act() -> None:
        asked, once = form.cleaned_data, request.POST.get("once", "")
        said = asked["overlap"], asked["reason"]
        actions.trigger(request.user, namespace, found, *said, once=once)

    return _dialog(request, namespace, found, form, act=act, name="trigger")


@require_http_methods(["GET", "POST"])
@requires("schedule.backfill")
def backfill(request: HtmxRequest, namespace: str, schedule_id: str) -> HttpResponse:
    found, form = schedules.describe(namespace, schedule_id), BackfillForm(request.POST or None)

    def act() -> None:
        asked = form.cleaned_data
        span = asked["start"], asked["end"]
        actions.backfill(request.user, namespace, found, span, overlap=asked["overlap"],
                         reason=asked["reason"], once=request.POST.get("once", ""))  # fmt: skip

    return _dialog(request, namespace, found, form, act=act, name="backfill")


@require_http_methods(["GET", "POST"])
@requires("schedule.delete")
def delete(request: HtmxRequest, namespace: str, schedule_id: str) -> HttpResponse:
    found, form = schedules.describe(namespace, schedule_id), ReasonForm(request.POST or None)

    def act() -> None:
        actions.delete(request.user, namespace, found, form.cleaned_data["reason"])

    return _dialog(request, namespace, found, form, act=act, name="delete")


def _dialog(
    request: HtmxRequest,
    namespace: str,
    found: ScheduleDetail,
    form: forms.Form,
    *,
    act: Callable[[], None],
    name: str,
) -> HttpResponse:
    says = SAYS[name]
    if form.is_valid():
        try:
            act()
        except GatewayError as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, says.done)
            return go_to(request, _after(namespace, found, name))
    context = {
        "form": form,
        "title": says.title,
        "says": says.says,
        "verb": says.verb,
        "danger": name == "delete",
        "schedule": found,
    }
    status = 422 if form.errors else 200
    return render_page(request, "schedules/act.html", context, parts=["dialog"], status=status)


def _after(namespace: str, found: ScheduleDetail, name: str) -> str:
    if name == "delete":
        return reverse("schedules:schedules", args=[namespace])
    return reverse("schedules:schedule", args=[namespace, found.summary.id])
