"""Bulk operations: a frozen list of runs, one act, one outcome for each.

    draft ──launch──▶ canary ──all of it done──▶ asking ──go on──▶ running ──▶ finished
      │                 │ ▲                        │                │ ▲           │
      └─discard         ▼ │                        │                ▼ │           └─retry the failed
                       paused ◀────────────────────┼──────────── paused
                         └────────abort────────────┴──▶ aborted

The list lives in the console's database, the order of things in a system workflow; a target's
outcome is written once, by whoever holds its claim.

models      BulkOperation, BulkTarget, what they came to
verbs       the deeds that there are, of this and of other capabilities
deeds_on_…  the deeds of this one
manifest    a query or a selection -> targets, and why some are not eligible
outcomes    claim, conclude, count
rounds      whose act a round is, and who let it go on
orders      what workflow and activities tell each other
workflow    the system workflow: canary, pace, stop at errors, pause, abort
acting      one target: the act, and whether it was done already
chunks      one chunk of targets, by many hands
activities  what the system workflow asks for
worker      `manage.py bulk_worker`
"""
