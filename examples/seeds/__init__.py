"""The example data: a few hundred runs in every state, the same on every machine.

start          what to start, and what becomes of it at once
people         companies, their cities and addresses
subscriptions  in trial, active, stuck, past due, unpaid, ended, cancelled, terminated, timed out
transfers      completed, refused and given back, waiting for a bank that is down
orders         delivered, on their way, waiting for a person or for a depot without a worker
statements     to which customers may still object; schedules that send reports
desk           what customers asked for: adjustments, refunds, cancellations
alone          activities and Nexus operations without a workflow: done, given up, tried again, late
"""
