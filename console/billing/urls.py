from django.urls import path

from console.billing import approval_views, cohort_views, limit_views, views

RUN = "<name:workflow_id>/<name:run_id>/"

app_name = "billing"
urlpatterns = [
    path("", views.subscriptions, name="subscriptions"),
    path("limits/", limit_views.limits, name="limits"),
    path("limits/change/", limit_views.change, name="change_limit"),
    path("approvals/", approval_views.proposals, name="proposals"),
    path("approvals/<int:number>/", approval_views.proposal, name="proposal"),
    path("approvals/<int:number>/decide/", approval_views.decide, name="decide"),
    path("approvals/<int:number>/go-on/", approval_views.go_on, name="go_on_proposal"),
    path("cohorts/", cohort_views.cohorts, name="cohorts"),
    path("cohorts/new/", cohort_views.new, name="new_cohort"),
    path("cohorts/<int:number>/", cohort_views.cohort, name="cohort"),
    path("cohorts/<int:number>/launch/", cohort_views.launch, name="launch_cohort"),
    path("cohorts/<int:number>/propose/", cohort_views.propose, name="propose_cohort"),
    path("cohorts/<int:number>/missed/", cohort_views.weigh_missed, name="weigh_missed"),
    path(
        "cohorts/<int:number>/pause/",
        cohort_views.steer,
        {"how": "pause"},
        name="pause_cohort",
    ),
    path(
        "cohorts/<int:number>/resume/",
        cohort_views.steer,
        {"how": "resume"},
        name="resume_cohort",
    ),
    path(
        "cohorts/<int:number>/stop/",
        cohort_views.steer,
        {"how": "stop"},
        name="stop_cohort",
    ),
    path(
        "cohorts/<int:number>/ask-again/",
        cohort_views.steer,
        {"how": "ask-again"},
        name="ask_again_cohort",
    ),
    path(
        "cohorts/<int:number>/go-on/",
        cohort_views.steer,
        {"how": "go-on"},
        name="go_on_cohort",
    ),
    path(
        "cohorts/<int:number>/discard/",
        cohort_views.steer,
        {"how": "discard"},
        name="discard_cohort",
    ),
    path(RUN, views.subscription, name="subscription"),
    path(f"{RUN}adjust-charge/", views.adjust_charge, name="adjust_charge"),
    path(f"{RUN}adjust-period/", views.adjust_period, name="adjust_period"),
    path(f"{RUN}skip-period/", views.skip_period, name="skip_period"),
    path(f"{RUN}refund/", views.refund, name="refund"),
]
