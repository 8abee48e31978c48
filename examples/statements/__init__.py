"""Statements and reports by mail, on workers that say which version of the program they are.

                  ┌──────── reminder (since 2026-11-20) ────────┐
                  ▼                                             │
    (start) ──sent──▶ open for objections ──half of the time is over
                  │            ├──objection──▶ completed: a person answers it
                  │            └──time is over──▶ completed: agreed
                  └──a report, to which nobody objects──▶ completed

workflow    the program, as it is and as it was in October
versions    October's, the current and the next one, and the worker of each
rollout     from October's to the current one, as the example data show it
__main__    `python -m examples.statements`: all three, as while one follows another
"""
