"""`manage.py demo_alerts`: rules that `make up` starts with: firing, quiet, muted, of the new."""

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand

from console.alerts import actions
from console.alerts.forms import RuleForm
from console.alerts.models import Kind

NAMESPACE, MAKER = "default", "alice"
MAIL_TO = "oncall@perdure.example"


@dataclass(frozen=True, slots=True)
class Demo:
    name: str
    reason: str
    #: Of a shared view's count; none: of new incidents.
    view: str = ""
    threshold: int = 0
    muted: str = ""


RULES = (
    Demo("Subscriptions are stuck", "Revenue stands still", "Stuck subscriptions", 10),
    Demo("Transfers pile up", "The bank promises 200 at once", "Transfers under way", 200),
    Demo(
        "Orders wait for a person", "Nobody is to wait for a day", "Orders to approve", 5,
        muted="Until the desk is staffed again, 1 December",
    ),
    Demo("Something new fails", "On call looks at every new cause"),
)  # fmt: skip


class Command(BaseCommand):
    help = "Rules in the namespace `default`; those that are there stay. They tell by mail."

    def handle(self, *args: Any, **options: Any) -> None:
        maker = User.objects.get(username=MAKER)
        views: Any = apps.get_model("saved_views", "SavedView").objects
        shared = views.filter(namespace=NAMESPACE, audience="namespace")
        found = {view.name: view.pk for view in shared}
        for demo in RULES:
            if demo.view and demo.view not in found:
                self.stdout.write(f"{demo.name} is left out: there is no view {demo.view}")
            elif not maker.alert_rules.filter(namespace=NAMESPACE, name__iexact=demo.name).exists():
                _make(maker, demo, found.get(demo.view))


def _make(maker: User, demo: Demo, view: int | None) -> None:
    form = RuleForm(
        {
            "name": demo.name,
            "kind": Kind.COUNT if view else Kind.NEW,
            "view": view,
            "threshold": demo.threshold,
            "mail_to": MAIL_TO,
            "reason": demo.reason,
        },
        namespace=NAMESPACE,
        person=maker,
    )
    form.full_clean()
    assert not form.errors, form.errors
    made = actions.make(maker, NAMESPACE, form.cleaned_data)
    if demo.muted:
        actions.mute(maker, made, True, demo.muted)
