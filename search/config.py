"""Where the databases, the broker and the index are; read once, refused loudly."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit


class BadSetting(ValueError):
    """A variable of the environment cannot be used; the message names it."""


@dataclass(frozen=True, slots=True)
class SearchConfig:
    #: One URL a shard database, in placement order; the first is also home.
    databases: tuple[str, ...]
    #: None: PostgreSQL answers, and no relay is needed.
    elasticsearch_url: str | None = None
    broker_url: str | None = None
    #: What readers search by; generations are named after it. Two installations that share
    #: a cluster need two names.
    index_alias: str = "visibility"
    #: Modules whose Celery tasks and beat table the relay's app takes in: others' background
    #: jobs, by name, since search imports nobody.
    relay_include: tuple[str, ...] = ()

    @property
    def home(self) -> str:
        return self.databases[0]

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "SearchConfig":
        given = environ.get("DATABASE_URL", "").split(",")
        databases = tuple(url.strip() for url in given if url.strip())
        if not databases:
            raise BadSetting("DATABASE_URL is not set: give postgresql://user@host/name")
        for url in databases:
            _refuse_unless("DATABASE_URL", url, ("postgresql", "postgres"))
        elasticsearch = environ.get("ELASTICSEARCH_URL", "").strip()
        if elasticsearch:
            _refuse_unless("ELASTICSEARCH_URL", elasticsearch, ("http", "https"))
        broker = environ.get("BROKER_URL", "").strip()
        if broker:
            _refuse_unless("BROKER_URL", broker, ("redis", "rediss"))
        if elasticsearch and not broker:
            raise BadSetting("BROKER_URL is not set, and ELASTICSEARCH_URL needs the relay")
        include = tuple(environ.get("RELAY_INCLUDE", "").replace(",", " ").split())
        for module in include:
            if not all(part.isidentifier() for part in module.split(".")):
                raise BadSetting(f"RELAY_INCLUDE takes names of modules, not {module!r}")
        index = environ.get("SEARCH_INDEX", "visibility").strip()
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,99}", index):
            raise BadSetting("SEARCH_INDEX takes lower-case letters, digits and dashes")
        return cls(databases, elasticsearch or None, broker or None, index, include)


def _refuse_unless(variable: str, url: str, schemes: tuple[str, ...]) -> None:
    scheme = urlsplit(url).scheme
    if scheme not in schemes:
        wanted = " or ".join(f"{name}://" for name in schemes)
        raise BadSetting(f"{variable} must start with {wanted}")


def of_this_process() -> SearchConfig:
    return SearchConfig.from_environment(os.environ)  # noqa: TID251 (a config module)
