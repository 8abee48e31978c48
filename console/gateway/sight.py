"""The payload as this person may see it: decoded, unpacked, masked. The one way to look at it.

    as it came ─▶ inflated (zlib, gzip) ─▶ by the codec ─▶ inflated ─▶ masked ─▶ Seen

A Sight is one person's look into one namespace and lives as long as their request: what the codec
decoded is kept nowhere else. Without one (background jobs) no codec is asked, and everything is
masked that is masked from anybody anywhere.
"""

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from google.protobuf.message import DecodeError
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent

from console import policies
from console.gateway import codec, masks
from console.gateway.codec import CodecAway
from console.gateway.walking import FAILURE, named_in, payloads_in, spoken_in, words
from console.policies import NONE, Codec, Policy

#: of a codec for one part of a page, where it refuses some of the payloads
CALLS_MAX = 8
INFLATED_BYTES_MAX = 16 * 1024 * 1024
COMPRESSED = frozenset({"binary/zlib", "binary/gzip"})
JSON = frozenset({"json/plain", "json/protobuf"})
#: read by the console itself; anything else is for a codec
KNOWN = JSON | {"binary/null", "binary/plain", "binary/protobuf", "text/plain", ""}
#: opaque without a key, whoever has it
OPAQUE = frozenset({"binary/encrypted"})
#: among the fields that somebody does not see: no payload at all
EVERY = "\0every payload"
BARRED = "you may not look at payloads here"
REFERENCE = "json/external-storage-reference"
REFERENCE_TYPE = b"temporal.api.sdk.v1.ExternalStorageReference"


@dataclass(frozen=True, slots=True)
class Seen:
    """state: "" it is all there; closed: still encoded; stored: a reference; hidden: bytes that
    could hold a masked field."""

    payload: Payload
    state: str = ""
    note: str = ""
    #: the encodings that were taken off, outermost first
    via: tuple[str, ...] = ()
    masked: int = 0
    #: only the browser may decode it
    for_browser: bool = False


@dataclass(slots=True, eq=False)
class Sight:
    namespace: str = ""
    policy: Policy = NONE
    #: the fields that this person does not see; with EVERY among them, no payload
    hidden: tuple[str, ...] = ()
    authorization: str = field(default="", repr=False)
    #: why the codec did not decode, if it was asked in vain
    trouble: str = ""
    #: and whether it would answer nothing else either
    away: bool = False
    opened: dict[bytes, Payload] = field(default_factory=dict, repr=False)
    #: bytes inflated, and values drawn as trees, for this request so far
    inflated: int = 0
    drawn: int = 0

    @property
    def decodes(self) -> bool:
        return self.policy.codec is not None and not self.policy.codec.in_browser

    def undecoded(self, why: str) -> "Sight":
        """Of which no codec opens anything."""
        return replace(self, policy=replace(self.policy, codec=None), trouble=why)

    def prepare(self, some: Iterable[Payload], *, insist: bool = False) -> None:
        """Has them decoded, as a rule in one call; what it cannot carry stays closed."""
        if self.policy.codec is None or not self.decodes:
            return
        wanted: dict[bytes, Payload] = {}
        size = 0
        for one in map(_inflated, some):
            if not is_encoded(one) or _key(one) in self.opened:
                continue
            size += len(one.data)
            if len(wanted) == codec.PAYLOADS_MAX or size > codec.BYTES_MAX:
                break
            wanted[_key(one)] = one
        self._ask(self.policy.codec, list(wanted.items()), insist)

    def _ask(self, its: Codec, wanted: list[tuple[bytes, Payload]], insist: bool) -> None:
        """One that it refuses is not to keep the others closed: halves are asked by themselves."""
        waiting = [wanted] if wanted else []
        for _ in range(CALLS_MAX):
            if not waiting:
                return
            part = waiting.pop()
            some = [payload for _, payload in part]
            try:
                found = codec.decode(its, self.namespace, some, self.authorization, insist=insist)
            except CodecAway as away:
                self.trouble = str(away)
                self.away = away.wholly
                if away.wholly:
                    return
                if part[1:]:
                    half = len(part) // 2
                    waiting += [part[half:], part[:half]]
                continue
            keys = (key for key, _ in part)
            self.opened |= dict(zip(keys, found, strict=True))

    def seen(self, payload: Payload, name: str = "") -> Seen:
        """`name` is that of a memo or a header: a field like the keys inside."""
        if EVERY in self.hidden:
            empty = Payload(metadata=payload.metadata)
            return Seen(empty, state="hidden", note=BARRED, masked=1)
        found = self._decoded(payload)
        if found.state == "closed":
            return found
        found = _masked(found, name, self.hidden) if self.hidden else found
        if is_reference(found.payload) and not found.state:
            return replace(found, state="stored", note="kept outside of the history")
        return found

    def of_fields(self) -> "Sight":
        """For what is no payload of a run (words of a failure, groups of a count): it has masks."""
        return replace(self, hidden=tuple(one for one in self.hidden if one != EVERY))

    def may_take(self, found: Seen) -> bool:
        """As a file. What this person must not see may stand in bytes that are not decoded."""
        opaque = found.state == "closed" and encoding_of(found.payload) in OPAQUE
        return not self.hidden or found.state in {"", "stored"} or opaque

    def _decoded(self, payload: Payload) -> Seen:
        via: list[str] = []
        if encoding_of(payload) in COMPRESSED and self.inflated > INFLATED_BYTES_MAX:
            return Seen(payload, "closed", "compressed; open it to see what it holds")
        one = _peeled(payload, via)
        self.inflated += len(one.data) if via else 0
        if is_encoded(one) and _key(one) in self.opened:
            inner = self.opened[_key(one)]
            if inner != one:
                via.append(encoding_of(one))
                one = _peeled(inner, via)
        if not is_encoded(one):
            return Seen(one, via=tuple(via))
        in_browser = self.policy.codec is not None and self.policy.codec.in_browser
        return Seen(
            one,
            "closed",
            self._why(one, in_browser),
            tuple(via),
            for_browser=in_browser and not self.hidden,
        )

    def _why(self, one: Payload, in_browser: bool) -> str:
        if in_browser and self.hidden:
            return "encoded; it is decoded in browsers alone, where nothing can be masked"
        if in_browser:
            return "encoded; your browser decodes it"
        if self.trouble:
            return f"encoded. {self.trouble}"
        if self.policy.codec is None:
            return "encoded, and this namespace has no codec here"
        if _key(one) in self.opened:
            return "encoded, and the codec left it so"
        return "encoded; open it to have it decoded"

    def _mask_words(self, failure: Failure) -> None:
        found = self.of_fields().seen(words(failure), FAILURE)
        if found.masked:
            failure.message, failure.stack_trace = spoken(found.payload)

    def as_seen(self, event: HistoryEvent) -> HistoryEvent:
        """The event with what is masked in it, for a file or a search; encrypted ones stay so."""
        return replace(self, opened={})._copied(event) if self.hidden else event

    def as_opened(self, event: HistoryEvent) -> HistoryEvent:
        """As seen, and with what the codec has decoded for this sight."""
        return self._copied(event, decoded=True)

    def _copied(self, event: HistoryEvent, *, decoded: bool = False) -> HistoryEvent:
        copy = HistoryEvent()
        copy.CopyFrom(event)
        for failure in spoken_in(copy):
            self._mask_words(failure)
        for name, payload in named_in(copy):
            found = self.seen(payload, name)
            if not self.may_take(found):
                payload.data = b""
                payload.metadata["masked"] = b"true"
            elif found.masked or (decoded and found.via):
                payload.CopyFrom(found.payload)
        return copy


def _masked(found: Seen, name: str, hidden: tuple[str, ...]) -> Seen:
    payload, encoding = found.payload, encoding_of(found.payload)
    if encoding == "binary/null":
        return found
    if encoding in JSON | {REFERENCE} and not masks.may_hold(payload.data, name, hidden):
        return found
    try:
        if encoding not in JSON | {REFERENCE}:
            raise ValueError
        content = masks.parsed(payload.data)
        within, count = masks.masked({name: content} if name else content, hidden)
        content = within[name] if name else within
    except (ValueError, RecursionError, masks.TooDeep):
        empty = Payload(metadata=payload.metadata)
        note = "bytes that cannot be masked field by field"
        return replace(found, payload=empty, state="hidden", note=note, masked=1)
    if not count:
        return found
    data = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    return replace(found, payload=Payload(metadata=payload.metadata, data=data), masked=count)


def spoken(words: Payload) -> tuple[str, str]:
    """The message and the stack of a failure, of its words as they are seen."""
    try:
        said = json.loads(words.data)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        return masks.MASK, ""
    return str(said.get("message", "")), str(said.get("stack_trace", ""))


def encoding_of(payload: Payload) -> str:
    return payload.metadata.get("encoding", b"").decode("utf-8", "replace")


def is_reference(payload: Payload) -> bool:
    """As the SDKs write what they keep in external storage."""
    typed = payload.metadata.get("messageType") == REFERENCE_TYPE
    encoding = encoding_of(payload)
    return encoding == REFERENCE or (encoding == "json/protobuf" and typed)


def is_encoded(payload: Payload) -> bool:
    return encoding_of(payload) not in KNOWN | {REFERENCE}


def _key(payload: Payload) -> bytes:
    return hashlib.sha256(payload.SerializeToString(deterministic=True)).digest()


def is_compressed(payload: Payload) -> bool:
    return encoding_of(payload) in COMPRESSED


def unpacked(payload: Payload, bytes_max: int) -> Payload:
    """Itself where nothing is to be taken off, or more would come out."""
    return _peeled(payload, [], bytes_max)


def _inflated(payload: Payload) -> Payload:
    return _peeled(payload, [])


def _peeled(payload: Payload, via: list[str], bytes_max: int = INFLATED_BYTES_MAX) -> Payload:
    """Compression that needs no codec, taken off; what does not inflate is left to the codec."""
    if not is_compressed(payload) or len(via) > 3 or bytes_max <= 0:
        return payload
    inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        found = inflater.decompress(payload.data, bytes_max)
    except zlib.error:
        return payload
    if not inflater.eof:
        return payload
    via.append(encoding_of(payload))
    return _peeled(_inner(found), via, bytes_max)


def _inner(found: bytes) -> Payload:
    """SDKs pack the whole payload; others pack its bytes alone, which are JSON if they read so."""
    try:
        inner = Payload.FromString(found)
    except DecodeError:
        inner = Payload()
    if "encoding" in inner.metadata:
        return inner
    try:
        json.loads(found)
    except (ValueError, RecursionError):
        return Payload(metadata={"encoding": b"binary/plain"}, data=found)
    return Payload(metadata={"encoding": b"json/plain"}, data=found)


_current: ContextVar[Sight | None] = ContextVar("sight", default=None)


def current() -> Sight:
    return _current.get() or of_nobody()


def of_nobody() -> Sight:
    strict = policies.strictest(settings.PAYLOADS)
    return Sight(policy=strict, hidden=strict.hidden_from(None))


@contextmanager
def through(sight: Sight) -> Iterator[Sight]:
    token = _current.set(sight)
    try:
        yield sight
    finally:
        _current.reset(token)


def set_current(sight: Sight) -> None:
    """Inside a `through`, which takes it away again."""
    _current.set(sight)


@contextmanager
def unmasked() -> Iterator[Sight]:
    """For what the console reads for itself and does not show, and for one reveal."""
    with through(replace(current(), hidden=())) as sight:
        yield sight


@contextmanager
def into(namespace: str) -> Iterator[Sight]:
    """For a glance from one namespace into another: nothing that is masked there from anybody."""
    looking = current()
    if looking.namespace != namespace:
        policy = policies.of(settings.PAYLOADS, namespace)
        hidden = policy.hidden_from(None)
        every = (EVERY,) if EVERY in looking.hidden else ()
        looking = Sight(namespace, Policy(masked=policy.masked), (*hidden, *every))
    with through(looking) as found:
        yield found


def prepare(*messages: Any) -> None:
    """Before a page reads the payloads of these messages: one call decodes them all."""
    sight = current()
    if sight.decodes:
        sight.prepare(payload for message in messages for payload in payloads_in(message))
