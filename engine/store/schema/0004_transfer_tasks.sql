-- What has been committed to be done outside of a run, and is not known to be done: tasks for
-- the queues, and messages to other runs. Its natural key makes doing it twice harmless.
-- It is also the backlog of the task queues: a row is deleted as its task is started.

create table transfer_tasks (
    shard_id integer not null,
    run_id uuid not null,
    kind text collate "C" not null,
    event_id bigint not null,
    namespace_id text collate "C" not null,
    workflow_id text collate "C" not null,
    attempt integer not null,
    queue text collate "C" not null,
    priority smallint not null,
    sticky boolean not null,
    offered_at bigint not null,
    payload bytea,
    primary key (run_id, kind, event_id)
) with (
    -- Rows live for moments: their room is to be used again long before a fifth of it is dead.
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_cost_delay = 0
);

create index transfer_tasks_to_deliver on transfer_tasks (run_id, event_id)
    where kind = 'deliver';
create index transfer_tasks_by_queue on transfer_tasks
    (namespace_id, queue, kind, priority, offered_at, run_id, event_id)
    where kind <> 'deliver';
