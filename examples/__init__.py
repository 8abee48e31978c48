"""Programs on the official Python SDK, and what they need to run: the project's example data.

subscription   a paid subscription over years: trial, charges, adjustments, refunds
transfer       money from one account to another, given back when the other refuses it
fulfilment     an order with a person's approval and a shipping child
statements     statements and reports by mail, on workers of versions
activities     the activities they share, and the stubs to call them by
providers      e-mail, payment, bank, carrier and archive as small HTTP servers that fail
customer_desk  what customers ask for: adjustments, refunds, cancellations
seeds          a few hundred runs in every state
attributes     their search attributes
config         what they take from the environment
ending         how a program on the SDK ends
worker, seed   `python -m examples.worker`, `python -m examples.seed`
"""
