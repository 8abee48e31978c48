-- Which shards live in this database. Written once, when the database is first migrated; who
-- owns a shard is said by a session advisory lock, never by a row.

create table engine_facts (
    only_row boolean primary key default true check (only_row),
    shard_count integer not null,
    database_number integer not null,
    database_count integer not null
);
