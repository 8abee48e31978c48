-- What happened to a run: `events` is a serialised History of consecutive events from
-- `first_event_id` on, as one commit wrote them. Rows are only ever appended.

create table history (
    run_id uuid not null,
    first_event_id bigint not null,
    events bytea not null,
    primary key (run_id, first_event_id)
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
