"""Visibility in PostgreSQL: the embedded default, and the source of every rebuild.

table   the table: upsert in the engine's transaction, scan for a rebuild
sql     dialect: checked tree -> SQL and parameters; pure
reader  list, count, group over all shard databases
"""
