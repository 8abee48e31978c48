"""The same act on several schedules: which, why, done; what came of it for each."""

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.views.decorators.http import require_POST

from console.access.decorators import demand, requires
from console.schedules import many
from console.schedules.forms import ManyForm
from console.schedules.many import VERBS
from console.ui.htmx import HtmxRequest, render_page
from console.ui.refusals import Refusal


@require_POST
@requires("schedule.view")
def several(request: HtmxRequest, namespace: str) -> HttpResponse:
    """First what is asked, then, with a reason, what came of it."""
    wanted = _wanted(request, request.user, namespace)
    sent = request.POST if "step" in request.POST else None
    form = ManyForm(sent, count=len(wanted.ids), counts=wanted.verb.is_final)
    context = {"wanted": wanted, "form": form}
    if form.is_valid():
        context["outcomes"] = many.act(request.user, namespace, wanted, form.cleaned_data["reason"])
    status = 422 if form.errors else 200
    return render_page(request, "schedules/many.html", context, status=status)


def _wanted(request: HtmxRequest, person: User, namespace: str) -> many.Wanted:
    verb = VERBS.get(request.POST.get("verb", ""))
    if verb is None:
        raise Refusal(400, "Schedules are paused, resumed, started now or deleted.")
    demand(person, verb.right, namespace)
    ids = tuple(dict.fromkeys(request.POST.getlist("schedule")))
    if not 0 < len(ids) <= many.AT_ONCE_MAX:
        raise Refusal(
            400, f"Select at least one schedule; {many.AT_ONCE_MAX} are the most at once."
        )
    return many.Wanted(verb, ids)
