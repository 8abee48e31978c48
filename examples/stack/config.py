"""What `make up` takes from the environment, and where it writes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent.parent


class CannotStart(Exception):
    """One line for a person: what is wrong, and what to do."""


@dataclass(frozen=True)
class StackConfig:
    #: All that is written lies here.
    run: Path
    console_port: int
    engine_port: int
    #: Empty: the embedded part is started.
    database_url: str
    broker_url: str
    elasticsearch_url: str
    engine_address: str
    #: `SEARCH=elasticsearch`: start a node of our own.
    own_elasticsearch: bool
    #: Example workers and data; a server that is not ours gets none unless told.
    examples: bool

    @property
    def starts_elasticsearch(self) -> bool:
        """A server that is not ours has its own search."""
        return self.own_elasticsearch and not self.elasticsearch_url and not self.engine_address

    @classmethod
    def from_environment(cls, given: Mapping[str, str], root: Path = ROOT) -> "StackConfig":
        engine_address = _address(given, "ENGINE_ADDRESS")
        return cls(
            run=Path(given.get("RUN_DIRECTORY", "").strip() or root / ".run").resolve(),
            console_port=_port(given, "CONSOLE_PORT", 8000),
            engine_port=_port(given, "ENGINE_PORT", 7233),
            database_url=_urls(given, "DATABASE_URL", "postgresql", "postgres"),
            broker_url=_urls(given, "BROKER_URL", "redis", "rediss"),
            elasticsearch_url=_urls(given, "ELASTICSEARCH_URL", "http", "https"),
            engine_address=engine_address,
            own_elasticsearch=_choice(given, "SEARCH", "postgresql", "elasticsearch")
            == "elasticsearch",
            examples=_choice(given, "EXAMPLES", "no" if engine_address else "yes", "yes", "no")
            == "yes",
        )


def _port(given: Mapping[str, str], name: str, default: int) -> int:
    text = given.get(name, "").strip() or str(default)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise CannotStart(f"{name} is {text!r}: give a port number, 1 to 65535")
    return int(text)


def _urls(given: Mapping[str, str], name: str, *schemes: str) -> str:
    text = given.get(name, "").strip()
    for url in filter(None, text.split(",")):
        if urlsplit(url.strip()).scheme not in schemes:
            raise CannotStart(f"{name} is {url!r}: it must start with {schemes[0]}://")
    return text


def _address(given: Mapping[str, str], name: str) -> str:
    text = given.get(name, "").strip()
    if text and not text.rpartition(":")[2].isdecimal():
        raise CannotStart(f"{name} is {text!r}: give host:port")
    return text


def _choice(given: Mapping[str, str], name: str, default: str, *allowed: str) -> str:
    text = given.get(name, "").strip() or default
    if text not in {default, *allowed}:
        raise CannotStart(f"{name} is {text!r}: give {' or '.join(sorted({default, *allowed}))}")
    return text
