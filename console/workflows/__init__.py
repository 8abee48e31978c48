"""Runs: the list, one run, its history, and what may be done to it."""
