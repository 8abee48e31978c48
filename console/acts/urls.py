from django.urls import path

from console.acts import views

app_name = "acts"
urlpatterns = [
    path("", views.acts, name="acts"),
    path("acts.csv", views.export, name="export"),
    path("<uuid:act_id>/", views.act, name="act"),
]
