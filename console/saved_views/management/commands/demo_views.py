"""`manage.py demo_views`: what `make up` starts with, so that rules have something to count."""

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand

from console.gateway.channel import GatewayError, Trouble
from console.saved_views import actions
from console.saved_views.forms import ViewForm
from console.saved_views.models import Audience, SavedView

NAMESPACE, OWNER = "default", "alice"
VIEWS = {
    "Stuck subscriptions": "WorkflowType = 'Subscription' AND FailingActivityCount > 0",
    "Transfers under way": "WorkflowType = 'BankTransfer' AND ExecutionStatus = 'Running'",
    "Orders to approve": "WorkflowType = 'OrderFulfilment' AND OrderStage = 'waiting for approval'",
}


class Command(BaseCommand):
    help = "Views for everyone in the namespace `default`; those that are there stay."

    def handle(self, *args: Any, **options: Any) -> None:
        owner = User.objects.get(username=OWNER)
        shared = SavedView.objects.filter(namespace=NAMESPACE, audience=Audience.NAMESPACE)
        for name, query in VIEWS.items():
            if not shared.filter(name__iexact=name).exists():
                self._save(owner, name, query)

    def _save(self, owner: User, name: str, query: str) -> None:
        """Another server may not know what we count of a run's failing activities."""
        given = {"name": name, "query": query, "belongs": Audience.NAMESPACE}
        form = ViewForm(given, namespace=NAMESPACE, person=owner)
        form.full_clean()
        assert not form.errors, form.errors
        try:
            actions.save(owner, form.instance)
        except GatewayError as refused:
            if refused.trouble is not Trouble.INVALID:
                raise
            self.stdout.write(f"{name} is left out: {refused}")
