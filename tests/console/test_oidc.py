"""Sign-in through an OpenID Connect provider that runs beside the test."""

import base64
import hashlib
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from django.test import Client

from console.access.models import GroupGrant, Role, SignIn
from console.access.policy import can, reach
from console.audit.models import AuditEntry
from console.oidc import claims, renewing
from console.oidc.models import ProviderAccount
from tests.support.pages import htmx, words_in
from tests.support.people import PASSWORD
from tests.support.provider import Provider, asked_of, provider

pytestmark = [
    pytest.mark.one_server,
    # of the provider, about itself
    pytest.mark.filterwarnings("ignore::authlib.deprecate.AuthlibDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:get_jwt_config:DeprecationWarning"),
]

CLIENT_ID = "perdure-console"
SECRET = "what only the two know"
HILDE = {
    "email": "hilde@example.com",
    "email_verified": True,
    "name": "Hilde Berg",
    "preferred_username": "hilde",
    "groups": ["/support", "elsewhere"],
}


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with provider() as it:
        yield it


@pytest.fixture
def its(running: Provider, db: None, settings: Any) -> Provider:
    """Set up as its pages of operating say."""
    running.as_usual()
    settings.OIDC_ISSUER = running.address
    settings.OIDC_NAME = "Example ID"
    settings.OIDC_RP_CLIENT_ID, settings.OIDC_RP_CLIENT_SECRET = CLIENT_ID, SECRET
    running.knows("h1", **HILDE)
    return running


def goes_there(browser: Client, back_to: str = "/cluster/", **more: str) -> str:
    answer = browser.get("/sign-in/oidc/", {"next": back_to, **more})
    assert answer.status_code == 302, words_in(answer)  # type: ignore[arg-type]
    return answer["Location"]


def comes_back(browser: Client, it: Provider, subject: str = "h1") -> Any:
    return browser.get(it.lets_in(goes_there(browser), subject))


def told(browser: Client, answer: Any) -> str:
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/")
    return words_in(browser.get("/sign-in/"))  # type: ignore[arg-type]


def group(name: str, role: Role, namespace: str = "default") -> Group:
    made = Group.objects.create(name=name)
    GroupGrant.objects.create(group=made, namespace=namespace, role=role)
    return made


def hilde() -> User:
    return User.objects.get(username="hilde")


def test_who_comes_for_the_first_time_has_an_account_and_the_rights_of_their_groups(
    its: Provider,
) -> None:
    group("support", Role.OPERATOR)
    browser = Client()

    there = goes_there(browser)
    back = browser.get(its.lets_in(there, "h1"))

    assert (back.status_code, back["Location"]) == (302, "/cluster/")
    made = hilde()
    assert (made.first_name, made.last_name, made.email) == ("Hilde", "Berg", "hilde@example.com")
    assert not made.has_usable_password()
    assert can(made, "run.terminate", "default")
    assert reach(made) == {"default"}
    assert browser.get("/cluster/").status_code == 200
    assert SignIn.objects.get().person == made
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.target) == ("account.sign_in", "hilde")
    assert (entry.before, entry.outcome.after) == ({"groups": []}, {"groups": ["support"]})

    asked, sent = asked_of(there), its.token_requests[0]
    challenge = hashlib.sha256(sent["code_verifier"][0].encode()).digest()
    assert asked["code_challenge"] == base64.urlsafe_b64encode(challenge).decode().rstrip("=")
    assert asked["code_challenge_method"] == "S256"
    assert {"state", "nonce"} <= set(asked)
    assert SECRET not in there


def test_a_group_that_is_gone_takes_its_role_away_and_what_was_given_here_stays(
    its: Provider,
) -> None:
    group("support", Role.OPERATOR)
    by_hand = group("friends", Role.VIEWER, "perdure-system")
    comes_back(Client(), its)
    hilde().groups.add(by_hand)

    its.knows("h1", **HILDE | {"groups": []})
    comes_back(Client(), its)

    assert reach(hilde()) == {"perdure-system"}
    newest = AuditEntry.objects.first()
    assert newest is not None
    assert newest.before == {"groups": ["friends", "support"]}
    assert newest.outcome.after == {"groups": ["friends"]}


def test_without_a_group_of_ours_one_is_signed_in_and_may_nothing(its: Provider) -> None:
    browser = Client()
    comes_back(browser, its)

    assert reach(hilde()) == set()
    assert browser.get("/account/").status_code == 403
    assert browser.get("/namespaces/default/runs/").status_code == 403


def _with(**changes: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def forged(found: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in (found | changes).items() if value is not None}

    return forged


@pytest.mark.parametrize(
    "forge",
    [
        _with(aud="another client"),
        _with(iss="https://elsewhere.example"),
        _with(exp=1_700_000_000),
        _with(exp=None),
        _with(nonce="another"),
        _with(nonce=None),
        _with(sub=None),
        _with(azp="another client"),
        _with(iat=4_000_000_000),
    ],
    ids=["aud", "iss", "expired", "no exp", "nonce", "no nonce", "no sub", "azp", "iat"],
)
def test_an_id_token_that_is_wrong_in_one_thing_signs_nobody_in(forge: Any, its: Provider) -> None:
    its.forge, browser = forge, Client()

    answer = comes_back(browser, its)

    assert "Begin again" in told(browser, answer)
    assert not User.objects.exists()
    assert browser.get("/cluster/").status_code == 303


def test_neither_does_one_of_another_key_nor_a_userinfo_about_somebody_else(its: Provider) -> None:
    browser = Client()

    its.signs_with = 1
    assert "cannot be proved" in told(browser, comes_back(browser, its))
    its.as_usual()
    its.userinfo = HILDE | {"sub": "h2"}
    assert "cannot be proved" in told(browser, comes_back(browser, its))

    assert not User.objects.exists()


def test_a_state_is_good_for_one_browser_and_once(its: Provider) -> None:
    mine, other = Client(), Client()
    goes_there(other)
    back = its.lets_in(goes_there(mine), "h1")

    assert "in another browser" in told(other, other.get(back))
    assert mine.get(back)["Location"] == "/cluster/"
    assert "in another browser" in told(mine, mine.get(back))
    assert User.objects.count() == 1


def test_who_says_no_at_the_provider_is_told_what_to_do(its: Provider) -> None:
    browser = Client()
    state = asked_of(goes_there(browser))["state"]

    denied = browser.get("/sign-in/oidc/callback/", {"error": "access_denied", "state": state})

    assert "Example ID let nobody in (access_denied). Try again" in told(browser, denied)


def test_the_way_back_leads_nowhere_else(its: Provider) -> None:
    browser = Client()

    back = browser.get(its.lets_in(goes_there(browser, "https://evil.example/"), "h1"))

    assert back["Location"] == "/"


def test_an_account_of_the_same_name_is_nobodys_by_itself(its: Provider, settings: Any) -> None:
    old = User.objects.create_user("hilde", "HILDE@example.com", PASSWORD)
    browser = Client()

    assert "There is an account hilde here" in told(browser, comes_back(browser, its))

    settings.OIDC_LINK_VERIFIED_EMAIL = True
    its.knows("h1", **HILDE | {"email_verified": False})
    assert "There is an account hilde here" in told(browser, comes_back(browser, its))

    its.knows("h1", **HILDE)
    assert comes_back(browser, its)["Location"] == "/cluster/"
    assert ProviderAccount.objects.get().person == old
    its.knows("h3", **HILDE)
    assert "There is an account hilde here" in told(browser, comes_back(browser, its, "h3"))


def test_a_closed_account_stays_closed(its: Provider) -> None:
    browser = Client()
    comes_back(browser, its)
    User.objects.update(is_active=False)
    SignIn.objects.get().session.delete()

    assert "was closed" in told(browser, comes_back(browser, its))
    assert browser.get("/cluster/").status_code == 303


def test_a_provider_that_is_away_or_another_one_is_said(its: Provider, settings: Any) -> None:
    browser = Client()
    its.document["issuer"] = "https://another.example"
    assert "OIDC_ISSUER is not what the provider calls itself: https://another.example" in told(
        browser, browser.get("/sign-in/oidc/")
    )

    settings.OIDC_ISSUER = "http://127.0.0.1:1"
    said = told(browser, browser.get("/sign-in/oidc/"))
    assert "Example ID does not answer. Try again in a moment. Or sign in with a password." in said

    settings.OIDC_ISSUER = ""
    assert "OIDC_ISSUER is not set" in told(browser, browser.get("/sign-in/oidc/callback/"))


def test_a_code_that_the_provider_does_not_take(
    its: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    browser = Client()
    state = asked_of(goes_there(browser))["state"]

    answer = browser.get("/sign-in/oidc/callback/", {"code": "made up", "state": state})

    assert "gave this console no token (invalid_grant). Begin again" in told(browser, answer)
    assert "made up" not in caplog.text


def test_passwords_can_be_switched_off(its: Provider, settings: Any, carol: User) -> None:
    both = words_in(Client().get("/sign-in/"))  # type: ignore[arg-type]
    settings.PASSWORD_SIGN_IN = False
    one = words_in(Client().get("/sign-in/"))  # type: ignore[arg-type]
    refused = Client().post("/sign-in/", {"username": "carol", "password": PASSWORD})

    assert "Sign in with Example ID or with a password of this console:" in both
    assert "Sign in with Example ID" in one
    assert "Username" not in one
    assert refused.status_code == 403
    assert "Passwords are switched off here" in words_in(refused)  # type: ignore[arg-type]
    assert not SignIn.objects.exists()
    inside = Client()
    inside.force_login(carol)
    assert "New password" not in words_in(inside.get("/account/"))  # type: ignore[arg-type]
    assert inside.post("/account/password/").status_code == 403


def test_a_session_is_renewed_at_the_provider_and_ends_when_that_one_has(its: Provider) -> None:
    group("support", Role.VIEWER)
    browser = Client()
    comes_back(browser, its)
    _later(browser)

    sent = browser.get("/cluster/?x=1")
    part = browser.get("/cluster/", headers=htmx("nodes"))
    again = browser.get(sent["Location"])
    # this provider keeps no sessions: without the word it is one that still has theirs
    back = browser.get(its.lets_in(again["Location"].replace("&prompt=none", ""), "h1"))

    assert part["HX-Redirect"].startswith("/sign-in/oidc/?next=")
    assert asked_of(again["Location"])["prompt"] == "none"
    assert back["Location"] == "/cluster/?x=1"
    assert browser.get("/cluster/").status_code == 200
    assert AuditEntry.objects.count() == 1  # nothing changed, so there is nothing to say
    assert SignIn.objects.count() == 1

    _later(browser)
    ended = browser.get(its.lets_in(goes_there(browser, silent="yes"), "h1"))
    assert "Your session with Example ID has ended. Sign in again." in told(browser, ended)
    assert browser.get("/cluster/").status_code == 303


def test_a_form_that_was_open_is_taken_for_a_while_and_then_refused(its: Provider) -> None:
    group("support", Role.OPERATOR)
    browser = Client()
    comes_back(browser, its)
    views = "/namespaces/default/views/new/"

    _later(browser, renewing.GRACE_SECONDS - 60)
    assert browser.post(views, {}).status_code == 200
    _later(browser, renewing.GRACE_SECONDS + 60)
    late = browser.post(views, {})
    assert late.status_code == 401
    assert "Nothing was done" in words_in(late)  # type: ignore[arg-type]


def _later(browser: Client, seconds: float = 1) -> None:
    session = browser.session
    session[renewing.UNTIL] = time.time() - seconds  # noqa: TID251
    session.save()


def test_signing_out_goes_on_to_the_provider_without_a_token_in_the_address(its: Provider) -> None:
    browser = Client()
    comes_back(browser, its)

    out = browser.post("/sign-out/", follow=True)

    assert f'content="0;url={its.address}/oauth2/end_session?client_id={CLIENT_ID}' in out.text
    assert "id_token" not in out.text
    assert browser.get("/cluster/").status_code == 303

    its.document["end_session_endpoint"] = ""
    cache.clear()
    comes_back(browser, its)
    assert "Example ID offers no sign-out" in words_in(browser.post("/sign-out/", follow=True))  # type: ignore[arg-type]


def test_nothing_secret_is_written_down_on_the_way(
    its: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    browser = Client()
    back = its.lets_in(goes_there(browser), "h1")
    browser.get(back)

    came = asked_of(back)
    ours = [one for one in caplog.records if one.name.startswith(("console", "django.request"))]
    written = "\n".join(f"{one.getMessage()} {one.exc_text or ''}" for one in ours)
    session = str(dict(browser.session))
    for secret in (SECRET, came["code"], came["state"], its.token_requests[0]["code_verifier"][0]):
        assert secret not in written
        assert secret not in session


def test_a_password_form_with_a_code_in_its_address_is_a_password_form(its: Provider) -> None:
    browser = Client()
    code = asked_of(its.lets_in(goes_there(browser), "h1"))["code"]

    answer = browser.post(
        f"/sign-in/?code={code}&state=x", {"username": "hilde", "password": "whatever"}
    )

    assert answer.status_code == 422
    assert its.token_requests == []


@pytest.mark.parametrize(
    ("found", "name", "groups"),
    [
        ({"groups": ["a", "/b/c", 7]}, "groups", {"a", "b/c"}),
        ({"roles": "alone"}, "roles", {"alone"}),
        ({"realm_access": {"roles": ["a"]}}, "realm_access.roles", {"a"}),
        ({"https://example.com/groups": ["a"]}, "https://example.com/groups", {"a"}),
        ({"groups": {"a": 1}}, "groups", set()),
        ({}, "groups", set()),
    ],
)
def test_groups_as_providers_send_them(found: dict[str, Any], name: str, groups: set[str]) -> None:
    assert claims.groups(found, name) == groups


def test_groups_that_were_left_out_are_said() -> None:
    many = {"sub": "x", "_claim_names": {"groups": "src1"}}

    assert claims.said(many, "groups").groups_left_out
    assert claims.said({"sub": "ü ber/alles"}, "groups").username == "ü-ber-alles"
