-- Of one priority, each fairness key has its share by its weight. A key's tasks lie together by age,
-- so the heads of many keys are read without what waits behind them.

alter table transfer_tasks
    add column fairness_key text collate "C" not null default '',
    add column fairness_weight real not null default 1;

drop index transfer_tasks_by_queue;
create index transfer_tasks_by_queue on transfer_tasks
    (namespace_id, queue, kind, priority, fairness_key, offered_at, run_id, event_id)
    where kind <> 'deliver';
