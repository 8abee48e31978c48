-- Records on their way to Elasticsearch, appended by the engine in the transaction that
-- made them. `seq` orders claims only: of two records of a run the higher version wins.

create table visibility_outbox (
    seq bigint generated always as identity primary key,
    shard_id integer not null,
    run_id text collate "C" not null,
    version bigint not null,
    appended_at timestamptz not null,
    record bytea not null
);

-- Rows that Elasticsearch refused for what they hold. They block nothing, and wait for
-- a person.
create table visibility_parked (
    seq bigint primary key,
    shard_id integer not null,
    run_id text collate "C" not null,
    version bigint not null,
    appended_at timestamptz not null,
    record bytea not null,
    error text not null,
    parked_at timestamptz not null
);

-- One row: whether the index could be reached, and when to try again.
create table visibility_relay (
    only_row boolean primary key default true check (only_row),
    failures integer not null default 0,
    retry_at timestamptz,
    away_since timestamptz,
    error text
);

insert into visibility_relay default values;
