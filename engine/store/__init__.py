"""All SQL of the engine, and the only part of it that knows psycopg.

`commit` writes what a batch carries, in one transaction on the connection that holds the shard
locks (`shards`); `runs`, `history`, `tasks` and `backlog` read; `codec` turns states and marks
into bytes; `index` looks after the outbox; `migrate` applies `schema/` and the schema of search.
"""
