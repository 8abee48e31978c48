"""Billing: look up and change what a running subscription charges.

    form ──▶ check (validator and dry run: before → after) ──▶ apply (audit row, update, audit row)
      ▲         │ refused: beside the field, nothing written       │ refused: the same
      └─────────┴──────────────────────────────────────────────────┘

contract     what a billable workflow implements: one query, three updates; plain dataclasses
reading      the workflow's answers -> the contract's dataclasses
kinds        the three things that can be asked for: form, update, words
periods      the drawing of all periods
looking      what the pages need, read at once
"""
