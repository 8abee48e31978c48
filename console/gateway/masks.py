"""Fields that a person may not see -> their values replaced. Pure.

A field is a key (`iban`, wherever it stands), the end of a path (`card.number`, in any list or
object around it), or a path from the top (`$.pin`). `*` is any key. Letter case does not matter. A
text that is JSON itself is looked through as well.
"""

import json
from collections.abc import Sequence
from typing import Any

MASK = "••••••"
DEPTH_MAX = 200


class TooDeep(Exception):
    """Nested further than the console looks: it cannot say that nothing is left unmasked."""


class Ambiguous(ValueError):
    """A key stands twice in one object: what a reader sees is not all that is there."""


def parsed(text: str | bytes) -> Any:
    return json.loads(text, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Ambiguous
    return found


def masked(content: Any, hidden: Sequence[str]) -> tuple[Any, int]:
    """The content as it may be seen, and how many values are masked in it."""
    rules = [tuple(name.casefold().split(".")) for name in hidden]
    if not rules:
        return content, 0
    try:
        return _walk(content, (), rules)
    except RecursionError:
        raise TooDeep from None


def _walk(content: Any, path: tuple[str, ...], rules: Sequence[tuple[str, ...]]) -> tuple[Any, int]:
    if len(path) > DEPTH_MAX:
        raise TooDeep
    if isinstance(content, dict):
        return _object(content, path, rules)
    if isinstance(content, list):
        walked = [_walk(one, path, rules) for one in content]
        return [one for one, _ in walked], sum(count for _, count in walked)
    if isinstance(content, str) and content.lstrip()[:1] in {"{", "["}:
        return _text(content, path, rules)
    return content, 0


def _object(
    content: dict[str, Any], path: tuple[str, ...], rules: Sequence[tuple[str, ...]]
) -> tuple[Any, int]:
    found: dict[str, Any] = {}
    count = 0
    for name, value in content.items():
        here = (*path, name.casefold())
        if any(_fits(here, rule) for rule in rules):
            found[name], more = MASK, 1
        else:
            found[name], more = _walk(value, here, rules)
        count += more
    return found, count


def _text(content: str, path: tuple[str, ...], rules: Sequence[tuple[str, ...]]) -> tuple[Any, int]:
    try:
        inner, count = _walk(parsed(content), path, rules)
    except Ambiguous:
        return MASK, 1
    except ValueError:
        return content, 0
    return (json.dumps(inner, ensure_ascii=False), count) if count else (content, 0)


def _fits(path: tuple[str, ...], rule: tuple[str, ...]) -> bool:
    if rule[0] == "$":
        return len(path) == len(rule) - 1 and _same(path, rule[1:])
    return len(path) >= len(rule) and _same(path[-len(rule) :], rule)


def _same(path: Sequence[str], rule: Sequence[str]) -> bool:
    return all(part in {"*", key} for key, part in zip(path, rule, strict=True))
