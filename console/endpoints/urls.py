from django.urls import path

from console.endpoints import views

app_name = "endpoints"
urlpatterns = [
    path("", views.endpoints, name="endpoints"),
    path("new", views.create, name="create"),
    path("<name:endpoint>/", views.endpoint, name="endpoint"),
    path("<name:endpoint>/change/", views.change, name="change"),
    path("<name:endpoint>/delete/", views.delete, name="delete"),
]
