"""Outbox -> Elasticsearch, by Celery. The broker carries "database N has rows", never a record.

app      the Celery app, its queues and its beat table; others' jobs come in by RELAY_INCLUDE
tasks    one call each
drain    claim -> bulk -> ack for one database
bulk     rows -> operations; reply -> acked, parked, once more; pure
rebuild  a new generation beside the live one, then the alias
nudge    the engine's word that a commit appended rows
clock    the time
"""
