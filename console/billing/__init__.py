"""Billing: look up and change what a running subscription charges.

contract     what a billable workflow implements: one query, three updates; plain dataclasses
"""
