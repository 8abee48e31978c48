"""Opened histories."""
