from django.urls import path

from console.schedules import act_views, edit_views, many_views, views

app_name = "schedules"
urlpatterns = [
    path("", views.schedules, name="schedules"),
    # Without a slash at their end, they are no schedule's.
    path("new", edit_views.create, name="create"),
    path("several", many_views.several, name="several"),
    path("preview", edit_views.preview, name="preview"),
    path("<name:schedule_id>/", views.schedule, name="schedule"),
    path("<name:schedule_id>/change/", edit_views.change, name="change"),
    path("<name:schedule_id>/pause/", act_views.pause, name="pause"),
    path("<name:schedule_id>/resume/", act_views.resume, name="resume"),
    path("<name:schedule_id>/trigger/", act_views.trigger, name="trigger"),
    path("<name:schedule_id>/backfill/", act_views.backfill, name="backfill"),
    path("<name:schedule_id>/delete/", act_views.delete, name="delete"),
]
