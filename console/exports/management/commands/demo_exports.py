"""`manage.py demo_exports`: what `make up` starts with: one for each of its people."""

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand

from console.exports import actions
from console.exports.models import Export, Form

NAMESPACE = "default"
#: by whom: (query, form)
EXPORTS = {
    "alice": ("WorkflowType = 'Subscription'", Form.CSV),
    "bob": ("WorkflowType = 'BankTransfer'", Form.JSONL),
    "carol": ("WorkflowType = 'OrderFulfilment'", Form.CSV),
}


ALL = {"lists": "runs", "columns": ""}


class Command(BaseCommand):
    help = "An export for each of alice, bob and carol who never asked for one."

    def handle(self, *args: Any, **options: Any) -> None:
        for name, (query, form) in EXPORTS.items():
            person = User.objects.get(username=name)
            if not Export.objects.filter(person=person).exists():
                actions.ask(person, NAMESPACE, {"query": query, "form": form} | ALL)
