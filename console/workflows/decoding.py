"""The second look of a search, or of a comparison: into payloads that are encoded, as this person
may see them.

    not in clear ─▶ the codec, in a few calls ─▶ masked ─▶ looked through ─▶ forgotten

Nothing of it outlives the answer, so a long history is looked through piece by piece: an answer
says between which events it was, and leads on to the next ones.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, zip_longest
from time import perf_counter

from console.gateway import codec, sight
from console.gateway.events import Event
from console.gateway.leaves import Leaf, leaves, leaves_seen
from console.gateway.walking import payloads_in
from console.workflows import searching
from console.workflows.searching import Snippet, snippet_in, text_of

#: Calls of the codec for one answer, and how long it may take with them.
CALLS_MAX = 10
WITHIN_SECONDS = 2.0
#: What a comparison keeps decoded until it has been answered.
OPENED_BYTES_MAX = sight.INFLATED_BYTES_MAX

#: an event, and how many of its payloads are not in clear
Closed = tuple[Event, int]


@dataclass(slots=True)
class Decoded:
    """What one answer looked into; `first` and `last` are ids of events, `left` are payloads."""

    first: int = 0
    last: int = 0
    count: int = 0
    unread: int = 0
    next_id: int = 0
    left: int = 0
    #: why the codec did not decode all of it
    trouble: str = ""
    events: list[Event] = field(default_factory=list)
    snippets: dict[int, Snippet] = field(default_factory=dict)


def look(hits: searching.Found, text: str, begin: int) -> Decoded | None:
    """From event `begin` on; None where nothing could be opened here."""
    closed = hits.closed if sight.current().decodes else hits.packed
    waiting = [one for one in closed if one[0].id >= begin]
    if not waiting:
        return None
    looking = replace(sight.current(), opened={}, trouble="", away=False)
    found, done = Decoded(), 0
    until = perf_counter() + WITHIN_SECONDS
    for number, batch in enumerate(_batches(waiting)):
        if number == CALLS_MAX or perf_counter() > until:
            break
        looking.prepare(payload for event, _ in batch for payload in payloads_in(event.raw))
        if looking.away:
            break
        for one in batch:
            _look_into(one, looking, text, found)
        looking.opened.clear()
        done += len(batch)
    found.trouble = looking.trouble
    if done:
        found.first, found.last = waiting[0][0].id, waiting[done - 1][0].id
    if done < len(waiting):
        found.next_id = waiting[done][0].id
        found.left = sum(count for _, count in waiting[done:])
    return found


def _batches(waiting: Iterable[Closed]) -> Iterator[list[Closed]]:
    """As many as one call of a codec carries; an event is never divided."""
    batch: list[Closed] = []
    count = size = 0
    for event, closed in waiting:
        more = sum(len(payload.data) for payload in payloads_in(event.raw))
        if batch and (count + closed > codec.PAYLOADS_MAX or size + more > codec.BYTES_MAX):
            yield batch
            batch, count, size = [], 0, 0
        batch.append((event, closed))
        count, size = count + closed, size + more
    if batch:
        yield batch


def _look_into(one: Closed, looking: sight.Sight, text: str, found: Decoded) -> None:
    event, closed = one
    looking.inflated = 0
    read = leaves(replace(event, raw=looking.as_opened(event.raw)))
    unread = min(sum(leaf.text is None for leaf in read), closed)
    found.unread += unread
    found.count += closed - unread
    if text.casefold() in text_of(event, read):
        found.events.append(event)
        snippet = snippet_in(read, text)
        if snippet:
            found.snippets[event.id] = snippet


def reader(left: Sequence[Event], right: Sequence[Event]) -> Callable[[Event], list[Leaf]]:
    """What events hold, for this answer: from their beginnings on as much is decoded as a few calls
    carry, and the others are read as they came."""
    if not sight.current().decodes:
        return leaves_seen
    looking = replace(sight.current(), opened={}, trouble="", away=False)
    both = chain.from_iterable(zip_longest(left, right))
    closed = ((event, count) for event in both if event and (count := _closed(event)))
    opened = set[int]()
    until = perf_counter() + WITHIN_SECONDS
    for number, batch in enumerate(_batches(closed)):
        size = sum(len(payload.data) for payload in looking.opened.values())
        if number == CALLS_MAX or perf_counter() > until or size > OPENED_BYTES_MAX:
            break
        looking.prepare(payload for event, _ in batch for payload in payloads_in(event.raw))
        if looking.away:
            break
        opened |= {id(event) for event, _ in batch}

    def read(event: Event) -> list[Leaf]:
        if id(event) not in opened:
            return leaves_seen(event)
        looking.inflated = 0
        return leaves(replace(event, raw=looking.as_opened(event.raw)))

    return read


def _closed(event: Event) -> int:
    return sum(sight.is_encoded(one) or sight.is_compressed(one) for one in payloads_in(event.raw))
