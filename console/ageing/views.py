from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from console.access import listed
from console.access.decorators import requires
from console.ageing import looking, presenters, promises
from console.ageing.forms import AgeingForm
from console.gateway import lists
from console.ui.htmx import HtmxRequest, nothing_new, render_page, unchanged, version_of


@require_GET
@requires("ageing.view")
def board(request: HtmxRequest, namespace: str) -> HttpResponse:
    form = AgeingForm(request.GET)
    of, now = listed.asked(request, namespace), timezone.now()
    found = looking.board(namespace, of, form.query, now)
    due = None if found.trouble else promises.promises(namespace, of, form.query, now)
    version = version_of(found, due)
    if unchanged(request, version):
        return nothing_new()
    context = {"form": form, "found": found, "due": due, "version": version}
    context |= {"rows": presenters.rows(found), "oldest": presenters.oldest(found, now)}
    context |= {"overdue": presenters.overdue(due, now), "sample": looking.SAMPLE_RUNS}
    one, many = lists.NOUNS[of]
    context |= {"open_nouns": f"open {one},open {many}", "kind": lists.TYPES[of]}
    context |= listed.context(request, namespace, of)
    return render_page(request, "ageing/board.html", context, parts=["board"])
