from django.urls import path

from console.namespaces import views

app_name = "namespaces"
urlpatterns = [
    path("", views.namespaces, name="namespaces"),
    path("new/", views.create, name="create"),
    path("<name:namespace>/", views.namespace, name="namespace"),
    path("<name:namespace>/change/", views.change, name="change"),
    path("<name:namespace>/showing/", views.show, name="show"),
    path("<name:namespace>/attributes/new/", views.add_attribute, name="add_attribute"),
    path(
        "<name:namespace>/attributes/<name:attribute>/remove/",
        views.remove_attribute,
        name="remove_attribute",
    ),
]
