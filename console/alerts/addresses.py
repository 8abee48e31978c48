"""Where a webhook may go: not into this machine, nor into the network that it stands in.

The name is resolved once, and the connection goes to the very address that was looked at, so that a
name which answers differently the second time gains nothing.
"""

import ipaddress
import socket
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

NAT64 = ipaddress.ip_network("64:ff9b::/96")
SCHEMES = {"http": 80, "https": 443}


class NotAllowed(Exception):
    """`str()` is a sentence for the person."""


def parted(url: str) -> SplitResult:
    """A URL that can be called at all: a scheme that we speak, a host, no password in it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise NotAllowed("It is no address of a webhook.") from None
    if parts.scheme not in SCHEMES or not parts.hostname or port == 0:
        raise NotAllowed("A webhook begins with https:// or http:// and names a host.")
    if parts.username or parts.password:
        raise NotAllowed("A webhook’s address must hold no password: requests are signed instead.")
    if any(ord(letter) <= 32 or ord(letter) == 127 for letter in url) or not url.isascii():
        raise NotAllowed("A webhook’s address is plain text without blanks.")
    return parts


def told(url: str) -> str:
    """For whoever reads of it: many receivers take what comes for good by the path alone."""
    parts = urlsplit(url)
    rest = parts.path.strip("/") or parts.query
    return f"{parts.scheme}://{parts.netloc}/{'…' if rest else ''}" if url else ""


def resolved(parts: SplitResult) -> tuple[str, int]:
    """(address, port) to connect to. OSError when the name is not known."""
    port = parts.port or SCHEMES[parts.scheme]
    try:
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise NotAllowed("It is no address of a webhook.") from None
    addresses = [str(one[4][0]) for one in found]
    if not settings.ALERTS_ALLOW_PRIVATE and not all(map(is_public, addresses)):
        raise NotAllowed(
            f"{parts.hostname} is inside: webhooks go to public addresses only, "
            "unless ALERTS_ALLOW_PRIVATE is set."
        )
    return addresses[0], port


def is_public(address: str) -> bool:
    """What hides an IPv4 address inside an IPv6 one is judged by the hidden one."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in NAT64:
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
        hidden = ip.ipv4_mapped or ip.sixtofour or (ip.teredo and ip.teredo[1])
        if hidden:
            return is_public(str(hidden))
    return ip.is_global and not ip.is_multicast
