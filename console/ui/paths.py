"""A name that may hold slashes, dots and percent signs, as one piece of a path: `~` escapes a byte.

Browsers rewrite `..` and servers decode `%2F`, so a workflow id cannot travel through a path by
percent signs alone.
"""

from urllib.parse import quote, unquote

from django.urls import register_converter


class Name:
    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        return unquote(value.replace("~", "%"))

    def to_url(self, value: object) -> str:
        text = str(value)
        if set(text) <= {"."}:
            return "~2E" * len(text)
        return quote(text, safe=":@").replace("~", "%7E").replace("%", "~")


register_converter(Name, "name")
