from django.contrib.auth.models import Group, User
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from console.access import heirs
from console.access.decorators import requires
from console.people import groups as acting
from console.people.forms import GrantForm, GroupForm, MemberForm
from console.people.presenters import dropping, group_rows
from console.ui.htmx import HtmxRequest, go_to, render_page


@require_GET
@requires("people.manage")
def groups(request: HtmxRequest) -> HttpResponse:
    every = Group.objects.prefetch_related("grants", "user_set").order_by("name")
    context = {"rows": group_rows(every), "people": User.objects.order_by("username")}
    return render_page(request, "people/groups.html", context)


@require_http_methods(["GET", "POST"])
@requires("people.manage")
def make(request: HtmxRequest) -> HttpResponse:
    form = GroupForm(request.POST or None)
    if form.is_valid():
        acting.make(request.user, **form.cleaned_data)
        return _back(request)
    status = 422 if form.errors else 200
    return render_page(
        request, "people/group.html", {"form": form}, parts=["dialog"], status=status
    )


@require_POST
@requires("people.manage")
def add(request: HtmxRequest, group_id: int) -> HttpResponse:
    group, form = get_object_or_404(Group, pk=group_id), MemberForm(request.POST)
    if form.is_valid():
        acting.add(request.user, group, form.cleaned_data["person"])
    return _back(request)


@require_POST
@requires("people.manage")
def remove(request: HtmxRequest, group_id: int) -> HttpResponse:
    group, form = get_object_or_404(Group, pk=group_id), MemberForm(request.POST)
    if form.is_valid():
        acting.remove(request.user, group, form.cleaned_data["person"])
    return _back(request)


@require_POST
@requires("people.manage")
def grant(request: HtmxRequest, group_id: int) -> HttpResponse:
    group, form = get_object_or_404(Group, pk=group_id), GrantForm(request.POST)
    if form.is_valid():
        acting.grant(request.user, group, **form.cleaned_data)
    return _back(request)


@require_POST
@requires("people.manage")
def revoke(request: HtmxRequest, group_id: int) -> HttpResponse:
    group = get_object_or_404(Group, pk=group_id)
    acting.revoke(request.user, group, request.POST.get("namespace", ""))
    return _back(request)


@require_http_methods(["GET", "POST"])
@requires("people.manage")
def drop(request: HtmxRequest, group_id: int) -> HttpResponse:
    group = get_object_or_404(Group, pk=group_id)
    if request.method == "POST":
        acting.drop(request.user, group)
        return _back(request)
    context = {"group": group, "says": dropping(group, heirs.belongings(group)), "form": Form()}
    return render_page(request, "people/drop.html", context, parts=["dialog"])


def _back(request: HtmxRequest) -> HttpResponse:
    return go_to(request, reverse("people:groups"))
