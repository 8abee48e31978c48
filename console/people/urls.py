from django.urls import path

from console.people import views

app_name = "people"
urlpatterns = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("people/", views.people, name="people"),
    path("people/new/", views.invite, name="invite"),
    path("people/<int:person_id>/", views.person, name="person"),
    path("people/<int:person_id>/sessions/end/", views.end_sessions, name="end_sessions"),
    path(
        "people/<int:person_id>/sessions/<uuid:session_id>/end/",
        views.end_session,
        name="end_session",
    ),
    path(
        "people/<int:person_id>/tokens/<uuid:token_id>/revoke/",
        views.revoke_token,
        name="revoke_token",
    ),
    path("people/<int:person_id>/grants/", views.grant, name="grant"),
    path("people/<int:person_id>/grants/revoke/", views.revoke, name="revoke"),
    path("people/<int:person_id>/active/", views.set_active, name="set_active"),
]
