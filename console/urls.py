"""One include per capability."""

from django.urls import include, path

from console.access import frontdoor

NAMESPACE = "namespaces/<name:namespace>/"

urlpatterns = [
    path("", frontdoor.home, name="home"),
    path("sign-in/oidc/", include("console.oidc.urls")),
    path("", include("console.people.urls")),
    path("account/", include("console.account.urls")),
    path("activity/", include("console.acts.urls")),
    path("namespaces/", include("console.namespaces.urls")),
    path("nexus-endpoints/", include("console.endpoints.urls")),
    path("cluster/", include("console.cluster.urls")),
    path(f"{NAMESPACE}runs/", include("console.workflows.urls")),
    path(f"{NAMESPACE}histories/", include("console.workflows.file_urls")),
    path(f"{NAMESPACE}activities/", include("console.activities.urls")),
    path(f"{NAMESPACE}standalone/", include("console.standalone.urls")),
    path(f"{NAMESPACE}actions/", include("console.actions.urls")),
    path(f"{NAMESPACE}start/", include("console.starting.urls")),
    path(f"{NAMESPACE}task-queues/", include("console.task_queues.urls")),
    path(f"{NAMESPACE}workers/", include("console.workers.urls")),
    path(f"{NAMESPACE}batches/", include("console.batches.urls")),
    path(f"{NAMESPACE}deployments/", include("console.deployments.urls")),
    path(f"{NAMESPACE}rules/", include("console.rules.urls")),
    path(f"{NAMESPACE}schedules/", include("console.schedules.urls")),
    path(f"{NAMESPACE}views/", include("console.saved_views.urls")),
    path(f"{NAMESPACE}overview/", include("console.overview.urls")),
    path(f"{NAMESPACE}ageing/", include("console.ageing.urls")),
    path(f"{NAMESPACE}cohorts/", include("console.cohorts.urls")),
    path(f"{NAMESPACE}incidents/", include("console.incidents.urls")),
    path(f"{NAMESPACE}alerts/", include("console.alerts.urls")),
    path(f"{NAMESPACE}exports/", include("console.exports.urls")),
    path(f"{NAMESPACE}bulk/", include("console.bulk.urls")),
    path(f"{NAMESPACE}billing/", include("console.billing.urls")),
    path(f"{NAMESPACE}replay/", include("console.replay.urls")),
]

handler400 = "console.ui.refusals.bad_request"
handler403 = "console.ui.refusals.denied"
handler404 = "console.ui.refusals.not_found"
handler500 = "console.ui.refusals.broken"
