from django.urls import path

from console.bulk import views

app_name = "bulk"
urlpatterns = [
    path("", views.operations, name="operations"),
    path("plan/", views.plan, name="plan"),
    path("<int:number>/", views.operation, name="operation"),
    path("<int:number>/preview/", views.preview, name="preview"),
    path("<int:number>/progress/", views.progress, name="progress"),
    path("<int:number>/targets/", views.targets, name="targets"),
    path("<int:number>/outcomes.csv", views.outcomes_csv, name="outcomes_csv"),
    path("<int:number>/launch/", views.launch, name="launch"),
    path("<int:number>/pause/", views.pause, name="pause"),
    path("<int:number>/resume/", views.resume, name="resume"),
    path("<int:number>/abort/", views.abort, name="abort"),
    path("<int:number>/retry/", views.retry, name="retry"),
    path("<int:number>/discard/", views.discard, name="discard"),
]
