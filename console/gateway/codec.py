"""A namespace's remote codec: POST {endpoint}/decode and /encode with {"payloads": […]}.

The protocol of the field: payloads as protobuf JSON (every byte field in base64), `X-Namespace`,
and an Authorization header where the settings say so. A codec that does not answer is left alone
for a moment, so that pages stay quick while it is away.
"""

from collections.abc import Sequence
from time import monotonic

from google.protobuf import json_format
from temporalio.api.common.v1 import Payload, Payloads

from console.gateway import remote
from console.gateway.remote import NoAnswer
from console.policies import Codec

#: One call carries so many, and so much of them before base64; the rest is decoded when opened.
PAYLOADS_MAX = 200
BYTES_MAX = 8 * 1024 * 1024
ANSWER_BYTES_MAX = 32 * 1024 * 1024
#: After a failure pages do not ask again for so long; a person who asks by a click always does.
REST_SECONDS = 10.0

#: statuses that are not about the payloads
REFUSES_ALL = frozenset({401, 403, 404, 405, 407, 429})

_away: dict[str, tuple[float, str]] = {}


class CodecAway(Exception):
    """`str()` is a sentence for the page. `wholly`: it would have refused anything else, too."""

    def __init__(self, says: str, *, wholly: bool = True) -> None:
        super().__init__(says)
        self.wholly = wholly


def decode(
    codec: Codec, namespace: str, some: Sequence[Payload], authorization: str, *, insist: bool
) -> list[Payload]:
    """`insist`: ask even a codec that has just failed."""
    until, says = _away.get(codec.endpoint, (0.0, ""))
    if not insist and monotonic() < until:
        raise CodecAway(says)
    return _ask(codec, "decode", namespace, some, authorization)


def encode(
    codec: Codec, namespace: str, some: Sequence[Payload], authorization: str
) -> list[Payload]:
    return _ask(codec, "encode", namespace, some, authorization)


def _ask(
    codec: Codec, what: str, namespace: str, some: Sequence[Payload], authorization: str
) -> list[Payload]:
    headers = {"Content-Type": "application/json", "X-Namespace": namespace}
    if codec.authorization or authorization:
        headers["Authorization"] = authorization or codec.authorization
    try:
        answer = remote.exchange(
            "POST",
            f"{codec.endpoint}/{what}",
            body=json_format.MessageToJson(Payloads(payloads=some), indent=None).encode(),
            headers=headers,
            seconds=codec.seconds,
            bytes_max=ANSWER_BYTES_MAX,
        )
        found = _parsed(answer, len(some))
    except NoAnswer as no:
        says = f"The codec at {codec.origin} {no}."
        if no.away:
            _away[codec.endpoint] = (monotonic() + REST_SECONDS, says)
        raise CodecAway(says, wholly=no.away or no.status in REFUSES_ALL) from None
    _away.pop(codec.endpoint, None)
    return found


def _parsed(answer: bytes, count: int) -> list[Payload]:
    try:
        found = json_format.Parse(answer, Payloads(), ignore_unknown_fields=True)
    except (json_format.ParseError, UnicodeDecodeError, RecursionError):
        raise NoAnswer("answered something else than payloads") from None
    if len(found.payloads) != count:
        raise NoAnswer(f"answered {len(found.payloads)} payloads for {count}")
    return list(found.payloads)
