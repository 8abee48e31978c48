"""Fields that a person may not see -> their values replaced. Pure.

A field is a key (`iban`, wherever it stands), the end of a path (`card.number`, in any list or
object around it), or a path from the top (`$.pin`). `*` is any key. Letter case does not matter. A
text that is JSON itself is looked through as well.
"""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
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


def is_in(content: Any) -> bool:
    """Whether something of it is masked."""
    return MASK in (
        content
        if isinstance(content, str)
        else json.dumps(content, default=str, ensure_ascii=False)
    )


def may_hold(data: bytes, name: str, hidden: Sequence[str]) -> bool:
    """False: it needs no parsing, for no such key stands in it, in whatever case or escape."""
    if name or not data.isascii() or b"\\u" in data:
        return True
    text = data.lower()
    return any(_last(rule) in text for rule in hidden)


def _last(rule: str) -> bytes:
    """The key that must be there; of what cannot be told, nothing, which is in everything."""
    key = rule.casefold().rpartition(".")[2]
    return key.encode() if key.isascii() and key != "*" else b""


def last_keys(hidden: Sequence[str]) -> set[str]:
    """Folded: what has none of these keys anywhere has nothing masked; `*` is any."""
    return {rule.casefold().rpartition(".")[2] for rule in hidden}


def masked(content: Any, hidden: Sequence[str]) -> tuple[Any, int]:
    """The content as it may be seen, and how many values are masked in it."""
    if not hidden:
        return content, 0
    rules = _rules(tuple(hidden))
    try:
        return _walk(content, (), rules)
    except RecursionError:
        raise TooDeep from None


Rules = Mapping[str, tuple[tuple[str, ...], ...]]


@lru_cache(maxsize=64)
def _rules(hidden: tuple[str, ...]) -> Rules:
    """By the key at their end, so that most keys are looked at once."""
    found: dict[str, tuple[tuple[str, ...], ...]] = {}
    for name in hidden:
        rule = tuple(name.casefold().split("."))
        found[rule[-1]] = (*found.get(rule[-1], ()), rule)
    return found


def _about(key: str, rules: Rules) -> tuple[tuple[str, ...], ...]:
    return rules.get(key, ()) + rules.get("*", ())


def _walk(content: Any, path: tuple[str, ...], rules: Rules) -> tuple[Any, int]:
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


def _object(content: dict[str, Any], path: tuple[str, ...], rules: Rules) -> tuple[Any, int]:
    found: dict[str, Any] = {}
    count = 0
    for name, value in content.items():
        here = (*path, name.casefold())
        if any(_fits(here, rule) for rule in _about(here[-1], rules)):
            found[name], more = MASK, 1
        else:
            found[name], more = _walk(value, here, rules)
        count += more
    return found, count


def _text(content: str, path: tuple[str, ...], rules: Rules) -> tuple[Any, int]:
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
