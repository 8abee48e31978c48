"""Search: from a committed record to the run an operator finds.

    records     the one row shape, and what a reader answers
    attributes  what can be asked for: name, type, where it lies
    outbox      records waiting for Elasticsearch, and those it refused
    query       the language: text -> tree -> checked tree -> a dialect
    postgres    the visibility table: the embedded default, source of every rebuild
    elastic     the same lists by Elasticsearch
    reader      the door: one interface, two backends
    relay       outbox -> Elasticsearch, by Celery
    schema      numbered SQL files, applied in each shard database

Imports nothing of engine or console.
"""
