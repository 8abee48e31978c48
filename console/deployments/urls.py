from django.urls import path

from console.deployments import views

ONE = "<name:deployment>/"
VERSION = f"{ONE}versions/<name:build_id>/"

app_name = "deployments"
urlpatterns = [
    path("", views.deployments, name="deployments"),
    path(ONE, views.deployment, name="deployment"),
    path(f"{ONE}ramp-end/", views.end_ramp, name="end_ramp"),
    path(VERSION, views.version, name="version"),
    path(f"{VERSION}current/", views.make_current, name="make_current"),
    path(f"{VERSION}ramp/", views.ramp, name="ramp"),
    path(f"{VERSION}delete/", views.delete, name="delete"),
]
