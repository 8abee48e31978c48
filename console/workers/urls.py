from django.urls import path

from console.workers import views

app_name = "workers"
urlpatterns = [
    path("", views.workers, name="workers"),
    path("<name:worker_key>/", views.worker, name="worker"),
]
