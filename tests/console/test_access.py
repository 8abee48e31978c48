"""Every address, as viewer, operator, admin and nobody; grants in one namespace; the refusals."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from console.access.models import Role, Rule
from console.access.policy import VERBS, can
from console.gateway.payloads import Place
from tests.support.pages import htmx, words_in
from tests.support.people import person

Browser = Callable[..., Client]

#: what the walk fills into an address
SAMPLES: dict[str, Any] = {
    "namespace": "default",
    "workflow_id": "no/such workflow",
    "run_id": "c41d7a06-3b58-4f0e-9a47-61d5b2e80f93",
    "event_id": 1,
    "place": Place("events", "1"),
    "of_event": Place("events", "1"),
    "queue": "no-such-queue",
    "endpoint": "no-such-endpoint",
    "rule_name": "no/such rule",
    "worker_key": "no/such worker",
    "job_id": "no/such job",
    "deployment": "no/such deployment",
    "build_id": "no/such build",
    "schedule_id": "no/such schedule",
    "person_id": 999_999,
    "view_id": 999_999,
    "by": "id",
    "kind": "activities",
    "side": "activity",
    "alone_id": "no/such activity",
    "session_id": "4b0c7f0e-2c4c-4b38-9f2c-0d3a1f1f2b12",
    "token_id": "4b0c7f0e-2c4c-4b38-9f2c-0d3a1f1f2b13",
    "act_id": "4b0c7f0e-2c4c-4b38-9f2c-0d3a1f1f2b11",
    "export_id": 999_999,
    "file_id": "4b0c7f0e-2c4c-4b38-9f2c-0d3a1f1f2b14",
}


def patterns(found: list[Any], prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for one in found:
        if isinstance(one, URLResolver):
            app = f"{one.app_name}:" if one.app_name else ""
            yield from patterns(one.url_patterns, prefix + app)
        else:
            yield f"{prefix}{one.name}", one


VIEWS = dict(patterns(get_resolver().url_patterns))


def address(name: str, **instead: Any) -> str:
    wanted = VIEWS[name].pattern.converters
    parents = {"namespace"} if name.split(":", maxsplit=1)[0] in IN_NAMESPACE else set()
    samples = SAMPLES | instead
    return reverse(name, kwargs={key: samples.get(key, 1) for key in {*wanted, *parents}})


IN_NAMESPACE = {
    "workflows",
    "histories",
    "activities",
    "standalone",
    "actions",
    "starting",
    "schedules",
    "task_queues",
    "workers",
    "batches",
    "rules",
    "deployments",
    "saved_views",
    "exports",
    "bulk",
    "billing",
    "replay",
    "incidents",
    "overview",
    "ageing",
    "cohorts",
    "alerts",
}


def verb_of(name: str) -> str | None:
    verb: str | None = VIEWS[name].callback.required_verb
    return verb


def test_every_view_demands_a_right_or_says_that_it_is_public() -> None:
    missing = [name for name, view in VIEWS.items() if not hasattr(view.callback, "required_verb")]

    assert missing == []
    assert {name for name in VIEWS if verb_of(name) is None} == {
        "people:sign_in",
        "people:sign_out",
        "oidc:begin",
        "oidc:callback",
        "oidc:leave",
    }


@pytest.mark.one_server
def test_nobody_is_sent_to_the_sign_in(browser_of: Browser) -> None:
    for name in VIEWS:
        if verb_of(name) is not None:
            sends_to_sign_in(address(name), browser_of)


def sends_to_sign_in(at: str, browser_of: Browser) -> None:
    browser = browser_of(None)

    answers = [browser.get(at), browser.post(at)]

    assert any(answer.status_code == 303 for answer in answers), at
    for answer in answers:
        if answer.status_code != 405:
            assert answer["Location"].startswith("/sign-in/"), at


@pytest.mark.one_server
@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_each_role_gets_what_its_verbs_say_and_no_more(role: Role, browser_of: Browser) -> None:
    opens(sorted(VIEWS), role, browser_of)


def test_an_admin_gets_everywhere_and_either_server_bears_it(browser_of: Browser) -> None:
    """Where nothing is under an address; where there is something, see test_access_real.py."""
    opens(sorted(VIEWS), Role.ADMIN, browser_of)


@pytest.mark.one_server
@pytest.mark.parametrize("part", ["memo", "attributes", "pending", "attempts", "answers"])
@pytest.mark.parametrize(
    "name", [name for name, view in VIEWS.items() if "place" in view.pattern.converters]
)
def test_what_no_event_holds_is_for_whom_the_payloads_of_events_are_for(
    name: str, part: str, browser_of: Browser
) -> None:
    place = Place(part, "no/such")

    sends_to_sign_in(address(name, place=place), browser_of)
    for role in (Role.VIEWER, Role.OPERATOR, Role.ADMIN):
        opens([name], role, browser_of, place=place)


@pytest.mark.one_server
@pytest.mark.parametrize(
    ("part", "instead"),
    [
        ("kind", {"kind": "operations"}),
        ("by", {"by": "type", "called": "no/such type"}),
        ("by", {"by": "all", "called": "activities"}),
    ],
    ids=["operations", "of a type", "of a run"],
)
def test_what_an_address_is_of_changes_nothing_in_who_may(
    part: str, instead: dict[str, str], browser_of: Browser
) -> None:
    names = [name for name, view in VIEWS.items() if part in view.pattern.converters]

    for role in (Role.VIEWER, Role.ADMIN):
        opens(names, role, browser_of, **instead)


def test_an_answer_is_for_who_may_ask(carol: User, browser_of: Browser) -> None:
    answer = address("workflows:payload", place=Place("answers", "no/such"))
    before = browser_of(carol).get(answer)
    Rule.objects.create(person=carol, verb="run.query", may=False, namespace="default")

    after = browser_of(carol).get(answer)

    assert (before.status_code, after.status_code) == (404, 403)


def opens(names: list[str], role: Role, browser_of: Browser, **instead: Any) -> None:
    who = person(f"some-{role}", role)
    browser = browser_of(who)

    for name in names:
        verb = verb_of(name)
        if verb is not None:
            at = address(name, **instead)
            answers = (browser.get(at), browser.post(at))
            bears_out(can(User.objects.get(pk=who.pk), verb, "default"), (name, role), *answers)
    assert browser.get("/account/").status_code == 200, "somewhere the person was signed out"


def bears_out(may: bool, where: tuple[str, Role], *answers: Any) -> None:
    for answer in answers:
        if answer.status_code != 405:
            assert (answer.status_code != 403) == may, (where, answer.status_code)
            # 501: this server has no such function, and the page says so
            assert answer.status_code < 500 or answer.status_code == 501, where


def test_a_role_in_one_namespace_is_none_in_another(browser_of: Browser) -> None:
    dora = person("Dora", Role.OPERATOR, "perdure-system")

    assert can(dora, "run.terminate", "perdure-system")
    assert not can(dora, "run.view", "default")
    assert can(dora, "cluster.view", None)
    assert not can(dora, "people.manage", None)
    assert browser_of(dora).get("/namespaces/default/runs/").status_code == 403


def test_a_closed_account_and_a_person_without_roles_may_nothing(db: None) -> None:
    eve = person("Eve", None)
    frank = person("Frank", Role.ADMIN)
    frank.is_active = False

    for verb in VERBS:
        assert not can(eve, verb, "default")
        assert not can(frank, verb, "default")
        assert not can(AnonymousUser(), verb, "default")


def test_the_refusal_says_which_role_is_needed(carol: User, browser_of: Browser) -> None:
    page = browser_of(carol).get("/people/")

    assert page.status_code == 403
    assert "This needs the role Admin everywhere" in words_in(page)


def test_an_address_that_leads_nowhere(carol: User, browser_of: Browser) -> None:
    page = browser_of(carol).get("/nowhere/")
    part = browser_of(carol).get("/nowhere/", headers=htmx("results"))

    assert page.status_code == 404
    assert "There is nothing here" in words_in(page)
    assert part["HX-Retarget"] == "#notices"


def test_an_address_with_a_nul_leads_nowhere_also_where_the_database_alone_is_asked(
    alice: User, browser_of: Browser
) -> None:
    asked = [address("alerts:rules", namespace="a\0b"), address("workflows:run", workflow_id="\0")]
    asked += [at.replace("~00", "%00") for at in asked]

    found = [browser_of(alice).get(at) for at in asked]

    assert {one.status_code for one in found} == {404}
    assert "There is nothing here" in words_in(found[0])


def test_nothing_inline_may_run(carol: User, browser_of: Browser) -> None:
    page = browser_of(carol).get("/cluster/")

    policy = page["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "<script>" not in page.text
    assert " style=" not in page.text
    assert " onclick=" not in page.text


def test_an_engine_that_is_away_is_a_page_that_says_so(
    carol: User, browser_of: Browser, settings: Any
) -> None:
    settings.ENGINE_ADDRESS = "127.0.0.1:1"

    page = browser_of(carol).get("/namespaces/default/runs/")

    assert page.status_code == 503
    assert "The engine at 127.0.0.1:1 does not answer" in words_in(page)


def test_a_form_of_ten_megabytes(alice: User, browser_of: Browser) -> None:
    page = browser_of(alice).post("/people/new/", {"full_name": "x" * 10_000_000})

    assert page.status_code == 413
    assert "That is too much" in words_in(page)
