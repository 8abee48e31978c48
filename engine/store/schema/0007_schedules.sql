-- Schedules, each in the database that a run of its id would lie in; a row is changed whole, by who
-- has locked it, and only from the version that it was read at.

create table schedules (
    namespace_id text collate "C" not null,
    schedule_id text collate "C" not null,
    version bigint not null,
    -- When it is to be looked at; null: not before something happens to it.
    next_at bigint,
    state bytea not null,
    primary key (namespace_id, schedule_id)
) with (fillfactor = 70);

create index schedules_by_time on schedules (next_at) where next_at is not null;
