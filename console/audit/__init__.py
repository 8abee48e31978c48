"""Who did what, to what, why, and what came of it. Written before the act, closed after it,
changed never.

models  AuditEntry (the intent) and AuditOutcome (what came of it): two append-only tables
rows    entries as a page shows them
record  record(): what every write goes through
"""
