"""Namespaces and their search attributes."""
