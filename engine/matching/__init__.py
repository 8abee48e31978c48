"""Task queues: tasks meet pollers. One actor per queue, on one node; no partitions.

    registry.py   all queues; implements `ports.Matching`
    spread.py     the same over several nodes, each queue on one of them
    actor.py      one queue's life: offers, polls, reservations, read-back
    queue.py      the meeting itself: pure
    polls.py      a waiting poll, and who has polled
    backlog.py    tasks that are in the store but not in memory
    versions.py   which version a queue goes to, and where its workers wait
    workers.py    what workers say of themselves; never stored either
    queries.py    questions that callers wait for; never stored
    rates.py      token bucket and rate meter: pure

A task is durable in the store until the commit that starts it, so losing what is here loses
nothing: a queue that nobody polls holds no task in memory at all.
"""
