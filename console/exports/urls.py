from django.urls import path

from console.exports import views

app_name = "exports"
urlpatterns = [
    path("", views.exports, name="exports"),
    path("new/", views.ask, name="ask"),
    path("<int:export_id>/", views.export, name="export"),
    path("<int:export_id>/file/", views.take, name="file"),
    path("<int:export_id>/cancel/", views.cancel, name="cancel"),
    path("<int:export_id>/remove/", views.remove, name="remove"),
]
