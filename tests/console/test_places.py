"""The one box of the top bar: a pasted text leads to the right place, whatever the server."""

import re
from collections.abc import Callable
from functools import partial
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from console.access.models import Rule
from console.gateway import namespaces
from console.gateway.conditions import quoted
from tests.console.conftest import NAMESPACE, indexed
from tests.console.test_batches import start as start_batch
from tests.console.test_run import url
from tests.console.test_schedules import hourly
from tests.support.eventually import eventually
from tests.support.names import Names
from tests.support.pages import words_in
from tests.support.programs import Program, running
from tests.support.scripted import Scripted
from tests.support.versions import polled_by

__all__ = ["hourly"]

URL = f"/namespaces/{NAMESPACE}/runs/go-to/"
Browser = Callable[..., Client]
CUSTOMER = SearchAttributeKey.for_keyword("CustomerId")


@pytest.fixture
def customers(db: None, engine: str) -> None:
    """The namespace knows customers."""
    if "CustomerId" not in namespaces.attributes(NAMESPACE).custom:
        namespaces.add_attribute(NAMESPACE, "CustomerId", "Keyword")
    eventually(_knows_customers, within=30)


def _knows_customers() -> bool:
    namespaces.cache.clear()
    return "CustomerId" in namespaces.attributes(NAMESPACE).custom


def question(browser: Client, text: str) -> str:
    answer = browser.get(URL, {"id": text})
    assert answer.status_code == 303, words_in(answer)
    return parse_qs(urlsplit(answer["Location"]).query)["q"][0]


def of(customer: str) -> TypedSearchAttributes:
    return TypedSearchAttributes([SearchAttributePair(CUSTOMER, customer)])


@pytest.mark.parametrize(
    "query",
    [
        "ExecutionStatus = 'Running' ORDER BY StartTime",
        "(WorkflowType = 'a' OR RunId IS NULL)",
        "WorkflowType = ",
        "NOT (WorkflowType LIKE 'a')",
    ],
)
def test_a_query_is_asked_even_with_a_fault(
    carol: User, browser_of: Browser, server_address: str, query: str
) -> None:
    assert question(browser_of(carol), query.strip()) == query.strip()


@pytest.mark.parametrize("text", ["order-17", "card was declined", "WorkflowType", "a=b", "(", "'"])
def test_what_is_no_query_is_looked_for_by_its_id(
    carol: User, browser_of: Browser, server_address: str, text: str
) -> None:
    assert question(browser_of(carol), text).startswith("WorkflowId STARTS_WITH '")


def test_a_customer_number_leads_to_the_runs_of_the_customer(
    carol: User, browser_of: Browser, program: Program, names: Names, customers: None
) -> None:
    number = names.workflow("C")
    program.start("Waiting", names.workflow(), names.queue(), search_attributes=of(number))
    indexed(f"CustomerId = '{number}'", 1)

    assert question(browser_of(carol), f" {number} ") == f"CustomerId = '{number}'"


def test_what_is_an_id_and_a_customer_is_asked_back_with_counts(
    carol: User, browser_of: Browser, program: Program, names: Names, customers: None
) -> None:
    number = names.workflow("C")
    for workflow_id in (number, names.workflow()):
        program.start("Waiting", workflow_id, names.queue(), search_attributes=of(number))
    indexed(f"CustomerId = '{number}'", 2)

    page = browser_of(carol).get(URL, {"id": number})

    assert page.status_code == 200
    assert "A run of this id 1" in words_in(page)
    assert "Runs of the customer 2" in words_in(page)


def test_the_beginning_of_an_id_leads_to_what_begins_so(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    stem = names.workflow("sub")
    for ending in "ab":
        program.start("Waiting", f"{stem}-{ending}", names.queue())
    indexed(f"WorkflowId STARTS_WITH '{stem}'", 2)

    assert question(browser_of(carol), stem) == f"WorkflowId STARTS_WITH '{stem}'"


SIGNS = (
    "it's",
    'say "hi"',
    "50%_off*?",
    r"a\b\n",
    "a\\",
    "Größe 😀",
    "אבג (\u202eab)",
    "`x` = 'y",
    "null & <b>",
)


@pytest.mark.parametrize("signs", SIGNS)
def test_an_id_and_a_beginning_of_any_signs_find_it_and_nothing_else(
    carol: User, browser_of: Browser, program: Program, names: Names, signs: str
) -> None:
    key = program.start("Waiting", f"{names.workflow()} {signs}, first", names.queue())
    stem = key.workflow_id.removesuffix("first")
    program.start("Waiting", stem.replace(signs, "50x of") + "first", names.queue())
    browser = browser_of(carol)

    assert place(browser, key.workflow_id) == url(key)
    if set(signs) & {'"', "\\"} and not namespaces.attributes(NAMESPACE).ours:
        return  # that server finds no id with one of these in its index

    indexed(f"WorkflowId = {quoted(key.workflow_id)}", 1)
    begun = question(browser, stem.strip())
    assert begun == f"WorkflowId STARTS_WITH {quoted(stem.strip())}"
    indexed(begun, 1)


@pytest.mark.parametrize("ending", ["=5", " = 'a'", " IS NULL"])
def test_an_id_that_reads_as_a_query_of_no_attribute_leads_to_its_run(
    carol: User, browser_of: Browser, program: Program, names: Names, ending: str
) -> None:
    plain = re.sub(r"\W", "_", names.workflow("job"))
    key = program.start("Waiting", f"{plain}{ending}", names.queue())
    browser = browser_of(carol)

    assert place(browser, key.workflow_id) == url(key)
    assert question(browser, f"{plain}x{ending}") == f"{plain}x{ending}", "to be told what is wrong"


def place(browser: Client, text: str) -> str:
    answer = browser.get(URL, {"id": text})
    assert answer.status_code == 303, words_in(answer)
    return str(answer["Location"])


def test_a_name_of_something_else_leads_to_its_page(
    carol: User,
    browser_of: Browser,
    program: Program,
    names: Names,
    worker: Scripted,
    hourly: str,
) -> None:
    browser = browser_of(carol)
    shop, job, bank = (names.workflow(one).replace("/", "-") for one in ("shop", "job", "bank"))
    program.start("Waiting", names.workflow(), worker.queue)
    program.wait(worker.handler(names.queue(), bank).begin())
    start_batch(job, names.queue())
    with polled_by(shop, names.queue(), "2026.1"):
        leads = {
            one: eventually(partial(place, browser, one), lambda at: "/runs/" not in at)
            for one in (worker.queue, shop, f"{shop}:2026.1", job, bank, hourly)
        }

    assert leads[worker.queue] == reverse("task_queues:queue", args=[NAMESPACE, worker.queue])
    assert leads[hourly] == reverse("schedules:schedule", args=[NAMESPACE, hourly])
    assert leads[shop] == reverse("deployments:deployment", args=[NAMESPACE, shop])
    assert leads[f"{shop}:2026.1"] == reverse(
        "deployments:version", args=[NAMESPACE, shop, "2026.1"]
    )
    assert leads[job] == reverse("batches:batch", args=[NAMESPACE, job])
    assert leads[bank] == reverse("endpoints:endpoint", args=[bank])


def test_what_is_a_queue_and_how_ids_begin_is_asked_back(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    queue = names.queue()
    program.start("Waiting", f"{queue}/1", queue)
    indexed(f"WorkflowId STARTS_WITH '{queue}'", 1)

    page = browser_of(carol).get(URL, {"id": queue})
    Rule.objects.create(person=carol, verb="queue.view", may=False, namespace=NAMESPACE)

    assert page.status_code == 200
    assert "The task queue of this name Runs whose workflow id begins so 1" in words_in(page)
    assert question(browser_of(carol), queue) == f"WorkflowId STARTS_WITH '{queue}'"


def test_a_part_of_a_failure_leads_to_the_runs_that_fail_so(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    if not namespaces.attributes(NAMESPACE).ours:
        pytest.skip("this server does not index failures")
    queue = names.queue()
    pasted = "no answer in 20 s"
    with running(program, queue):
        key = program.start("Charging", names.workflow(), queue, "never")
        indexed(f"RunId = '{key.run_id}' AND FailingActivityCount > 0", 1)
    browser = browser_of(carol)

    asked = f"LastFailureMessage CONTAINS '{pasted}'"
    answer = browser.get(URL, {"id": pasted})
    page = browser.get(
        f"/namespaces/{NAMESPACE}/runs/", {"q": f"{asked} AND RunId = '{key.run_id}'"}
    )

    # Of another test an activity that stands alone may say the same: then it is asked back.
    said = answer["Location"] if answer.status_code == 303 else answer.text
    assert f"/runs/?{urlencode({'q': asked})}" in said
    assert key.workflow_id in page.text


def test_words_of_a_memo_lead_to_the_runs_that_were_told_so(
    carol: User, browser_of: Browser, program: Program, names: Names
) -> None:
    if not namespaces.attributes(NAMESPACE).ours:
        pytest.skip("this server reads no memos for a search")
    mark = names.workflow("note").replace("-", "")
    told = {"note": {"by": ["support", f"Call back {mark}"]}}
    key = program.start("Waiting", names.workflow(), names.queue(), memo=told)
    indexed(f"RunId = '{key.run_id}'", 1)
    browser = browser_of(carol)

    asked = question(browser, f"call {mark}")
    page = browser.get(f"/namespaces/{NAMESPACE}/runs/", {"q": asked})

    assert asked == f"MemoText CONTAINS 'call {mark}'"
    assert key.workflow_id in page.text
    assert f"Memo contains call {mark}" in words_in(page)


def test_a_text_of_four_thousand_signs_and_more(
    carol: User, browser_of: Browser, server_address: str
) -> None:
    assert browser_of(carol).get(URL, {"id": "declined " * 800}).status_code in {200, 303}
