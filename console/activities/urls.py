from django.urls import path

from console.activities import act_views, views

RUN = "<name:workflow_id>/<name:run_id>/"
#: by: "id" means one activity, "type" all of the run that are of the type; "all" and "activities"
#: are all that the run has
SOME = f"{RUN}<str:by>/<name:called>/"

app_name = "activities"
urlpatterns = [
    path(f"{RUN}event/<int:event_id>/attempts/", views.attempts, name="attempts"),
    path(SOME, views.pending, name="pending"),
    path(f"{SOME}try/", act_views.try_now, name="try"),
    path(f"{SOME}pause/", act_views.pause, name="pause"),
    path(f"{SOME}resume/", act_views.resume, name="resume"),
    path(f"{SOME}options/", act_views.options, name="options"),
    path(f"{SOME}complete/", act_views.complete, name="complete"),
    path(f"{SOME}fail/", act_views.fail, name="fail"),
]
