"""Where each part answers in this life of the stack.

The console and the engine have ports that people know; the rest takes whatever is free, so that
nothing but those two can be taken.
"""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from engine import embedded
from examples.stack.config import StackConfig


@dataclass(frozen=True)
class Addresses:
    database_url: str
    broker_url: str
    elasticsearch_url: str
    engine: str
    console: str
    postgres_port: int
    broker_port: int
    elasticsearch_port: int
    providers_port: int
    smtp_port: int
    secret_key: str
    #: The word that alice, bob and carol sign in with.
    password: str
    #: In the embedded database the console has a role of its own; "" elsewhere.
    console_role: str
    console_role_word: str

    @property
    def console_database_url(self) -> str:
        """By the same way, as that role."""
        if not self.console_role:
            return ""
        parts = urlsplit(self.database_url)
        where = parts.netloc.rpartition("@")[2]
        own = f"{self.console_role}:{self.console_role_word}@{where}"
        return urlunsplit(parts._replace(netloc=own))

    def environment(self) -> dict[str, str]:
        """What every part of the product reads."""
        console = self.console_database_url
        return {
            "DATABASE_URL": self.database_url,
            **({"CONSOLE_DATABASE_URL": console} if console else {}),
            "BROKER_URL": self.broker_url,
            "ELASTICSEARCH_URL": self.elasticsearch_url,
            "ENGINE_ADDRESS": self.engine,
            "PERDURE_SECRET_KEY": self.secret_key,
            "PROVIDERS_URL": f"http://127.0.0.1:{self.providers_port}",
            "PROVIDERS_PORT": str(self.providers_port),
            "SMTP_PORT": str(self.smtp_port),
        }


def choose(config: StackConfig) -> Addresses:
    postgres, broker, elasticsearch, providers, smtp = embedded.free_ports(5)
    kept = _kept_words(config.run / "words.json")
    index = config.elasticsearch_url if not config.engine_address else ""
    if config.starts_elasticsearch:
        index = f"http://127.0.0.1:{elasticsearch}"
    return Addresses(
        database_url=config.database_url or embedded.dsn(config.run / "postgres", postgres),
        broker_url=config.broker_url or f"redis://127.0.0.1:{broker}/0",
        elasticsearch_url=index,
        engine=config.engine_address or f"127.0.0.1:{config.engine_port}",
        console=f"127.0.0.1:{config.console_port}",
        postgres_port=postgres,
        broker_port=broker,
        elasticsearch_port=elasticsearch,
        providers_port=providers,
        smtp_port=smtp,
        secret_key=kept["secret_key"],
        password=kept["password"],
        console_role="" if config.database_url else "perdure_console",
        console_role_word=kept["console_role_word"],
    )


def _kept_words(path: Path) -> dict[str, str]:
    """Made once: a new key would sign everybody out, a new password would lock them out."""
    kept = json.loads(path.read_text()) if path.exists() else {}
    lengths = {"secret_key": 48, "password": 9, "console_role_word": 24}
    made = {name: secrets.token_urlsafe(length) for name, length in lengths.items()}
    if made.keys() - kept.keys():
        path.touch(mode=0o600)
        path.write_text(json.dumps(made | kept))
    return made | kept
