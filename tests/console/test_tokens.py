"""Tokens for scripts: they read what their person may see, where they say, and never write."""

import logging
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from console.access import tokens
from console.access.models import Grant, Role, Token
from console.access.policy import VERBS, can, reach
from console.audit.models import AuditEntry
from console.audit.record import record
from tests.console.test_access import VIEWS, address, verb_of
from tests.support.pages import htmx, words_in
from tests.support.people import person

pytestmark = pytest.mark.one_server

WRITING = ("post", "put", "patch", "delete", "options")

Browser = Callable[..., Client]
DAY = timedelta(days=1)


def made(who: User, *namespaces: str) -> str:
    return tokens.make(who, "a script", list(namespaces), DAY)[1]


def script(secret: str, **options: Any) -> Client:
    return Client(headers={"Authorization": f"Bearer {secret}"}, **options)


def test_a_token_is_made_shown_once_and_kept_as_a_digest(bob: User, browser_of: Browser) -> None:
    browser = browser_of(bob)
    asked = {"name": "nightly", "namespaces": "default, default", "days": "30"}

    answer = browser.post("/account/tokens/new/", asked)

    (secret,) = set(re.findall(r"perdure_[\w-]{43}", answer.text))
    token = Token.objects.get()
    assert answer["Cache-Control"] == "no-store"
    assert (token.name, token.namespaces) == ("nightly", ["default"])
    assert timedelta(days=29) < token.expires_at - timezone.now() <= timedelta(days=30)
    assert secret not in str(Token.objects.values().get())
    page = browser.get("/account/")
    assert secret not in page.text
    assert "nightly default" in words_in(page)
    assert script(secret).get("/namespaces/default/runs/").status_code == 200


def test_the_dialog_shows_the_token_as_well(bob: User, browser_of: Browser) -> None:
    asked = {"name": "nightly", "namespaces": "*", "days": "7"}

    part = browser_of(bob).post("/account/tokens/new/", asked, headers=htmx("dialog"))

    assert "<html" not in part.text
    assert "perdure_" in part.text


def test_nobody_makes_a_token_for_where_they_have_no_role(browser_of: Browser) -> None:
    dora = person("Dora", Role.OPERATOR, "default")
    asked = {"name": "nightly", "namespaces": "default, elsewhere", "days": "30"}

    answer = browser_of(dora).post("/account/tokens/new/", asked)

    assert answer.status_code == 422
    assert "You have no role in elsewhere." in words_in(answer)
    assert not Token.objects.exists()


def test_a_person_has_so_many_tokens_and_no_more(bob: User, browser_of: Browser) -> None:
    for _ in range(tokens.TOKENS_MAX):
        made(bob, "*")
    asked = {"name": "one more", "namespaces": "*", "days": "30"}

    answer = browser_of(bob).post("/account/tokens/new/", asked)

    assert answer.status_code == 409
    assert "Revoke one" in words_in(answer)


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_an_admins_token_writes_nowhere(name: str, alice: User) -> None:
    written = AuditEntry.objects.count()
    asks, to = script(made(alice, "*")), address(name)

    answers = [getattr(asks, method)(to) for method in WRITING]

    assert {answer.status_code for answer in answers} == {403}
    assert all("it never writes" in words_in(answer) for answer in answers)
    assert AuditEntry.objects.count() == written


def test_with_the_session_of_its_person_it_still_writes_nowhere(alice: User, bob: User) -> None:
    both = script(made(alice, "*"))
    both.force_login(alice)

    assert both.post(f"/people/{bob.pk}/active/", {"active": "no"}).status_code == 403
    assert User.objects.get(pk=bob.pk).is_active


def test_an_admins_token_sees_what_a_viewer_sees(alice: User) -> None:
    browser = script(made(alice, "*"))

    for name in sorted(VIEWS):
        verb = verb_of(name)
        if verb is None:
            continue
        answer = browser.get(address(name))
        expected = VERBS[verb] == Role.VIEWER and verb != "account.own"
        if answer.status_code != 405:
            assert (answer.status_code != 403) == expected, (name, answer.status_code)


def test_a_token_reaches_the_namespaces_that_it_names(alice: User) -> None:
    browser = script(made(alice, "default"))

    assert browser.get("/namespaces/default/runs/").status_code == 200
    assert browser.get("/namespaces/perdure-system/runs/").status_code == 403
    assert "perdure-system" not in words_in(browser.get("/namespaces/"))


def test_a_token_is_no_wider_than_its_persons_grants_are_now() -> None:
    dora = User(username="dora", is_active=True)
    dora._kept_grants = {"one": Role.ADMIN, "two": Role.VIEWER}  # type: ignore[attr-defined]
    dora._kept_rules = []  # type: ignore[attr-defined]

    dora.came_with = Token(namespaces=["two", "three"])  # type: ignore[attr-defined]
    assert reach(dora) == {"two"}
    assert not can(dora, "run.view", "one")
    assert not can(dora, "run.view", "three")
    dora.came_with = Token(namespaces=["*"])  # type: ignore[attr-defined]
    assert reach(dora) == {"one", "two"}
    assert can(dora, "run.view", "one")
    assert not can(dora, "run.terminate", "one")


def test_a_token_exports_the_acts_of_its_namespaces_alone(alice: User) -> None:
    for namespace in ("default", "elsewhere", ""):
        with record(alice, "namespace.change", namespace=namespace, reason=f"in {namespace}"):
            pass

    answer = script(made(alice, "default")).get("/activity/acts.csv")

    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert "in default" in text
    assert "in elsewhere" not in text
    assert len(text.splitlines()) == 2


def refused(answer: HttpResponse) -> bool:
    return answer.status_code == 401 and answer["WWW-Authenticate"] == "Bearer"


def test_what_is_no_token_is_refused(bob: User) -> None:
    for secret in ("", "perdure_wrong", "perdure_" + "é" * 9, "x" * 10_000):
        assert refused(script(secret).get("/cluster/"))  # type: ignore[arg-type]


def test_a_token_ends_when_it_expires_when_it_is_revoked_and_with_the_account(
    bob: User, browser_of: Browser
) -> None:
    secret = made(bob, "*")
    browser, token = script(secret), Token.objects.get()

    def holds() -> bool:
        answer = browser.get("/cluster/")
        assert answer.status_code == 200 or refused(answer)  # type: ignore[arg-type]
        return answer.status_code == 200

    assert holds()
    Token.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert not holds()
    assert "a script expired" in words_in(browser_of(bob).get("/account/"))
    Token.objects.update(expires_at=timezone.now() + DAY)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert not holds()
    User.objects.filter(pk=bob.pk).update(is_active=True)
    assert holds()
    browser_of(bob).post(f"/account/tokens/{token.pk}/revoke/")
    assert not holds()


def test_a_token_loses_what_its_person_loses(bob: User) -> None:
    browser = script(made(bob, "*"))

    Grant.objects.filter(person=bob).delete()

    assert browser.get("/namespaces/default/runs/").status_code == 403


def test_an_admin_revokes_the_token_of_another_and_nobody_else_does(
    alice: User, bob: User, carol: User, browser_of: Browser
) -> None:
    secret = made(bob, "*")
    token = Token.objects.get()

    browser_of(carol).post(f"/account/tokens/{token.pk}/revoke/")
    assert script(secret).get("/cluster/").status_code == 200
    browser_of(alice).post(f"/people/{bob.pk}/tokens/{token.pk}/revoke/")

    assert refused(script(secret).get("/cluster/"))  # type: ignore[arg-type]
    by_alice = AuditEntry.objects.get(verb="people.manage")
    assert by_alice.outcome.after == {"tokens revoked": 1}


def test_when_it_was_last_used_is_shown_and_written_once_a_minute(
    bob: User, browser_of: Browser
) -> None:
    browser = script(made(bob, "*"))
    assert "never" in words_in(browser_of(bob).get("/account/"))

    browser.get("/cluster/")
    first = Token.objects.get().used_at
    browser.get("/cluster/")

    assert first is not None
    assert Token.objects.get().used_at == first
    assert first.strftime("%H:%M:%S") in words_in(browser_of(bob).get("/account/"))


def test_a_token_is_written_down_without_its_secret_and_stands_in_no_log(
    bob: User, browser_of: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asked = {"name": "nightly", "namespaces": "*", "days": "30"}
    answer = browser_of(bob).post("/account/tokens/new/", asked)
    secret = re.findall(r"perdure_[\w-]{43}", answer.text)[0]

    script(secret).get("/nowhere/")
    script(secret).post("/people/new/")
    script(f"{secret}x").get("/cluster/")

    entry = AuditEntry.objects.get()
    assert entry.asked == {"token": "nightly", "namespaces": ["*"], "days": 30}
    assert secret not in f"{entry.outcome.after}"
    # The SQL of a debugging session is no log of the console's.
    console = [r for r in caplog.records if not r.name.startswith("django.db")]
    assert console
    assert secret not in "\n".join(f"{r.getMessage()} {r.exc_text or ''}" for r in console)


def test_a_request_with_a_token_begins_no_session(bob: User) -> None:
    browser = script(made(bob, "*"))

    browser.get("/cluster/")

    assert "sessionid" not in browser.cookies
    assert not bob.sign_ins.exists()
