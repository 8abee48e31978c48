"""Who did what, to what, why, and what came of it. Written before the act, closed after it,
changed never.

models    AuditEntry (the intent) and AuditOutcome (what came of it): two append-only tables
rows      entries as a page shows them
others    what was done by other doors, and how ours is told from it
record    record(): what every write goes through
once      what was sent twice is done once
pointing  the event that an act became
"""
