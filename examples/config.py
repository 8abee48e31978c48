"""What the examples take from the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


class ConfigError(Exception):
    """A variable that cannot be used; the message names it."""


@dataclass(frozen=True)
class ExamplesConfig:
    #: host:port of the server that keeps the workflows.
    engine_address: str
    #: Where the providers answer; empty: the worker process serves them itself.
    providers_url: str
    providers_port: int
    #: The SQLite file that remembers what was charged, sent and moved.
    providers_file: Path
    #: Where the providers' process takes mail; 0: it takes none.
    smtp_port: int

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> "ExamplesConfig":
        given = os.environ if environ is None else environ  # noqa: TID251  the config module
        return cls(
            engine_address=given.get("ENGINE_ADDRESS", "127.0.0.1:7233"),
            providers_url=given.get("PROVIDERS_URL", ""),
            providers_port=_port("PROVIDERS_PORT", given.get("PROVIDERS_PORT", "7480")),
            providers_file=Path(given.get("PROVIDERS_FILE", ".run/providers.sqlite3")),
            smtp_port=_port("SMTP_PORT", given.get("SMTP_PORT", "0")),
        )


def _port(name: str, text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise ConfigError(f"{name} must be a port number, not {text!r}.")
    return int(text)
