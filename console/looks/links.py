"""Links out of a run: to its logs, its traces, its customer elsewhere. Pure.

Pieces stand in the path, the query and the fragment alone and are escaped there, so nothing in a
run ever says which host is opened, or that it is anything else than a page.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

LINKS_MAX = 12
NAME_LENGTH_MAX, ADDRESS_LENGTH_MAX = 60, 2_000
SCHEMES = ("https", "http")
PIECES = ("namespace", "workflow_id", "run_id", "type", "task_queue")
PIECE = re.compile(r"\{([^{}]*)\}")


class BadLink(Exception):
    """A sentence for the field."""


@dataclass(frozen=True, slots=True)
class Link:
    name: str
    address: str

    def of(self, facts: Mapping[str, str]) -> "Link":
        """For one run: each piece with what the run says, no letter of it with a meaning."""
        filled = PIECE.sub(lambda found: quote(facts[found[1]], safe=""), self.address)
        return Link(self.name, filled)


def read(line: str) -> Link:
    """`Logs https://logs.example/?q={workflow_id}`: the address is the last word of the line."""
    name, _, address = line.strip().rpartition(" ")
    if not name or len(name) > NAME_LENGTH_MAX:
        raise BadLink(f"“{line[:80]}”: a name of at most {NAME_LENGTH_MAX} letters, a blank, an"
                      " address.")  # fmt: skip
    check(address)
    return Link(name.strip(), address)


def check(address: str) -> None:
    try:
        parts = urlsplit(address)
        host, scheme = parts.hostname, parts.scheme
    except ValueError:
        host, scheme = None, ""
    if scheme not in SCHEMES or not host or len(address) > ADDRESS_LENGTH_MAX:
        raise BadLink(f"“{address[:80]}” begins with https:// or http:// and names a host.")
    if parts.username is not None or set("{}") & set(parts.netloc) or not address.isprintable():
        raise BadLink(f"“{address[:80]}”: the host stands as it is, without a password or pieces.")
    if unknown := set(PIECE.findall(address)) - set(PIECES):
        known = ", ".join(f"{{{one}}}" for one in PIECES)
        raise BadLink(f"There is no piece {{{min(unknown)}}}; there are {known}.")
    if set("{}") & set(PIECE.sub("", address)):
        raise BadLink(f"“{address[:80]}”: a brace stands alone.")
