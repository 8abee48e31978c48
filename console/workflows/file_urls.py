from django.urls import path

from console.workflows import file_views

FILE = "<uuid:file_id>/"

app_name = "histories"
urlpatterns = [
    path("", file_views.files, name="files"),
    path(FILE, file_views.history, name="history"),
    path(f"{FILE}events/", file_views.events, name="events"),
    path(f"{FILE}events/<int:event_id>/", file_views.event, name="event"),
    path(f"{FILE}groups/<int:event_id>/", file_views.group, name="group"),
    path(f"{FILE}close/", file_views.close, name="close"),
]
