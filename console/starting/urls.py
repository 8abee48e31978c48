from django.urls import path

from console.starting import views

app_name = "starting"
urlpatterns = [
    path("", views.start, name="start"),
    path("queue/", views.queue, name="queue"),
]
