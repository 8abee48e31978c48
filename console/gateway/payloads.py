"""Payload -> something a person can read, and a person's JSON -> Payload.

What is read is read through the sight of whoever looks (`sight.py`): decoded, and masked. Never
raises on what it reads.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from google.protobuf import json_format
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.common.v1 import Memo, Payload, Payloads
from temporalio.api.failure.v1 import Failure as FailureMessage
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflow.v1 import PendingActivityInfo

from console import policies
from console.gateway import codec, lengths, masks, sight, texts
from console.gateway.channel import GatewayError, Trouble
from console.gateway.sight import Seen
from console.gateway.walking import ENCODED_WORDS, FAILURE, place_of
from console.gateway.walking import words as words_of

#: More is not parsed for a page; a payload has a page of its own.
PREVIEW_BYTES_MAX = 256 * 1024
#: More is no tree but the beginning of its text.
TREE_BYTES_MAX = 16 * 1024
TREE_NODES_MAX = 400
TREE_DEPTH_MAX = 24
#: of one page; then even small values show how they begin
PAGE_NODES_MAX = 6_000
BEGINNING_LETTERS = 1_200
CAUSES_MAX = 16
#: What the console itself reads in a memo: schemas, which may name a field that is masked.
OWN_MEMO = frozenset({"perdure.actions"})
SEALED = "perdure/sealed"


@dataclass(frozen=True, slots=True)
class Place:
    """Which payload of which part of a run: its address on the run's pages.

    part        name             number
    events      the event's id   among all that the event holds
    pending     an activity's    among all that the server tells of the activity
    memo        the key          0
    attributes  the name         0
    answers     the question     among the values of the answer
    attempts    see activities   among all that the failure of the attempt holds
    """

    part: str
    name: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Within:
    """A message that does not tell its own place."""

    place: Place
    message: Message


Carrier = Message | Place | Within


@dataclass(frozen=True, slots=True)
class Value:
    """One payload, decoded as far as it goes. `readable` is false when only its bytes are known."""

    encoding: str
    size: int
    content: Any
    readable: bool = True
    note: str = ""
    #: the encodings that were taken off
    via: str = ""
    #: fields that are masked in it
    masked: int = 0
    #: see Seen
    state: str = ""
    #: the beginning, where it is too long for a tree or is no JSON
    text: str = ""
    #: where it can be opened; only for what is not shown whole
    place: Place | None = None
    #: for the browser to decode: protobuf JSON
    encoded: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    type: str
    message: str
    stack: str
    source: str
    retryable: bool
    details: tuple[Value, ...]
    cause: "Failure | None"
    #: what the activity had told when it timed out
    heartbeat: tuple[Value, ...] = ()
    #: message and stack, where not all of them is seen
    words: Value | None = None


NOTHING = Value("none", 0, None)


def readable(payload: Payload, of: Carrier | None = None, name: str = "") -> Value:
    """`of`: its place, or what carries it; `name`: that in its memo or header, where it has one."""
    seen = sight.current().seen(payload, name)
    content, is_read, note, text = _told(seen)
    partly = bool(seen.state or seen.masked or text or not is_read)
    return Value(
        encoding=sight.encoding_of(seen.payload) or "none",
        size=len(seen.payload.data) or len(payload.data),
        content=content,
        readable=is_read,
        note=note,
        via=", ".join(seen.via),
        masked=seen.masked,
        state=seen.state,
        text=text,
        place=_place(payload, of, name) if partly and of is not None else None,
        encoded=_for_browser(seen) if seen.for_browser else "",
    )


def as_text(payload: Payload, name: str = "") -> str:
    """All that this person may see of it, as text; empty while it is encoded or hidden."""
    seen = sight.current().seen(payload, name)
    return "" if seen.state in {"closed", "hidden"} else texts.whole(seen.payload)


def _place(payload: Payload, of: Carrier, name: str) -> Place | None:
    match of:
        case Place():
            return of
        case Within():
            number = place_of(of.message, payload, name)
            return None if number is None else replace(of.place, number=number)
        case HistoryEvent():
            return _place(payload, Within(Place("events", str(of.event_id)), of), name)
        case PendingActivityInfo():
            return _place(payload, Within(Place("pending", of.activity_id), of), name)
        case _:
            return None


def _for_browser(seen: Seen) -> str:
    if len(seen.payload.data) > PREVIEW_BYTES_MAX:
        return ""
    return json_format.MessageToJson(seen.payload, indent=None)


def _told(seen: Seen) -> tuple[Any, bool, str, str]:
    """(content, whether it is read, why not, the beginning of its text)"""
    one, encoding = seen.payload, sight.encoding_of(seen.payload)
    if seen.state:
        return None, False, seen.note, ""
    if encoding == "binary/null":
        return None, True, "", ""
    if len(one.data) > PREVIEW_BYTES_MAX:
        return None, False, "too large to show here", texts.beginning(one, BEGINNING_LETTERS)
    if encoding in sight.JSON:
        return _json(one)
    return None, False, texts.kind(one), texts.beginning(one, BEGINNING_LETTERS)


def _json(one: Payload) -> tuple[Any, bool, str, str]:
    try:
        content = json.loads(one.data)
    except (ValueError, RecursionError):
        says = "says it is JSON, and is not"
        return None, False, says, texts.beginning(one, BEGINNING_LETTERS)
    if len(one.data) <= TREE_BYTES_MAX and _is_drawn(content):
        return content, True, "", ""
    return content, True, "", texts.beginning(one, BEGINNING_LETTERS)


def _is_drawn(content: Any) -> bool:
    """As a tree, if it is small and this page has not too many of them."""
    looking, nodes = sight.current(), _nodes(content)
    if nodes is None or looking.drawn + nodes > PAGE_NODES_MAX:
        return False
    looking.drawn += nodes
    return True


def _nodes(content: Any) -> int | None:
    """How many values; None: too many, or nested too deeply for a tree."""
    waiting: list[tuple[Any, int]] = [(content, 0)]
    count = 0
    while waiting:
        one, depth = waiting.pop()
        count += 1
        if depth > TREE_DEPTH_MAX or count + len(waiting) > TREE_NODES_MAX:
            return None
        waiting += [(each, depth + 1) for each in _children(one)]
    return count


def _children(one: Any) -> Iterator[Any]:
    return iter(one.values() if isinstance(one, dict) else one if isinstance(one, list) else ())


def counted(payload: Payload) -> Any:
    """What the index groups by comes as a payload, and is none of a run."""
    with sight.through(sight.current().of_fields()):
        return readable(payload).content


def values(payloads: Payloads | Iterable[Payload], of: Carrier | None = None) -> tuple[Value, ...]:
    """`of` a place: that of the first of them."""
    each = payloads.payloads if isinstance(payloads, Payloads) else payloads
    return tuple(
        readable(payload, replace(of, number=at) if isinstance(of, Place) else of)
        for at, payload in enumerate(each)
    )


def memo(held: Memo) -> dict[str, Value]:
    """By name; a name is a field like the keys inside it."""
    return {name: _remembered(name, one) for name, one in sorted(held.fields.items())}


def _remembered(name: str, payload: Payload) -> Value:
    if name not in OWN_MEMO:
        return readable(payload, Place("memo", name), name)
    with sight.unmasked():
        return readable(payload)


def encoded(arguments: Sequence[Any]) -> Payloads:
    return Payloads(
        payloads=[
            Payload(
                metadata={"encoding": b"json/plain"},
                data=json.dumps(one, separators=(",", ":")).encode(),
            )
            for one in arguments
        ]
    )


def written(arguments: Sequence[Any]) -> Payloads:
    """In the clear; refused where something of it was masked for who writes it."""
    if masks.MASK in json.dumps(list(arguments), ensure_ascii=False, default=str):
        says = f"An argument still holds {masks.MASK}, which stands for what you may not see."
        raise GatewayError(Trouble.INVALID, f"{says} Nothing was sent.")
    return encoded(arguments)


def sent(namespace: str, arguments: Sequence[Any]) -> Payloads:
    """What an operator sends, through the namespace's codec where it has one."""
    plain = written(arguments)
    open_ones = [
        (number, one)
        for number, one in enumerate(plain.payloads)
        if not is_sealed(arguments[number])
    ]
    for number, one in enumerate(arguments):
        if is_sealed(one):
            plain.payloads[number].ParseFromString(base64.b64decode(one[SEALED]))
    closed = _through_codec(namespace, [one for _, one in open_ones])
    for (number, _), one in zip(open_ones, closed, strict=True):
        plain.payloads[number].CopyFrom(one)
    return plain


def _through_codec(namespace: str, some: list[Payload]) -> list[Payload]:
    its = policies.of(settings.PAYLOADS, namespace).codec
    if its is None or not its.encodes or not some:
        return some
    looking = sight.current()
    authorization = looking.authorization if looking.namespace == namespace else ""
    try:
        return codec.encode(its, namespace, some, authorization)
    except codec.CodecAway as away:
        says = f"{away} What you send must go through it, so nothing was sent."
        raise GatewayError(Trouble.AWAY, says) from None


def sealed(namespace: str, value: Any) -> Any:
    """What is kept to be sent later: encoded where the namespace has a codec, else as it is."""
    its = policies.of(settings.PAYLOADS, namespace).codec
    if its is None or not its.encodes:
        return value
    [payload] = sent(namespace, [value]).payloads
    return {SEALED: base64.b64encode(payload.SerializeToString()).decode()}


def told(value: Any) -> Any:
    """What is kept to be sent later, as this person may see it."""
    if is_sealed(value):
        return "encoded by the namespace's codec"
    return masks.masked(value, sight.current().hidden)[0]


def is_sealed(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {SEALED}


def failure(message: FailureMessage, depth: int = 0, of: Carrier | None = None) -> Failure:
    kind = message.WhichOneof("failure_info") or ""
    info = getattr(message, kind) if kind else None
    says, stack, words = _worded(message, of)
    return Failure(
        type=getattr(info, "type", "") or _failure_kind(kind),
        message=says,
        stack=stack,
        source=message.source,
        retryable=not getattr(info, "non_retryable", False),
        details=_of_failure(info, "details", of),
        heartbeat=_of_failure(info, "last_heartbeat_details", of),
        words=words,
        cause=failure(message.cause, depth + 1, of)
        if message.HasField("cause") and depth < CAUSES_MAX
        else None,
    )


def _of_failure(info: Any, field: str, of: Carrier | None) -> tuple[Value, ...]:
    return values(getattr(info, field), of) if hasattr(info, field) else ()


def _worded(message: FailureMessage, of: Carrier | None) -> tuple[str, str, Value | None]:
    """SDKs can be told to encode message and stack; then they are in a payload of their own."""
    is_encoded = message.HasField(ENCODED_WORDS)
    clear = message.message, message.stack_trace
    if not is_encoded and not sight.current().hidden:
        return *clear, None
    with sight.through(sight.current().of_fields()) as looking:
        told = readable(words_of(message), of, FAILURE)
    if told.masked or (is_encoded and isinstance(told.content, dict)):
        said = sight.spoken(looking.seen(words_of(message), FAILURE).payload)
        return *said, told if told.masked else None
    if is_encoded:
        return f"{message.message} ({told.note or told.encoding})", message.stack_trace, told
    return *clear, None


def words_seen(message: str) -> str:
    """Of a failure, where the index keeps them: there they may have been cut."""
    hidden = sight.current().hidden
    try:
        found = masks.masked({FAILURE: {"message": message}}, hidden)[0][FAILURE]
    except masks.TooDeep:
        return masks.MASK
    if not isinstance(found, dict) or (found["message"] == message and _is_cut(message, hidden)):
        return masks.MASK
    return str(found["message"])


def _is_cut(message: str, hidden: Sequence[str]) -> bool:
    """JSON that does not end, and names a field that is masked."""
    if message.lstrip()[:1] not in {"{", "["} or not masks.may_hold(message.encode(), "", hidden):
        return False
    try:
        json.loads(message)
    except (ValueError, RecursionError):
        return True
    return False


def root_cause(found: Failure) -> Failure:
    while found.cause is not None:
        found = found.cause
    return found


def _failure_kind(field: str) -> str:
    return "".join(part.capitalize() for part in field.removesuffix("_info").split("_"))


def moment(stamp: Timestamp) -> datetime | None:
    return stamp.ToDatetime(UTC) if stamp.seconds or stamp.nanos else None


def span(duration: Duration) -> timedelta | None:
    return lengths.length(duration) if duration.seconds or duration.nanos else None


def stamp(at: datetime) -> Timestamp:
    result = Timestamp()
    result.FromDatetime(at)
    return result


def plain(message: Any) -> dict[str, Any]:
    """A message as a person reads it: payloads decoded in place, the rest by its protocol names."""
    result: dict[str, Any] = json_format.MessageToDict(message, preserving_proto_field_name=False)
    return result
