"""EngineConfig: read from the environment once, frozen, refused loudly."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from engine.core.limits import DEFAULT, Limits
from search.config import BadSetting, SearchConfig

LIMIT_PREFIX = "PERDURE_LIMIT_"
SHARD_COUNT_MAX = 16_384
PORT_MAX = 65_535
PORT_DEFAULT = 7233
SHARD_COUNT_DEFAULT = 64
SECRET_LENGTH_MIN = 16


class CannotServe(Exception):
    """The engine cannot serve as it is configured; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    search: SearchConfig
    host: str = "127.0.0.1"
    # 0: any free port; the one that was got is printed.
    port: int = PORT_DEFAULT
    # Fixed when the databases are first migrated; a run's shard is hash(workflow id) mod this.
    shard_count: int = SHARD_COUNT_DEFAULT
    # A test or a suite reaches a limit sooner when it may lower it.
    limits: Limits = DEFAULT
    # Tests wait for an unchanged history no longer than they must.
    long_poll_seconds: float = 20.0
    task_poll_seconds: float = 60.0
    # The protocol's own limit of a message, which the official SDKs count on.
    message_bytes_max: int = 64 * 1024 * 1024
    # Under the 4 MiB that a gRPC client accepts unless told otherwise.
    page_bytes_max: int = 3 * 1024 * 1024 + 512 * 1024
    # Histories are answered as blobs, as clients ask for that copy them without a look.
    raw_history: bool = False
    drain_seconds: float = 5.0
    # Retention sweeps run this often; tests want to see one.
    retention_sweep_seconds: float = 60.0
    retention_seconds_default: int = 72 * 3600
    # What the nodes of a cluster prove themselves to each other with; without it a node is alone.
    cluster_secret: str = field(default="", repr=False)
    # Where the other nodes reach this one, if that is not where it listens.
    cluster_address: str = ""

    @property
    def databases(self) -> tuple[str, ...]:
        return self.search.databases


def read() -> Mapping[str, str]:
    return os.environ  # noqa: TID251  the engine's one reader of it


def from_environment(environ: Mapping[str, str]) -> EngineConfig:
    return EngineConfig(
        search=SearchConfig.from_environment(environ),
        host=environ.get("ENGINE_HOST", "").strip() or "127.0.0.1",
        port=whole(environ, "ENGINE_PORT", PORT_DEFAULT, 0, PORT_MAX),
        shard_count=whole(environ, "ENGINE_SHARDS", SHARD_COUNT_DEFAULT, 1, SHARD_COUNT_MAX),
        limits=_limits(environ),
        long_poll_seconds=whole(environ, "ENGINE_LONG_POLL_SECONDS", 20, 1, 3600),
        retention_sweep_seconds=whole(environ, "ENGINE_RETENTION_SWEEP_SECONDS", 60, 1, 86_400),
        raw_history=bool(whole(environ, "ENGINE_RAW_HISTORY", 0, 0, 1)),
        cluster_secret=_secret(environ),
        cluster_address=_address(environ),
    )


def whole(environ: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    given = environ.get(name, "").strip()
    if not given:
        return default
    if not given.isdecimal() or not least <= int(given) <= most:
        raise BadSetting(f"{name} must be a whole number from {least} to {most}, not {given!r}")
    return int(given)


def _secret(environ: Mapping[str, str]) -> str:
    given = environ.get("CLUSTER_SECRET", "").strip()
    if given and len(given) < SECRET_LENGTH_MIN:
        raise BadSetting(f"CLUSTER_SECRET must have at least {SECRET_LENGTH_MIN} characters")
    return given


def _address(environ: Mapping[str, str]) -> str:
    given = environ.get("CLUSTER_ADDRESS", "").strip()
    host, _, port = given.rpartition(":")
    if given and not (host and port.isdecimal() and 0 < int(port) <= PORT_MAX):
        raise BadSetting(f"CLUSTER_ADDRESS must be host:port, not {given!r}")
    return given


def _limits(environ: Mapping[str, str]) -> Limits:
    changes: dict[str, int] = {}
    for name in environ:
        if not name.startswith(LIMIT_PREFIX):
            continue
        limit = name.removeprefix(LIMIT_PREFIX).lower()
        if limit not in Limits.__struct_fields__:
            raise BadSetting(f"{name}: there is no such limit (engine/core/limits.py has them all)")
        changes[limit] = whole(environ, name, 0, 0, 2**62)
    return msgspec.structs.replace(DEFAULT, **changes)
