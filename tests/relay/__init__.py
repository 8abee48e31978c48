"""Outbox -> index, against a real PostgreSQL and a real Elasticsearch."""
