"""There and back and out again, in a browser that holds to the content policy."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from console.access.models import GroupGrant
from tests.support.chromium import chromium
from tests.support.provider import provider

pytestmark = [
    pytest.mark.slow,
    pytest.mark.one_server,
    # of the provider, about itself
    pytest.mark.filterwarnings("ignore::authlib.deprecate.AuthlibDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:get_jwt_config:DeprecationWarning"),
]


def test_the_button_leads_to_the_provider_and_back_and_signing_out_there_too(
    transactional_db: None, live_server: LiveServer, settings: Any
) -> None:
    GroupGrant.objects.create(
        group=Group.objects.create(name="support"), namespace="default", role="viewer"
    )
    with provider() as its, chromium() as started:
        its.knows("h1", name="Hilde Berg", email="hilde@example.com", groups=["support"])
        settings.OIDC_ISSUER, settings.OIDC_NAME = its.address, "Example ID"
        settings.OIDC_RP_CLIENT_ID, settings.OIDC_RP_CLIENT_SECRET = "perdure", "a secret"
        page = started.new_page()
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text))

        page.goto(f"{live_server.url}/namespaces/default/runs/")
        page.get_by_role("link", name="Sign in with Example ID").click()
        page.locator("input[name=sub]").fill("h1")
        page.locator("input[name=sub]").press("Enter")
        expect(page).to_have_url(f"{live_server.url}/namespaces/default/runs/")
        expect(page.locator(".person")).to_contain_text("Hilde Berg")

        page.locator(".person summary").click()
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url(f"{its.address}/oauth2/end_session**")
        page.goto(f"{live_server.url}/cluster/")
        expect(page.get_by_role("link", name="Sign in with Example ID")).to_be_visible()
        assert [said for said in complaints if "Content Security Policy" in said] == []
