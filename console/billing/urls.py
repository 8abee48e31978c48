from django.urls import path

from console.billing import views

RUN = "<name:workflow_id>/<name:run_id>/"

app_name = "billing"
urlpatterns = [
    path("", views.subscriptions, name="subscriptions"),
    path(RUN, views.subscription, name="subscription"),
    path(f"{RUN}adjust-charge/", views.adjust_charge, name="adjust_charge"),
    path(f"{RUN}adjust-period/", views.adjust_period, name="adjust_period"),
    path(f"{RUN}refund/", views.refund, name="refund"),
]
