-- Deployments of workers, with their versions; only those of the first database count. A row is
-- changed whole, by who has locked it.

create table deployments (
    namespace_id text collate "C" not null,
    name text collate "C" not null,
    detail bytea not null,
    primary key (namespace_id, name)
);
