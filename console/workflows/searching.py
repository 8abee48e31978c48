"""Search inside one history: the events that hold a text in their name, attributes or payloads.

The texts of a history are read once, a thousand events at a time, and kept while somebody searches
it; an event never changes, so what an open run writes later is added at the end. What a codec
decodes is not among them: see `decoding`.
"""

import threading
from bisect import bisect_left, bisect_right
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from time import perf_counter

from console.gateway import sight
from console.gateway.events import Event
from console.gateway.leaves import Leaf, Room, leaves, leaves_seen
from console.workflows.reading import Known

CHUNK_EVENTS = 1_000
#: Texts kept by one process, over all histories; the one searched longest ago goes first.
CHARACTERS_MAX = 64_000_000
#: Of one history, what compressed payloads may come to; those beyond are read as encoded ones are.
INFLATED_BYTES_MAX = 32 * 1024 * 1024
#: How long one answer may read texts.
WITHIN_SECONDS = 0.8
AROUND = 40
#: No form lets this through, so no hit runs from one event into the next.
BETWEEN = "\0"


@dataclass(frozen=True, slots=True)
class Chunk:
    text: str
    #: where in the text each event begins, and the end of the last
    starts: tuple[int, ...]
    #: positions of the events with payloads that could not be read, once for each payload
    closed: tuple[int, ...]
    inflated: int
    #: whether some of them are compressed, and there was no room for them
    was_short: bool

    def hits(self, wanted: str) -> list[int]:
        """Positions of the events, each once."""
        found: list[int] = []
        at = self.text.find(wanted)
        while at >= 0:
            index = bisect_right(self.starts, at) - 1
            found.append(index)
            at = self.text.find(wanted, self.starts[index + 1])
        return found


@dataclass(slots=True)
class Texts:
    """Of the events that are known without a hole, in whole chunks."""

    chunks: list[Chunk] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def characters(self) -> int:
        return sum(len(chunk.text) for chunk in self.chunks)


@dataclass(frozen=True, slots=True)
class Found:
    """`searched`: how many events were; `closed`: those with payloads that are not in clear, and
    how many they are; `packed`: those of them that may need no codec."""

    events: list[Event]
    searched: int
    closed: list[tuple[Event, int]]
    packed: list[tuple[Event, int]]

    @property
    def unread(self) -> int:
        return sum(count for _, count in self.closed)


@dataclass(frozen=True, slots=True)
class Snippet:
    """Where in the event it stands."""

    path: str
    before: str
    match: str
    after: str


def search(known: Known, text: str, within_seconds: float = WITHIN_SECONDS) -> Found:
    """As far as it gets in this time; the next one goes on where this one stopped."""
    wanted = text.casefold()
    chunks = _chunks(known, perf_counter() + within_seconds)
    done = len(chunks) * CHUNK_EVENTS
    loose = [*known.front[done:], *known.tail]
    if len(loose) < 2 * CHUNK_EVENTS:
        chunks.append(_chunk(loose, _room(chunks)))
    hits: list[Event] = []
    closed: list[tuple[Event, int]] = []
    packed: list[tuple[Event, int]] = []
    for number, chunk in enumerate(chunks):
        first = number * CHUNK_EVENTS
        events = loose if first == done else known.front[first : first + CHUNK_EVENTS]
        hits += [events[index] for index in chunk.hits(wanted)]
        found = [(events[index], count) for index, count in Counter(chunk.closed).items()]
        closed += found
        packed += found if chunk.was_short else []
    searched = sum(len(chunk.starts) - 1 for chunk in chunks)
    return Found(_allowed(hits, wanted), searched, closed, packed)


def _allowed(hits: list[Event], wanted: str) -> list[Event]:
    """The texts are everybody's: a hit may stand only where this person may not look."""
    if not sight.current().hidden:
        return hits
    return [event for event in hits if wanted in text_of(event, leaves_seen(event))]


_kept: OrderedDict[Known, Texts] = OrderedDict()
_guard = threading.Lock()


def _chunks(known: Known, until: float) -> list[Chunk]:
    with _guard:
        texts = _kept.setdefault(known, Texts())
        _kept.move_to_end(known)
    with texts.lock:
        done = len(texts.chunks) * CHUNK_EVENTS
        for first in range(done, len(known.front) - CHUNK_EVENTS + 1, CHUNK_EVENTS):
            if perf_counter() > until:
                break
            events = known.front[first : first + CHUNK_EVENTS]
            texts.chunks.append(_chunk(events, _room(texts.chunks)))
        chunks = list(texts.chunks)
    _forget()
    return chunks


def _room(chunks: Sequence[Chunk]) -> Room:
    return Room(INFLATED_BYTES_MAX - sum(chunk.inflated for chunk in chunks))


def _chunk(events: Sequence[Event], room: Room) -> Chunk:
    before = room.left
    read = [leaves(event, room) for event in events]
    texts = [text_of(event, each) for event, each in zip(events, read, strict=True)]
    return Chunk(
        text="".join(texts),
        starts=tuple(accumulate((len(text) for text in texts), initial=0)),
        closed=tuple(at for at, each in enumerate(read) for leaf in each if leaf.text is None),
        inflated=before - room.left,
        was_short=room.was_short,
    )


def text_of(event: Event, found: Sequence[Leaf]) -> str:
    """What a search looks through, of one event."""
    said = (leaf.text for leaf in found if leaf.text)
    return "\n".join((event.kind, *said)).casefold() + BETWEEN


def _forget() -> None:
    with _guard:
        count = sum(texts.characters for texts in _kept.values())
        while _kept and count > CHARACTERS_MAX:
            _, gone = _kept.popitem(last=False)
            count -= gone.characters


def snippet(event: Event, text: str) -> Snippet | None:
    """The first place in the event that holds the text, but for its name, which stands beside."""
    return snippet_in(leaves_seen(event), text)


def snippet_in(found: Sequence[Leaf], text: str) -> Snippet | None:
    wanted = text.casefold()
    for path, said in found:
        place = _place(said, wanted) if said else None
        if said and place:
            at, end = place
            return Snippet(
                path,
                ("…" if at > AROUND else "") + said[max(at - AROUND, 0) : at],
                said[at:end],
                said[end : end + AROUND] + ("…" if len(said) > end + AROUND else ""),
            )
    return None


def _place(said: str, wanted: str) -> tuple[int, int] | None:
    """Where it begins and ends in the text as it is written; folded, some letters are two."""
    folded = said.casefold()
    at = folded.find(wanted)
    if at < 0:
        return None
    end = at + len(wanted)
    if len(folded) == len(said):
        return at, end
    begins = list(accumulate((len(letter.casefold()) for letter in said), initial=0))
    return bisect_right(begins, at) - 1, bisect_left(begins, end)
