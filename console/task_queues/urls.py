from django.urls import path

from console.task_queues import views

app_name = "task_queues"
urlpatterns = [
    path("", views.queues, name="queues"),
    path("<name:queue>/", views.queue, name="queue"),
    path("<name:queue>/limits/<slug:side>/", views.limits, name="limits"),
]
