"""A subscription over years.

    (start) ─welcome─▶ trial ──over──▶ active ──max_billing_periods──▶ ended        one mail each
                         │               │ ▲
                         │        declined │ │ charged
                         │               ▼ │
                         │            past due ──declined too often──▶ unpaid (failed)
                         └── cancel ─────┴───────────────────────────▶ cancelled

model       the order, and the state that travels from run to run
dates       when a period ends
forecast    the charges to come
ledger      the entries and totals
charging    asking the payment provider: charges, declines, refunds
refusals    what an update may not ask for
changes     what the updates change
mails       what the customer reads
forms       what the updates take, as JSON Schema: a console draws their forms from it
visible     search attributes, memo, summaries; the ledger as the query answers it
workflow    the program
"""
