"""Saved views: a query and its columns with a name.

A view belongs to a person, to a team (a group of accounts), or to all who work in the namespace.
"""
