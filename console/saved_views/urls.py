from django.urls import path

from console.saved_views import views

app_name = "saved_views"
urlpatterns = [
    path("tabs/", views.tabs, name="tabs"),
    path("new/", views.save, name="save"),
    path("<int:view_id>/delete/", views.delete, name="delete"),
]
