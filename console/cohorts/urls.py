from django.urls import path

from console.cohorts import views

app_name = "cohorts"
urlpatterns = [path("<name:workflow_id>/<name:run_id>/", views.cohort, name="cohort")]
