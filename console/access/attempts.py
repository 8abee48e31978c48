"""How often a password may be tried: per account and per address, in a window of time.

An attempt is counted before the password is looked at, so that many at once are many. What is
refused is not counted: waiting helps. A name that nobody has is counted like one that somebody
has, so the refusal tells nothing. The counters are as many as there are buckets, whatever is typed
into the form, and hold neither names nor addresses.
"""

import hashlib
import hmac
import ipaddress
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from console.access.models import AttemptCount
from console.ui import words

WINDOW = timedelta(minutes=15)
ACCOUNT_ATTEMPTS_MAX = 10
ADDRESS_ATTEMPTS_MAX = 60
#: of somebody who is signed in and types their old password
OLD_PASSWORD_ATTEMPTS_MAX = 10
BUCKETS = 65_536
#: One subscriber of a network has at least this much of IPv6.
NETWORK_BITS = 64


class TooManyAttempts(ValidationError):
    def __init__(self, free_at: datetime) -> None:
        # The minute is rounded up: who comes at the time that was named is let in.
        at = words.clock(free_at + timedelta(seconds=59))[:5]
        says = f"Too many attempts. Try again at {at} {words.zone(free_at)}."
        super().__init__(says, code="too_many_attempts")
        self.free_at = free_at

    @property
    def seconds(self) -> int:
        """From now until then, as a header says it."""
        return max(1, math.ceil((self.free_at - timezone.now()).total_seconds()))


@dataclass(frozen=True, slots=True)
class Counted:
    kind: str
    value: str
    most: int

    @property
    def bucket(self) -> str:
        text = f"{self.kind}:{self.value}".encode()
        digest = hmac.digest(settings.SECRET_KEY.encode(), text, hashlib.sha256)
        return f"{self.kind}:{int.from_bytes(digest[:8]) % BUCKETS}"


def of_sign_in(request: HttpRequest, username: str) -> tuple[Counted, ...]:
    address = address_of(request)
    return (
        Counted("account", username.casefold(), ACCOUNT_ATTEMPTS_MAX),
        Counted("address", network(address) if address else "none", ADDRESS_ATTEMPTS_MAX),
    )


def of_old_password(username: str) -> tuple[Counted, ...]:
    return (Counted("old-password", username.casefold(), OLD_PASSWORD_ATTEMPTS_MAX),)


def take(counted: Iterable[Counted]) -> datetime | None:
    """Counts one attempt. When it is one too many: the moment from which it is not."""
    now = timezone.now()
    with transaction.atomic():
        rows = [(one, _locked(one.bucket, now)) for one in sorted(counted, key=lambda c: c.bucket)]
        full = [row.ends_at for one, row in rows if row.attempts >= one.most]
        if full:
            return max(full)
        for _, row in rows:
            row.attempts += 1
            row.save()
    return None


@contextmanager
def checked(counted: Sequence[Counted]) -> Iterator[None]:
    """Around the look at a password. Raises TooManyAttempts; what is raised inside is a failure."""
    free_at = take(counted)
    if free_at is not None:
        raise TooManyAttempts(free_at)
    yield
    succeeded(counted)


def succeeded(counted: Iterable[Counted]) -> None:
    """The account starts afresh; of the address only this attempt is taken back."""
    for one in counted:
        row = AttemptCount.objects.filter(bucket=one.bucket, attempts__gt=0)
        row.update(attempts=F("attempts") - 1 if one.kind == "address" else 0)


def address_of(request: HttpRequest) -> str | None:
    """Behind a proxy, what the proxy added to the header: all before it is hearsay."""
    said = request.META.get("REMOTE_ADDR", "")
    if settings.BEHIND_HTTPS:
        said = request.META.get("HTTP_X_FORWARDED_FOR", said).rsplit(",", 1)[-1].strip()
    try:
        return str(ipaddress.ip_address(said))
    except ValueError:
        return None


def network(address: str) -> str:
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv4Address):
        return address
    if ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((ip, NETWORK_BITS), strict=False))


def _locked(bucket: str, now: datetime) -> AttemptCount:
    AttemptCount.objects.bulk_create(
        [AttemptCount(bucket=bucket, ends_at=now + WINDOW)], ignore_conflicts=True
    )
    row = AttemptCount.objects.select_for_update().get(bucket=bucket)
    if row.ends_at <= now:
        row.attempts, row.ends_at = 0, now + WINDOW
    return row
