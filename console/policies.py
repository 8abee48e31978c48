"""What a deployment says of the payloads of its namespaces: codec, masked fields, blob stores.

Read from one TOML file, checked loudly, frozen. Nothing else ever names an address that the console
calls for a payload: no person, no payload, no workflow.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

#: stands for all namespaces that are not named
OTHERS = "*"
#: The console's own workflows run there, and its own worker reads them.
OWN_NAMESPACE = "perdure-system"
#: from the least; "nobody" sees a field only by revealing one payload
SEES = ("viewer", "operator", "admin", "nobody")
MODES = ("server", "browser")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
SECONDS_MAX = 30.0
PIECE = re.compile(r"\{([A-Za-z0-9_]+)\}")
REGION = re.compile(r"[a-z0-9-]+")
SEGMENT = re.compile(r"[^.\s][^.]*")


class WrongPolicy(Exception):
    """`str()` says what is wrong, and where."""


@dataclass(frozen=True, slots=True)
class Codec:
    """A remote codec: POST {endpoint}/decode and /encode."""

    endpoint: str
    mode: str = "server"
    encodes: bool = True
    seconds: float = 3.0
    #: the header of the person's own request that is passed on as Authorization
    passes_header: str = ""
    authorization: str = field(default="", repr=False)
    #: browser: cookies go along
    credentials: bool = False

    @property
    def in_browser(self) -> bool:
        return self.mode == "browser"

    @property
    def milliseconds(self) -> str:
        return f"{self.seconds * 1000:.0f}"

    @property
    def origin(self) -> str:
        parts = urlsplit(self.endpoint)
        return f"{parts.scheme}://{parts.netloc}"


@dataclass(frozen=True, slots=True)
class Aws:
    """With whose credentials an S3 store is asked; without a profile, with those of the process."""

    region: str
    profile: str = ""


@dataclass(frozen=True, slots=True)
class Store:
    """Where a driver's references lead: the claim fills the braces."""

    driver: str
    url: str
    #: piece of the claim -> what it may be; `*` ends a prefix, {namespace} is the run's
    allow: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    authorization: str = field(default="", repr=False)
    seconds: float = 10.0
    #: each request is signed
    aws: Aws | None = None

    @property
    def pieces(self) -> tuple[str, ...]:
        return tuple(PIECE.findall(self.url))


@dataclass(frozen=True, slots=True)
class Policy:
    codec: Codec | None = None
    #: field -> the least role that sees it
    masked: Mapping[str, str] = field(default_factory=dict)
    stores: Mapping[str, Store] = field(default_factory=dict)

    def hidden_from(self, role: str | None) -> tuple[str, ...]:
        """The fields that this role does not see; None is nobody known."""
        at = SEES.index(role) if role else -1
        return tuple(name for name, least in self.masked.items() if SEES.index(least) > at)


NONE = Policy()
Policies = Mapping[str, Policy]


def of(policies: Policies, namespace: str) -> Policy:
    if namespace == OWN_NAMESPACE:
        return NONE
    found = policies.get(namespace) or policies.get(OTHERS) or NONE
    if found.codec is None or "{namespace}" not in found.codec.endpoint:
        return found
    return _named(found, found.codec, namespace)


def _named(policy: Policy, codec: Codec, namespace: str) -> Policy:
    piece = quote(namespace, safe="").replace(".", "%2E")
    endpoint = codec.endpoint.replace("{namespace}", piece)
    mine = Codec(
        endpoint,
        codec.mode,
        codec.encodes,
        codec.seconds,
        codec.passes_header,
        codec.authorization,
        codec.credentials,
    )
    return Policy(mine, policy.masked, policy.stores)


def strictest(policies: Policies) -> Policy:
    """For whoever is nobody in particular: every mask there is, and no address to ask."""
    masked = {name: "nobody" for one in policies.values() for name in one.masked}
    return Policy(masked=masked)


def parse(given: Mapping[str, Any], secret: Callable[[str], str]) -> Policies:
    """`secret` reads what the environment holds under a name."""
    unknown = set(given) - {"namespace"}
    if unknown:
        raise WrongPolicy(f"{_joined(unknown)}: tables are [namespace.NAME] and no other.")
    return {
        name: _policy(f"namespace.{name}", one, secret)
        for name, one in _table(given.get("namespace", {}), "namespace").items()
    }


def _policy(at: str, given: Any, secret: Callable[[str], str]) -> Policy:
    one = _known(given, at, {"masked", "codec", "stores"})
    stores = _table(one.get("stores", {}), f"{at}.stores")
    return Policy(
        codec=_codec(f"{at}.codec", one["codec"], secret) if "codec" in one else None,
        masked=_masked(f"{at}.masked", one.get("masked", {})),
        stores={
            name: _store(f"{at}.stores.{name}", name, store, secret)
            for name, store in stores.items()
        },
    )


def _masked(at: str, given: Any) -> Mapping[str, str]:
    fields = _table(given, at)
    for name, least in fields.items():
        if not all(SEGMENT.fullmatch(part) for part in name.removeprefix("$.").split(".")):
            raise WrongPolicy(f'{at}: "{name}" is no field, such as "iban" or "card.number".')
        if least not in SEES[1:]:
            raise WrongPolicy(f"{at}: {name} is seen by {_joined(SEES[1:])}; not by {least!r}.")
    return fields


def _codec(at: str, given: Any, secret: Callable[[str], str]) -> Codec:
    keys = {"endpoint", "mode", "encodes", "seconds", "passes_header"}
    one = _known(given, at, keys | {"authorization_env", "credentials"})
    mode = one.get("mode", MODES[0])
    if mode not in MODES:
        raise WrongPolicy(f"{at}.mode is {mode!r}. It must be one of {_joined(MODES)}.")
    endpoint = _text(one, at, "endpoint").rstrip("/")
    if not set(PIECE.findall(endpoint)) <= {"namespace"}:
        raise WrongPolicy(f"{at}.endpoint: the only piece in braces is {{namespace}}.")
    codec = Codec(
        endpoint=_url(f"{at}.endpoint", endpoint),
        mode=mode,
        encodes=_flag(one, at, "encodes", True),
        seconds=_seconds(one, at, Codec("").seconds),
        passes_header=_text(one, at, "passes_header", ""),
        authorization=_secret(one, at, secret),
        credentials=_flag(one, at, "credentials", False),
    )
    if codec.authorization or codec.passes_header:
        _is_private(f"{at}.endpoint", codec.endpoint)
    return codec


def _store(at: str, name: str, given: Any, secret: Callable[[str], str]) -> Store:
    keys = {"url", "allow", "authorization_env", "seconds", "aws_region", "aws_profile"}
    one = _known(given, at, keys)
    url = _url(f"{at}.url", _text(one, at, "url"))
    if not PIECE.search(urlsplit(url).path):
        raise WrongPolicy(f"{at}.url has no piece of the reference, such as {{key}}.")
    allow = {piece: _allowed(at, one.get("allow"), piece) for piece in PIECE.findall(url)}
    seconds = _seconds(one, at, Store("", "").seconds)
    store = Store(name, url, allow, _secret(one, at, secret), seconds, _aws(one, at))
    if store.authorization and store.aws:
        raise WrongPolicy(f"{at} has authorization_env and aws_region: one of them signs.")
    if store.authorization or store.aws:
        _is_private(f"{at}.url", url)
    return store


def _aws(given: Mapping[str, Any], at: str) -> Aws | None:
    region, profile = _text(given, at, "aws_region", ""), _text(given, at, "aws_profile", "")
    if profile and not region:
        raise WrongPolicy(f"{at}.aws_profile needs aws_region, for which a request is signed.")
    if region and not REGION.fullmatch(region):
        raise WrongPolicy(f"{at}.aws_region is {region!r}. Regions are such as eu-central-1.")
    return Aws(region, profile) if region else None


def _allowed(at: str, given: Any, piece: str) -> tuple[str, ...]:
    found = _table(given or {}, f"{at}.allow").get(piece)
    if not isinstance(found, list) or not found or not all(isinstance(one, str) for one in found):
        raise WrongPolicy(f'{at}.allow.{piece} must be a list, such as ["orders/*"].')
    return tuple(found)


def _url(at: str, url: str) -> str:
    """Pieces stand in the path alone, so a reference never says which host is asked."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in {"http", "https"} or PIECE.search(parts.netloc):
        raise WrongPolicy(f"{at} begins with https:// or http:// and names a host.")
    if parts.username or parts.query or parts.fragment or any(ord(one) <= 32 for one in url):
        raise WrongPolicy(f"{at} has a host and a path: no password, query or blanks.")
    return url


def _is_private(at: str, url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise WrongPolicy(f"{at} must be https, since an Authorization header goes there.")


def _table(given: Any, at: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise WrongPolicy(f"{at} must be a table.")
    return given


def _known(given: Any, at: str, keys: set[str]) -> dict[str, Any]:
    table = _table(given, at)
    if unknown := set(table) - keys:
        raise WrongPolicy(f"{at}: {_joined(unknown)} is not known; {_joined(keys)} are.")
    return table


def _text(table: Mapping[str, Any], at: str, name: str, default: str | None = None) -> str:
    value = table.get(name, default)
    if not isinstance(value, str) or (not value and default is None):
        raise WrongPolicy(f"{at}.{name} must be a text.")
    return value


def _flag(table: Mapping[str, Any], at: str, name: str, default: bool) -> bool:
    value = table.get(name, default)
    if not isinstance(value, bool):
        raise WrongPolicy(f"{at}.{name} must be true or false.")
    return value


def _seconds(table: Mapping[str, Any], at: str, default: float) -> float:
    value = table.get("seconds", default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 30:
        raise WrongPolicy(f"{at}.seconds must be above 0 and at most {SECONDS_MAX:g}.")
    return float(value)


def _secret(table: Mapping[str, Any], at: str, secret: Callable[[str], str]) -> str:
    name = _text(table, at, "authorization_env", "")
    value = secret(name) if name else ""
    if name and not value:
        raise WrongPolicy(f"{at}.authorization_env names {name}, which is not set.")
    return value


def _joined(names: Any) -> str:
    return ", ".join(sorted(names))
