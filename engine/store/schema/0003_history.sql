-- What happened to a run: `events` is a serialised History of consecutive events from
-- `first_event_id` on, as one commit wrote them. Rows are only ever appended.

create table history (
    run_id uuid not null,
    first_event_id bigint not null,
    events bytea not null,
    primary key (run_id, first_event_id)
);

-- Attempts of activities that failed and were tried again, for people: no state is made of them. An
-- activity has a bounded number of slots: its first attempts keep theirs, later ones share the rest.
create table attempts (
    run_id uuid not null,
    scheduled_event_id bigint not null,
    slot integer not null,
    attempt integer not null,
    started_at bigint not null,
    failed_at bigint not null,
    retry_at bigint not null,
    identity text collate "C" not null,
    failure bytea not null,
    primary key (run_id, scheduled_event_id, slot)
);

-- Facts that are no history, as one commit wrote them: each is (after_event_id, mark). They go
-- when a snapshot holds them.
create table marks (
    run_id uuid not null,
    first_mark bigint not null,
    marks bytea not null,
    primary key (run_id, first_mark)
) with (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_cost_delay = 0
);
