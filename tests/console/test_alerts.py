"""Alerts: a rule tells once a crossing, a delivery comes at least once, and never inside."""

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from console.alerts import delivering, jobs, watching
from console.alerts.models import Crossing, Delivery, Rule, State
from console.audit.models import AuditEntry
from console.incidents.models import Incident
from console.saved_views.models import SavedView
from tests.console.conftest import NAMESPACE, indexed
from tests.support.names import Names
from tests.support.pages import words_in
from tests.support.programs import Program

Browser = Callable[..., Client]
URL = f"/namespaces/{NAMESPACE}/alerts/"
URL_OF_INCIDENTS = f"/namespaces/{NAMESPACE}/incidents/"


class Receiver(ThreadingHTTPServer):
    """Keeps what it was sent, and answers as it is told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taking)
        self.taken: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?team=a"


class Taking(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append((dict(self.headers) | {"path": self.path}, body))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 204)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """The test says what went wrong."""


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.ALERTS_ALLOW_PRIVATE = True
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    for end in (server.shutdown, thread.join, server.server_close):
        end()


def a_view(bob: User, query: str) -> SavedView:
    seen = {"namespace": NAMESPACE, "audience": "namespace"}
    return SavedView.objects.create(name="Stuck", query=query, owner=bob, **seen)


def a_rule(bob: User, query: str = "", **given: Any) -> Rule:
    usual: dict[str, Any] = {
        "name": "too many",
        "kind": "count",
        "view_name": "Stuck",
        "secret": "shared",
    }
    if given.get("kind") != "new":
        usual["view"] = a_view(bob, query)
    return Rule.objects.create(
        namespace=NAMESPACE, maker=bob, made_at=timezone.now(), **(usual | given)
    )


def a_delivery(rule: Rule, mail_to: str = "") -> Delivery:
    crossing = Crossing.objects.create(rule=rule, at=timezone.now(), what="Stuck: 3, over 1")
    body = {"event": "fired", "rule": rule.name, "namespace": NAMESPACE, "count": 3}
    return Delivery.objects.create(
        crossing=crossing, mail_to=mail_to, body=body, due_at=timezone.now()
    )


def watched() -> None:
    """The job, as if a minute later."""
    cache.clear()
    Rule.objects.update(looked_at=None)
    jobs.watch()


def form_of(**given: Any) -> dict[str, Any]:
    usual = {"name": "too many", "kind": "count", "threshold": 1, "reason": "nights are long"}
    return usual | given


def test_a_rule_tells_once_when_it_crosses_and_once_when_it_has_fallen(
    bob: User, browser_of: Browser, receiver: Receiver, program: Program, names: Names
) -> None:
    queue = names.queue()
    query = f"TaskQueue = '{queue}' AND ExecutionStatus = 'Running'"
    view = a_view(bob, query)
    made = browser_of(bob).post(URL + "new/", form_of(view=view.pk, webhook=receiver.url))
    keys = [program.start("Waiting", names.workflow(str(n)), queue) for n in range(2)]
    watched()
    indexed(query, 2)
    watched()
    watched()
    jobs.deliver()

    rule = Rule.objects.get()
    assert made["Location"].endswith(f"/alerts/{rule.pk}/")
    assert rule.is_firing
    (headers, body), *more = receiver.taken
    told = json.loads(body)
    assert more == []
    assert (told["event"], told["count"], told["threshold"]) == ("fired", 2, 1)
    assert (told["rule"], told["query"]) == ("too many", query)
    assert query in words_in(browser_of(bob).get(told["page"]))
    assert headers["path"] == "/hook?team=a"

    program.wait(program.client.get_workflow_handle(keys[0].workflow_id).terminate())
    indexed(f"TaskQueue = '{queue}' AND ExecutionStatus = 'Terminated'", 1)
    watched()
    watched()
    jobs.deliver()

    assert [json.loads(body)["event"] for _, body in receiver.taken] == ["fired", "cleared"]
    assert Crossing.objects.get().cleared_at is not None
    page = words_in(browser_of(bob).get(f"{URL}{rule.pk}/"))
    assert "Stuck: 2, over 1" in page
    assert "fired: sent" in page
    assert "cleared: sent" in page


def test_a_webhook_is_signed_over_its_time_and_body_and_has_an_id(
    bob: User, receiver: Receiver
) -> None:
    delivery = a_delivery(a_rule(bob, webhook=receiver.url))
    jobs.deliver()

    ((headers, body),) = receiver.taken
    parts = dict(part.split("=") for part in headers["Perdure-Signature"].split(","))
    signed = f"{parts['t']}.".encode() + body
    assert parts["v1"] == hmac.new(b"shared", signed, hashlib.sha256).hexdigest()
    assert headers["Perdure-Delivery"] == str(delivery.pk)
    assert headers["Host"] == f"127.0.0.1:{receiver.server_port}"


def test_what_is_not_taken_is_tried_again_later_with_the_same_id_and_at_last_given_up(
    bob: User, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "TRIES_MAX", 3)
    delivery = a_delivery(a_rule(bob, webhook=receiver.url))
    receiver.answers = [500, 302, 503]
    now = timezone.now()

    for tries in (1, 2, 3):
        assert delivering.deliver_due(now) == 1
        delivery.refresh_from_db()
        assert delivery.tries == tries
        assert delivering.deliver_due(timezone.now()) == 0
        now = timezone.now() + delivering.BACKOFF_MAX

    assert delivery.state == State.GIVEN_UP
    assert delivery.says == "The receiver answered 503."
    assert {headers["Perdure-Delivery"] for headers, _ in receiver.taken} == {str(delivery.pk)}
    assert all(headers["path"] == "/hook?team=a" for headers, _ in receiver.taken)


def test_a_worker_that_was_killed_while_it_sent_leaves_it_to_the_next(
    bob: User, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = a_delivery(a_rule(bob, webhook=receiver.url))
    now = timezone.now()

    def killed(_: Delivery) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(delivering, "_send", killed)
        with pytest.raises(SystemExit):
            delivering.deliver_due(now)

    assert delivering.deliver_due(now) == 0
    assert delivering.deliver_due(now + delivering.LEASE) == 1
    ((headers, _),) = receiver.taken
    assert headers["Perdure-Delivery"] == str(delivery.pk)
    delivery.refresh_from_db()
    assert delivery.state == State.SENT


def test_two_workers_send_one_delivery_once(bob: User, receiver: Receiver) -> None:
    delivery = a_delivery(a_rule(bob, webhook=receiver.url))
    same = Delivery.objects.get(pk=delivery.pk)

    assert delivering.deliver(delivery, timezone.now())
    assert not delivering.deliver(same, timezone.now())
    assert len(receiver.taken) == 1


def test_a_receiver_that_never_ends_its_answer_is_left(
    bob: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ALERTS_ALLOW_PRIVATE = True
    monkeypatch.setattr(delivering, "SECONDS_MAX", 0.3)
    done = threading.Event()

    class Dripping(Taking):
        def do_POST(self) -> None:
            while not done.wait(0.05):
                try:
                    self.wfile.write(b"H")
                except OSError:
                    return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Dripping)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    delivery = a_delivery(a_rule(bob, webhook=f"http://127.0.0.1:{server.server_port}/"))

    jobs.deliver()

    done.set()
    server.shutdown()
    thread.join()
    server.server_close()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.tries) == (State.WAITING, 1)
    assert delivery.says


def test_a_mail_has_the_id_of_its_delivery(bob: User, mailoutbox: list[Any]) -> None:
    delivery = a_delivery(a_rule(bob, mail_to="team@example.com"), "team@example.com")
    jobs.deliver()

    (mail,) = mailoutbox
    assert mail.to == ["team@example.com"]
    assert mail.subject == "[default] too many: fired"
    assert mail.extra_headers["Message-ID"] == f"<{delivery.pk}@perdure.invalid>"
    assert "count: 3" in mail.body


def test_a_new_incident_is_told_once_and_those_before_the_rule_never(
    bob: User, browser_of: Browser, receiver: Receiver, settings: Any
) -> None:
    settings.CONSOLE_URL = "https://console.example"
    now = timezone.now()
    seen = {"namespace": NAMESPACE, "first_seen_at": now, "last_seen_at": now}
    Incident.objects.create(fingerprint="old", looked_at=now, **seen)
    browser_of(bob).post(URL + "new/", form_of(kind="new", webhook=receiver.url))
    unnamed = Incident.objects.create(fingerprint="unnamed", **seen)
    Incident.objects.create(
        fingerprint="new", failure_type="CardRefused", looked_at=now, running=3, **seen
    )

    watched()
    assert not Crossing.objects.exists()
    Incident.objects.filter(pk=unnamed.pk).update(looked_at=now, failure_type="NoAnswer")
    watched()
    watched()
    jobs.deliver()

    told = [json.loads(body) for _, body in receiver.taken]
    assert [one["what"] for one in told] == ["NoAnswer (unnamed)", "CardRefused (new)"]
    assert told[1]["count"] == 3
    assert told[1]["page"] == f"https://console.example{URL_OF_INCIDENTS}{unnamed.pk + 1}/"


def test_an_incident_that_comes_back_is_told_again(bob: User, receiver: Receiver) -> None:
    rule = a_rule(bob, kind="new", webhook=receiver.url)
    now = timezone.now()
    Incident.objects.create(
        namespace=NAMESPACE, fingerprint="f1", failure_type="CardError", looked_at=now,
        first_seen_at=now, last_seen_at=now, reopened_at=now - timedelta(days=1), running=1,
    )  # fmt: skip
    watched()
    Incident.objects.update(reopened_at=timezone.now(), running=3)
    watched()
    watched()

    new, back = rule.crossings.order_by("pk")
    assert new.what == "CardError (f1)"
    assert back.what == "CardError (f1): again, after it was called fixed"
    assert back.count == 3
    assert back.deliveries.count() == 1


def test_a_muted_rule_keeps_its_history_and_tells_nobody(
    bob: User, browser_of: Browser, receiver: Receiver, program: Program, names: Names
) -> None:
    queue = names.queue()
    program.start("Waiting", names.workflow(), queue)
    indexed(f"TaskQueue = '{queue}'", 1)
    rule = a_rule(bob, query=f"TaskQueue = '{queue}'", threshold=0, webhook=receiver.url)
    browser = browser_of(bob)

    browser.post(f"{URL}{rule.pk}/mute/", {"reason": "moving house"})
    watched()
    jobs.deliver()

    assert receiver.taken == []
    page = words_in(browser.get(f"{URL}{rule.pk}/"))
    assert "Firing, muted" in page
    assert "nobody, it was muted" in page
    entry = AuditEntry.objects.get(verb="alert.change")
    assert (entry.reason, entry.before, entry.outcome.after) == (
        "moving house",
        {"muted": False},
        {"muted": True},
    )


def test_a_rule_is_deleted_with_a_reason(bob: User, browser_of: Browser) -> None:
    rule = a_rule(bob)
    browser = browser_of(bob)

    assert browser.post(f"{URL}{rule.pk}/delete/", {"reason": ""}).status_code == 422
    browser.post(f"{URL}{rule.pk}/delete/", {"reason": "nobody reads it"})

    assert not Rule.objects.exists()
    assert AuditEntry.objects.get(verb="alert.change").reason == "nobody reads it"


def test_the_secret_is_seen_by_who_may_change_the_rule_and_stands_in_no_audit_row(
    bob: User, carol: User, browser_of: Browser, receiver: Receiver
) -> None:
    browser_of(bob).post(URL + "new/", form_of(kind="new", webhook=receiver.url))
    rule = Rule.objects.get()

    assert rule.secret in browser_of(bob).get(f"{URL}{rule.pk}/").text
    assert rule.secret not in browser_of(carol).get(f"{URL}{rule.pk}/").text
    assert rule.secret not in str(AuditEntry.objects.get().outcome.after)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"webhook": "https://8.8.8.8/"}, "Choose a view"),
        ({"kind": "new"}, "Give a webhook, a mail address, or both."),
        ({"kind": "new", "webhook": "http://127.0.0.1:9/"}, "is inside"),
        ({"kind": "new", "webhook": "http://localhost:9/"}, "is inside"),
        ({"kind": "new", "webhook": "file:///etc/passwd"}, "begins with https"),
        ({"kind": "new", "webhook": "https://a:b@8.8.8.8/"}, "no password"),
        ({"kind": "new", "webhook": "https://8.8.8.8:99999/"}, "no address of a webhook"),
        ({"kind": "new", "webhook": "http://a..b/"}, "no address of a webhook"),
        ({"kind": "new", "mail_to": "team@example.com"}, "No mail server is set"),
        ({"kind": "new", "webhook": "https://8.8.8.8/", "reason": ""}, "required"),
    ],
)
def test_a_rule_that_could_tell_nobody_is_refused_beside_its_field(
    given: dict[str, Any], says: str, bob: User, browser_of: Browser
) -> None:
    page = browser_of(bob).post(URL + "new/", form_of(**given))

    assert page.status_code == 422
    assert says in words_in(page)
    assert not Rule.objects.exists()


def test_a_webhook_that_leads_inside_by_now_is_not_called(
    bob: User, receiver: Receiver, settings: Any
) -> None:
    settings.ALERTS_ALLOW_PRIVATE = False
    delivery = a_delivery(a_rule(bob, webhook=receiver.url))

    jobs.deliver()

    delivery.refresh_from_db()
    assert receiver.taken == []
    assert "127.0.0.1 is inside" in delivery.says


@pytest.mark.one_server
def test_history_is_bounded_by_age(bob: User) -> None:
    rule = a_rule(bob, kind="new")
    old = timezone.now() - watching.HISTORY_KEPT - timedelta(days=1)
    Crossing.objects.create(rule=rule, at=old, what="old", cleared_at=old)
    Crossing.objects.create(rule=rule, at=timezone.now(), what="young")

    watching.watch_all(timezone.now())

    assert [one.what for one in rule.crossings.all()] == ["young"]
