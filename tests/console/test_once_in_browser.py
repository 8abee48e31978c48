"""In a browser: a dialog that was sent already, and one that shows what somebody else changed."""

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from console.audit.record import record
from console.incidents.models import Incident
from tests.console.conftest import NAMESPACE
from tests.console.test_in_browser import browser
from tests.console.test_keys import address
from tests.console.test_keys_of_acts import aside
from tests.console.test_run import url
from tests.support.names import Names
from tests.support.programs import Program

__all__ = ["address"]

pytestmark = [pytest.mark.slow, pytest.mark.one_server, pytest.mark.timeout(120)]


@pytest.mark.parametrize("width", [1440, 390])
def test_a_dialog_says_within_itself_what_came_meanwhile(
    address: str, bob: User, alice: User, program: Program, names: Names, width: int
) -> None:
    key = program.start("Waiting", names.workflow(), names.queue())
    now = timezone.now()
    incident = Incident.objects.create(
        namespace=NAMESPACE, fingerprint="f1", failure_type="CardProcessorTimeout",
        first_seen_at=now, last_seen_at=now,
    )  # fmt: skip

    with browser(address, "bob", width=width) as (page, _):
        page.set_default_timeout(6_000)
        page.goto(address + url(key))
        page.locator("a[hx-get$='/signal/']").first.dispatch_event("click")
        dialog = page.locator("dialog[open]")
        once = dialog.locator("[name=once]").get_attribute("value") or ""

        def first() -> None:
            asked = {"signal": "go", "argument": None}
            with record(bob, "run.signal", key, asked=asked, once=once):
                pass

        aside(first)
        dialog.locator("[name=name]").fill("go")
        dialog.locator("[name=reason]").fill("once more")
        dialog.get_by_role("button", name="Send", exact=True).click()
        expect(dialog).to_contain_text("This form was sent already, and it was done")
        expect(dialog.locator("[name=name]")).to_have_value("go")

        page.goto(address + reverse("incidents:incident", args=[NAMESPACE, incident.pk]))
        page.get_by_role("button", name="State, owner, note…").click()
        dialog = page.locator("dialog[open]")
        dialog.locator("[name=note]").fill("who knows?")
        aside(lambda: Incident.objects.filter(pk=incident.pk).update(note="eu-2 is down"))
        dialog.locator("[name=reason]").fill("asked")
        dialog.get_by_role("button", name="Save").click()
        dialog = page.locator("dialog[open]")
        expect(dialog).to_contain_text("changed this meanwhile: look again")
        expect(dialog).to_contain_text("eu-2 is down")
        expect(dialog.locator("[name=note]")).to_have_value("who knows?")
        dialog.get_by_role("button", name="Save").click()
        expect(page.locator("dialog[open]")).to_have_count(0)

    incident.refresh_from_db()
    assert incident.note == "who knows?"
