"""Exceptions to roles: what the policy says, who makes them, and that no other way leads round."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from console.access.models import Role, Rule
from console.access.policy import NOT_BY_RULE, VERBS, Amount, can
from console.access.updates import may_update
from console.audit import others
from console.audit.models import AuditEntry
from console.audit.record import record
from console.bulk import verbs
from console.gateway.outside import Asked
from tests.console.conftest import indexed
from tests.support.names import Names
from tests.support.pages import words_in
from tests.support.people import person
from tests.support.programs import Program

pytestmark = pytest.mark.one_server

Browser = Callable[..., Client]


def rule(who: User | Group, says: str, verb: str, namespace: str = "*", up_to: str = "") -> Rule:
    much, _, currency = up_to.partition(" ")
    held = {"person": who} if isinstance(who, User) else {"group": who}
    return Rule.objects.create(
        **held, may=says == "may", verb=verb, namespace=namespace,
        up_to=Decimal(much) if much else None, currency=currency, reason="a test", given_by="Alice",
    )  # fmt: skip


def eur(amount: str) -> Amount:
    return Decimal(amount), "EUR"


#: role, where | exceptions | verb, where, amount | may they?
TABLE = """
a denial takes away one verb, in one namespace
    operator *       | may not run.terminate billing                       | run.terminate billing     | no
    operator *       | may not run.terminate billing                       | run.terminate default     | yes
    operator *       | may not run.terminate billing                       | run.cancel billing        | yes
    operator billing | may not run.terminate *                             | run.terminate billing     | no
    admin *          | may not run.reset *                                 | run.reset default         | no
an allowance adds to a role, where there is one
    viewer billing   | may billing.refund billing                          | billing.refund billing    | yes
    viewer billing   | may billing.refund *                                | billing.refund billing    | yes
    viewer billing   | may billing.refund *                                | billing.refund default    | no
    viewer billing   | may billing.refund billing                          | billing.adjust billing    | no
    nobody *         | may run.view *                                      | run.view default          | no
a denial holds against an allowance, wherever either of them is
    viewer *         | may run.signal *, may not run.signal billing        | run.signal billing        | no
    viewer *         | may run.signal billing, may not run.signal *        | run.signal billing        | no
up to: a viewer who may refund a little
    viewer *         | may billing.refund * 50 EUR                         | billing.refund x          | yes
    viewer *         | may billing.refund * 50 EUR                         | billing.refund x 50 EUR   | yes
    viewer *         | may billing.refund * 50 EUR                         | billing.refund x 50.1 EUR | no
    viewer *         | may billing.refund * 50 EUR                         | billing.refund x 1 USD    | no
above: an operator who may not refund much
    operator *       | may not billing.refund * 50 EUR                     | billing.refund x          | yes
    operator *       | may not billing.refund * 50 EUR                     | billing.refund x 50 EUR   | yes
    operator *       | may not billing.refund * 50 EUR                     | billing.refund x 50.1 EUR | no
    operator *       | may not billing.refund * 50 EUR                     | billing.refund x 1 USD    | no
above, in two currencies: each has its own, and the lowest holds
    operator *       | may not billing.refund * 50 EUR, may not billing.refund * 60 USD | billing.refund x 50 EUR | yes
    operator *       | may not billing.refund * 50 EUR, may not billing.refund * 60 USD | billing.refund x 60 USD | yes
    operator *       | may not billing.refund * 50 EUR, may not billing.refund * 60 USD | billing.refund x 61 USD | no
    operator *       | may not billing.refund * 50 EUR, may not billing.refund * 60 USD | billing.refund x 1 GBP  | no
    operator *       | may not billing.refund * 50 EUR, may not billing.refund x 20 EUR | billing.refund x 50 EUR | no
what is everywhere hears what is said of everywhere
    admin *          | may not parked.drop *                               | parked.drop               | no
    admin *          | may not parked.drop billing                         | parked.drop               | yes
    viewer billing   | may not cluster.view *                              | cluster.view              | no
who manages people is never shut out by one, nor let in
    admin *          | may not people.manage *                             | people.manage             | yes
    operator *       | may people.manage *                                 | people.manage             | no
"""  # noqa: E501  it is read as a table


def lines() -> list[tuple[str, list[str], list[str], list[str], bool]]:
    cells = [[cell.strip() for cell in row.split("|")] for row in TABLE.splitlines() if "|" in row]
    return [
        (", ".join(row), row[0].split(), row[1].split(", "), row[2].split(), row[3] == "yes")
        for row in cells
    ]


@pytest.mark.parametrize("by_group", [False, True], ids=["own", "by group"])
def test_what_the_policy_says(by_group: bool, db: None) -> None:
    for number, (row, held, said, asked, may) in enumerate(lines()):
        role = None if held[0] == "nobody" else Role(held[0])
        dora = person(f"Dora{number}", role, held[1])
        who: User | Group = Group.objects.create(name=row[:150]) if by_group else dora
        if isinstance(who, Group):
            who.user_set.add(dora)
        for one in said:
            says, rest = ("may not", one[8:]) if one.startswith("may not ") else ("may", one[4:])
            rule(who, says, *rest.split(" ", 2))
        verb, namespace = asked[0], asked[1] if len(asked) > 1 else None
        amount = (Decimal(asked[2]), asked[3]) if len(asked) > 2 else None
        assert can(User.objects.get(pk=dora.pk), verb, namespace, amount) == may, row


def test_a_token_reads_whatever_its_person_may_besides(db: None, browser_of: Browser) -> None:
    dora = person("Dora", Role.VIEWER)
    rule(dora, "may", "billing.refund")
    rule(dora, "may not", "cluster.view")
    asked = {"name": "nightly", "namespaces": "*", "days": "7"}
    made = browser_of(dora).post("/account/tokens/new/", asked)
    secret = words_in(made).split("perdure_")[1].split()[0]  # type: ignore[arg-type]

    bearer = {"Authorization": f"Bearer perdure_{secret}"}
    assert Client().get("/namespaces/default/exports/", headers=bearer).status_code == 200
    assert Client().get("/cluster/", headers=bearer).status_code == 403
    refund = "/namespaces/default/billing/x/y/refund/"
    assert Client().get(refund, headers=bearer).status_code == 403


def test_an_operator_without_terminate_finds_no_other_door(browser_of: Browser, db: None) -> None:
    dora = person("Dora", Role.OPERATOR)
    rule(dora, "may not", "run.terminate", "default")
    browser = browser_of(dora)
    bulk = "/namespaces/default/bulk/plan/"

    refused = browser.post("/namespaces/default/runs/w/r/terminate/", {"reason": "x"})
    many = browser.post(bulk, {"verb": "terminate", "run": "r w"})
    others = browser.post(bulk, {"verb": "cancel", "run": "r w"})
    elsewhere = browser.post("/namespaces/other/runs/w/r/terminate/", {"reason": "x"})

    assert refused.status_code == 403
    assert "An exception to your role forbids you run.terminate in default." in words_in(refused)  # type: ignore[arg-type]
    assert many.status_code == 403
    assert others.status_code != 403
    assert elsewhere.status_code != 403


def test_what_may_not_be_done_to_many_is_not_offered(
    browser_of: Browser, db: None, program: Program, names: Names
) -> None:
    queue = names.queue()
    program.start("Waiting", names.workflow(), queue)
    indexed(f"TaskQueue = '{queue}'", 1)
    dora = person("Dora", Role.OPERATOR)
    rule(dora, "may not", "run.terminate", "default")

    page = words_in(browser_of(dora).get(f"/namespaces/default/runs/?q=TaskQueue = '{queue}'"))  # type: ignore[arg-type]

    assert "Cancel… " in page
    assert "Terminate…" not in page


def test_an_update_of_the_ledger_by_the_general_form_is_still_a_refund(
    browser_of: Browser, db: None
) -> None:
    dora = person("Dora", Role.OPERATOR)
    assert may_update(dora, "refund", "default")

    rule(dora, "may not", "billing.refund", "default", "50 EUR")

    dora = User.objects.get(pk=dora.pk)
    assert not may_update(dora, "refund", "default")
    assert may_update(dora, "adjust_charge", "default")
    assert may_update(dora, "anything else", "default")
    at = "/namespaces/default/actions/w/c41d7a06-3b58-4f0e-9a47-61d5b2e80f93/update/refund/"
    answer = browser_of(dora).post(at)
    assert answer.status_code == 403
    assert "You may not send the update refund" in words_in(answer)  # type: ignore[arg-type]


def test_what_is_done_to_many_needs_the_right_to_do_it_to_one() -> None:
    assert {deed.right for deed in verbs.every().values()} <= set(VERBS)
    assert verbs.named("terminate").right == "run.terminate"
    assert verbs.named("activity-fail").right == "activity.fail"
    assert set(VERBS) >= NOT_BY_RULE


def test_an_admin_makes_one_sees_it_and_takes_it_away(
    alice: User, carol: User, browser_of: Browser
) -> None:
    browser = browser_of(alice)
    asked = {
        "who": f"person:{carol.pk}", "may": "yes", "verb": "billing.refund", "namespace": "default",
        "up_to": "50.00", "currency": "EUR", "reason": "first line, as agreed",
    }  # fmt: skip

    made = browser.post("/people/exceptions/new/", asked)
    again = browser.post("/people/exceptions/new/", asked)

    assert made.status_code == 303
    assert again.status_code == 422
    says = "Carol may billing.refund up to 50 EUR default “first line, as agreed”"
    assert says in words_in(browser.get("/people/exceptions/"))  # type: ignore[arg-type]
    assert says in words_in(browser.get(f"/people/{carol.pk}/"))  # type: ignore[arg-type]
    assert can(User.objects.get(pk=carol.pk), "billing.refund", "default", eur("50"))
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.target, entry.reason) == (
        "people.manage", "carol", "first line, as agreed",
    )  # fmt: skip
    assert entry.outcome.after == {"exception": "may billing.refund default up to 50 EUR"}

    browser.post(f"/people/exceptions/{Rule.objects.get().pk}/take/")

    assert not can(User.objects.get(pk=carol.pk), "billing.refund", "default")
    taken = AuditEntry.objects.first()
    assert taken is not None
    assert (taken.before, taken.outcome.after) == (entry.outcome.after, {"exception": "none"})


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"verb": "run.signal"}, "Only a refund has an amount."),
        ({"currency": ""}, "An amount and its currency go together."),
        ({"up_to": ""}, "An amount and its currency go together."),
        ({"currency": "euro"}, "Three capital letters"),
        ({"currency": "XXX"}, "XXX is no currency of ISO 4217."),
        ({"up_to": "0.005"}, "EUR has 2 decimals at most; 0.005 has more."),
        ({"up_to": "1.2345", "currency": "KWD"}, "KWD has 3 decimals at most; 1.2345 has more."),
        ({"up_to": "0.5", "currency": "JPY"}, "JPY has no decimals; 0.5 has some."),
        ({"up_to": "-1"}, "greater than or equal to 0"),
        ({"verb": "people.manage"}, "people.manage is not one of the available choices"),
        ({"reason": ""}, "This field is required."),
        ({"who": "person:0"}, "person:0 is not one of the available choices"),
    ],
)
def test_one_that_makes_no_sense_is_refused(
    changes: dict[str, Any], says: str, alice: User, carol: User, browser_of: Browser
) -> None:
    asked = {
        "who": f"person:{carol.pk}", "may": "yes", "verb": "billing.refund", "namespace": "*",
        "up_to": "50", "currency": "EUR", "reason": "x",
    } | changes  # fmt: skip

    answer = browser_of(alice).post("/people/exceptions/new/", asked)

    assert answer.status_code == 422
    assert says in words_in(answer)  # type: ignore[arg-type]
    assert not Rule.objects.exists()


def test_nobody_makes_or_takes_their_own(alice: User, browser_of: Browser) -> None:
    kept = rule(alice, "may not", "run.terminate")
    asked = {"who": f"person:{alice.pk}", "may": "yes", "verb": "run.view", "namespace": "*"}

    assert (
        browser_of(alice).post("/people/exceptions/new/", asked | {"reason": "x"}).status_code
        == 409
    )
    assert browser_of(alice).post(f"/people/exceptions/{kept.pk}/take/").status_code == 409
    assert Rule.objects.get() == kept


def test_who_may_not_read_the_log_of_one_namespace_reads_it_nowhere(
    browser_of: Browser, alice: User, program: Program, names: Names
) -> None:
    key = program.start("Waiting", names.workflow(), names.queue())
    for verb, where in (("run.reset", key), ("run.signal", replace(key, namespace="billing"))):
        with record(alice, verb, where, reason=f"told in {where.namespace}"):
            pass
    both = person("Eve", Role.ADMIN)
    rule(both, "may not", "audit.view", "default")
    browser = browser_of(both)
    run = reverse("workflows:run", args=[key.namespace, key.workflow_id, key.run_id])
    now = timezone.now()
    others.keep(key, [Asked(3, now, "run.signal", "go", "Ada", "", frozenset())], now)

    log, file = browser.get("/activity/"), b"".join(browser.get("/activity/acts.csv"))
    hidden = AuditEntry.objects.get(namespace="default")
    pages = [browser.get(f"/activity/{hidden.pk}/"), browser.get(f"{run}activity/")]

    assert [one.status_code for one in pages] == [404, 403]
    assert "told in billing" in log.text + file.decode()
    elsewhere = [
        browser.get(at).text
        for at in ("/activity/?door=others", run, "/namespaces/default/replay/")
    ]
    assert not any("told in default" in text for text in (log.text, file.decode(), *elsewhere))
    assert key.workflow_id not in elsewhere[0]
    assert f"{run}activity/" not in elsewhere[1]
