"""Nexus endpoints: where operations of workflows go, and whether anybody is there."""
