from functools import partial

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from console.access.decorators import requires
from console.gateway import columns, lists, namespaces
from console.gateway.channel import GatewayError
from console.saved_views import actions, presenters, rights
from console.saved_views.forms import COLUMNS_LENGTH_MAX, QUERY_LENGTH_MAX, ViewForm
from console.saved_views.models import DefaultView, SavedView
from console.ui.htmx import HtmxRequest, go_to, render_page, version_of
from console.ui.refusals import Refusal
from console.ui.stale import Stale


@require_GET
@requires("saved_view.view")
def tabs(request: HtmxRequest, namespace: str) -> HttpResponse:
    query, cols = _asked(request)
    of = lists.known(request.GET.get("of", ""))
    rows = presenters.tabs(
        SavedView.objects.seen_by(request.user, namespace).filter(lists=of),
        presenters.Asked(namespace, of, query, cols),
        namespaces.attributes(namespace).ours,
        partial(rights.may_change, request.user),
    )
    context = {
        "tabs": rows,
        "query": query,
        "columns": cols,
        "of": of,
        "is_new": not any(tab.current for tab in rows),
    }
    return render_page(request, "saved_views/tabs.html", context)


@require_GET
@requires("saved_view.view")
def named(request: HtmxRequest, namespace: str) -> HttpResponse:
    """For the box of the top bar: every view that the person sees, by its name."""
    seen = SavedView.objects.seen_by(request.user, namespace)
    links = [(view.name, presenters.address(view)) for view in seen]
    return render_page(request, "saved_views/named.html", {"links": links})


@require_GET
@requires("saved_view.view")
def saved(request: HtmxRequest, namespace: str) -> HttpResponse:
    defaults = DefaultView.objects.filter(person=request.user, namespace=namespace)
    rows = presenters.rows(
        SavedView.objects.seen_by(request.user, namespace).with_rules(),
        set(defaults.values_list("view_id", flat=True)),
        partial(rights.may_change, request.user),
    )
    return render_page(request, "saved_views/views.html", {"rows": rows})


@require_http_methods(["GET", "POST"])
@requires("saved_view.keep")
def save(request: HtmxRequest, namespace: str) -> HttpResponse:
    query, cols = _asked(request)
    view = SavedView(lists=lists.known(request.GET.get("of", "")), query=query, columns=cols)
    form = ViewForm(request.POST or None, instance=view, namespace=namespace, person=request.user)
    return _saved(request, form, "Save as view")


@require_http_methods(["GET", "POST"])
@requires("saved_view.keep")
def edit(request: HtmxRequest, namespace: str, view_id: int) -> HttpResponse:
    view = _view(request, namespace, view_id)
    form = ViewForm(
        request.POST or None,
        instance=view,
        initial={"seen": version_of(actions.said(view))},
        namespace=namespace,
        person=request.user,
    )
    return _saved(request, form, "Edit view")


def _saved(request: HtmxRequest, form: ViewForm, title: str) -> HttpResponse:
    if form.is_valid():
        try:
            actions.save(request.user, form.instance, form.cleaned_data["seen"])
            return go_to(request, presenters.address(form.instance))
        except GatewayError as refused:
            form.add_error("query", str(refused))
        except Stale as stale:
            form.refuse(stale)
        except Refusal as taken:
            if taken.status != 409:
                raise
            form.add_error("name", str(taken))
    return render_page(
        request,
        "saved_views/save.html",
        {"form": form, "title": title, "says": presenters.about(form.instance)},
        parts=["dialog"],
        status=422 if form.errors else 200,
    )


@require_POST
@requires("saved_view.keep")
def duplicate(request: HtmxRequest, namespace: str, view_id: int) -> HttpResponse:
    copy = actions.duplicate(request.user, _view(request, namespace, view_id))
    messages.success(request, f"“{copy.name}” is yours alone; rename it as you like.")
    return go_to(request, reverse("saved_views:views", args=[namespace]))


@require_POST
@requires("saved_view.keep")
def start_with(request: HtmxRequest, namespace: str, view_id: int) -> HttpResponse:
    chosen = request.POST.get("chosen") == "yes"
    actions.start_with(request.user, _view(request, namespace, view_id), chosen)
    return go_to(request, reverse("saved_views:views", args=[namespace]))


@require_POST
@requires("saved_view.keep")
def delete(request: HtmxRequest, namespace: str, view_id: int) -> HttpResponse:
    actions.delete(request.user, _view(request, namespace, view_id))
    return go_to(request, reverse("saved_views:views", args=[namespace]))


def _view(request: HtmxRequest, namespace: str, view_id: int) -> SavedView:
    return get_object_or_404(SavedView.objects.seen_by(request.user, namespace), pk=view_id)


def _asked(request: HtmxRequest) -> tuple[str, str]:
    """The query and the columns of the runs page, as its address has them."""
    query = request.GET.get("q", "")[:QUERY_LENGTH_MAX].strip()
    return query, columns.written(columns.parse(request.GET.get("cols", "")[:COLUMNS_LENGTH_MAX]))
