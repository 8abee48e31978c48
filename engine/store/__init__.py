"""All SQL of the engine, and the only part of it that knows psycopg.

`commit` says what a batch writes, `pipeline` sends it in one go on the connection that holds the
shard locks (`shards`), `arrays` turns columns into parameters. `runs`, `history`, `tasks` and
`namespaces` read, through `pool`; `codec` turns states and marks into bytes; `migrate` applies
`schema/` and the schema of search.
"""
