from django.urls import path

from console.replay import views

RUN = "<name:workflow_id>/<name:run_id>/"

app_name = "replay"
urlpatterns = [
    path("", views.replay, name="replay"),
    path(RUN, views.plan, name="plan"),
    path(f"{RUN}reset/", views.reset, name="reset"),
    path(f"{RUN}check/", views.check, name="check"),
]
