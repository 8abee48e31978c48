from django.urls import path

from console.saved_views import views

app_name = "saved_views"
urlpatterns = [
    path("", views.saved, name="views"),
    path("tabs/", views.tabs, name="tabs"),
    path("named/", views.named, name="named"),
    path("new/", views.save, name="save"),
    path("<int:view_id>/edit/", views.edit, name="edit"),
    path("<int:view_id>/duplicate/", views.duplicate, name="duplicate"),
    path("<int:view_id>/default/", views.start_with, name="default"),
    path("<int:view_id>/delete/", views.delete, name="delete"),
]
