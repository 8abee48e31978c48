-- Batch operations, those of a namespace together in one database. The targets are written down once,
-- before the first is acted on; each has one outcome. A batch is advanced by whoever holds its claim.

create table batches (
    namespace_id text collate "C" not null,
    job_id text collate "C" not null,
    -- Of this batch alone: request ids for what it does are made from it.
    id text not null,
    -- The StartBatchOperationRequest.
    request bytea not null,
    started_at bigint not null,
    closed_at bigint,
    failed boolean not null default false,
    -- How far the query has been read; and whether all of its targets are written down.
    page_token bytea not null default '',
    is_frozen boolean not null default false,
    total bigint not null default 0,
    completed bigint not null default 0,
    failures bigint not null default 0,
    -- Why it was ended before its end, and by whom.
    end_reason text not null default '',
    ended_by text not null default '',
    claim bigint not null default 0,
    next_at bigint,
    primary key (namespace_id, job_id)
);

create index batches_by_time on batches (next_at) where next_at is not null;
create index batches_by_start on batches (namespace_id, started_at desc, job_id desc);
-- One at a time for each namespace.
create unique index batches_open on batches (namespace_id) where closed_at is null;

create table batch_targets (
    namespace_id text collate "C" not null,
    job_id text collate "C" not null,
    workflow_id text collate "C" not null,
    run_id text collate "C" not null,
    number bigint not null,
    -- 0: to be acted on, 1: done, 2: refused, and then why.
    outcome smallint not null default 0,
    tries smallint not null default 0,
    refusal text not null default '',
    primary key (namespace_id, job_id, workflow_id, run_id),
    foreign key (namespace_id, job_id) references batches on delete cascade
);

create index batch_targets_waiting on batch_targets (namespace_id, job_id, tries, number)
    where outcome = 0;
