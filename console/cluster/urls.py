from django.urls import path

from console.cluster import views

app_name = "cluster"
urlpatterns = [
    path("", views.cluster, name="cluster"),
    path("parked/retry/", views.retry, name="retry"),
    path("parked/drop/", views.drop, name="drop"),
]
