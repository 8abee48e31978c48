from django.urls import path

from console.account import views

app_name = "account"
urlpatterns = [
    path("", views.account, name="account"),
    path("shown/", views.shown, name="shown"),
    path("password/", views.password, name="password"),
    path("sessions/end/", views.end_others, name="end_others"),
    path("sessions/<uuid:session_id>/end/", views.end_session, name="end_session"),
    path("tokens/new/", views.make_token, name="make_token"),
    path("tokens/<uuid:token_id>/revoke/", views.revoke_token, name="revoke_token"),
]
