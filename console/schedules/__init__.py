"""Schedules: what starts by itself, when next, how it went; pause, trigger, fill back, delete."""
