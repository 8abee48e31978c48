from django.urls import path

from console.actions import views

RUN = "<name:workflow_id>/<name:run_id>/"

app_name = "actions"
urlpatterns = [
    path(RUN, views.offered, name="actions"),
    path(f"{RUN}signal/<name:called>/", views.signal, name="signal"),
    path(f"{RUN}query/<name:called>/", views.query, name="query"),
    path(f"{RUN}update/<name:called>/", views.update, name="update"),
]
