from django.urls import path

from console.incidents import views

app_name = "incidents"
urlpatterns = [
    path("", views.incidents, name="incidents"),
    path("<int:number>/", views.incident, name="incident"),
    path("<int:number>/change/", views.change, name="change"),
]
