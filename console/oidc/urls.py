from django.urls import path

from console.oidc import views

app_name = "oidc"
urlpatterns = [
    path("", views.begin, name="begin"),
    path("callback/", views.callback, name="callback"),
    path("leave/", views.leave, name="leave"),
]
