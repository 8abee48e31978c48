-- The engine nodes that share these databases; only the rows of the first database count.
--
-- A node adds one to its `beats` every second. Nobody compares clocks: a node is taken for dead by
-- whoever has seen its count stand still for too long. Who owns a shard is never said here.

create table members (
    -- Where the others reach it; a node that is started again there takes the row over.
    address text collate "C" primary key,
    node_id uuid not null,
    beats bigint not null,
    -- Shards that it held at that beat, for people to see.
    owned integer not null
) with (fillfactor = 50);
