"""Deliveries: each is sent at least once, or given up after a bounded number of tries.

Taking one moves its time on by a lease before anything is sent. A worker that is killed in between
leaves it to be sent again after the lease, with the same id; `sent` is written after the receiver
has answered.
"""

import hashlib
import hmac
import http.client
import json
import smtplib
import socket
import ssl
from contextlib import suppress
from datetime import datetime, timedelta
from threading import Timer
from urllib.parse import SplitResult

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone

from console.access import sights
from console.alerts import rights
from console.alerts.addresses import SCHEMES, NotAllowed, parted, resolved
from console.alerts.models import Delivery, State
from console.gateway import indexed, sight
from console.gateway.channel import GatewayError

INTERVAL_SECONDS = 15
#: One round sends so many, one after the other.
ROUND_MAX = 20
#: A receiver has so long for each answer, whatever it does meanwhile.
SECONDS_MAX = 10.0
LEASE = timedelta(minutes=10)
TRIES_MAX = 8
BACKOFF_FIRST, BACKOFF_MAX = timedelta(seconds=15), timedelta(minutes=30)
USER_AGENT = "perdure-alerts"


class NotTaken(Exception):
    """The receiver answered, and did not take it."""


def deliver_due(now: datetime) -> int:
    """How many were tried."""
    waiting = Delivery.objects.filter(state=State.WAITING)
    waiting = waiting.select_related("crossing__rule__maker", "crossing__rule__view")
    due = list(waiting.filter(due_at__lte=now).order_by("due_at")[:ROUND_MAX])
    return sum(deliver(one, now) for one in due)


def deliver(delivery: Delivery, now: datetime) -> bool:
    """False when another worker has it: only the one that finds its old time goes on."""
    mine = Delivery.objects.filter(pk=delivery.pk, state=State.WAITING)
    tries = delivery.tries + 1
    if not mine.filter(due_at=delivery.due_at).update(due_at=now + LEASE, tries=tries):
        return False
    if withheld := _withheld(delivery):
        mine.update(state=State.GIVEN_UP, ended_at=timezone.now(), says=withheld)
        return True
    try:
        _send(delivery)
    except (OSError, NotAllowed, NotTaken, http.client.HTTPException, smtplib.SMTPException) as no:
        says = (str(no) or type(no).__name__)[:500]
        if tries >= TRIES_MAX:
            mine.update(state=State.GIVEN_UP, ended_at=timezone.now(), says=says)
        else:
            mine.update(due_at=timezone.now() + backoff(tries), says=says)
        return True
    mine.update(state=State.SENT, ended_at=timezone.now(), says="")
    return True


def _withheld(delivery: Delivery) -> str:
    """Why its rule's maker may not tell of it any more; a mask may have come since, too."""
    rule = delivery.crossing.rule
    if lapsed := rights.lapsed(rule):
        return lapsed
    try:
        with sight.through(sights.in_background(rule.maker, rule.namespace)):
            indexed.check(rule.namespace, delivery.body.get("query", ""))
    except GatewayError as masked:
        return str(masked)
    return ""


def backoff(tries: int) -> timedelta:
    return min(BACKOFF_FIRST * (1 << (tries - 1)), BACKOFF_MAX)


def _send(delivery: Delivery) -> None:
    rule = delivery.crossing.rule
    if delivery.mail_to:
        _mail(delivery)
    else:
        post(rule.webhook, rule.secret, str(delivery.pk), delivery.body, timezone.now())


def _mail(delivery: Delivery) -> None:
    body = delivery.body
    lines = [f"{name}: {value}" for name, value in body.items() if value != ""]
    subject = f"[{body['namespace']}] {body['rule']}: {body['event']}"
    EmailMessage(
        subject=" ".join(subject.split()),
        body="\n".join(lines),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[delivery.mail_to],
        headers={"Message-ID": f"<{delivery.pk}@perdure.invalid>"},
    ).send()


def post(url: str, secret: str, key: str, body: object, at: datetime) -> None:
    """Anything but a 2xx is a no; a redirect is one too, since it may lead inside."""
    parts = parted(url)
    address, port = resolved(parts)
    text = json.dumps(body, separators=(",", ":"), sort_keys=True).encode()
    stamp = str(int(at.timestamp()))
    connection = _connected(parts, address, port)
    # a receiver that answers a letter at a time would keep each single read alive
    alarm = Timer(SECONDS_MAX, _cut, [connection.sock])
    alarm.start()
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "Perdure-Delivery": key,
            "Perdure-Signature": f"t={stamp},v1={signature(secret, stamp, text)}",
        }
        connection.request("POST", path, body=text, headers=headers)
        status = connection.getresponse().status
    finally:
        alarm.cancel()
        connection.close()
    if not 200 <= status < 300:
        raise NotTaken(f"The receiver answered {status}.")


def _cut(sock: socket.socket) -> None:
    with suppress(OSError):  # it ended by itself at the same moment
        sock.shutdown(socket.SHUT_RDWR)


def signature(secret: str, stamp: str, text: bytes) -> str:
    """Over time and body, so that neither an old one nor a changed one passes."""
    signed = stamp.encode() + b"." + text
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def _connected(parts: SplitResult, address: str, port: int) -> http.client.HTTPConnection:
    """To the address that was looked at; name and certificate are still the URL's."""
    host = parts.hostname or ""
    connection = http.client.HTTPConnection(host, port, timeout=SECONDS_MAX)
    sock = socket.create_connection((address, port), timeout=SECONDS_MAX)
    if parts.scheme == "https":
        connection.default_port = SCHEMES["https"]  # the Host header leaves the usual port out
        sock = ssl.create_default_context().wrap_socket(sock, server_hostname=host)
    connection.sock = sock
    return connection
