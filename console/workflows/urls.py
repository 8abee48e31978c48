from django.urls import path

from console.workflows import views

app_name = "workflows"
urlpatterns = [
    path("", views.runs, name="runs"),
    path("summary/", views.summary, name="summary"),
    path("tokens/", views.tokens, name="tokens"),
    path("nearest/", views.nearest, name="nearest"),
    path("go-to/", views.go_to_run, name="go_to"),
]
