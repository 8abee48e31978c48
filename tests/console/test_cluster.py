"""The cluster page: the index, what it refused, the shards; and a server that does not tell."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

from console.audit.models import AuditEntry
from console.gateway import admin
from search import outbox
from search.config import SearchConfig
from search.elastic import writer
from search.relay import clock
from search.relay.drain import Index as RelayIndex
from search.relay.rebuild import ensure
from tests.console.conftest import NAMESPACE
from tests.support.eventually import eventually
from tests.support.killable import KillableEngine
from tests.support.pages import words_in
from tests.support.parked import append, park
from tests.support.postgres import fresh_database

Browser = Callable[..., Client]
PAGE = "/cluster/"
NOWHERE = "http://127.0.0.1:1"
SUMMARY = f"/namespaces/{NAMESPACE}/runs/summary/"


@pytest.fixture(scope="module")
def own_engine(postgres_url: str) -> Iterator[tuple[str, str]]:
    """Its address and its database."""
    with fresh_database(postgres_url) as database:
        engine = KillableEngine(
            database,
            ENGINE_SHARDS="8",
            ELASTICSEARCH_URL=NOWHERE,
            BROKER_URL="redis://127.0.0.1:1",
            CLUSTER_SECRET="only for this test",
        )
        engine.migrate()
        engine.start()
        yield engine.address, database
        engine.stop()


@pytest.fixture
def database(own_engine: tuple[str, str], settings: Any) -> str:
    """Of an engine of our own, which the console talks to in this test; its outbox is empty."""
    settings.ENGINE_ADDRESS, found = own_engine
    cache.clear()
    with psycopg.connect(found) as connection:
        connection.execute("truncate visibility_outbox, visibility_parked")
        outbox.resume(connection)
    return found


def asked(seq: int) -> dict[str, str]:
    return {"database": "0", "seq": str(seq), "run_id": "run-1"}


def parked_runs() -> list[str]:
    return [row.run_id for row in admin.parked().rows]


def test_an_index_without_lag_says_so(carol: User, browser_of: Browser, database: str) -> None:
    page = words_in(browser_of(carol).get(PAGE))

    assert "Answered by Elasticsearch" in page
    assert "Up to date" in page
    assert "Behind by 0.0 s" in page
    assert "Shards of this node 8 in all" in page
    assert "Store PostgreSQL" in page


def test_the_nodes_are_shown_with_their_shards(
    carol: User, browser_of: Browser, own_engine: tuple[str, str], database: str
) -> None:
    def page() -> str:
        return words_in(browser_of(carol).get(PAGE))

    seen = eventually(page, lambda words: f"{own_engine[0]} shards 8 Yes" in words)

    assert "Nodes 1 share the shards" in seen


def test_an_index_that_is_away_says_since_when_why_and_what_waits(
    carol: User, browser_of: Browser, database: str
) -> None:
    since = clock.now() - timedelta(minutes=2)
    append(database, "run-1", at=since)
    with psycopg.connect(database) as relay:
        outbox.postpone(relay, "connection refused: http://search:9200", since)

    page = words_in(browser_of(carol).get(PAGE))

    assert f"cannot be reached since {since:%Y-%m-%d %H:%M:%S}" in page
    assert "Elasticsearch cannot be reached" in page
    assert "connection refused: http://search:9200" in page
    assert "Rows waiting 1" in page
    assert "Behind by 12" in page


@pytest.mark.parametrize("who", ["carol", "bob"])
def test_a_viewer_and_an_operator_see_what_was_refused_and_settle_nothing(
    who: str, request: pytest.FixtureRequest, browser_of: Browser, database: str
) -> None:
    browser = browser_of(request.getfixturevalue(who))
    (seq,) = park(database, "run-1", error="a value is too long")

    page = words_in(browser.get(PAGE))
    answers = [browser.post(f"{PAGE}parked/{act}/", asked(seq)) for act in ("retry", "drop")]

    assert "run-1 a value is too long" in page
    assert "Once more" not in page
    assert [answer.status_code for answer in answers] == [403, 403]
    assert parked_runs() == ["run-1"]
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("act", ["retry", "drop"])
def test_an_admin_settles_a_refused_row_and_it_is_written_down(
    act: str, alice: User, browser_of: Browser, database: str
) -> None:
    browser = browser_of(alice)
    seq, _ = park(database, "run-1", "run-2")
    assert "Once more Drop" in words_in(browser.get(PAGE))

    answer = browser.post(f"{PAGE}parked/{act}/", asked(seq))

    entry = AuditEntry.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, PAGE)
    assert parked_runs() == ["run-2"]
    assert (entry.verb, entry.target) == (f"parked.{act}", f"row {seq} of database 0, run run-1")
    assert entry.outcome.result == "done"


def test_a_row_that_somebody_else_settled_is_said_to_be_gone(
    alice: User, browser_of: Browser, database: str
) -> None:
    answer = browser_of(alice).post(f"{PAGE}parked/drop/", asked(999))

    assert answer.status_code == 409
    assert "somebody else was quicker" in words_in(answer)
    outcome = AuditEntry.objects.get().outcome
    assert (outcome.result, "no longer parked" in outcome.says) == ("refused", True)


def test_settling_takes_a_post_a_token_and_a_row(
    alice: User, browser_of: Browser, database: str
) -> None:
    assert browser_of(alice).get(f"{PAGE}parked/drop/").status_code == 405
    assert browser_of(alice, csrf=True).post(f"{PAGE}parked/drop/", asked(1)).status_code == 403
    assert browser_of(alice).post(f"{PAGE}parked/drop/", {"seq": "all"}).status_code == 400
    assert not AuditEntry.objects.exists()


def test_many_refused_rows_come_a_page_at_a_time(
    carol: User, browser_of: Browser, database: str
) -> None:
    browser = browser_of(carol)
    seqs = park(database, *(f"run-{number:03}" for number in range(admin.PARKED_PAGE_ROWS + 1)))

    first = browser.get(PAGE)
    second = browser.get(PAGE, {"parked": f"0.{seqs[-2]}"})

    assert f'href="?parked=0.{seqs[-2]}"' in first.text
    assert "run-050" not in words_in(first)
    assert "run-050" in words_in(second)
    assert "run-049" not in words_in(second)


@pytest.fixture(params=["postgresql", pytest.param("elasticsearch", marks=pytest.mark.slow)])
def behind(request: pytest.FixtureRequest, postgres_url: str, settings: Any) -> Iterator[str]:
    """The name of what answers searches, where one row has waited for two minutes."""
    with fresh_database(postgres_url) as database:
        environment = {"DATABASE_URL": database, "ENGINE_SHARDS": "8"}
        if request.param == "elasticsearch":
            environment |= {
                "ELASTICSEARCH_URL": request.getfixturevalue("elasticsearch_url"),
                "BROKER_URL": "redis://127.0.0.1:1",
                "SEARCH_INDEX": "behind",
            }
        engine = KillableEngine(database, **environment)
        engine.migrate()
        if request.param == "elasticsearch":
            config = SearchConfig.from_environment(environment)
            ensure(config, RelayIndex(writer.connect(config), config.index_alias, clock.now))
        append(database, "run-1", at=clock.now() - timedelta(minutes=2))
        engine.start()
        settings.ENGINE_ADDRESS = engine.address
        yield request.param
        engine.stop()


def test_the_runs_page_says_how_far_the_index_is_behind(
    carol: User, browser_of: Browser, behind: str
) -> None:
    page = words_in(browser_of(carol).get(SUMMARY))

    says = "behind: 1 change waits to be searched." in page
    assert says == (behind == "elasticsearch"), "PostgreSQL answers from what was committed"


def test_a_glance_at_the_index_serves_all_who_look(
    carol: User, browser_of: Browser, behind: str
) -> None:
    browser = browser_of(carol)
    browser.get(SUMMARY)

    page = browser.get(SUMMARY, {"q": "WorkflowType = 'Other'"})

    assert 'desc="1 calls"' in page["Server-Timing"]


def test_a_server_without_the_service_is_said_not_to_tell(
    alice: User, browser_of: Browser, server_address: str
) -> None:
    page = browser_of(alice).get(PAGE)

    assert page.status_code == 200
    if admin.index() is None:
        assert "This server does not tell how far its index is behind" in words_in(page)
        assert "Refused" not in words_in(page)
