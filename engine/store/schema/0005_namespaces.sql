-- Namespaces; only those of the first database count.

create table namespaces (
    id text collate "C" primary key,
    name text collate "C" not null unique,
    version bigint not null,
    detail bytea not null
);
