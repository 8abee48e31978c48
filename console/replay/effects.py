"""Which activities change the world. Nobody tells the console, so it goes by name and input, and
the page says so.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from console.gateway.payloads import Value

#: part of the name -> (what it does, how bad twice is)
BY_NAME = (
    (("refund", "payout", "transfer", "deposit", "withdraw", "return_money"), "moves money", "bad"),
    (("charge", "payment", "capture", "invoice", "pay"), "moves money", "bad"),
    (("mail", "notify", "sms", "message", "send"), "sends a message", "warn"),
    (("book", "ship", "label", "courier", "consign", "order", "purchase"), "books or buys", "warn"),
    (("delete", "remove", "purge"), "deletes", "bad"),
)
HARMLESS = ("get", "fetch", "read", "load", "find", "check", "validate", "compute", "list", "keep")
KEYS = ("idempotency_key", "idempotencykey", "key", "request_id", "requestid", "dedupe_key")
KEY_DEPTH_MAX = 3


@dataclass(frozen=True, slots=True)
class Effect:
    does: str = ""
    tone: str = ""
    #: The idempotency key that it sends along, as far as its input shows.
    key: str = ""

    @property
    def is_outside(self) -> bool:
        return bool(self.does)

    @property
    def says(self) -> str:
        return f"{self.does}, {'has a key' if self.key else 'no key seen'}" if self.does else ""


def effect(name: str, values: Iterable[Value]) -> Effect:
    words = re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower())
    key = _key([value.content for value in values])
    if words and words[0] in HARMLESS:
        return Effect(key=key)
    for parts, does, tone in BY_NAME:
        if any(word.startswith(part) for word in words for part in parts):
            return Effect(does, tone, key)
    return Effect(key=key)


def _key(value: Any, depth: int = 0) -> str:
    if depth > KEY_DEPTH_MAX:
        return ""
    if isinstance(value, list):
        return next((found for one in value if (found := _key(one, depth + 1))), "")
    if not isinstance(value, dict):
        return ""
    for name, inner in value.items():
        if str(name).lower() in KEYS and isinstance(inner, str) and inner:
            return inner
    return _key(list(value.values()), depth + 1)
