"""Alerts: a rule on a count or on new incidents, what it found, and whom it told.

models      Rule, Crossing and Delivery
watching    rules -> crossings, each with the deliveries that it calls for
delivering  deliveries -> webhooks and mail, at least once
addresses   where a webhook may go
"""
