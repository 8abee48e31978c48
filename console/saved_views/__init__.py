"""Saved views: queries with a name, shared by everyone who works in the namespace."""
