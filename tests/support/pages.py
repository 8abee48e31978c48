"""Reading the console's answers the way a browser would."""

import html
import re

from django.http import HttpResponse


def htmx(target: str = "") -> dict[str, str]:
    """What htmx sends along: `client.get(url, headers=htmx("results"))`."""
    return {"HX-Request": "true", **({"HX-Target": target} if target else {})}


def version_in(page: HttpResponse) -> str:
    """The version that a polling part sends back."""
    found = re.search(r'version(?:=|": ")([0-9a-f]{8})"', page.text)
    assert found, "the part says no version"
    return found[1]


def link_in(page: HttpResponse, rel: str) -> str:
    """Where the link of this relation (next, prev) leads, from the page's own address."""
    found = re.search(rf'href="([^"]+)" rel="{rel}"', page.text)
    assert found, f"the page has no link to {rel}"
    path: str = page.wsgi_request.path  # type: ignore[attr-defined]
    return path + html.unescape(found[1])


def words_in(page: HttpResponse) -> str:
    """The page as one reads it: no tags, no repeated blanks."""
    body = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", page.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", body)))


def cpu_ms(timing: str) -> float:
    """Of a processor, as a page's Server-Timing tells."""
    return float(timing.split("cpu;dur=")[1].split(",", maxsplit=1)[0])


def calls_of(page: HttpResponse) -> int:
    """How often the console asked the engine for this page."""
    found = re.search(r'desc="(\d+) calls"', page["Server-Timing"])
    assert found, "the page does not tell its calls"
    return int(found[1])
