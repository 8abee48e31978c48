-- What operators have set of task queues; only those of the first database count. A row is changed
-- whole, by who has locked it.

create table queue_configs (
    namespace_id text collate "C" not null,
    name text collate "C" not null,
    kind text collate "C" not null,
    detail bytea not null,
    primary key (namespace_id, name, kind)
);
