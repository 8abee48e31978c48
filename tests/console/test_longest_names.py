"""Names that are longer than any lead nowhere, and a frame that fails is no bare fault."""

import warnings
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.core.cache import CacheKeyWarning
from django.test import Client
from django.urls import reverse

from console.access import shell
from console.gateway.runs import RunKey
from tests.console.conftest import NAMESPACE
from tests.console.test_run import url
from tests.support.pages import words_in

Browser = Callable[..., Client]


@pytest.mark.parametrize("length", [1_001, 5_000, 30_000])
def test_a_workflow_id_that_is_too_long_leads_nowhere(
    length: int, carol: User, browser_of: Browser
) -> None:
    for run_id in ("", "01a227ff-3ae8-7bce-a5bb-be66c32eda16"):
        key = RunKey(NAMESPACE, "w" * length, run_id or "latest")
        page = browser_of(carol).get(url(key))
        assert (page.status_code, length) == (404, length), words_in(page)


@pytest.mark.parametrize("length", [200, 256, 5_000])
def test_a_namespace_of_any_length_is_asked_for_without_a_warning(
    length: int, carol: User, browser_of: Browser
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", CacheKeyWarning)
        for page in ("workflows:runs", "overview:overview", "incidents:incidents"):
            answer = browser_of(carol).get(reverse(page, args=["n" * length]))
            assert answer.status_code in {200, 400, 404}, (page, words_in(answer))


def test_where_the_frame_fails_a_page_says_that_the_console_has_a_fault(
    carol: User, browser_of: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError

    browser = browser_of(carol)
    browser.raise_request_exception = False
    monkeypatch.setattr(shell, "role_of", fails)

    page = browser.get(reverse("workflows:runs", args=[NAMESPACE]))

    assert page.status_code == 500
    assert "The console has a fault" in words_in(page)
    assert "script-src 'self'" in page["Content-Security-Policy"]
