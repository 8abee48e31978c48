from django.urls import path, register_converter

from console.workflows import act_views, compare_views, kin_views, payload_views, run_views, views
from console.workflows.addresses import PlaceInPath

register_converter(PlaceInPath, "place")

RUN = "<name:workflow_id>/<name:run_id>/"
PAYLOAD = f"{RUN}<place:place>/"

app_name = "workflows"
urlpatterns = [
    path("", views.runs, name="runs"),
    path("summary/", views.summary, name="summary"),
    path("tokens/", views.tokens, name="tokens"),
    path("columns/", views.columns, name="columns"),
    path("filter/", views.chip, name="chip"),
    path("offers/", views.offers, name="offers"),
    path("nearest/", views.nearest, name="nearest"),
    path("go-to/", views.go_to_place, name="go_to"),
    path(RUN, run_views.timeline, name="run"),
    path(f"{RUN}details/", run_views.details, name="details"),
    path(f"{RUN}groups/<int:event_id>/", run_views.group, name="group"),
    path(f"{RUN}events/", run_views.events, name="events"),
    path(f"{RUN}events/<int:event_id>/", run_views.event, name="event"),
    path(f"{PAYLOAD}", payload_views.payload, name="payload"),
    path(f"{PAYLOAD}download/", payload_views.download, name="payload_download"),
    path(f"{PAYLOAD}reveal/", payload_views.reveal, name="reveal"),
    path(f"{PAYLOAD}follow/", payload_views.follow, name="follow"),
    path(f"{RUN}history.json", run_views.download, name="download"),
    path(f"{RUN}pending/", run_views.pending, name="pending"),
    path(f"{RUN}relations/", kin_views.relations, name="relations"),
    path(f"{RUN}kin/", kin_views.children, name="kin"),
    path(f"{RUN}compare/", compare_views.compare, name="compare"),
    path(f"{RUN}payloads/", run_views.payloads, name="payloads"),
    path(f"{RUN}activity/", run_views.activity, name="activity"),
    path(f"{RUN}terminate/", act_views.terminate, name="terminate"),
    path(f"{RUN}cancel/", act_views.cancel, name="cancel"),
    path(f"{RUN}pause/", act_views.pause, name="pause"),
    path(f"{RUN}resume/", act_views.resume, name="resume"),
    path(f"{RUN}signal/", act_views.signal, name="signal"),
    path(f"{RUN}version/", act_views.set_version, name="version"),
    path(f"{RUN}query/", act_views.ask, name="query"),
]
