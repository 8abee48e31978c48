from django.urls import path

from console.alerts import views

app_name = "alerts"
urlpatterns = [
    path("", views.rules, name="rules"),
    path("new/", views.make, name="make"),
    path("<int:number>/", views.rule, name="rule"),
    path("<int:number>/mute/", views.mute, name="mute"),
    path("<int:number>/delete/", views.delete, name="delete"),
]
