"""What `make up` puts into the console's own tables: once, by the ways that people have."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from console.alerts.models import Kind, Rule
from console.audit.models import AuditEntry
from console.exports.models import Export
from console.gateway import namespaces
from console.saved_views.models import Audience, SavedView
from tests.console.conftest import NAMESPACE

pytestmark = pytest.mark.slow

RUNNING = "ExecutionStatus = 'Running'"


@pytest.fixture
def said(db: None, tmp_path: Path, settings: Any, engine: str) -> str:
    """What the commands say at a second start, after a first one that was killed at its end."""
    settings.EMAIL_HOST = "127.0.0.1"
    password = tmp_path / "password"
    password.write_text("a word for three people\n")
    call_command("demo_accounts", password_file=password)
    for _ in range(2):
        heard = StringIO()
        for command in ("demo_views", "demo_alerts", "demo_exports"):
            call_command(command, stdout=heard)
    return heard.getvalue()


def test_views_rules_and_exports_are_there_once_and_audited(said: str) -> None:
    views = set(SavedView.objects.values_list("name", flat=True))
    rules = {rule.name: rule for rule in Rule.objects.all()}

    assert "Transfers under way" in views
    assert set(SavedView.objects.values_list("audience", flat=True)) == {Audience.NAMESPACE}
    assert rules["Something new fails"].kind == Kind.NEW
    assert rules["Transfers pile up"].view.query == "WorkflowType = 'BankTransfer' AND " + RUNNING
    assert {rule.mail_to for rule in rules.values()} == {"oncall@perdure.example"}
    whose = Export.objects.order_by("who").values_list("person__username", flat=True)
    assert list(whose) == ["alice", "bob", "carol"]
    made = AuditEntry.objects.filter(namespace=NAMESPACE)
    assert all(made.filter(verb="saved_view.save", target=name).count() == 1 for name in views)
    assert made.filter(verb="export.make").count() == 3


def test_what_a_server_does_not_know_is_left_out_with_a_word(said: str) -> None:
    """No order has been here, and another server does not know what fails in a run."""
    ours = namespaces.attributes(NAMESPACE).ours
    known = "OrderStage" in namespaces.attributes(NAMESPACE).custom
    names = set(Rule.objects.values_list("name", flat=True))

    assert ("Subscriptions are stuck" in names) == ours
    assert ("Subscriptions are stuck is left out" in said) == (not ours)
    assert ("Orders wait for a person" in names) == known
    assert Rule.objects.filter(is_muted=True).exists() == known
