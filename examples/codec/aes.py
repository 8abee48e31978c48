"""AES-GCM over whole payloads: the history holds ciphertext, workers and the codec server the key.

The key's id travels with each payload, so that keys can be changed: new payloads take the newest,
old ones still name theirs.
"""

import base64
import os
from collections.abc import Mapping, Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

ENCODING: Final = b"binary/encrypted"
NONCE_BYTES: Final = 12
KEY_BYTES: Final = 32


class NotDecoded(Exception):
    """A payload of another key, or not as it was written."""


class KeysWrong(Exception):
    """CODEC_KEYS cannot be used; the message says why."""


class AesCodec(PayloadCodec):
    """The last of `keys` encodes; all of them decode."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._ciphers = {name: AESGCM(key) for name, key in keys.items()}
        self._newest = list(keys)[-1]

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self._closed(one) for one in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self._opened(one) for one in payloads]

    def _closed(self, payload: Payload) -> Payload:
        nonce = os.urandom(NONCE_BYTES)
        plain = payload.SerializeToString()
        name = self._newest.encode()
        return Payload(
            metadata={"encoding": ENCODING, "encryption-key-id": name},
            data=nonce + self._ciphers[self._newest].encrypt(nonce, plain, name),
        )

    def _opened(self, payload: Payload) -> Payload:
        """What another codec, or none, has made passes as it is."""
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        name = payload.metadata.get("encryption-key-id", b"")
        cipher = self._ciphers.get(name.decode("utf-8", "replace"))
        if cipher is None:
            raise NotDecoded("There is no key of this id.")
        nonce, closed = payload.data[:NONCE_BYTES], payload.data[NONCE_BYTES:]
        try:
            return Payload.FromString(cipher.decrypt(nonce, closed, name))
        except (InvalidTag, ValueError):
            raise NotDecoded("It was not encoded by this key.") from None


def keys_of(text: str) -> dict[str, bytes]:
    """`2026=BASE64,2027=BASE64`: the last one encodes."""
    found = dict(part.split("=", 1) for part in text.split(",") if "=" in part)
    try:
        keys = {name.strip(): base64.b64decode(key, validate=True) for name, key in found.items()}
    except ValueError:
        raise KeysWrong("CODEC_KEYS holds a key that is no base64.") from None
    if not keys or any(len(key) != KEY_BYTES for key in keys.values()):
        raise KeysWrong(f"CODEC_KEYS is ID=KEY,… with keys of {KEY_BYTES} bytes in base64.")
    return keys
