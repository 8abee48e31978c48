from django.urls import path

from console.batches import views

app_name = "batches"
urlpatterns = [
    path("", views.batches, name="batches"),
    path("<name:job_id>/", views.batch, name="batch"),
    path("<name:job_id>/stop/", views.stop, name="stop"),
]
