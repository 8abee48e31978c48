-- One row a run. `snapshot` is the state after `snapshot_event_id` and `snapshot_mark`; what
-- came later is in history and marks. A closed run whose history is short has no snapshot.
--
-- At most one run of a workflow id is running: the partial unique index holds it.

create table runs (
    shard_id integer not null,
    namespace_id text collate "C" not null,
    workflow_id text collate "C" not null,
    run_id uuid not null,
    request_id text collate "C" not null,
    status smallint not null,
    created_at bigint not null,
    closed_at bigint,
    -- When the run wants to be woken, in nanoseconds since the epoch.
    wake_at bigint,
    snapshot bytea,
    snapshot_event_id bigint not null default 0,
    snapshot_mark bigint not null default 0,
    primary key (run_id)
) with (fillfactor = 80);

create unique index runs_running on runs (namespace_id, workflow_id) where status = 1;
create index runs_by_workflow on runs (namespace_id, workflow_id, created_at);
create index runs_to_wake on runs (shard_id, wake_at) where wake_at is not null;
create index runs_by_end on runs (namespace_id, closed_at) where closed_at is not null;
