"""Slow loops beside the requests.

retention.py   closed runs past their namespace's retention, and all of a deleted namespace's
"""
