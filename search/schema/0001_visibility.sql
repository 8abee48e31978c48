-- The visibility table: one row a run, in the shard database that owns the run.
--
-- It answers searches where there is no Elasticsearch, and is the source of every rebuild
-- where there is one. Keywords are collated "C", so that they sort by their bytes on
-- every installation, as they do in Elasticsearch.

create table visibility (
    run_id text collate "C" primary key,
    namespace_id text collate "C" not null,
    workflow_id text collate "C" not null,
    workflow_type text collate "C" not null,
    task_queue text collate "C" not null,
    status text collate "C" not null,
    version bigint not null,
    start_time timestamptz not null,
    execution_time timestamptz not null,
    close_time timestamptz,
    history_length bigint not null,
    history_size_bytes bigint not null,
    state_transition_count bigint not null,
    execution_duration_ns bigint,
    parent_workflow_id text collate "C",
    parent_run_id text collate "C",
    root_workflow_id text collate "C" not null,
    root_run_id text collate "C" not null,
    first_run_id text collate "C" not null,
    pending_activity_count bigint not null,
    failing_activity_count bigint not null,
    activity_attempt_max bigint not null,
    next_retry_time timestamptz,
    last_failure_type text collate "C",
    last_failure_message text,
    failure_fingerprint text collate "C",
    next_timer_time timestamptz,
    memo bytea,
    search_attributes bytea,
    -- Everything without a column: type -> name -> sortable text (search/attributes.py).
    slots jsonb
) with (fillfactor = 90);

-- The default order: open runs first, then the last closed.
create index visibility_by_order on visibility
    (namespace_id, coalesce(close_time, 'infinity') desc, start_time desc);

create index visibility_by_workflow_id on visibility (namespace_id, workflow_id);

-- Few distinct values: its entries are folded to a few bytes a row.
create index visibility_by_type on visibility (namespace_id, workflow_type, status);

create index visibility_failing on visibility (namespace_id, failing_activity_count)
    where failing_activity_count > 0;

-- A run without such attributes pays nothing.
create index visibility_by_slot on visibility using gin (slots jsonb_path_ops)
    where slots is not null;
