"""Pending activities: every attempt of one, and what a person may do about it."""
