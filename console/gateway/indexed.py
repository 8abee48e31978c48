"""Search attributes as this person may see them. The index holds them in the clear.

A mask covers one by its name; those that the server writes itself it leaves alone, but for the
words of the last failure. Who does not see a value does not search, sort or group by it either: a
guess that finds its run is a look as well.

The words of a memo do not say which field they are of, but the record names all of its fields. So
whoever has masks searches the words of those memos in which nothing can be masked for them, and the
query says so itself: wherever it goes, into an export or an alert, it finds no more.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.conf import settings
from temporalio.api.common.v1 import Payload

from console import policies
from console.gateway import masks, payloads, sight
from console.gateway.channel import GatewayError, Trouble
from console.gateway.conditions import PIECES, among, names, names_as_they_look, quoted
from console.gateway.namespaces import Attributes
from console.gateway.sight import EVERY, Sight
from search.attributes import PREDEFINED, SYSTEM
from search.query import nodes
from search.query.errors import QueryError
from search.query.parser import parse

#: where our own index keeps the words of a failure
WORDS = "LastFailureMessage"
#: and those of a memo, and the names of its fields: only searched by, never sent
MEMO_WORDS, MEMO_FIELDS = "MemoText", "MemoFields"
#: among these names: of a part of the memo nobody knows the fields
OPAQUE = "*"
#: what the console writes before a query, to name a question of its own
OWN = re.compile(r"[a-z0-9, ]+: ")
WORD = re.compile(r"[^\W\d]\w*")
OF_THE_SERVER = frozenset({*SYSTEM, *PREDEFINED} - {WORDS})


def typed(fields: Iterable[tuple[str, Payload]]) -> dict[str, Any]:
    """As the index has them, by name; Datetime attributes become datetimes."""
    return {name: _typed(payload) for name, payload in sorted(fields)}


def _typed(payload: Payload) -> Any:
    try:
        content = json.loads(payload.data) if payload.data else None
    except (ValueError, RecursionError):
        return None
    if payload.metadata.get("type", b"") == b"Datetime" and isinstance(content, str):
        try:
            return datetime.fromisoformat(content)
        except ValueError:
            return content
    return content


def seen(fields: Iterable[tuple[str, Payload]]) -> dict[str, Any]:
    """As this person may see them."""
    return {name: value_seen(name, value) for name, value in typed(fields).items()}


def value_seen(name: str, value: Any) -> Any:
    if name in OF_THE_SERVER:
        return value
    if name == WORDS and value:
        value = payloads.words_seen(str(value))
    try:
        return masks.masked({name: value}, sight.current().hidden)[0][name]
    except masks.TooDeep:
        return masks.MASK


def is_hidden(name: str) -> bool:
    if name == MEMO_WORDS:
        hidden = sight.current().hidden
        return EVERY in hidden or OPAQUE in masks.last_keys(hidden)
    return bool(value_seen(name, "a value") == masks.MASK)


def searchable(attributes: Attributes) -> Attributes:
    """Those that this person may search, sort and group by."""
    return replace(
        attributes,
        system={name: kind for name, kind in attributes.system.items() if not is_hidden(name)},
        custom={name: kind for name, kind in attributes.custom.items() if not is_hidden(name)},
    )


def check(namespace: str, question: str) -> None:
    """Before the index is asked, and before an answer to somebody else is taken.

    Jobs are nobody in particular: what they ask for, a person asked for before.
    """
    looking = sight.current()
    if not looking.hidden or looking.namespace != namespace:
        return
    query = OWN.sub("", question, count=1) if OWN.match(question) else question
    for name in _named(query):
        if is_hidden(name) or (name == MEMO_WORDS and guard_missing(query)):
            raise GatewayError(Trouble.INVALID, f"{says_of(name)}.")


def _named(question: str) -> Iterable[str]:
    """Of what is not our language, each word: another server may read it otherwise."""
    try:
        parse(question)
    except QueryError:
        return WORD.findall(question)
    return [name for name, _ in names(question)]


def told(query: str) -> str:
    """Somebody's query as this person may read it: whoever does not see a value does not read what
    was asked of it either."""
    if not sight.current().hidden or not query:
        return query
    try:
        parse(query)
    except QueryError:
        return masks.MASK if any(is_hidden(word) for word in WORD.findall(query)) else query
    if names(query) != names_as_they_look(query):
        return masks.MASK if any(is_hidden(name) for name, _ in names(query)) else query
    pieces, covers = [], False
    for piece in PIECES.finditer(query):
        if piece.lastgroup == "name":
            name = piece.group().strip("`")
            covers = is_hidden(name) or (name == MEMO_WORDS and bool(guard_missing(query)))
        is_value = piece.lastgroup == "value" or piece.group().upper() in {"TRUE", "FALSE"}
        is_covered = covers and is_value and piece.lastgroup != "name"
        pieces.append(quoted(masks.MASK) if is_covered else piece.group())
    return "".join(pieces)


def told_to_all(namespace: str, query: str) -> str:
    """As whoever sees the least there may read it."""
    policy = policies.of(settings.PAYLOADS, namespace)
    with sight.through(Sight(namespace, policy, policy.hidden_from(None))):
        return told(query)


def says_of(name: str) -> str:
    if name == MEMO_WORDS and not is_hidden(name):
        return f"{name} is searched by you where nothing in the memo is masked for you"
    return f"{name} is masked for you: you cannot search, sort or group by it"


def guard_missing(query: str) -> str:
    """What has to stand beside a condition on the words of memos; empty where it does."""
    hidden = sight.current().hidden
    if not hidden:
        return ""
    without = {OPAQUE, *masks.last_keys(hidden)}
    try:
        terms = list(_terms(parse(query).condition))
    except QueryError:
        terms = []
    is_told = any(isinstance(one, nodes.Exists) and one.name.text == MEMO_FIELDS for one in terms)
    if is_told and any(_excluded(one) >= without for one in terms):
        return ""
    return f"{MEMO_FIELDS} IS NOT NULL AND NOT {among(MEMO_FIELDS, sorted(without))}"


def _terms(condition: nodes.Condition | None) -> Iterator[nodes.Condition]:
    """What has to hold in any case."""
    match condition:
        case nodes.Conjunction(terms):
            for term in terms:
                yield from _terms(term)
        case None:
            return
        case term:
            yield term


def _excluded(term: nodes.Condition) -> set[str]:
    """The names of fields that a memo may not have, by this term."""
    match term:
        case nodes.Negation(nodes.Among(nodes.Name(text=name), values)) if name == MEMO_FIELDS:
            literals = (one.value for one in values if isinstance(one, nodes.Literal))
            return {value for value in literals if isinstance(value, str)}
        case _:
            return set()
