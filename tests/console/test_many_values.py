"""Pages that count by an attribute of more values than an index tells at once."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from console.gateway.runs import RunKey
from console.workflows import values
from search.query.parser import GROUPS_MAX
from tests.console.test_cohorts import of_many_types
from tests.support.pages import words_in

__all__ = ["of_many_types"]

pytestmark = [pytest.mark.slow, pytest.mark.one_server]

Browser = Callable[..., Client]


def test_the_largest_are_shown_and_it_is_said_what_they_leave(
    alice: User, browser_of: Browser, of_many_types: RunKey
) -> None:
    browser, place = browser_of(alice), f"/namespaces/{of_many_types.namespace}"

    overview = words_in(browser.get(f"{place}/overview/", {"by": "TaskQueue"}))
    ageing = words_in(browser.get(f"{place}/ageing/"))

    assert f"By type: {GROUPS_MAX + 1:,} runs, as of" in overview
    assert "Type0 1 Type1 1 Type10 1 Type100 1" in overview
    assert f"and more than {GROUPS_MAX - 20} values more, {GROUPS_MAX - 19} runs" in overview
    assert f"nobody {GROUPS_MAX + 1:,}" in overview
    assert "types more with" in ageing
    assert "And more than" in ageing
    assert len(values.seen(of_many_types.namespace, "WorkflowType")) == GROUPS_MAX
