"""What operators may tell and ask a run: found from the workflow itself, typed where it says how.

The forms themselves are made in `console.offering`, for bulk operations as well.
"""
