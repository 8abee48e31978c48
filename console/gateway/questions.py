"""A query as it was asked, sealed into an address.

Its answer is kept nowhere, so whoever opens a value of it asks once more: with the same arguments,
which no address or log may show.
"""

import json
import zlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

#: An address with a longer one is not taken by servers.
LETTERS_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Question:
    name: str
    arguments: tuple[Any, ...] = ()


def sealed(question: Question) -> str:
    """Empty where it is too long for an address."""
    told = json.dumps([question.name, question.arguments], default=str).encode()
    letters = _box().encrypt(zlib.compress(told)).decode()
    return letters if len(letters) <= LETTERS_MAX else ""


def opened(letters: str) -> Question | None:
    try:
        name, arguments = json.loads(zlib.decompress(_box().decrypt(letters.encode())))
    except InvalidToken:
        return None
    return Question(name, tuple(arguments))


def _box() -> Fernet:
    key = sha256(b"console.gateway.questions" + settings.SECRET_KEY.encode()).digest()
    return Fernet(urlsafe_b64encode(key))
