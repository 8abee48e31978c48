"""Billing: look up and change what a running subscription charges; one, or a cohort.

    form ──▶ check (validator and dry run: before → after) ──▶ apply (audit row, update, audit row)
      ▲         │ refused: beside the field, nothing written       │ refused: the same
      └─────────┤                                                  │
                └─ beyond the person's limits ─▶ propose ─▶ a second person ─▶ carried out once

contract     what a billable workflow implements: one query, four updates; plain dataclasses
reading      the workflow's answers -> the contract's dataclasses
kinds        the four things that can be asked for: form, update, words
effects      what a change comes to, in all and a month: decimals, by currency
limits       how far a person goes alone
proposals    propose, decide, note, carry out; approvals: what their pages show
wishes       what is wished of a cohort -> what is asked of each subscription of it
cohorts      freeze, weigh, carry out; summing: the effect in all, and who is not eligible
carrying     one update in the background, exactly once
workflow     the approval's run, and the one that goes through a cohort; orders, activities, worker
periods      the drawing of all periods
looking      what the page of a subscription needs, read at once
"""
