from django.urls import URLPattern, path

from console.standalone import act_views, payload_views, start_views, views

app_name = "standalone"
ONE = "<slug:kind>/<name:alone_id>/<str:run_id>/"
PAYLOAD = "payloads/<int:number>/"


def of_payload(at: str, named: str = "") -> list[URLPattern]:
    return [
        path(at, payload_views.payload, name=f"{named}payload"),
        path(f"{at}download/", payload_views.download, name=f"{named}download"),
        path(f"{at}reveal/", payload_views.reveal, name=f"{named}reveal"),
        path(f"{at}follow/", payload_views.follow, name=f"{named}follow"),
    ]


urlpatterns = [
    path("activities/start/", start_views.start, name="start"),
    path("<slug:kind>/", views.listed, name="list"),
    path("<slug:kind>/summary", views.summary, name="summary"),
    path(ONE, views.one, name="one"),
    path(f"{ONE}cancel/", act_views.cancel, name="cancel"),
    path(f"{ONE}terminate/", act_views.terminate, name="terminate"),
    path(f"{ONE}delete/", act_views.delete, name="delete"),
    path(f"{ONE}try/", act_views.try_now, name="try"),
    path(f"{ONE}pause/", act_views.pause, name="pause"),
    path(f"{ONE}resume/", act_views.resume, name="resume"),
    path(f"{ONE}options/", act_views.options, name="options"),
    path(f"{ONE}complete/", act_views.complete, name="complete"),
    path(f"{ONE}fail/", act_views.fail, name="fail"),
    path(f"{ONE}attempts/", views.attempts, name="attempts"),
    *of_payload(f"{ONE}{PAYLOAD}"),
    *of_payload(f"{ONE}attempts/<int:attempt>/{PAYLOAD}", "attempt_"),
]
