"""Payloads as a person may see them: decoded, masked, in windows, from a store; sent encoded."""

import base64
import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from temporalio.api.common.v1 import Memo, Payload, Payloads, WorkflowType
from temporalio.api.sdk.v1.external_storage_pb2 import ExternalStorageReference
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import StartWorkflowExecutionRequest
from temporalio.converter import DataConverter, JSONProtoPayloadConverter

from console import policies
from console.audit.models import AuditEntry
from console.gateway import events, histories, standalone
from console.gateway.channel import call, workflow_service
from console.gateway.payloads import Place
from console.gateway.runs import RunKey
from examples.codec.aes import AesCodec
from tests.console.conftest import NAMESPACE
from tests.console.test_run import url
from tests.support import alone
from tests.support.codecs import KEYS, Blobs, blob_store, codec_server
from tests.support.names import Names
from tests.support.pages import htmx, words_in
from tests.support.programs import Program, running

Browser = Callable[..., Client]

ORDER = {
    "customer": "Ada Lindhus",
    "card": {"number": "4111-2222", "expires": "12/30"},
    "notes": '{"iban": "DE02-1203"}',
}
MASKED = {"card.number": "admin", "iban": "nobody"}
SECRETS = ("4111-2222", "DE02-1203")


def allow(settings: Any, **policy: Any) -> None:
    settings.PAYLOADS = policies.parse({"namespace": {NAMESPACE: policy}}, lambda _: "")


def started(names: Names, *payloads: Payload, memo: Any = None) -> RunKey:
    """A run whose input is just that; nobody works on it."""
    workflow_id = names.workflow()
    answer = call(
        workflow_service().StartWorkflowExecution,
        StartWorkflowExecutionRequest(
            namespace=NAMESPACE,
            workflow_id=workflow_id,
            workflow_type=WorkflowType(name="Waiting"),
            task_queue=TaskQueue(name=names.queue()),
            input=Payloads(payloads=payloads),
            memo=Memo(fields={name: plain(value) for name, value in (memo or {}).items()}),
            request_id=workflow_id,
        ),
    )
    return RunKey(NAMESPACE, workflow_id, answer.run_id)


def plain(content: Any) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(content).encode())


@pytest.fixture(scope="module")
def codec() -> Iterator[str]:
    with codec_server() as address:
        yield address


@pytest.fixture
def sealed(server_address: str, engine: str) -> Iterator[Program]:
    """An SDK client whose payloads are encrypted."""
    converter = dataclasses.replace(DataConverter.default, payload_codec=AesCodec(KEYS))
    made = Program(server_address, NAMESPACE, converter)
    yield made
    made.close()


def test_an_sdk_with_a_codec_and_the_console_understand_each_other(
    bob: User, browser_of: Browser, sealed: Program, names: Names, codec: str, settings: Any
) -> None:
    allow(settings, codec={"endpoint": codec})
    browser, queue = browser_of(bob), names.queue()
    with running(sealed, queue):
        key = sealed.start("Waiting", names.workflow(), queue, "12.00", memo={"customer": "Ada"})
        payloads = browser.get(url(key, "payloads"))
        address = reverse("actions:update", args=[NAMESPACE, key.workflow_id, key.run_id, "adjust"])
        told = browser.post(address, {"argument": ['"77.50"'], "reason": "they agreed on it"})
        sealed.signal(key, "go")
        result = sealed.result(key)

    assert "12.00" in words_in(payloads)
    assert "from binary/encrypted" in words_in(payloads)
    assert "Ada" in words_in(payloads)
    assert "12.00" in words_in(told), told.text
    assert result == "77.50"
    raw = histories.as_json(histories.forward(key).events)
    assert "77.50" not in raw
    assert '"data": "IjEyLjAwIg=="' not in raw
    [audit] = AuditEntry.objects.filter(verb="run.update", workflow_id=key.workflow_id)
    assert audit.asked["arguments"] == "1, encoded in the history; not kept here"
    assert "77.50" not in json.dumps([audit.asked, audit.outcome.after])


def test_what_is_started_by_hand_is_encoded_as_an_sdk_would(
    bob: User, browser_of: Browser, sealed: Program, names: Names, codec: str, settings: Any
) -> None:
    allow(settings, codec={"endpoint": codec})
    form = {"workflow_type": "Waiting", "workflow_id": names.workflow(), "reason": "by hand"}
    form |= {"task_queue": names.queue(), "memo": '{"customer": "Ada"}', "argument": '"12.00"'}
    form |= {"reuse": "always", "conflict": "refuse"}

    answer = browser_of(bob).post(reverse("starting:start", args=[NAMESPACE]), form)

    assert answer.status_code == 303
    key = RunKey(NAMESPACE, form["workflow_id"], "")
    began = histories.forward(key).events[0].attributes
    sent = [*began.input.payloads, began.memo.fields["customer"]]
    opened = sealed.wait(sealed.client.data_converter.decode(sent))
    assert [one.metadata["encoding"] for one in sent] == [b"binary/encrypted"] * 2
    assert opened == ["12.00", "Ada"]
    [audit] = AuditEntry.objects.filter(verb="run.start")
    assert "12.00" not in json.dumps([audit.asked, audit.outcome.after])


def test_a_result_by_hand_is_encoded_and_is_not_in_the_log(
    bob: User, browser_of: Browser, sealed: Program, names: Names, codec: str, settings: Any
) -> None:
    allow(settings, codec={"endpoint": codec})
    one = alone.start(names)
    form = {"result": '{"paid": "77.50"}', "reason": "the bank says so", "evidence": "letter 12"}

    answer = browser_of(bob).post(alone.address(one, "complete"), form)

    assert answer.status_code == 303
    told = standalone.asked_about(one, include_outcome=True).outcome.result.payloads
    assert [payload.metadata["encoding"] for payload in told] == [b"binary/encrypted"]
    assert sealed.wait(sealed.client.data_converter.decode(told)) == [{"paid": "77.50"}]
    [audit] = AuditEntry.objects.filter(verb="activity.complete")
    assert audit.asked["result"] == "1, encoded in the history; not kept here"
    assert "77.50" not in json.dumps([audit.asked, audit.before, audit.outcome.after])


def test_a_codec_that_is_away_is_said_and_nothing_is_sent_past_it(
    bob: User, browser_of: Browser, sealed: Program, names: Names, settings: Any
) -> None:
    allow(settings, codec={"endpoint": "http://127.0.0.1:1"})
    key = sealed.start("Waiting", names.workflow(), names.queue(), "12.00")
    browser = browser_of(bob)

    page = browser.get(url(key, "payloads"))
    one = browser.get(url(key, "payload", Place("events", "1", 0)))
    sent = browser.post(url(key, "signal"), {"name": "go", "argument": "1", "reason": "go"})

    assert page.status_code == one.status_code == 200
    assert "The codec at http://127.0.0.1:1 does not answer" in words_in(page)
    assert "Try again" in words_in(one)
    assert sent.status_code == 422
    assert "nothing was sent" in words_in(sent)
    assert len(histories.forward(key).events) == 2


def test_a_codec_gets_the_header_that_the_settings_name_and_no_token_of_ours(
    carol: User, browser_of: Browser, sealed: Program, names: Names, settings: Any
) -> None:
    key = sealed.start("Waiting", names.workflow(), names.queue(), "12.00")
    browser = browser_of(carol)
    with codec_server(authorization="Bearer of-carol") as strict:
        allow(settings, codec={"endpoint": strict, "passes_header": "X-Forwarded-Access-Token"})
        given = browser.get(url(key, "payloads"), headers={"X-Forwarded-Access-Token": "of-carol"})
        without = browser.get(url(key, "payloads"))

    assert "12.00" in words_in(given)
    assert "12.00" not in words_in(without)
    assert "answered 401" in words_in(without)


def test_masked_fields_are_nowhere_for_whom_they_are_masked(
    carol: User, alice: User, browser_of: Browser, names: Names, settings: Any, db: None
) -> None:
    allow(settings, masked=MASKED)
    key = started(names, plain(ORDER), memo={"iban": "DE02-1203", "card": ORDER["card"]})
    other = started(names, plain(ORDER | {"card": {"number": "5500-0000"}}))
    beside = f"?workflow={other.workflow_id}&run={other.run_id}"
    viewer = browser_of(carol)
    places = [
        url(key),
        url(key, "compare") + beside,
        url(key, "events"),
        url(key, "event", 1),
        url(key, "group", 1),
        url(key, "payloads"),
        url(key, "payload", Place("events", "1", 0)),
        *(url(key, "payload_download", Place("events", "1", number)) for number in range(3)),
        url(key, "download"),
        reverse("starting:start", args=[NAMESPACE]) + f"?like={key.workflow_id}&run={key.run_id}",
    ]

    for who in (viewer, browser_of(alice)):
        for place in places:
            text = _unpacked(who.get(place, follow=True))
            assert "DE02-1203" not in text, place
            assert who is not viewer or "4111-2222" not in text, place
            assert who is not viewer or "5500-0000" not in text, place
    found = viewer.get(f"{url(key, 'events')}?text=4111-2222")
    assert "Ada Lindhus" in words_in(viewer.get(url(key, "payloads")))
    assert "2 fields masked" in words_in(viewer.get(url(key, "payloads")))
    assert "4111-2222" in words_in(browser_of(alice).get(url(key, "payloads")))
    assert found.context["window"].total == 0
    assert "5500-0000" in browser_of(alice).get(url(key, "compare") + beside).text


def _unpacked(page: Any) -> str:
    """With what a file of the history has in base64."""
    text: str = page.text
    if page["Content-Type"] == "application/json" and '"events"' in text:
        raw = json.loads(text)["events"][0]["workflowExecutionStartedEventAttributes"]
        each = [*raw["input"]["payloads"], *raw["memo"]["fields"].values()]
        text += "".join(base64.b64decode(one["data"]).decode() for one in each)
    return text


def test_a_reveal_is_a_reason_and_a_row_and_one_payload(
    bob: User, carol: User, browser_of: Browser, names: Names, settings: Any, db: None
) -> None:
    allow(settings, masked=MASKED)
    key = started(names, plain(ORDER))
    browser, address = browser_of(bob), url(key, "reveal", Place("events", "1", 0))

    asked = browser.get(address, headers=htmx("dialog"))
    without = browser.post(address, {"reason": " "})
    shown = browser.post(address, {"reason": "the bank asks for it"}, headers=htmx("dialog"))
    refused = browser_of(carol).post(address, {"reason": "curious"})
    after = browser.get(url(key, "payload", Place("events", "1", 0)))

    assert all(secret not in page.text for secret in SECRETS for page in (asked, without, after))
    assert without.status_code == 422
    assert all(secret in words_in(shown) for secret in SECRETS)
    assert shown["Cache-Control"] == "no-store"
    assert refused.status_code == 403
    [audit] = AuditEntry.objects.filter(verb="payload.reveal")
    assert (audit.person, audit.reason, audit.outcome.event_id) == (bob, "the bank asks for it", 1)
    assert all(secret not in json.dumps([audit.asked, audit.outcome.after]) for secret in SECRETS)


def test_what_is_masked_is_copied_as_it_came_and_never_sent_as_its_mask(
    bob: User, browser_of: Browser, names: Names, settings: Any, db: None
) -> None:
    allow(settings, masked=MASKED)
    key = started(names, plain(ORDER))
    browser, address = browser_of(bob), reverse("starting:start", args=[NAMESPACE])
    like = {"like": key.workflow_id, "run": key.run_id}
    draft = browser.get(address, like).context["draft"]
    form = {name: draft.form[name].value() or "" for name in draft.form.fields} | like
    form |= {"reuse": "always", "conflict": "refuse", "reason": "once more"}
    changed = draft.rows[0].text.replace("Ada", "Ida")

    refused = browser.post(address, form | {"argument": [changed]})
    copied = browser.post(address, form | {"argument": [draft.rows[0].text]})

    assert "••••••" in draft.rows[0].text
    assert refused.status_code == 422
    assert "stands for what you may not see" in words_in(refused)
    assert copied.status_code == 303
    began = histories.forward(RunKey(NAMESPACE, form["workflow_id"], "")).events[0]
    assert began.attributes.input.payloads[0] == plain(ORDER)
    [audit] = AuditEntry.objects.filter(verb="run.start").exclude(outcome__result="refused")
    assert all(secret not in json.dumps(audit.asked) for secret in SECRETS)


def test_two_megabytes_do_not_hang_the_page_and_can_be_read_to_the_end(
    carol: User, browser_of: Browser, names: Names, db: None
) -> None:
    rows = [{"row": number, "text": "x" * 80} for number in range(17_000)]
    key = started(names, plain(rows))
    browser = browser_of(carol)

    page = browser.get(url(key, "payloads"))
    first = browser.get(url(key, "payload", Place("events", "1", 0)))
    total = first.context["window"].total
    last = browser.get(f"{url(key, 'payload', Place('events', '1', 0))}?first={total - 400}")
    file = browser.get(url(key, "payload_download", Place("events", "1", 0)))

    assert 1.7e6 < len(plain(rows).data) < 2**21
    assert len(page.content) < 100_000
    assert len(first.content) < 200_000
    assert url(key, "payload", Place("events", "1", 0)) in page.text
    assert 'rel="next"' in first.text
    assert '"row": 16999' in first.context["window"].text + last.context["window"].text
    assert file.content == plain(rows).data
    assert "attachment" in file["Content-Disposition"]


@pytest.fixture
def blobs() -> Iterator[Blobs]:
    with blob_store() as store:
        yield store


def reference(key: str, body: bytes) -> Payload:
    """As the SDK writes it."""
    claim = {
        "bucket": "payloads",
        "key": key,
        "hash_algorithm": "sha256",
        "hash_value": hashlib.sha256(body).hexdigest(),
    }
    told = ExternalStorageReference(driver_name="aws.s3driver", claim_data=claim)
    payload = JSONProtoPayloadConverter().to_payload(told)
    assert payload is not None
    return payload


def test_what_lies_in_a_store_is_fetched_by_a_click_and_only_from_where_it_may(
    carol: User, browser_of: Browser, names: Names, blobs: Blobs, settings: Any, db: None
) -> None:
    allow(
        settings,
        masked=MASKED,
        stores={
            "aws.s3driver": {
                "url": f"{blobs.address}/{{bucket}}/{{key}}",
                "allow": {"bucket": ["payloads"], "key": ["v0/ns/{namespace}/*"]},
            }
        },
    )
    body = plain(ORDER).SerializeToString()
    blobs.held["/payloads/v0/ns/default/d/1"] = body
    key = started(
        names,
        reference("v0/ns/default/d/1", body),
        reference("v0/ns/other/d/1", body),
        reference("v0/ns/default/../other/d/1", body),
        reference("v0/ns/default/d/1", b"something else"),
    )
    browser = browser_of(carol)

    page = browser.get(url(key, "payloads"))
    one = browser.get(url(key, "payload", Place("events", "1", 0)))
    before = list(blobs.asked)
    fetched = browser.post(url(key, "follow", Place("events", "1", 0)))
    refused = [
        browser.post(url(key, "follow", Place("events", "1", number))) for number in (1, 2, 3)
    ]

    assert "kept outside of the history" in words_in(page)
    assert "Fetch it" in words_in(one)
    assert before == []
    assert "Ada Lindhus" in words_in(fetched)
    assert all(secret not in fetched.text for secret in SECRETS)
    assert [page.status_code for page in refused] == [502, 502, 502]
    assert ["do not allow" in words_in(page) for page in refused] == [True, True, False]
    assert "SHA-256 differs" in words_in(refused[2])
    assert blobs.asked == ["/payloads/v0/ns/default/d/1"] * 2


def test_a_browser_that_decodes_may_call_its_codec_and_nothing_else(
    carol: User, browser_of: Browser, sealed: Program, names: Names, codec: str, settings: Any
) -> None:
    key = sealed.start("Waiting", names.workflow(), names.queue(), "12.00")
    browser = browser_of(carol)
    allow(settings, codec={"endpoint": f"{codec}/{{namespace}}", "mode": "browser"})

    page = browser.get(url(key, "payloads"))
    elsewhere = browser.get("/cluster/")
    allow(settings, codec={"endpoint": codec, "mode": "browser"}, masked=MASKED)
    masked = browser.get(url(key, "payloads"))

    assert f"connect-src 'self' {codec};" in page["Content-Security-Policy"] + ";"
    assert codec not in elsewhere["Content-Security-Policy"]
    assert "12.00" not in page.text
    assert f'data-endpoint="{codec}/default"' in page.text
    assert "data-encoded=" in page.text
    assert "data-encoded=" not in masked.text
    assert "nothing can be masked" in words_in(masked)
    assert events.payload(histories.forward(key).events[0], 0) is not None
