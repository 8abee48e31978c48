"""Ageing: open runs against the pace of their own type, and those that are overdue."""
