from django.urls import path

from console.people import exception_views, group_views, views

app_name = "people"
urlpatterns = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("people/", views.people, name="people"),
    path("people/new/", views.invite, name="invite"),
    path("people/exceptions/", exception_views.exceptions, name="exceptions"),
    path("people/exceptions/new/", exception_views.give, name="give_exception"),
    path("people/exceptions/<int:rule_id>/take/", exception_views.take, name="take_exception"),
    path("people/groups/", group_views.groups, name="groups"),
    path("people/groups/new/", group_views.make, name="make_group"),
    path("people/groups/<int:group_id>/members/", group_views.add, name="add_member"),
    path("people/groups/<int:group_id>/members/remove/", group_views.remove, name="remove_member"),
    path("people/groups/<int:group_id>/grants/", group_views.grant, name="group_grant"),
    path("people/groups/<int:group_id>/grants/revoke/", group_views.revoke, name="group_revoke"),
    path("people/groups/<int:group_id>/drop/", group_views.drop, name="drop_group"),
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
