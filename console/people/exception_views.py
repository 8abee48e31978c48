from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from console.access.decorators import requires
from console.access.models import Rule
from console.people import exceptions as acting
from console.people.forms import ExceptionForm
from console.people.presenters import exception_row
from console.ui.htmx import HtmxRequest, go_to, render_page


@require_GET
@requires("people.manage")
def exceptions(request: HtmxRequest) -> HttpResponse:
    every = Rule.objects.select_related("person", "group")
    context = {"rows": [exception_row(one) for one in every]}
    return render_page(request, "people/exceptions.html", context)


@require_http_methods(["GET", "POST"])
@requires("people.manage")
def give(request: HtmxRequest) -> HttpResponse:
    form = ExceptionForm(request.POST or None, initial={"who": request.GET.get("who", "")})
    if form.is_valid():
        acting.give(request.user, form.whose, form.cleaned_data)
        return _back(request)
    status = 422 if form.errors else 200
    return render_page(
        request, "people/exception.html", {"form": form}, parts=["dialog"], status=status
    )


@require_POST
@requires("people.manage")
def take(request: HtmxRequest, rule_id: int) -> HttpResponse:
    acting.take(request.user, get_object_or_404(Rule, pk=rule_id))
    return _back(request)


def _back(request: HtmxRequest) -> HttpResponse:
    return go_to(request, reverse("people:exceptions"))
