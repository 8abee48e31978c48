"""Alerts: a rule on a count or on new incidents, what it found, and whom it told.

models      Rule, Crossing and Delivery
rights      who sees and changes a rule, and when it ends with its maker's rights
stopping    a view is deleted -> its rules stop
watching    rules -> crossings, each with the deliveries that it calls for
delivering  deliveries -> webhooks and mail, at least once
addresses   where a webhook may go
"""
