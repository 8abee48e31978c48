"""What must be right before anything starts. Each check gives one line that says what to do."""

import shutil
import socket
from pathlib import Path

import psycopg
import redis

from examples.stack.config import CannotStart, StackConfig

POSTGRES_VERSION_MIN = 15
CONNECT_SECONDS_MAX = 5


def check(config: StackConfig) -> None:
    """Call it when the last life's orphans are gone: they may hold the ports."""
    _port("CONSOLE_PORT", config.console_port)
    if not config.engine_address:
        if config.engine_port == config.console_port:
            raise CannotStart(
                f"CONSOLE_PORT and ENGINE_PORT are both {config.console_port}: give one another"
            )
        _port("ENGINE_PORT", config.engine_port)
    for url in filter(None, config.database_url.split(",")):
        _postgres(url.strip())
    if config.broker_url:
        _broker(config.broker_url)
    if config.engine_address:
        _engine(config.engine_address)
    elif config.elasticsearch_url:
        _elasticsearch(config.elasticsearch_url)
    elif config.starts_elasticsearch:
        _programs_of_elasticsearch()


def _port(variable: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as refused:
            raise CannotStart(
                f"port {port} cannot be used ({refused.strerror}): stop what listens there, "
                f"or choose another, as in {variable}={port + 1} make up"
            ) from None


def _postgres(url: str) -> None:
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_SECONDS_MAX) as connection:
            version = connection.info.server_version // 10_000
    except psycopg.Error as refused:
        raise CannotStart(
            f"DATABASE_URL cannot be reached: {_one_line(refused)}; correct it, or unset it to use "
            f"the embedded PostgreSQL"
        ) from None
    if version < POSTGRES_VERSION_MIN:
        raise CannotStart(
            f"DATABASE_URL leads to PostgreSQL {version}: {POSTGRES_VERSION_MIN} or newer is "
            f"needed; upgrade it, or unset DATABASE_URL to use the embedded one"
        )


def _broker(url: str) -> None:
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=CONNECT_SECONDS_MAX) as broker:
            broker.ping()
    except (redis.RedisError, ValueError) as refused:
        raise CannotStart(
            f"BROKER_URL cannot be reached: {_one_line(refused)}; correct it, or unset it to use "
            f"the embedded Valkey"
        ) from None


def _elasticsearch(url: str) -> None:
    # Late: a start that searches in PostgreSQL need not wait for this import.
    from elasticsearch import ApiError, Elasticsearch, TransportError

    try:
        with Elasticsearch(url, request_timeout=CONNECT_SECONDS_MAX, max_retries=0) as client:
            client.cluster.health()
    except (ApiError, TransportError, ValueError) as refused:
        raise CannotStart(
            f"ELASTICSEARCH_URL cannot be reached: {_one_line(refused)}; correct it, or unset it "
            f"to search in PostgreSQL"
        ) from None


def _programs_of_elasticsearch() -> None:
    for program, package in (("javac", "openjdk-17-jdk-headless"), ("mvn", "maven")):
        if shutil.which(program) is None:
            raise CannotStart(
                f"SEARCH=elasticsearch needs {program}: apt-get install {package}, or give "
                f"ELASTICSEARCH_URL"
            )


def _engine(address: str) -> None:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), CONNECT_SECONDS_MAX).close()
    except OSError as refused:
        raise CannotStart(
            f"ENGINE_ADDRESS {address} cannot be reached: {_one_line(refused)}; correct it, or "
            f"unset it to use the embedded engine"
        ) from None


def writable(run: Path) -> None:
    try:
        for directory in (run, run / "tmp"):
            directory.mkdir(parents=True, exist_ok=True)
            (directory / ".written").touch()
            (directory / ".written").unlink()
    except OSError as refused:
        raise CannotStart(
            f"cannot write in {run} ({refused.strerror}): run as its owner, or remove it"
        ) from None


def _one_line(refused: Exception) -> str:
    return " ".join(str(refused).split())
