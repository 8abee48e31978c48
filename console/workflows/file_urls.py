from django.urls import path, register_converter

from console.workflows import file_payload_views, file_views
from console.workflows.addresses import OfEvents

register_converter(OfEvents, "place_of_event")

FILE = "<uuid:file_id>/"
PAYLOAD = f"{FILE}<place_of_event:of_event>/"

app_name = "histories"
urlpatterns = [
    path("", file_views.files, name="files"),
    path(FILE, file_views.history, name="history"),
    path(f"{FILE}events/", file_views.events, name="events"),
    path(f"{FILE}events/<int:event_id>/", file_views.event, name="event"),
    path(f"{FILE}groups/<int:event_id>/", file_views.group, name="group"),
    path(PAYLOAD, file_payload_views.payload, name="payload"),
    path(f"{PAYLOAD}download/", file_payload_views.download, name="payload_download"),
    path(f"{PAYLOAD}follow/", file_payload_views.follow, name="follow"),
    path(f"{FILE}close/", file_views.close, name="close"),
]
