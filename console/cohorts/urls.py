from django.urls import path

from console.cohorts import views

app_name = "cohorts"
urlpatterns = [
    path("<name:workflow_id>/<name:run_id>/", views.cohort, name="cohort"),
    path("alone/<slug:kind>/<name:alone_id>/<str:run_id>/", views.alone, name="alone"),
]
