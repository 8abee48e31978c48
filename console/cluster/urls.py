from django.urls import path

from console.cluster import views

app_name = "cluster"
urlpatterns = [path("", views.cluster, name="cluster")]
