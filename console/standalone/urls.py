from django.urls import path

from console.standalone import act_views, payload_views, views

app_name = "standalone"
ONE = "<slug:kind>/<name:alone_id>/<str:run_id>/"
urlpatterns = [
    path("<slug:kind>/", views.listed, name="list"),
    path("<slug:kind>/summary", views.summary, name="summary"),
    path(ONE, views.one, name="one"),
    path(f"{ONE}cancel/", act_views.cancel, name="cancel"),
    path(f"{ONE}terminate/", act_views.terminate, name="terminate"),
    path(f"{ONE}delete/", act_views.delete, name="delete"),
    path(f"{ONE}try/", act_views.try_now, name="try"),
    path(f"{ONE}pause/", act_views.pause, name="pause"),
    path(f"{ONE}resume/", act_views.resume, name="resume"),
    path(f"{ONE}complete/", act_views.complete, name="complete"),
    path(f"{ONE}fail/", act_views.fail, name="fail"),
    path(f"{ONE}payloads/<int:number>/", payload_views.payload, name="payload"),
    path(f"{ONE}payloads/<int:number>/download/", payload_views.download, name="download"),
    path(f"{ONE}payloads/<int:number>/reveal/", payload_views.reveal, name="reveal"),
]
