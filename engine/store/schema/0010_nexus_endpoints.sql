-- Nexus endpoints: names that lead to a task queue of a namespace; only those of the first database
-- count. Changed through their version.

create table nexus_endpoints (
    id text collate "C" primary key,
    name text collate "C" not null unique,
    version bigint not null,
    detail bytea not null
);
