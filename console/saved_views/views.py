from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from console.access.decorators import requires
from console.access.policy import can
from console.gateway import namespaces
from console.gateway.channel import GatewayError
from console.saved_views import actions, presenters
from console.saved_views.forms import QUERY_LENGTH_MAX, SaveForm
from console.saved_views.models import SavedView
from console.ui.htmx import HtmxRequest, go_to, render_page


@require_GET
@requires("saved_view.view")
def tabs(request: HtmxRequest, namespace: str) -> HttpResponse:
    query = request.GET.get("q", "")[:QUERY_LENGTH_MAX].strip()
    saved = SavedView.objects.filter(namespace=namespace)
    rows = presenters.tabs(saved, query, namespaces.attributes(namespace).ours)
    context = {
        "tabs": rows,
        "query": query,
        "is_new": not any(tab.current for tab in rows),
        "may_save": can(request.user, "saved_view.save", namespace),
    }
    return render_page(request, "saved_views/tabs.html", context)


@require_http_methods(["GET", "POST"])
@requires("saved_view.save")
def save(request: HtmxRequest, namespace: str) -> HttpResponse:
    start = {"query": request.GET.get("q", "")[:QUERY_LENGTH_MAX]}
    form = SaveForm(request.POST or None, initial=start, namespace=namespace)
    if form.is_valid():
        try:
            view = actions.save(
                request.user, namespace, form.cleaned_data["name"], form.cleaned_data["query"]
            )
            query = urlencode({"q": view.query})
            return go_to(request, f"{reverse('workflows:runs', args=[namespace])}?{query}")
        except GatewayError as refused:
            form.add_error("query", str(refused))
    status = 422 if form.errors else 200
    return render_page(
        request, "saved_views/save.html", {"form": form}, parts=["dialog"], status=status
    )


@require_POST
@requires("saved_view.save")
def delete(request: HtmxRequest, namespace: str, view_id: int) -> HttpResponse:
    actions.delete(request.user, get_object_or_404(SavedView, pk=view_id, namespace=namespace))
    return go_to(request, reverse("workflows:runs", args=[namespace]))
