"""Runs: the list, one run, its history, and what may be done to it.

finding    views       a query, its rows, their columns
reading    run_views   one history, read once and kept: timeline, events, payloads
searching  eventpage   texts of a history ▶ hits, with where they stand
decoding               payloads that are encoded ▶ the same, for one answer alone
comparing  compare_views   two histories side by side
opened     file_views  histories from files, for as long as their session lasts
"""
