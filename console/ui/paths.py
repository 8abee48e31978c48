"""A name that may hold slashes, dots and percent signs, as one piece of a path: `~` escapes a byte.

Browsers rewrite `..` and servers decode `%2F`, so a workflow id cannot travel through a path by
percent signs alone.
"""

from typing import Any
from urllib.parse import quote, unquote, urlencode

from django.urls import register_converter, reverse

#: No server has a longer one; it would hardly go through the headers of its answer.
NAME_LENGTH_MAX = 1_000


class Name:
    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        """Nothing has such a name: raised here, the address leads nowhere."""
        name = unquote(value.replace("~", "%"))
        if "\0" in name or len(name) > NAME_LENGTH_MAX:
            raise ValueError
        return name

    def to_url(self, value: object) -> str:
        text = str(value)
        if set(text) <= {"."}:
            return "~2E" * len(text)
        return quote(text, safe=":@").replace("~", "%7E").replace("%", "~")


register_converter(Name, "name")


def of_payload(view: str, alone: Any, number: int, attempt: int = 0) -> str:
    """Of what has no workflow: in the failure of that attempt, or in what is told of the whole."""
    at = [alone.namespace, alone.kind.name, alone.id, alone.run_id]
    if attempt:
        return reverse(f"standalone:attempt_{view}", args=[*at, attempt, number])
    return reverse(f"standalone:{view}", args=[*at, number])


def of_list(namespace: str, lists: str, query: str, columns: str = "") -> str:
    """The page of runs, or of a kind of what stands alone, with its question even where that is
    empty."""
    asked = urlencode({"q": query, **({"cols": columns} if columns else {})})
    return f"{page_of(namespace, lists)}?{asked}"


def page_of(namespace: str, lists: str) -> str:
    if lists == "runs":
        return reverse("workflows:runs", args=[namespace])
    return reverse("standalone:list", args=[namespace, lists])
