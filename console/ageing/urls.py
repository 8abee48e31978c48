from django.urls import path

from console.ageing import views

app_name = "ageing"
urlpatterns = [path("", views.board, name="board")]
