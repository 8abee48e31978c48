"""Counts and lists that pages share: kept a moment, asked once a process, one budget a namespace.

    fresh ──its time──▶ asked again, if the namespace's budget of this minute allows;
                            else the old answer, with the time that it is of

The budget is that of all processes where they have a broker in common, else of each one; so is it
while the broker is away. Answers are kept by each process: two of them that want to know the same
ask, and spend, twice.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from threading import Lock
from typing import Any, Generic, NoReturn, TypeVar

from django.conf import settings
from django.core.cache import BaseCache, cache, caches
from django.utils import timezone
from redis.exceptions import RedisError

from console.gateway import indexed, workflows
from console.gateway.channel import GatewayError, Trouble
from console.gateway.runs import Counts

logger = logging.getLogger(__name__)

KEEP_SECONDS = 15
#: An answer this old is still better than none when the budget is spent.
STALE_SECONDS = 1_800
CALLS_A_MINUTE_MAX = 120
MINUTE_SECONDS = 60
#: Who asks the same at the same time waits for the one answer; a lock is shared by a few questions.
_locks = tuple(Lock() for _ in range(64))


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Counted:
    """`at`: when the index was asked."""

    counts: Counts
    at: datetime


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    found: T
    at: datetime

    def is_fresh(self, now: datetime, keep_seconds: int) -> bool:
        return now - self.at < timedelta(seconds=keep_seconds)


@dataclass(frozen=True, slots=True)
class Refused:
    """A server that cannot count so, or not this, is not asked again at once."""

    trouble: Trouble
    says: str
    detail: str


def count(namespace: str, query: str, keep_seconds: int | None = None) -> Counted:
    answer = once(namespace, query, lambda: workflows.count(namespace, query), keep_seconds)
    return Counted(answer.found, answer.at)


def once(
    namespace: str, question: str, ask: Callable[[], T], keep_seconds: int | None = None
) -> Answer[T]:
    """`question` names the one call that `ask` makes; who asks the same shares its answer.

    So `ask` returns nothing of a run that one person may see and another may not.
    """
    indexed.check(namespace, question)
    keep_seconds = KEEP_SECONDS if keep_seconds is None else keep_seconds
    key = f"counted:{_digest(settings.ENGINE_ADDRESS, namespace, question)}"
    kept: Answer[T] | None = _kept(key)
    if kept is not None and kept.is_fresh(timezone.now(), keep_seconds):
        return kept
    # whoever comes while another asks finds the answer when the lock is free
    with _locks[hash(key) % len(_locks)]:
        kept, now = _kept(key), timezone.now()
        if kept is not None and kept.is_fresh(now, keep_seconds):
            return kept
        if not _spend(namespace, now):
            return kept or _refuse(namespace)
        found = Answer(_asked(ask, key, keep_seconds), now)
        cache.set(key, found, STALE_SECONDS)
        return found


def _asked(ask: Callable[[], T], key: str, keep_seconds: int) -> T:
    try:
        return ask()
    except GatewayError as error:
        if error.trouble in {Trouble.INVALID, Trouble.UNSUPPORTED}:
            refused = Refused(error.trouble, str(error), error.detail)
            cache.set(key, refused, max(KEEP_SECONDS, keep_seconds))
        raise


def _kept(key: str) -> Any:
    kept = cache.get(key)
    if isinstance(kept, Refused):
        raise GatewayError(kept.trouble, kept.says, kept.detail)
    return kept


def _spend(namespace: str, now: datetime) -> bool:
    """One call of this minute's; a call that the engine refuses was one as well."""
    minute = str(int(now.timestamp() // MINUTE_SECONDS))
    key = f"calls:{_digest(settings.ENGINE_ADDRESS, namespace, minute)}"
    try:
        return _spent(caches["shared"], key) <= CALLS_A_MINUTE_MAX
    except (RedisError, ValueError) as error:  # away, or full and the key is gone already
        logger.warning("the shared budget cannot be reached: %s", type(error).__name__)
        return _spent(cache, key) <= CALLS_A_MINUTE_MAX


def _spent(kept: BaseCache, key: str) -> int:
    kept.add(key, 0, 2 * MINUTE_SECONDS)
    return int(kept.incr(key))


def _refuse(namespace: str) -> NoReturn:
    raise GatewayError(
        Trouble.BUSY,
        f"The console has asked the index of {namespace} {CALLS_A_MINUTE_MAX} times within this "
        "minute, which is its limit. Try again in a moment.",
    )


def _digest(*parts: str) -> str:
    return sha256("\0".join(parts).encode()).hexdigest()
