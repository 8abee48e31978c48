"""Store modules against a real PostgreSQL."""
