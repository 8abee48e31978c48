"""The second look of a search: into payloads that are encoded, as this person may see them.

    not in clear ─▶ the codec, in a few calls ─▶ masked ─▶ looked through ─▶ forgotten

Nothing of it outlives the answer, so a long history is looked through piece by piece: an answer
says between which events it was, and leads on to the next ones.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter

from console.gateway import codec, sight
from console.gateway.events import Event
from console.gateway.leaves import leaves
from console.gateway.walking import payloads_in
from console.workflows import searching
from console.workflows.searching import Snippet, snippet_in, text_of

#: Calls of the codec for one answer, and how long it may take with them.
CALLS_MAX = 10
WITHIN_SECONDS = 2.0

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


def _batches(waiting: Sequence[Closed]) -> Iterator[list[Closed]]:
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
