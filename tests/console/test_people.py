"""Sign-in, accounts, grants, the activity log."""

from collections.abc import Callable
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from console.access.models import Grant, Role
from console.access.policy import can
from console.audit.models import AuditEntry
from console.people import actions, groups
from console.ui.refusals import Refusal
from tests.support.pages import words_in
from tests.support.people import PASSWORD

pytestmark = pytest.mark.one_server

Browser = Callable[..., Client]


def test_sign_in_leads_back_to_where_one_wanted_to_go(carol: User, browser_of: Browser) -> None:
    browser = browser_of(None)
    asked = {"username": "carol", "password": PASSWORD, "next": "/cluster/"}

    answer = browser.post("/sign-in/", asked)

    assert answer["Location"] == "/cluster/"
    assert browser.get("/cluster/").status_code == 200


@pytest.mark.parametrize("elsewhere", ["https://example.com/", "//example.com", "javascript:1"])
def test_sign_in_leads_nowhere_else(carol: User, browser_of: Browser, elsewhere: str) -> None:
    asked = {"username": "carol", "password": PASSWORD, "next": elsewhere}

    assert browser_of(None).post("/sign-in/", asked)["Location"] == "/"


def test_a_wrong_password_is_refused(carol: User, browser_of: Browser) -> None:
    answer = browser_of(None).post("/sign-in/", {"username": "carol", "password": "wrong"})

    assert answer.status_code == 422
    assert "correct username and password" in words_in(answer)


def test_sign_out_ends_the_session(carol: User, browser_of: Browser) -> None:
    browser = browser_of(carol)

    browser.post("/sign-out/")

    assert browser.get("/cluster/").status_code == 303


def test_an_admin_makes_an_account(alice: User, browser_of: Browser) -> None:
    asked = {
        "username": "gina",
        "full_name": "Gina Holt",
        "email": "gina@example.com",
        "password": "a long enough word",
        "role": "operator",
    }

    answer = browser_of(alice).post("/people/new/", asked)

    assert answer.status_code == 303
    assert can(User.objects.get(username="gina"), "run.terminate", "default")
    assert "password" not in str(AuditEntry.objects.get().asked)


def test_a_name_twice_and_a_weak_password_are_refused(alice: User, browser_of: Browser) -> None:
    asked = {"username": "ALICE", "password": "password", "role": "viewer"}

    answer = browser_of(alice).post("/people/new/", asked)

    assert answer.status_code == 422
    assert "Somebody has this sign-in name already." in words_in(answer)
    assert "too common" in words_in(answer)


def test_a_role_is_given_and_taken_and_written_down(
    alice: User, carol: User, browser_of: Browser
) -> None:
    browser = browser_of(alice)

    browser.post(f"/people/{carol.pk}/grants/", {"namespace": "default", "role": "operator"})
    assert can(User.objects.get(pk=carol.pk), "run.cancel", "default")
    browser.post(f"/people/{carol.pk}/grants/revoke/", {"namespace": "default"})
    assert not can(User.objects.get(pk=carol.pk), "run.cancel", "default")

    taken, given = AuditEntry.objects.all()
    assert given.outcome.after == {"*": "viewer", "default": "operator"}
    assert (taken.before, taken.outcome.after) == (given.outcome.after, {"*": "viewer"})


def test_nobody_takes_away_their_own_access(alice: User, browser_of: Browser) -> None:
    browser = browser_of(alice)

    closed = browser.post(f"/people/{alice.pk}/active/", {"active": "no"})
    lowered = browser.post(f"/people/{alice.pk}/grants/", {"namespace": "*", "role": "viewer"})

    for answer in (closed, lowered):
        assert "cannot change or take away your own access" in words_in(answer)
    assert can(User.objects.get(pk=alice.pk), "people.manage", None)
    assert User.objects.get(pk=alice.pk).is_active


def test_a_closed_account_is_signed_out(alice: User, bob: User, browser_of: Browser) -> None:
    of_bob = browser_of(bob)

    browser_of(alice).post(f"/people/{bob.pk}/active/", {"active": "no"})

    assert of_bob.get("/cluster/").status_code == 303


def test_the_command_makes_an_account_once(db: None) -> None:
    first, second = StringIO(), StringIO()

    call_command("account", "hana", "--role", "admin", "--full-name", "Hana Ito", stdout=first)
    call_command("account", "hana", "--role", "operator", stdout=second)

    name, password = first.getvalue().split()
    hana = User.objects.get(username=name)
    assert hana.check_password(password)
    assert second.getvalue() == ""
    assert Grant.objects.get(person=hana).role == Role.OPERATOR


def test_who_was_quicker_has_the_name_and_the_other_admin_is_told(alice: User) -> None:
    one = {"full_name": "Eve", "email": "", "password": "long enough for one", "role": "viewer"}
    actions.invite(alice, username="eve", **one)
    groups.make(alice, "Support")

    with pytest.raises(Refusal, match="Somebody has this sign-in name already"):
        actions.invite(alice, username="eve", **one)
    with pytest.raises(Refusal, match="a group of this name already"):
        groups.make(alice, "Support")

    results = AuditEntry.objects.order_by("at").values_list("outcome__result", flat=True)
    assert list(results) == ["done", "done", "refused", "refused"]


def test_an_address_that_names_somebody_in_histories_is_given_to_nobody_else(
    alice: User, bob: User, browser_of: Browser
) -> None:
    asked = {
        "username": "eve", "full_name": "Eve", "email": bob.email.upper(),
        "password": "long enough for one", "role": "viewer",
    }  # fmt: skip

    taken = browser_of(alice).post("/people/new/", asked)
    none = browser_of(alice).post("/people/new/", asked | {"email": ""})

    assert (taken.status_code, none.status_code) == (422, 303)
    assert "Somebody has this address already" in words_in(taken)  # type: ignore[arg-type]
