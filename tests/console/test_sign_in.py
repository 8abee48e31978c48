"""How often one may try, how long a session lasts, and who ends it; nothing of it in the logs."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone

from console.access import attempts, sessions
from console.access.attempts import ACCOUNT_ATTEMPTS_MAX, ADDRESS_ATTEMPTS_MAX, WINDOW, Counted
from console.access.models import AttemptCount, SignIn
from console.audit.models import AuditEntry
from tests.support.pages import words_in
from tests.support.people import PASSWORD
from tests.support.postgres import REPOSITORY

pytestmark = pytest.mark.one_server

Browser = Callable[..., Client]
ANOTHER = "another rather long word"


def tries(name: str, password: str, address: str = "192.0.2.1") -> HttpResponse:
    asked = {"username": name, "password": password}
    return Client(REMOTE_ADDR=address).post("/sign-in/", asked)  # type: ignore[return-value]


def used_up(name: str) -> None:
    """From as many addresses as there are attempts."""
    for number in range(ACCOUNT_ATTEMPTS_MAX):
        assert tries(name, "wrong", f"198.51.100.{number}").status_code == 422


def test_an_account_takes_so_many_attempts_and_says_when_to_come_again(carol: User) -> None:
    used_up("carol")

    refused = tries("carol", PASSWORD)

    free_at = AttemptCount.objects.get(bucket__startswith="account").ends_at
    named = (free_at + timedelta(seconds=59)).strftime("%H:%M")
    assert refused.status_code == 429
    assert f"Too many attempts. Try again at {named} UTC." in words_in(refused)
    assert 0 < int(refused["Retry-After"]) <= WINDOW.total_seconds()
    assert "sessionid" not in refused.cookies


def test_after_the_window_the_right_password_is_let_in(carol: User) -> None:
    used_up("carol")
    AttemptCount.objects.update(ends_at=timezone.now() - timedelta(seconds=1))

    assert tries("carol", PASSWORD).status_code == 302


def test_waiting_helps_although_one_goes_on_trying(carol: User) -> None:
    used_up("carol")
    ends_at = AttemptCount.objects.get(bucket__startswith="account").ends_at

    for _ in range(3):
        tries("carol", "wrong")

    assert AttemptCount.objects.get(bucket__startswith="account").ends_at == ends_at


def test_a_name_that_nobody_has_is_answered_like_one_that_somebody_has(carol: User) -> None:
    closed = User.objects.create_user("closed", "", PASSWORD, is_active=False)
    names = ("carol", "nobody-at-all", closed.username)

    def said(name: str, password: str) -> tuple[int, str]:
        answer = tries(name, password)
        return answer.status_code, words_in(answer).replace(name, "NAME")

    wrong = {said(name, "wrong") for name in names}
    assert said("closed", PASSWORD) in wrong
    for name in names:
        used_up_after = [tries(name, "wrong", f"203.0.113.{n}").status_code for n in range(12)]
        assert used_up_after[-1] == 429

    assert len(wrong) == 1


def test_an_address_takes_so_many_attempts_over_all_accounts(carol: User) -> None:
    for number in range(ADDRESS_ATTEMPTS_MAX):
        assert tries(f"name-{number}", "wrong").status_code == 422

    assert tries("carol", PASSWORD).status_code == 429
    assert tries("carol", PASSWORD, "192.0.2.2").status_code == 302


def test_who_gets_in_has_all_attempts_again_and_costs_their_address_none(carol: User) -> None:
    for _ in range(3):
        for _ in range(ACCOUNT_ATTEMPTS_MAX - 1):
            tries("carol", "wrong", "198.51.100.7")
        assert tries("carol", PASSWORD).status_code == 302

    here = attempts.of_sign_in(RequestFactory(REMOTE_ADDR="192.0.2.1").get("/"), "carol")
    counts = {one.kind: AttemptCount.objects.get(bucket=one.bucket).attempts for one in here}
    assert counts == {"account": 0, "address": 0}


def test_the_counters_are_bounded_and_name_nobody(db: None) -> None:
    buckets = {Counted("account", f"made up {n}", 10).bucket for n in range(1_000)}

    assert all(int(bucket.split(":")[1]) < attempts.BUCKETS for bucket in buckets)
    assert attempts.take([Counted("account", "carol@example.com", 1)]) is None
    assert "carol" not in AttemptCount.objects.get().bucket


def test_one_network_of_ipv6_is_one_address() -> None:
    assert attempts.network("2001:db8:1:2::7") == attempts.network("2001:db8:1:2:ffff::1")
    assert attempts.network("2001:db8:1:2::7") != attempts.network("2001:db8:1:3::7")
    assert attempts.network("::ffff:192.0.2.1") == "192.0.2.1"


def test_behind_a_proxy_only_what_the_proxy_added_counts(settings: Any) -> None:
    request = RequestFactory(REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="6.6.6.6, 192.0.2.9").get(
        "/"
    )

    settings.BEHIND_HTTPS = False
    assert attempts.address_of(request) == "10.0.0.1"
    settings.BEHIND_HTTPS = True
    assert attempts.address_of(request) == "192.0.2.9"


def signed_in(name: str, browser: str, address: str = "192.0.2.1") -> Client:
    client = Client(REMOTE_ADDR=address, HTTP_USER_AGENT=browser)
    asked = {"username": name, "password": PASSWORD}
    assert client.post("/sign-in/", asked).status_code == 302
    return client


def is_in(client: Client) -> bool:
    return client.get("/cluster/").status_code == 200


def test_a_person_sees_where_they_are_signed_in_and_ends_one_of_them(
    carol: User, bob: User
) -> None:
    laptop, phone = signed_in("carol", "Laptop"), signed_in("carol", "Phone", "192.0.2.77")
    of_bob = signed_in("bob", "Desk of Bob")

    page = words_in(laptop.get("/account/"))
    other = SignIn.objects.get(browser="Phone")
    laptop.post(f"/account/sessions/{other.pk}/end/")

    assert "Laptop this one" in page
    assert "Phone" in page
    assert "192.0.2.77" in page
    assert "Desk of Bob" not in page
    assert (is_in(laptop), is_in(phone), is_in(of_bob)) == (True, False, True)


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko Firefox/140.0",
            "Firefox on Linux",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
            " Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15"
            " (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        ("curl/8.14.1", "curl/8.14.1"),
        ("", ""),
    ],
)
def test_a_browser_is_called_what_people_call_it(agent: str, name: str) -> None:
    assert sessions.called(agent) == name


def test_a_person_ends_all_others(carol: User) -> None:
    laptop, phone, tablet = (signed_in("carol", name) for name in ("Laptop", "Phone", "Tablet"))

    laptop.post("/account/sessions/end/")

    assert [is_in(one) for one in (laptop, phone, tablet)] == [True, False, False]
    assert act().outcome.after == {"sessions ended": 2}


def test_nobody_but_an_admin_ends_the_session_of_another(
    alice: User, bob: User, carol: User, browser_of: Browser
) -> None:
    of_carol = signed_in("carol", "Laptop")
    session = SignIn.objects.get(person=carol)

    browser_of(bob).post(f"/account/sessions/{session.pk}/end/")
    denied = browser_of(bob).post(f"/people/{carol.pk}/sessions/{session.pk}/end/")
    assert denied.status_code == 403
    assert is_in(of_carol)

    assert "Laptop" in words_in(browser_of(alice).get(f"/people/{carol.pk}/"))
    browser_of(alice).post(f"/people/{carol.pk}/sessions/{session.pk}/end/")
    assert not is_in(of_carol)


def test_an_admin_ends_all_sessions_of_a_person(
    alice: User, carol: User, browser_of: Browser
) -> None:
    both = [signed_in("carol", "Laptop"), signed_in("carol", "Phone")]

    browser_of(alice).post(f"/people/{carol.pk}/sessions/end/")

    assert [is_in(one) for one in both] == [False, False]
    entry = act()
    assert (entry.who, entry.target, entry.outcome.after) == (
        "Alice", "carol", {"sessions ended": 2},
    )  # fmt: skip


def changes(client: Client, old: str) -> HttpResponse:
    asked = {"old_password": old, "new_password1": ANOTHER, "new_password2": ANOTHER}
    return client.post("/account/password/", asked)  # type: ignore[return-value]


def test_a_new_password_ends_the_other_sessions_and_is_written_down_without_it(carol: User) -> None:
    laptop, phone = signed_in("carol", "Laptop"), signed_in("carol", "Phone")

    assert changes(laptop, PASSWORD).status_code == 303

    assert (is_in(laptop), is_in(phone)) == (True, False)
    assert SignIn.objects.filter(person=carol).count() == 1
    assert tries("carol", ANOTHER).status_code == 302
    entry = act()
    for secret in (PASSWORD, ANOTHER):
        assert secret not in f"{entry.asked} {entry.before} {entry.outcome.after} {entry.reason}"


def test_an_open_console_is_no_place_to_guess_the_old_password(carol: User) -> None:
    laptop = signed_in("carol", "Laptop")
    for _ in range(attempts.OLD_PASSWORD_ATTEMPTS_MAX):
        assert "incorrect" in words_in(changes(laptop, "wrong"))

    assert "Too many attempts." in words_in(changes(laptop, PASSWORD))
    assert tries("carol", PASSWORD).status_code == 302


def act() -> AuditEntry:
    """The one thing that was done beside signing in."""
    return AuditEntry.objects.exclude(verb="account.sign_in").get()


def test_a_sign_in_is_written_down_where_admins_and_its_person_see_it(
    alice: User, bob: User, carol: User, browser_of: Browser
) -> None:
    laptop = signed_in("carol", "Laptop")

    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.target, entry.asked) == (
        "account.sign_in", "carol", {"with": "a password"},
    )  # fmt: skip
    assert "signed in as carol" in words_in(laptop.get("/activity/"))
    assert "signed in as carol" in words_in(browser_of(alice).get("/activity/"))
    assert "signed in as carol" not in words_in(browser_of(bob).get("/activity/"))


def ago(**span: int) -> Any:
    return timezone.now() - timedelta(**span)


def test_a_session_ends_when_it_is_old_however_busy(carol: User, settings: Any) -> None:
    laptop = signed_in("carol", "Laptop")

    SignIn.objects.update(started_at=ago(seconds=settings.SESSION_AGE_SECONDS - 60))
    assert is_in(laptop)
    SignIn.objects.update(started_at=ago(seconds=settings.SESSION_AGE_SECONDS + 1))
    assert not is_in(laptop)
    assert not SignIn.objects.exists()


def test_a_session_ends_when_nobody_is_there_and_a_page_that_polls_is_nobody(
    carol: User, settings: Any
) -> None:
    laptop = signed_in("carol", "Laptop")

    SignIn.objects.update(seen_at=ago(seconds=settings.SESSION_IDLE_SECONDS - 60))
    was = SignIn.objects.get().seen_at
    laptop.get("/cluster/?version=0a0a0a0a")
    assert SignIn.objects.get().seen_at == was
    laptop.get("/cluster/")
    assert SignIn.objects.get().seen_at > was

    SignIn.objects.update(seen_at=ago(seconds=settings.SESSION_IDLE_SECONDS + 1))
    assert not is_in(laptop)


def test_neither_logs_nor_addresses_hold_what_is_secret(
    carol: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    typed_in_the_wrong_field = "my secret word"
    for _ in range(ACCOUNT_ATTEMPTS_MAX + 1):
        tries(typed_in_the_wrong_field, "wrong secret word")
    laptop = signed_in("carol", "Laptop")
    moved = laptop.post("/sign-in/", {"username": "carol", "password": PASSWORD})
    changes(laptop, PASSWORD)
    laptop.get("/nowhere/")
    page = laptop.get("/account/")

    cookies = [laptop.cookies[name].value for name in ("sessionid", "csrftoken")]
    # The SQL of a debugging session is no log of the console's.
    told = "\n".join(
        f"{record.getMessage()} {record.exc_text or ''}"
        for record in caplog.records
        if not record.name.startswith("django.db")
    )
    for secret in (PASSWORD, ANOTHER, typed_in_the_wrong_field, "wrong secret word", *cookies):
        assert secret not in told
        assert secret not in moved["Location"]
    assert cookies[0] not in page.text
    assert "too many sign-in attempts, the last from 192.0.2.1" in told


def test_a_password_in_the_address_signs_nobody_in(carol: User) -> None:
    answer = Client().get("/sign-in/", {"username": "carol", "password": PASSWORD})

    assert answer.status_code == 200
    assert PASSWORD not in answer.text


def test_the_window_and_the_limits_are_what_the_page_of_operating_says() -> None:
    said = (REPOSITORY / "docs/operating.md").read_text()
    assert f"{ACCOUNT_ATTEMPTS_MAX} an account" in said
    assert f"{ADDRESS_ATTEMPTS_MAX} an address" in said
    assert f"{int(WINDOW.total_seconds() // 60)} minutes" in said
