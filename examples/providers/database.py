"""The file that outlives every worker: a restart forgets no charge."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCHEMA = """
create table if not exists answers (
    provider text not null, key text not null, status integer not null, body text not null,
    primary key (provider, key)
) without rowid;
create table if not exists requests (
    provider text not null, key text not null, count integer not null,
    primary key (provider, key)
) without rowid;
create table if not exists switches (
    provider text not null, subject text not null, mode text not null,
    primary key (provider, subject)
) without rowid;
create table if not exists charges (
    payment_id text primary key, key text not null unique, customer_id text not null,
    amount text not null, currency text not null, description text not null,
    at text not null default current_timestamp
);
create index if not exists charges_by_customer on charges (customer_id);
create table if not exists declines (
    key text primary key, customer_id text not null, code text not null
);
create table if not exists refunds (
    refund_id text primary key, key text not null unique, payment_id text not null,
    amount text not null, currency text not null, at text not null default current_timestamp
);
create index if not exists refunds_by_payment on refunds (payment_id);
create table if not exists messages (
    message_id text primary key, key text not null unique, recipient text not null,
    template text not null, subject text not null, body text not null,
    at text not null default current_timestamp
);
create index if not exists messages_by_recipient on messages (recipient);
create table if not exists movements (
    movement_id text primary key, key text not null unique, account text not null,
    amount text not null, currency text not null, reference text not null,
    at text not null default current_timestamp
);
create index if not exists movements_by_account on movements (account);
create table if not exists consignments (
    tracking_number text primary key, key text not null unique, order_id text not null,
    depot text not null, address text not null, at text not null default current_timestamp
);
create table if not exists book_entries (
    book text not null, sequence integer not null, entry text not null,
    primary key (book, sequence)
) without rowid;
"""


class Database:
    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(file, isolation_level=None, timeout=10)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma synchronous = normal")
        self._connection.executescript(SCHEMA)

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; a second process on the same file waits its turn."""
        self._connection.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._connection.execute("rollback")
            raise
        self._connection.execute("commit")

    def execute(self, statement: str, **values: object) -> None:
        self._connection.execute(statement, values)

    def one(self, statement: str, **values: object) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._connection.execute(statement, values).fetchone()
        return row

    def all(self, statement: str, **values: object) -> list[dict[str, object]]:
        return [dict(row) for row in self._connection.execute(statement, values)]
