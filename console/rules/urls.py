from django.urls import path

from console.rules import views

app_name = "rules"
urlpatterns = [
    path("", views.rules, name="rules"),
    path("new", views.create, name="create"),
    path("<name:rule_name>/delete/", views.delete, name="delete"),
]
